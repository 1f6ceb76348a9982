"""Birth before 37 weeks, in a trial of periodontal treatment during pregnancy."""

from __future__ import annotations

import pandas as pd

from signature.outcomes import Outcome

OUTCOME = Outcome(
    label="birth before 37 weeks",
    event="had a pregnancy that ended before 37 weeks",
    no_event="had a pregnancy that lasted 37 weeks or longer",
    definition=(
        "The pregnancy ended before 37 completed weeks (259 days), live or not. Women lost to "
        "follow-up and elective abortions are left out, as in Michalowicz 2006."
    ),
)

_LEFT_OUT = {"Lost to FU": "lost to follow-up", "Elective abortion": "elective abortion"}


def derive(records: pd.DataFrame) -> pd.Series:
    """Return 1 where the pregnancy ended before 37 weeks, 0 where it went on."""
    return records["ended_before_37_weeks"].map({"Yes": 1.0, "No": 0.0}).astype("float64")


def ineligible(records: pd.DataFrame) -> pd.Series:
    """Name the rows that the published analysis leaves out."""
    return records["birth_outcome"].map(_LEFT_OUT)
