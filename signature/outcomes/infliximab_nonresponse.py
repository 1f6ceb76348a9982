"""No full response to infliximab in Crohn's disease, as the study's authors judged it."""

from __future__ import annotations

import pandas as pd

from signature.outcomes import Outcome

OUTCOME = Outcome(
    label="non-response to infliximab",
    event="non-response or intermediate response",
    no_event="response",
    definition=(
        "The authors' lists of responders, non-responders and intermediate responders. "
        "Intermediate counts as non-response, as in several of their analyses. Patients without a "
        "label are unknown."
    ),
)

_CODES = {"R": 0.0, "NR": 1.0, "IM": 1.0}


def derive(records: pd.DataFrame) -> pd.Series:
    """Return 1 for non-response and intermediate response, 0 for response."""
    return records["response"].map(_CODES).astype("float64")
