"""HIV progression within two years, in a trial of antiretrovirals."""

from __future__ import annotations

import pandas as pd

from signature.endpoints import Endpoint

ENDPOINT = Endpoint(
    label="CD4 decline of at least 50 %, AIDS or death",
    unit="",
    kind="time to event",
    higher_is_better=False,
    day=730,
    definition=(
        "First of a decline of the CD4 count by at least 50 %, an event indicating AIDS, or death, "
        "within 730 days of randomisation: the primary endpoint of Hammer 1996. The horizon is "
        "ours."
    ),
    horizon=730,
)


def derive(records: pd.DataFrame) -> pd.DataFrame:
    """Return the days of follow-up, and whether they ended with the event."""
    return pd.DataFrame(
        {
            "time": records["follow_up_days"].astype("float64"),
            "event": records["event"].astype("float64"),
        }
    )
