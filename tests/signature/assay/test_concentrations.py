"""From wells and standards to concentrations: counted, limited, sure or not."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from signature.assay.concentrations import concentrations
from signature.assay.plate_quality import PlateQuality
from signature.assay.rules import Rules
from signature.assay.wells import COLUMNS, Wells
from signature.exceptions import CurveError
from tests.made.infliximab_wells import infliximab_wells
from tests.made.made_up_curves import LEVELS, TRUTH, read


def _plate(theta: np.ndarray, samples: dict[str, float], *, seed: int = 8, blanks: bool = True):
    rng = np.random.default_rng(seed)
    rows = []

    def put(sample: str, kind: str, signal: np.ndarray, expected: float) -> None:
        line = len(rows) // 2
        for i, s in enumerate(signal):
            rows.append(
                ("1", f"{'ABCDEFGHIJKLMNOP'[line]}{i + 1}", sample, kind, "IL6", s, 90.0, expected)
            )

    for c in np.unique(LEVELS):
        put(f"s{c:g}", "standard", read(np.repeat(c, 2), theta, 0.03, rng), c)
    for name, c in samples.items():
        put(name, "sample", read(np.repeat(max(c, 1e-9), 2), theta, 0.03, rng), np.nan)
    if blanks:
        put("blank", "blank", theta[0] * np.exp(rng.normal(0, 0.03, 2)), np.nan)
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return Wells("wells.csv", table, len(table))


SAMPLES = {"low": 0.1, "a": 20.0, "b": 300.0, "high": 1e5}


@pytest.mark.parametrize("falling", [False, True])
def test_wells_become_concentrations(falling):
    theta = TRUTH.copy()
    if falling:
        theta[[0, 1]] = theta[[1, 0]]
    # a competitive assay reads its blanks brightest: they must not make every sample "below"
    samples = SAMPLES | ({"a": 600.0, "b": 2500.0} if falling else {})
    result = concentrations(_plate(theta, samples), unit="pg/mL")
    table = result.measurements.table.set_index("sample")
    assert table.loc["a", "value"] == pytest.approx(samples["a"], rel=0.2)
    assert table.loc["b", "value"] == pytest.approx(samples["b"], rel=0.2)
    curve = result.curves["IL6", "1"]
    assert curve.falls is falling
    assert table.loc["low", "below"] == table.loc["low", "limit"] >= curve.lloq
    assert table.loc["high", "above"] == curve.uloq
    assert set(table["unit"]) == {"pg/mL"}
    known = result.uncertainty["relative_error"].notna()
    assert known.tolist() == [False, True, True, False]
    inside = result.uncertainty[known]
    truth = [samples["a"], samples["b"]]
    assert ((inside["low"] < truth) & (inside["high"] > truth)).all()
    (row,) = result.quality.markers
    assert (row.n, row.detected, row.below, row.above) == (4, 2, 1, 1)
    assert row.limit == table.loc["a", "limit"]
    assert repr(result) == (
        "Concentrations(Measurements('wells.csv', 4 measurements), 1 curves, 0 refused)"
    )


def test_in_a_competitive_assay_dim_replicates_must_agree_too():
    theta = TRUTH.copy()
    theta[[0, 1]] = theta[[1, 0]]
    table = _plate(theta, {"a": 600.0, "b": 2500.0}).table
    here = table["sample"] == "b"
    table.loc[here, "signal"] *= [0.6, 1.4]
    # both wells lie under the blanks, which here means "a lot", not "nothing"
    result = concentrations(Wells("wells.csv", table, len(table)))
    assert result.measurements.set_aside["reason"].tolist() == ["CV above 25 %"]
    assert result.measurements.table["sample"].tolist() == ["a"]


def test_blanks_above_the_lowest_standard_raise_the_limit():
    theta = TRUTH.copy()
    wells = _plate(theta, SAMPLES)
    table = wells.table.copy()
    table.loc[table["kind"] == "blank", "signal"] = [100.0, 104.0]
    result = concentrations(Wells("wells.csv", table, len(table)))
    curve = result.curves["IL6", "1"]
    limit = result.measurements.table["limit"].iloc[0]
    assert limit > curve.lloq
    assert curve.signal(limit) > 104
    table.loc[table["kind"] == "blank", "signal"] = [14000.0, 14100.0]
    with pytest.raises(CurveError, match="nothing is left between"):
        concentrations(Wells("wells.csv", table, len(table)))


def test_a_plate_without_standards_is_set_aside_and_counted():
    wells = _plate(TRUTH, SAMPLES)
    other = wells.table[wells.table["kind"] != "standard"].assign(plate="2")
    table = pd.concat([wells.table, other], ignore_index=True)
    result = concentrations(Wells("wells.csv", table, len(table)))
    assert result.measurements.rows_in == 8
    assert result.measurements.set_aside["reason"].tolist() == ["no usable standard curve"] * 4
    assert list(result.refused) == [("IL6", "2")]
    one, two = result.quality.curves
    assert (one.plate, one.shape, one.refused) == ("1", "4PL", None)
    assert (one.lloq, one.standards) == (result.curves["IL6", "1"].lloq, 7)
    assert (two.plate, two.lloq, two.refused) == ("2", None, result.refused["IL6", "2"])
    assert PlateQuality.model_validate_json(result.quality.model_dump_json()) == result.quality
    assert "no usable well of a standard on this plate" in result.refused["IL6", "2"]
    assert len(result.uncertainty) == len(result.measurements)
    with pytest.raises(CurveError, match="no usable well of a standard"):
        concentrations(Wells("wells.csv", other, len(other)))
    flat = table.assign(signal=table["signal"].where(table["kind"] != "standard", 50.0))
    with pytest.raises(CurveError, match="none of 2 standard curves is usable"):
        concentrations(Wells("wells.csv", flat, len(flat)))


def test_the_infliximab_standards_in_relative_units(data_root: Path):
    """Their concentrations are not published; four-fold dilutions are assumed."""
    table = infliximab_wells(data_root)
    table = table[table["plate"] == "2"]
    step = table["sample"].str.extract(r"^Standard (\d)")[0].astype("float64")
    table = table.assign(expected=4.0 ** (1 - step))
    wells = Wells("wells.csv", table.reset_index(drop=True), len(table))
    result = concentrations(wells, Rules(bridging="off"), unit="relative")
    # golden: concentrations(wells) as above
    assert len(result.curves) == 42
    assert sorted(m for m, _ in result.refused) == ["PDGF.BB", "TNF.beta", "VEGF.A"]
    assert result.measurements.rows_in == 39 * 45
    errors = result.uncertainty["relative_error"].dropna()
    assert errors.median() == pytest.approx(0.073, abs=0.005)
