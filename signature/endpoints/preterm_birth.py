"""Birth before 37 weeks, in a trial of periodontal treatment during pregnancy."""

from __future__ import annotations

import pandas as pd

from signature.endpoints import Endpoint
from signature.outcomes import preterm_birth as outcome

ENDPOINT = Endpoint(
    label=outcome.OUTCOME.label,
    unit="",
    kind="binary",
    higher_is_better=False,
    day=154,
    definition=(
        f"{outcome.OUTCOME.definition} Women were randomised at 13 to 17 weeks, so that 37 weeks "
        "are about 154 days later."
    ),
)


def derive(records: pd.DataFrame) -> pd.Series:
    """Return 1 where the pregnancy ended before 37 weeks, 0 where it went on."""
    return outcome.derive(records).where(outcome.ineligible(records).isna())


def unknown(records: pd.DataFrame) -> pd.Series:
    """Name why the published analysis has no value of a woman."""
    return outcome.ineligible(records)
