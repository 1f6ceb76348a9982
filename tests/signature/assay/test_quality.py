"""Wells to measurements: rules, limits, accounting; and the real plates of a Crohn's trial."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from signature.assay.blanks import PRIOR_WELLS, blank_limits
from signature.assay.plate_quality import MarkerPlate, PlateQuality
from signature.assay.quality import merge_wells
from signature.assay.rules import Rules
from signature.assay.wells import COLUMNS, Wells
from signature.exceptions import AssayError
from tests.made.infliximab_wells import infliximab_wells


def _wells(rows: list[tuple]) -> Wells:
    """Rows of plate, well, sample, kind, marker, signal and beads."""
    table = pd.DataFrame(rows, columns=list(COLUMNS[:-1])).assign(expected=np.nan)
    return Wells("wells.csv", table, len(table))


def _pair(plate: str, sample: str, kind: str, signals: tuple, beads: tuple = (90, 90), row="A"):
    return [
        (plate, f"{row}{i + 1}", sample, kind, "IL6", s, b)
        for i, (s, b) in enumerate(zip(signals, beads, strict=True))
    ]


def test_duplicates_become_their_mean_and_few_beads_do_not_count():
    wells = _wells(
        _pair("1", "a", "sample", (100.0, 110.0), row="A")
        + _pair("1", "b", "sample", (100.0, 900.0), (90, 34), row="B")
        + _pair("1", "c", "sample", (100.0, 110.0), (3, 4), row="C")
    )
    measurements, quality = merge_wells(wells)
    values = measurements.table.set_index("sample")["value"]
    assert values["a"] == 105.0
    assert values["b"] == 100.0  # the well with 34 beads is not used
    assert "c" not in values
    assert measurements.set_aside["reason"].tolist() == ["fewer than 35 beads"]
    assert measurements.rows_in == 3
    assert quality.wells_excluded == {"fewer than 35 beads": 3}
    assert quality.wells_used == 3


def test_a_lost_duplicate_may_be_ruled_out():
    wells = _wells(_pair("1", "a", "sample", (100.0, 900.0), (90, 3)))
    measurements, quality = merge_wells(wells, Rules(fewest_replicates=2))
    assert measurements.set_aside["reason"].tolist() == ["fewer than 2 usable wells"]
    assert quality.wells_excluded == {"fewer than 2 usable wells": 1, "fewer than 35 beads": 1}


def test_replicates_that_disagree_are_set_aside_unless_all_are_below_the_limit():
    wells = _wells(
        _pair("1", "blank", "blank", (50.0, 52.0), row="H")
        + _pair("1", "low", "sample", (10.0, 20.0), row="A")
        + _pair("1", "straddles", "sample", (30.0, 70.0), row="B")
        + _pair("1", "high", "sample", (300.0, 700.0), row="C")
        + _pair("1", "fine", "sample", (300.0, 310.0), row="D")
    )
    measurements, quality = merge_wells(wells)
    table = measurements.table.set_index("sample")
    limit = table.loc["fine", "limit"]
    assert 55 < limit < 62
    assert table.loc["low", "below"] == limit  # "below" is certain, however the wells differ
    assert np.isnan(table.loc["low", "value"])
    assert table.loc["fine", "value"] == 305.0
    assert set(table.index) == {"low", "fine"}
    (row,) = quality.markers
    assert (row.n, row.detected, row.below, row.excluded) == (4, 1, 1, {"CV above 25 %": 2})
    assert row.blank == pytest.approx(np.sqrt(50 * 52))


def test_a_signal_of_zero_or_less_is_below_a_limit_or_nothing():
    wells = _wells(_pair("1", "a", "sample", (-2.0, 0.0)))
    measurements, _ = merge_wells(wells)
    assert measurements.set_aside["reason"].tolist() == ["signal not above zero"]
    blanks = _pair("1", "blank", "blank", (-1.0, 1.0), row="H")
    with_limit, _ = merge_wells(_wells(_pair("1", "a", "sample", (-2.0, 0.0)) + blanks))
    assert with_limit.table["below"].tolist() == [pytest.approx(3 * np.sqrt(2))]


def test_failed_wells_are_named_in_the_rules():
    wells = _wells(_pair("1", "a", "sample", (100.0, 900.0)))
    measurements, quality = merge_wells(wells, Rules(failed_wells=(("1", "A2"),)))
    assert measurements.table["value"].tolist() == [100.0]
    assert quality.wells_excluded == {"well failed, says the study": 1}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (_pair("1", "a", "sample", (1.0, 2.0)) + _pair("1", "a", "sample", (1.0, 2.0)), "repeat"),
        (
            [
                ("1", "A1", "a", "sample", "IL6", 1.0, 90),
                ("1", "A1", "b", "sample", "TNF", 1.0, 90),
            ],
            "more than one sample",
        ),
        (
            _pair("1", "a", "sample", (1.0, 2.0)) + _pair("1", "a", "blank", (1.0, 2.0), row="B"),
            "more than one kind",
        ),
    ],
)
def test_contradictory_layouts_are_refused_without_naming_anybody(rows, message):
    with pytest.raises(AssayError, match=message) as caught:
        merge_wells(_wells(rows))
    assert "wells.csv" in str(caught.value)
    assert "'a'" not in str(caught.value)


def test_a_bridge_well_that_was_never_filled_is_found():
    rng = np.random.default_rng(3)
    markers = [f"M{i}" for i in range(12)]
    background = dict(zip(markers, rng.uniform(20, 200, 12), strict=True))
    rows = []
    for plate in "12":
        for well, (sample, kind) in {
            "A1": ("blank", "blank"),
            "A2": ("blank", "blank"),
            "B1": ("pool", "bridge"),
            "B2": ("pool", "bridge"),
            "C1": ("p" + plate, "sample"),
            "C2": ("p" + plate, "sample"),
        }.items():
            unfilled = kind == "blank" or (plate, well) == ("2", "B2")
            rows += [
                (plate, well, sample, kind, m, background[m] * (1 if unfilled else 30), 90)
                for m in markers
            ]
    _, quality = merge_wells(_wells(rows), Rules(fewest_bridges=1))
    assert quality.wells_excluded == {"reads like a blank": 12}
    suspects = [(p.plate, c.well) for p in quality.plates for c in p.cells if c.like_a_blank]
    assert suspects == [("2", "B2")]
    # unnoticed, half of plate 2's bridge signal would be background
    assert {s.difference for s in quality.bridging.shifts} == {0.0}


def test_blanks_that_agree_by_chance_still_leave_room():
    rng = np.random.default_rng(5)
    rows = [("1", f"M{i}", s) for i in range(40) for s in 100 * np.exp(rng.normal(0, 0.06, 2))] + [
        ("1", "tie", 100.0),
        ("1", "tie", 100.0),
    ]
    limits = blank_limits(pd.DataFrame(rows, columns=["plate", "marker", "signal"]))
    tie = limits.set_index("marker").loc["tie"]
    # the typical spread, .06 in natural logs, at the weight of four wells to one
    expected = 100 * np.exp(3 * 0.06 * np.sqrt(PRIOR_WELLS / (PRIOR_WELLS + 1)))
    assert tie["limit"] == pytest.approx(expected, rel=0.04)


def test_with_many_blanks_the_limit_is_the_textbook_one():
    rng = np.random.default_rng(6)
    rows = [(p, m, s) for p in "12" for m in "abc" for s in 80 * np.exp(rng.normal(0, 0.05, 400))]
    limits = blank_limits(pd.DataFrame(rows, columns=["plate", "marker", "signal"]), sds=3)
    assert limits["limit"].to_numpy() == pytest.approx(80 * np.exp(0.15), rel=0.02)


def test_one_blank_per_plate_gives_no_limit_by_itself():
    blanks = pd.DataFrame({"plate": ["1", "2"], "marker": "IL6", "signal": [20.0, 22.0]})
    # on two plates either, for nothing tells the plates' difference from the blanks' spread
    assert blank_limits(blanks)["limit"].isna().all()
    one = blanks[blanks["plate"] == "1"]
    assert blank_limits(one)["limit"].isna().all()
    wells = _wells(
        _pair("1", "a", "sample", (5.0, 6.0)) + _pair("1", "b", "blank", (9.0,), (90,), "H")
    )
    assert merge_wells(wells)[0].table["value"].tolist() == [5.5]


def test_a_file_without_samples_gives_nothing_and_counts_it():
    measurements, quality = merge_wells(_wells(_pair("1", "blank", "blank", (9.0, 9.0))))
    assert len(measurements) == measurements.rows_in == 0
    assert (quality.wells_in, quality.wells_used, quality.markers) == (2, 2, ())
    measurements, quality = merge_wells(_wells([]))
    assert quality.wells_in == 0


def test_quality_survives_json_and_holds_no_person():
    wells = _wells(
        _pair("1", "Ms Secret", "sample", (812.25, 813.25), row="A")
        + _pair("1", "Mr Hidden", "sample", (417.5, 418.5), row="Q")
        + _pair("1", "blank", "blank", (10.0, 11.0), row="H")
    )
    _, quality = merge_wells(wells)
    text = quality.model_dump_json()
    assert PlateQuality.model_validate_json(text) == quality
    assert json.loads(text)["version"] == 1
    assert not any(word in text for word in ("Secret", "Hidden"))
    numbers = set(re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", text))
    values = [812.25, 813.25, 812.75, 417.5, 418.5, 418.0]
    assert not numbers & {str(v) for v in [*values, *np.log2(values)]}
    cells = {c.well: c for c in quality.plates[0].cells}
    assert (cells["A2"].row, cells["A2"].column, cells["A2"].beads) == (1, 2, 90)
    assert (cells["Q1"].row, cells["Q1"].column) == (None, None)
    assert quality.plates[0].wells == {"blank": 2, "sample": 4}


def test_counts_that_do_not_add_up_are_refused():
    with pytest.raises(ValidationError, match="accounted for"):
        MarkerPlate(marker="IL6", plate="1", n=3, detected=1, below=1)
    with pytest.raises(ValidationError, match="accounted for"):
        PlateQuality(source="f", wells_in=3, wells_used=1, wells_excluded={"no signal": 1})


def _some_plates(seed: int, plates: int, columns: int) -> Wells:
    """Plates of any kinds, with signals missing, negative and infinite, and beads uncounted."""
    rng = np.random.default_rng(seed)
    rows = []
    for plate in range(plates):
        for row in "ABCDEF":
            kind = str(rng.choice(["sample", "blank", "bridge", "control", "standard"]))
            sample = "pool" if kind == "bridge" else f"{kind}{plate}{row}"
            for column in range(int(rng.integers(1, columns + 1))):
                for marker in rng.permutation(["IL6", "TNF", "CRP"])[: rng.integers(1, 4)]:
                    signal = rng.choice([np.nan, np.inf, -3.0, 0.0, *rng.uniform(1, 2e4, 12)])
                    beads = rng.choice([np.nan, 0.0, *rng.integers(1, 120, 8)])
                    rows.append(
                        (str(plate), f"{row}{column + 1}", sample, kind, marker, signal, beads)
                    )
    return _wells(rows)


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    plates=st.integers(1, 3),
    columns=st.integers(1, 3),
    beads=st.integers(0, 60),
    replicates=st.integers(1, 3),
)
def test_nothing_is_lost(seed: int, plates: int, columns: int, beads: int, replicates: int):
    wells = _some_plates(seed, plates, columns)
    rules = Rules(fewest_beads=beads, fewest_replicates=replicates, fewest_bridges=1)
    try:
        measurements, quality = merge_wells(wells, rules)
    except AssayError:  # the plates share no bridge
        rules = rules.model_copy(update={"bridging": "off"})
        measurements, quality = merge_wells(wells, rules)
    people = wells.table[wells.table["kind"] == "sample"]
    groups = len(people.drop_duplicates(["plate", "sample", "marker"]))
    assert measurements.rows_in == groups == len(measurements) + len(measurements.set_aside)
    assert quality.wells_in == len(wells)
    assert quality.wells_used + sum(quality.wells_excluded.values()) == len(wells)
    assert sum(row.n for row in quality.markers) == groups
    assert sum(quality.excluded().values()) == len(measurements.set_aside)
    table = measurements.table
    assert (table[["value", "below"]].notna().sum(axis=1) == 1).all()
    assert (table["value"].dropna() > 0).all()
    known = table["value"].notna() & table["limit"].notna()
    assert (table["value"] >= table["limit"])[known].all()
    assert PlateQuality.model_validate_json(quality.model_dump_json()) == quality


@pytest.fixture(scope="module")
def plates(data_root: Path) -> tuple[Wells, pd.DataFrame]:
    """The raw wells of a trial of infliximab, and the authors' own table of averages."""
    table = infliximab_wells(data_root)
    file = data_root / "infliximab_crohn_luminex" / "data.csv"
    authors = pd.read_csv(file, dtype={"plate": "str"}).rename(columns={"SampleInfo": "sample"})
    long = authors.melt(["sample", "plate"], list(table["marker"].unique()), "marker", "theirs")
    return Wells("wells.csv", table, len(table)), long


# Golden numbers: merge_wells(wells) on the plates of the fixture above.
def test_the_infliximab_plates(plates):
    wells, _ = plates
    measurements, quality = merge_wells(wells)
    assert measurements.rows_in == 45 * 28 * 3 == 3780
    assert quality.excluded() == {"CV above 25 %": 58, "fewer than 35 beads": 1}
    assert len(measurements) == 3721
    assert quality.wells_in == 8640
    assert quality.wells_excluded == {
        "CV above 25 %": 120,
        "fewer than 35 beads": 209,
        "no signal": 20,
        "reads like a blank": 45,
    }
    # serum lowers the background of most assays here: 58 % lie under what the blanks allow
    assert sum(r.detected for r in quality.markers) == 1581
    assert sum(r.below for r in quality.markers) == 2140
    # two markers have both bridges on both plates, and these two do not call for a shift
    assert len(quality.bridging.unbridged) == 43
    assert {s.shift for s in quality.bridging.shifts} == {0.0}
    # one of the two wells of a bridge on plate 2 holds what the blanks hold
    assert [(p.plate, c.well) for p in quality.plates for c in p.cells if c.like_a_blank] == [
        ("2", "F8")
    ]
    assert [p.wells for p in quality.plates] == [
        {"blank": 2, "bridge": 4, "sample": 90},
        {"blank": 2, "bridge": 4, "sample": 78, "standard": 12},
    ]


def test_our_averages_are_the_authors(plates):
    wells, theirs = plates
    rules = Rules(blank_sds=0.0, largest_cv=1e9, bridging="off")
    blankless = wells.table[wells.table["kind"] != "blank"]
    measurements, _ = merge_wells(Wells(wells.source, blankless, len(blankless)), rules)
    both = measurements.table.merge(theirs, on=["plate", "sample", "marker"])
    same = np.isclose(both["value"], both["theirs"], rtol=1e-9)
    assert len(both) == 3779
    # Of the rest, 19 are missing with them, where a sample's other well has no signal, and 39 are
    # of one sample whose second well (32 to 68 beads by marker) they left out altogether.
    assert int((~same).sum()) == 61
    assert int(both["theirs"].isna().sum()) == 19
    assert both.loc[~same, "sample"].value_counts().head(2).tolist() == [39, 19]
    off = np.abs(np.log2(both["value"] / both["theirs"]))[~same & both["theirs"].notna()]
    assert off.median() < 0.06
