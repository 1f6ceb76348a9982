"""The raw wells of a trial of infliximab, from the data folder."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

KINDS = {"Blan": "blank", "Stan": "standard", "Teva": "bridge"}


def infliximab_wells(data_root: Path) -> pd.DataFrame:
    """Return them in the columns of `Wells`, standards without their concentration."""
    file = data_root / "infliximab_crohn_luminex" / "wells.csv"
    if not file.is_file():
        pytest.skip("no infliximab plates in the data folder")
    raw = pd.read_csv(file, dtype={"plate": "str"})
    return pd.DataFrame(
        {
            "plate": raw["plate"],
            "well": raw["well"],
            "sample": raw["sample"],
            "kind": raw["sample"].str[:4].map(KINDS).fillna("sample"),
            "marker": raw["analyte"],
            "signal": raw["MFI_median"],
            "beads": raw["bead_count"].astype("float64"),
            "expected": np.nan,
        }
    )
