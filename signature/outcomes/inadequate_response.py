"""Symptoms despite an antidepressant: a cross-sectional proxy, not treatment resistance."""

from __future__ import annotations

import pandas as pd

from signature.outcomes import Outcome

OUTCOME = Outcome(
    label="inadequate-response proxy",
    event="takes an antidepressant for six weeks or longer and scores 10 or more on the PHQ-9",
    no_event="takes an antidepressant for six weeks or longer and scores below 5 on the PHQ-9",
    definition=(
        "Among people who report an antidepressant (without tricyclics and trazodone) for at least "
        "42 days: PHQ-9 of 10 or more against below 5; scores from 5 to 9 are left out. A proxy "
        "from one visit: severity before treatment, dose, adherence and earlier trials are not "
        "known, and the drug may have been taken for anxiety, pain or sleep."
    ),
)


def derive(records: pd.DataFrame) -> pd.Series:
    """Return the strict proxy, missing where it is not defined."""
    return records["proxy_inadequate_response_strict"]
