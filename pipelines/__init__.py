"""How experiments are run: ``python -m pipelines.<step>``."""

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
"""Where commands find ``models/``, their own code and, unless told otherwise, the MLflow store."""

GO_ON = "what is finished is kept, and the same command goes on from there"
"""What a launch that ended early says."""
