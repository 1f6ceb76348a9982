"""Depression after six weeks, in a trial of an antidepressant."""

from __future__ import annotations

import pandas as pd

from signature.endpoints import Endpoint

ENDPOINT = Endpoint(
    label="HAMD-17 at week 6",
    unit="points",
    kind="continuous",
    higher_is_better=False,
    day=42,
    definition=(
        "17-item Hamilton depression rating scale at week 6. Unknown after dropping out; nothing "
        "is carried forward."
    ),
    baseline="hamd17",
)


def derive(records: pd.DataFrame) -> pd.Series:
    """Return the score."""
    return records["hamd17_week_6"].astype("float64")
