"""Whatever a file holds: rows in are rows used and rows set aside, or it is refused by name."""

import csv
import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signature.assay.layout import Layout
from signature.assay.readers import (
    immport_results,
    long_table,
    luminex_wells,
    olink_npx,
    wide_table,
)
from signature.exceptions import SignatureError

SECRET = "Mueller"
SAMPLES = st.sampled_from([f"{SECRET} {i}" for i in range(6)] + ["", "NA", " "])
CELLS = st.one_of(
    st.sampled_from(
        ["1.5", "2", "<0.5", "> 2000", "ND", "OOR <", "", "NA", "***", "*3", "-1", "1,234", "7%"]
    ),
    st.floats(0.01, 1e4).map(lambda x: f"{x:.3g}"),
    st.text("0123456789.<> -", max_size=5),
)
ANALYTES = st.sampled_from(["IL-6", "TNF", "CRP", "", "lab 7"])
PLATES = st.sampled_from(["P1", "P2", ""])
FLAGS = st.sampled_from(["", "Pass", "WARN"])


def written(folder, header, rows):
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows([header, *rows])
    path = folder.mktemp("fuzz") / "lab.csv"
    path.write_text(buffer.getvalue(), encoding="utf-8")
    return path


def attempt(read, path, layout):
    """Return what was read, or the refusal; anything else is a fault."""
    try:
        return read(path, layout)
    except SignatureError as error:
        return error


def check(read, path, layout, rows):
    """Read the file; the count holds and nobody is named, or it is refused."""
    found = attempt(read, path, layout)
    if isinstance(found, SignatureError):
        assert SECRET not in str(found)
        return None
    assert found.rows_in == rows == len(found.table) + len(found.set_aside)
    assert found.set_aside["reason"].notna().all()
    assert found.set_aside["row"].between(2, rows + 1).all()
    assert SECRET not in found.set_aside.to_csv() + "".join(found.findings) + repr(found)
    return found


def check_measurements(found):
    """Each measurement is one thing, on its side of its limit, and there once."""
    if found is None:
        return
    table = found.table
    assert (table[["value", "below", "above"]].notna().sum(axis=1) == 1).all()
    assert not (table["value"] < table["limit"]).any()
    assert not table.duplicated(["sample", "marker", "plate"]).any()
    assert table[["sample", "marker", "unit"]].notna().all(axis=None)
    assert not np.isinf(table[["value", "below", "above"]]).any(axis=None)


def unique(rows, *places):
    """Keep one row per key, and now and then a row twice, so that few files are refused."""
    kept = {tuple(row[i] for i in places): row for row in rows}
    return list(kept.values())


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_long_tables(tmp_path_factory, data):
    units = st.sampled_from(["pg/mL", "pg/mL", ""])
    row = st.tuples(SAMPLES, ANALYTES, CELLS, units, PLATES, FLAGS)
    rows = unique(data.draw(st.lists(row, min_size=3, max_size=25)), 0, 1, 4)
    rows += data.draw(st.lists(st.sampled_from(rows), max_size=4)) if rows else []
    limit = data.draw(st.sampled_from(["0.5", "", "ND", "0"]))
    path = written(
        tmp_path_factory,
        ["sample", "analyte", "value", "unit", "plate", "flag", "limit"],
        [(*r, limit) for r in rows],
    )
    check_measurements(check(long_table.read, path, Layout(), len(rows)))


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_the_order_of_the_rows_changes_nothing(tmp_path_factory, data):
    row = st.tuples(SAMPLES, ANALYTES, CELLS, PLATES)
    rows = unique(data.draw(st.lists(row, min_size=1, max_size=25)), 0, 1, 3)
    shuffled = data.draw(st.permutations(rows))
    header = ["sample", "analyte", "value", "plate"]
    layout = Layout(unit="pg/mL")
    both = [
        check(long_table.read, written(tmp_path_factory, header, part), layout, len(rows))
        for part in (rows, shuffled)
    ]
    assert (both[0] is None) == (both[1] is None)
    if both[0] is not None:
        first, second = (
            b.table.sort_values(["sample", "marker", "plate"]).reset_index(drop=True) for b in both
        )
        pd.testing.assert_frame_equal(first, second)
        reasons = [b.set_aside["reason"].value_counts().to_dict() for b in both]
        assert reasons[0] == reasons[1]


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_wide_tables(tmp_path_factory, data):
    row = st.tuples(SAMPLES, PLATES, FLAGS, CELLS, CELLS, CELLS)
    rows = unique(data.draw(st.lists(row, min_size=2, max_size=15)), 0, 1)
    rows += data.draw(st.lists(st.sampled_from(rows), max_size=3)) if rows else []
    path = written(tmp_path_factory, ["sample", "plate", "flag", "IL-6", "TNF", "CRP (mg/L)"], rows)
    layout = Layout(unit=data.draw(st.sampled_from(["pg/mL", "NPX"])))
    found = attempt(wide_table.read, path, layout)
    if isinstance(found, SignatureError):
        assert SECRET not in str(found)
        return
    assert found.rows_in == 3 * len(rows) == len(found.table) + len(found.set_aside)
    assert found.set_aside["row"].between(2, len(rows) + 1).all()
    check_measurements(found)


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_olink_exports(tmp_path_factory, data):
    assays = st.sampled_from(
        [("IL6", "OID1"), ("IL6", "OID2"), ("TNF", "OID3"), ("Inc Ctrl 1", "OID4"), ("", "")]
    )
    kinds = st.sampled_from(["SAMPLE", "SAMPLE", "PLATE_CONTROL", ""])
    numbers = st.floats(-5, 15).map(lambda x: f"{x:.4f}") | st.sampled_from(["", "NaN"])
    row = st.tuples(SAMPLES, assays, numbers, PLATES, FLAGS, FLAGS, kinds)
    rows = unique(data.draw(st.lists(row, min_size=3, max_size=25)), 0, 1, 3)
    path = written(
        tmp_path_factory,
        [
            *("SampleID", "Assay", "OlinkID", "NPX", "PlateID"),
            *("SampleQC", "AssayQC", "SampleType", "LOD"),
        ],
        [(s, a, o, x, p, q, w, k, "0.5") for s, (a, o), x, p, q, w, k in rows],
    )
    found = check(olink_npx.read, path, Layout(), len(rows))
    check_measurements(found)
    if found is not None:
        assert set(found.table["flag"].dropna()) <= {
            *("sample: WARN", "assay: WARN", "sample: WARN; assay: WARN")
        }


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_luminex_wells(tmp_path_factory, data):
    places = st.sampled_from(["A1", "a02", "B12", "1(3,C4)", "Z9", ""])
    beads = st.sampled_from(["60", "", "12", "x"])
    row = st.tuples(PLATES, places, SAMPLES, ANALYTES, CELLS, beads)
    rows = unique(data.draw(st.lists(row, min_size=3, max_size=25)), 0, 1, 3)
    rows += data.draw(st.lists(st.sampled_from(rows), max_size=4)) if rows else []
    path = written(
        tmp_path_factory, ["plate", "well", "sample", "analyte", "MFI", "bead_count"], rows
    )
    found = check(luminex_wells.read, path, Layout(), len(rows))
    if found is not None:
        assert found.table["signal"].notna().all()
        assert not found.table.duplicated(["plate", "well", "marker"]).any()


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_immport_results(tmp_path_factory, data):
    kinds = st.sampled_from(["EXPSAMPLE", "EXPSAMPLE", "CONTROL SAMPLE", "STANDARD CURVE", ""])
    row = st.tuples(SAMPLES, ANALYTES, CELLS | st.just("-999"), PLATES, kinds)
    rows = unique(data.draw(st.lists(row, min_size=3, max_size=25)), 0, 1, 3)
    path = written(
        tmp_path_factory,
        [
            *("SOURCE_ACCESSION", "ANALYTE_REPORTED", "CONCENTRATION_VALUE_REPORTED"),
            *("ASSAY_ID", "SOURCE_TYPE", "CONCENTRATION_UNIT_REPORTED"),
        ],
        [(*r, "pg/mL") for r in rows],
    )
    check_measurements(check(immport_results.read, path, Layout(), len(rows)))


@pytest.mark.parametrize("seed", range(3))
def test_what_was_written_is_what_is_read(tmp_path, seed):
    """2,000 measurements of known truth, shuffled: each comes back as it was."""
    rng = np.random.default_rng(seed)
    truth = pd.MultiIndex.from_product([[f"s{i}" for i in range(400)], ["IL6", "TNF", "CRP"]])
    truth = truth.to_frame(index=False, name=["sample", "marker"])
    n = len(truth)
    number = np.exp(rng.normal(3, 2, n)).round(4)
    kind = rng.choice(["value", "below", "above", "missing"], n, p=[0.7, 0.15, 0.05, 0.1])
    form = {"value": "{:.4f}", "below": "<{:.4f}", "above": "> {:.4f}", "missing": "NA"}
    truth["text"] = [form[k].format(x) for k, x in zip(kind, number, strict=True)]
    order = rng.permutation(n)
    path = tmp_path / "lab.csv"
    truth.iloc[order].rename(columns={"marker": "analyte", "text": "value"}).to_csv(
        path, index=False
    )
    read = long_table.read(path, Layout(unit="mg/L"))
    assert len(read.set_aside) == (kind == "missing").sum()
    table = read.table.set_index(["sample", "marker"])
    for name in ("value", "below", "above"):
        mine = kind == name
        keys = pd.MultiIndex.from_frame(truth.loc[mine, ["sample", "marker"]])
        np.testing.assert_allclose(table.loc[keys, name], number[mine], rtol=1e-14)
