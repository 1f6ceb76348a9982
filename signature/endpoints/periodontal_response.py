"""Gums that stop bleeding: at least half of the bleeding gone at visit 5."""

from __future__ import annotations

import pandas as pd

from signature.endpoints import Endpoint
from signature.outcomes import periodontal_nonresponse as outcome

ENDPOINT = Endpoint(
    label="response of gum bleeding",
    unit="",
    kind="binary",
    higher_is_better=True,
    day=112,
    definition=(
        f"The opposite of this: {outcome.OUTCOME.definition} Visit 5 is about 112 days after "
        "randomisation."
    ),
    baseline="bleeding_on_probing",
)


def derive(records: pd.DataFrame) -> pd.Series:
    """Return 1 where bleeding on probing was reduced by at least half, 0 where it was not."""
    return 1 - outcome.derive(records)
