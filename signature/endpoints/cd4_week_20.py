"""CD4 count at week 20, in a trial of antiretrovirals."""

from __future__ import annotations

import pandas as pd

from signature.endpoints import Endpoint

ENDPOINT = Endpoint(
    label="CD4 count at week 20",
    unit="cells/uL",
    kind="continuous",
    higher_is_better=True,
    day=140,
    definition=(
        "CD4⁺ T cells per microlitre at 20 ± 5 weeks after randomisation, as analysed by Tsiatis "
        "et al. 2008. A surrogate: it was not the trial's primary endpoint."
    ),
    baseline="cd4_t_cells",
)


def derive(records: pd.DataFrame) -> pd.Series:
    """Return the count."""
    return records["cd4_week_20"].astype("float64")
