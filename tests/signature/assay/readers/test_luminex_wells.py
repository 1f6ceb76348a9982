"""Wells of bead readers, in the columns that their programs write."""

import numpy as np
import pandas as pd
import pytest

from signature.assay import cells
from signature.assay.layout import Layout
from signature.assay.readers import _rows, luminex_wells
from signature.assay.wells import COLUMNS, Kind, Wells
from signature.exceptions import TableError
from tests.made.lab_checks import SECRET, reasons, refused

pytest_plugins = ["tests.made.lab_files"]


WELL = {"plate": 1, "well": "A1", "sample": "a", "analyte": "IL-6", "MFI": 20.5, "bead_count": 60}


def wells(*changes):
    return [{**WELL, **change} for change in changes]


def test_luminex_wells_keep_replicates_and_kinds(record_file):
    rows = wells(
        {},
        {"well": "a02", "MFI": -3},
        {"well": "1(3,B12)", "sample": "ref"},
        {"well": "A4", "sample": "Blank"},
        {"well": "A5", "sample": "Std1", "analyte": "IL-6"},
        {"well": "A5", "sample": "Std1", "analyte": "TNF"},
        {"well": "A6", "sample": "QC low", "bead_count": None},
    )
    layout = Layout(bridges=("ref",), controls=("QC low",), standards={"Std1": {"IL-6": 100.0}})
    read = luminex_wells.read(record_file(rows), layout)
    assert tuple(read.table.columns) == COLUMNS
    assert read.table["well"].tolist() == ["A1", "A2", "B12", "A4", "A5", "A5", "A6"]
    kinds = ["sample", "sample", "bridge", "blank", "standard", "standard", "control"]
    assert read.table["kind"].tolist() == kinds
    np.testing.assert_array_equal(read.table["expected"].dropna(), [100])
    assert read.table["signal"].tolist()[:2] == [20.5, -3]
    assert read.table["beads"].isna().sum() == 1
    assert read.table["plate"].unique().tolist() == ["1"]
    assert "1 sample names are taken as blank" in read.findings[0]


def test_luminex_wells_may_state_kind_and_concentration(record_file):
    rows = wells(
        {"type": "X1", "exp conc": None},
        {"well": "A2", "sample": "s1", "type": "S1", "exp conc": "1,000"},
        {"well": "A3", "sample": "b", "type": "B", "exp conc": 5},
        {"well": "A4", "sample": "c", "type": "what", "exp conc": None},
        {"well": "A5", "sample": "bridge", "type": None, "exp conc": None},
    )
    read = luminex_wells.read(record_file(rows), Layout(bridges=("bridge",)))
    assert read.table["kind"].tolist() == ["sample", "standard", "blank", "bridge"]
    np.testing.assert_array_equal(read.table["expected"], [np.nan, 1000, np.nan, np.nan])
    assert reasons(read) == {5: luminex_wells.NO_KIND}


def test_luminex_wells_without_a_signal_have_a_reason(record_file):
    rows = wells(
        {"plate": None},
        {"well": "Z99"},
        {"sample": None},
        {"analyte": ""},
        {"MFI": "<20"},
        {"MFI": "OOR >"},
        {"MFI": "***"},
        {"MFI": None},
        {"well": "B1", "MFI": "1,234"},
        {"well": "B1", "MFI": "1234"},
    )
    read = luminex_wells.read(record_file(rows), Layout())
    assert reasons(read) == {
        2: luminex_wells.NO_PLATE,
        3: luminex_wells.NO_WELL,
        4: _rows.NO_SAMPLE,
        5: _rows.NO_ANALYTE,
        6: luminex_wells.A_LIMIT,
        7: luminex_wells.A_LIMIT,
        8: cells.REFUSED,
        9: cells.MISSING,
        11: _rows.REPEATED,
    }
    assert read.table["signal"].tolist() == [1234]


@pytest.mark.parametrize(
    ("rows", "layout", "message"),
    [
        (wells({}, {"MFI": 21}), {}, "2 rows give one well more than one signal"),
        (wells({"sample": SECRET}), {"blanks": ("B",)}, "no well of 'B', declared .* as blank"),
        (wells({}), {"blanks": ("a",), "controls": ("a",)}, "'a' is declared both"),
        (wells({}, {"analyte": "IL6"}), {}, "'IL-6' and 'IL6' are both IL6"),
    ],
)
def test_luminex_wells_that_contradict_are_refused(record_file, rows, layout, message):
    refused(message, lambda: luminex_wells.read(record_file(rows), Layout(**layout)))


def test_luminex_signals_must_be_numbers(record_file):
    path = record_file(wells({"MFI": SECRET}))
    refused("nothing but text in 'MFI'", lambda: luminex_wells.read(path, Layout()), TableError)


def test_luminex_wells_without_a_plate_column_are_one_plate(record_file):
    rows = [{k: v for k, v in WELL.items() if k not in ("plate", "bead_count")}]
    read = luminex_wells.read(record_file(rows), Layout())
    assert (read.table["plate"].tolist(), read.table["beads"].isna().all()) == (["1"], True)


def test_the_infliximab_wells(data_root):
    """8,640 wells of 45 analytes on two plates; the file's bDNF and BDNF are two bead regions."""
    path = data_root / "infliximab_crohn_luminex" / "wells.csv"
    if not path.is_file():
        pytest.skip("no local data for 'infliximab_crohn_luminex'")
    refused("'BDNF' and 'bDNF' are both BDNF", lambda: luminex_wells.read(path, Layout()))
    layout = Layout(
        markers={"bDNF": "bDNF bead 55"}, blanks=("Blank",), bridges=("Teva 53", "Teva 55")
    )
    read = luminex_wells.read(path, layout)
    assert read.rows_in == 8640
    assert set(read.set_aside["reason"]) == {cells.MISSING}
    assert len(read.set_aside) == 20
    table = read.table
    assert table["marker"].nunique() == 45
    assert table.groupby("kind")["sample"].nunique().to_dict() == {
        "blank": 1, "bridge": 2, "sample": 84, "standard": 6,
    }  # fmt: skip
    assert table.query("kind == 'bridge'").groupby("sample")["plate"].nunique().tolist() == [2, 2]
    raw = pd.read_csv(path)
    assert table["signal"].sum() == raw["MFI_median"].sum()
    assert table["beads"].sum() == raw.loc[raw["MFI_median"].notna(), "bead_count"].sum()


def test_wells_refuse_an_unknown_kind():
    table = pd.DataFrame([["1", "A1", "a", "pool", "IL6", 1.0, 60.0, np.nan]], columns=COLUMNS)
    refused("no kind of well 'pool'", lambda: Wells("f", table, 1))
    table["kind"] = str(Kind.SAMPLE)
    refused("1 are unaccounted for", lambda: Wells("f", table, 2))
    assert repr(Wells("f", table, 1)) == "Wells('f', 1 wells)"
