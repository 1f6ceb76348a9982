"""Disease activity at day 85 of a simulated trial, whose true benefit is known."""

from __future__ import annotations

import pandas as pd

from signature.endpoints import Endpoint

ENDPOINT = Endpoint(
    label="simulated disease activity at day 85",
    unit="points",
    kind="continuous",
    higher_is_better=False,
    day=85,
    definition=(
        "Drawn by signature.datasets.simulated_il2_trial with a known effect of treatment; nobody "
        "was treated."
    ),
    baseline="activity",
)


def derive(records: pd.DataFrame) -> pd.Series:
    """Return the score as it was drawn."""
    return records["activity_day_85"].astype("float64")
