"""Depressive symptoms nine months after randomisation, in women with early breast cancer."""

from __future__ import annotations

import pandas as pd

from signature.endpoints import Endpoint

ENDPOINT = Endpoint(
    label="CES-D at nine months",
    unit="points",
    kind="continuous",
    higher_is_better=False,
    day=274,
    definition=(
        "Short form of the CES-D nine months after randomisation (Scheier 2007). Compare with the "
        "baseline adjusted for: women with more symptoms at first improve more in every arm."
    ),
    baseline="cesd",
)


def derive(records: pd.DataFrame) -> pd.Series:
    """Return the score."""
    return records["cesd_month_9"].astype("float64")
