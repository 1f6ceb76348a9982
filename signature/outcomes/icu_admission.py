"""In intensive care or on a ward, among patients in hospital with COVID-19."""

from __future__ import annotations

import pandas as pd

from signature.outcomes import Outcome

OUTCOME = Outcome(
    label="intensive care",
    event="was an intensive-care patient",
    no_event="was in hospital, but not in intensive care",
    definition=(
        "The authors' condition ICU against non-ICU (Zoodsma 2022). Partly known when the sample "
        "was taken, so it classifies severity and does not forecast it. People after COVID-19 and "
        "healthy people are left out."
    ),
)

_IN_HOSPITAL = {"ICU": 1.0, "non-ICU": 0.0}


def derive(records: pd.DataFrame) -> pd.Series:
    """Return 1 for intensive care, 0 for another ward."""
    return records["condition"].map(_IN_HOSPITAL).astype("float64")


def ineligible(records: pd.DataFrame) -> pd.Series:
    """Name the rows of people who were not in hospital."""
    condition = records["condition"]
    outside = condition.notna() & ~condition.isin(list(_IN_HOSPITAL))
    return outside.map({True: "not in hospital"})
