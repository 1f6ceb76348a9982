"""How experiments are run: ``python -m pipelines.<step>``."""
