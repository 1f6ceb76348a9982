"""Rules for measurements that came without wells."""

import numpy as np
import pandas as pd

from signature.assay.measurement_quality import judge_measurements
from signature.assay.measurements import COLUMNS as MEASURED
from signature.assay.measurements import Measurements
from signature.assay.rules import Rules


def _measured(rows: list[tuple]) -> Measurements:
    table = pd.DataFrame(rows, columns=["sample", "marker", "value", "below", "plate", "flag"])
    table = table.assign(above=np.nan, unit="NPX", limit=1.0)[list(MEASURED)]
    return Measurements("npx.csv", table.astype({"value": float, "below": float}), len(table))


def test_flags_and_bridges_of_measurements_without_wells():
    rows = [
        ("pool", "IL6", 3.0, None, "1", None),
        ("pool", "IL6", 2.5, None, "2", None),
        ("pool2", "IL6", 4.0, None, "1", None),
        ("pool2", "IL6", 3.5, None, "2", None),
        ("a", "IL6", 5.0, None, "1", None),
        ("b", "IL6", 5.0, None, "2", None),
        ("c", "IL6", None, 1.0, "2", None),
        ("d", "IL6", 6.0, None, "2", "WARN"),
        ("e", "IL6", 6.0, None, "1", None),
        ("f", "IL6", None, None, "1", None),
    ]
    rules = Rules(drop_flagged=True, bridging="median", reference_plate="1")
    (judged,), quality = judge_measurements([_measured(rows)], rules, ["pool", "pool2"])
    table = judged.table.set_index("sample")
    assert table.loc["b", "value"] == 5.5  # NPX is a logarithm already
    assert table.loc["c", "below"] == 1.5
    assert table.loc["a", "value"] == 5.0
    assert judged.set_aside["reason"].value_counts().to_dict() == {
        "bridge sample": 4,
        "flagged by the laboratory": 1,
    }
    assert judged.rows_in == 10
    one, two = quality.markers
    assert (one.plate, one.n, one.detected, one.missing) == ("1", 3, 2, 1)
    assert (two.n, two.detected, two.below, two.limit) == (3, 1, 1, 1.0)
    assert two.excluded == {"flagged by the laboratory": 1}
    assert quality.flagged == 1
    (kept,), _ = judge_measurements([_measured(rows)], Rules(bridging="off"))
    assert len(kept) == 10
