"""The event of a simulated cohort, whose true probability is known."""

from __future__ import annotations

import pandas as pd

from signature.outcomes import Outcome

OUTCOME = Outcome(
    label="simulated event",
    event="had the simulated event",
    no_event="did not have the simulated event",
    definition=(
        "Drawn with a known probability by signature.datasets.simulate; it happened to nobody."
    ),
)


def derive(records: pd.DataFrame) -> pd.Series:
    """Return the event as it was drawn."""
    return records["event"].astype("float64")
