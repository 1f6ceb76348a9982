"""The inadequate-response proxy where the stated reason for the drug is depression."""

from __future__ import annotations

import pandas as pd

from signature.outcomes import Outcome

OUTCOME = Outcome(
    label="inadequate-response proxy, drug taken for depression",
    event="takes an antidepressant for depression for six weeks or longer and scores 10 or more "
    "on the PHQ-9",
    no_event="takes an antidepressant for depression for six weeks or longer and scores below 5 "
    "on the PHQ-9",
    definition=(
        "As the inadequate-response proxy (core antidepressant for at least 42 days, PHQ-9 of 10 "
        "or more against below 5), and the person gives depression (F32 to F34, F39) as the "
        "reason. Reasons were asked in 2013-14 and 2017-20 only. A proxy from one visit: severity "
        "before treatment, dose, adherence and earlier trials are not known."
    ),
)


def derive(records: pd.DataFrame) -> pd.Series:
    """Return the depression-indicated proxy, missing where it is not defined."""
    return records["proxy_inadequate_response_depression_indicated"]
