"""Where the checkout is."""

from pathlib import Path

REPO = Path(__file__).parents[2]
EXPERIMENTS = REPO / "experiments"
