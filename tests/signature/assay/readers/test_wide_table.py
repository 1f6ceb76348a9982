"""Wide tables: every cell is counted, units may stand in the header."""

import numpy as np
import pandas as pd
import pytest

from signature.assay import cells
from signature.assay.layout import Layout, Limits
from signature.assay.readers import _rows, wide_table
from signature.exceptions import TableError
from signature.study.markers import lookup
from tests.made.lab_checks import SECRET, refused

pytest_plugins = ["tests.made.lab_files"]

PG = Layout(unit="pg/mL")


def test_a_wide_table_is_counted_by_its_cells(file):
    path = file(
        ["sample|plate|QC_Warning|IL-6|TNF", "a|P1|Pass|1|<2", "a|P2|Warning|1|", "|P1|Pass|1|x"]
    )
    read = wide_table.read(path, PG)
    assert (read.rows_in, len(read)) == (6, 3)
    assert read.set_aside["row"].tolist() == [3, 4, 4]
    assert set(read.set_aside["reason"]) == {cells.MISSING, _rows.NO_SAMPLE}
    assert read.table[["sample", "marker", "plate", "flag"]].fillna("").to_numpy().tolist() == [
        ["a", "IL6", "P1", ""],
        ["a", "TNF", "P1", ""],
        ["a", "IL6", "P2", "Warning"],
    ]


def test_a_header_may_hold_the_unit(file):
    path = file(["sample|IL-6 (pg/mL)|CRP [mg/L]|LAP (TGF-b)", "a|1|2|3"])
    read = wide_table.read(path, Layout(unit="ng/mL"))
    assert dict(zip(read.table["marker"], read.table["unit"], strict=True)) == {
        "IL6": "pg/mL",
        "CRP": "mg/L",
        "LAP (TGF-b)": "ng/mL",
    }


def test_a_column_that_holds_no_analyte_is_named(file):
    path = file(["sample|IL6|group", f"{SECRET}|1|case", "b|2|control"])
    refused(r"text in 'group' \(2 cells\).*`ignore`", lambda: wide_table.read(path, PG), TableError)
    assert len(wide_table.read(path, Layout(unit="pg/mL", ignore=("group",)))) == 2
    assert len(wide_table.read(path, Layout(unit="pg/mL", only=("IL6",)))) == 2


def test_decimal_commas_of_a_wide_table_are_counted_by_column(file):
    path = file(["sample|IL6|TNF", "a|0,5|1", "b|0,7|1,5"])
    refused(r"'IL6' \(2 cells\), 'TNF' \(1 cells\)", lambda: wide_table.read(path, PG), TableError)


def test_two_columns_of_one_marker_are_refused(file):
    path = file(["sample|IL-6|IL6", "a|1|1"])
    refused("'IL-6' and 'IL6' are both IL6", lambda: wide_table.read(path, PG))
    twice = file(["sample|IL6|IL6", "a|1|1"])
    refused("two columns named 'IL6'", lambda: wide_table.read(twice, PG), TableError)
    none = file(["sample", "a"])
    refused("no column is left", lambda: wide_table.read(none, PG), TableError)


@pytest.mark.parametrize("name", ["lab.parquet", "lab.xlsx"])
def test_typed_files_say_the_same_as_text(file, tmp_path, name):
    pytest.importorskip("pyarrow" if name.endswith("parquet") else "openpyxl")
    table = pd.DataFrame(
        {"sample": ["a", "b", "c"], "IL6": [0.1, 0.25, np.nan], "TNF": ["<1", "3.5", "OOR >"]}
    )
    text = wide_table.read(file([list(table), *table.astype(str).to_numpy()]), PG)
    if name.endswith("parquet"):
        table.to_parquet(tmp_path / name)
    else:
        table.to_excel(tmp_path / name, index=False)
    typed = wide_table.read(tmp_path / name, PG)
    pd.testing.assert_frame_equal(typed.table, text.table)
    pd.testing.assert_frame_equal(typed.set_aside, text.set_aside)


def test_the_three_hospitals_are_read_as_pandas_reads_them(data_root):
    """Every NPX and every limit, against the plain arithmetic on the two files."""
    folder = data_root / "covid_olink_three_sites"
    if not folder.is_dir():
        pytest.skip("no local data for 'covid_olink_three_sites'")
    raw = pd.read_csv(folder / "data.csv")
    lod = pd.read_csv(folder / "lod.csv").pivot(index="batch", columns="Assay", values="LOD")
    assays = [c for c in raw.columns if c in lod.columns]
    read = wide_table.read(
        folder / "data.csv",
        Layout(
            columns={"plate": "batch"},
            unit="NPX",
            only=tuple(assays),
            limits=Limits(
                file="lod.csv", marker="Assay", limit="LOD", plate="batch", none_for=("hannover",)
            ),
        ),
    )
    assert read.rows_in == 1327 * 63
    assert (len(read), len(read.set_aside), read.unknown) == (82309, 1292, ())
    assert "(hannover): 17451 measurements stay as reported" in read.findings[0]
    measured = raw[raw[assays].notna().any(axis=1)]
    limits = lod.reindex(measured["batch"])[assays].to_numpy()
    npx = measured[assays].to_numpy()
    low = npx < limits
    for part, expected in (
        ("value", np.where(low, np.nan, npx)),
        ("below", np.where(low, limits, np.nan)),
    ):
        wide = read.table.pivot(index="sample", columns="marker", values=part)
        names = [lookup(assay) for assay in assays]
        np.testing.assert_array_equal(wide.loc[measured["sample"].astype(str), names], expected)
