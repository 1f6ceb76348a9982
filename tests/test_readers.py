"""Long and wide tables: rules that are counted, contradictions that are refused, nothing lost."""

import csv
import io

import numpy as np
import pandas as pd
import pytest
from refusals import SECRET, refused

from signature import discovery
from signature.assay import cells
from signature.assay.layout import Layout, Limits
from signature.assay.measurements import COLUMNS, Measurements, duplicated
from signature.assay.readers import _rows, long_table, wide_table
from signature.exceptions import DefinitionError, TableError
from signature.markers import lookup

PG = Layout(unit="pg/mL")


@pytest.fixture
def file(tmp_path):
    """Return a function that writes rows as CSV and gives the path."""

    def write(rows, name="lab.csv"):
        text = io.StringIO(newline="")
        csv.writer(text).writerows(
            [row.split("|") if isinstance(row, str) else row for row in rows]
        )
        (tmp_path / name).write_text(text.getvalue(), encoding="utf-8")
        return tmp_path / name

    return write


def reasons(measurements):
    return dict(zip(*measurements.set_aside[["row", "reason"]].to_numpy().T, strict=True))


def result(measurements, sample, marker):
    """Return value, below and above of one measurement."""
    rows = measurements.table.query("sample == @sample and marker == @marker")
    assert len(rows) == 1
    return rows[["value", "below", "above"]].iloc[0].tolist()


def test_every_format_exports_what_it_must():
    formats = discovery.load_all("signature.assay.readers", ["FORMAT", "read"])
    assert set(formats) == {
        "immport_results",
        "long_table",
        "luminex_wells",
        "olink_npx",
        "wide_table",
    }
    assert all("\n" not in module.FORMAT for module in formats.values())


# Long tables

HEADER = "sample|analyte|value|unit|limit|plate|flag"


def test_a_long_table_is_read_with_everything_it_says(file):
    path = file(
        [
            HEADER,
            "a|IL-6|1.5|pg/mL|0.5|P1|",
            "a|IL-8|<2|pg/mL||P1|hemolysed",
            "b|IL-6|0.3|pg/mL||P1|",
            "b|IL-8|> 9000|pg/mL||P1|",
            "c|IL-6|ND|pg/mL||P1|",
            "c|IL-8|*7|pg/mL||P1|low volume",
            "c|CRP|OOR <|mg/L||P1|",
        ]
    )
    read = long_table.read(path, Layout())
    nan = np.nan
    np.testing.assert_equal(result(read, "a", "IL6"), [1.5, nan, nan])
    np.testing.assert_equal(result(read, "a", "CXCL8"), [nan, 2, nan])
    np.testing.assert_equal(result(read, "b", "IL6"), [nan, 0.5, nan])
    np.testing.assert_equal(result(read, "b", "CXCL8"), [nan, nan, 9000])
    np.testing.assert_equal(result(read, "c", "IL6"), [nan, 0.5, nan])
    assert reasons(read) == {8: cells.NO_LIMIT}
    flags = read.table.set_index(["sample", "marker"])["flag"]
    assert flags["a", "CXCL8"] == "hemolysed"
    assert flags["c", "CXCL8"] == "low volume; extrapolated"
    assert flags.isna().sum() == 4
    assert (read.table.loc[read.table["marker"] == "IL6", "limit"] == 0.5).all()
    assert tuple(read.table.columns) == COLUMNS
    assert {name: str(kind) for name, kind in read.table.dtypes.items()} == {
        **dict.fromkeys(("sample", "marker", "unit", "plate", "flag"), "str"),
        **dict.fromkeys(("value", "below", "above", "limit"), "float64"),
    }


def test_what_is_not_used_has_its_line_and_reason(file):
    path = file(
        [
            "sample|analyte|value|unit",
            "|IL6|1|pg/mL",
            "a||1|pg/mL",
            "a|IL6||pg/mL",
            "a|TNF|haemolysed|pg/mL",
            "b|IL6|-1|pg/mL",
            "b|TNF|1|",
            "c|IL6|2|pg/mL",
            "c|IL6|2.0|pg/mL",
            "c|CRP|1|mg/L",
        ]
    )
    read = long_table.read(path, Layout(ignore=("CRP",)))
    assert reasons(read) == {
        2: _rows.NO_SAMPLE,
        3: _rows.NO_ANALYTE,
        4: cells.MISSING,
        5: cells.TEXT,
        6: cells.NEGATIVE,
        7: _rows.NO_UNIT,
        9: _rows.REPEATED,
        10: _rows.NOT_WANTED,
    }
    assert (read.rows_in, len(read)) == (9, 1)


def test_unknown_names_are_kept_and_listed_and_the_layout_may_name_them(file):
    path = file(["sample|analyte|value", "a|my marker|1", "a|lab 7|2", "a|IL-6|3"])
    read = long_table.read(path, Layout(unit="pg/mL", markers={"lab 7": "TNF-alpha"}))
    assert set(read.table["marker"]) == {"my marker", "TNF", "IL6"}
    assert read.unknown == ("my marker",)


def test_an_ambiguous_name_is_refused_with_the_way_out(file, monkeypatch):
    def lookup(name):
        if name == "IL-12":
            raise DefinitionError("IL12A or IL12B")

    monkeypatch.setattr("signature.markers.lookup", lookup)
    path = file(["sample|analyte|value", f"{SECRET}|IL-12|1", f"{SECRET}|x|2"])
    refused(
        r"1 names .*`markers = \{…\}`.*'IL-12': IL12A or IL12B", lambda: long_table.read(path, PG)
    )
    read = long_table.read(path, Layout(unit="pg/mL", markers={"IL-12": "IL12B"}))
    assert "IL12B" in set(read.table["marker"])


def test_two_spellings_of_one_marker_are_one_unless_both_are_in_a_sample(file):
    apart = file(["sample|analyte|value", "a|IL-6|1", "b|IL6|2"])
    assert set(long_table.read(apart, PG).table["marker"]) == {"IL6"}
    both = file(["sample|analyte|value", f"{SECRET}|IL-6|1", f"{SECRET}|IL6|2", "b|IL-6|2"])
    refused("'IL-6' and 'IL6' are both IL6. Tell them apart", lambda: long_table.read(both, PG))


def test_two_units_of_one_marker_are_refused(file):
    path = file(["sample|analyte|value|unit", "a|IL6|1|pg/mL", f"{SECRET}|IL6|1|ng/mL"])
    refused("more than one unit for 'IL6'", lambda: long_table.read(path, Layout()))


def test_a_file_without_units_is_refused(file):
    path = file(["sample|analyte|value", f"{SECRET}|IL6|1"])
    refused(
        "says no unit; name it with `unit`", lambda: long_table.read(path, Layout()), TableError
    )


def test_a_decimal_comma_file_is_refused_until_it_is_declared(file):
    path = file(["sample|analyte|value|limit", "a|IL6|0,5|0,2", "b|IL6|1,25|0,2"])
    refused(r"decimal commas in 'limit' \(2 cells\)", lambda: long_table.read(path, PG), TableError)
    read = long_table.read(path, Layout(unit="pg/mL", decimal=","))
    assert read.table["value"].tolist() == [0.5, 1.25]
    assert read.table["limit"].tolist() == [0.2, 0.2]


def test_thousands_marks_are_counted_and_npx_have_none(file):
    """A decimal-comma file whose numbers all have three decimals says so nowhere else."""
    path = file(["sample|analyte|value", "a|IL6|1,234", "b|IL6|11,105", "c|IL6|3"])
    read = long_table.read(path, PG)
    assert read.table["value"].tolist() == [1234, 11105, 3]
    assert read.findings == (
        "2 numbers have a thousands mark, as in 1,234, and are read as thousands",
    )
    refused(
        r"2 NPX in 'value' would be thousands.*`decimal = \",\"`",
        lambda: long_table.read(path, Layout(unit="NPX")),
        TableError,
    )


def test_the_same_sample_on_two_plates_is_kept_and_disagreement_counted(file):
    path = file(
        [
            "sample|analyte|value|plate",
            *("a|IL6|1|P1", "a|IL6|2|P2", "b|IL6|1|P1", "b|IL6|1|P2", "c|IL6|1|P1"),
            *("a|TNF|<1|P1", "a|TNF|1|P2", "b|CRP|<1|P1"),
        ]
    )
    read = long_table.read(path, PG)
    assert len(read) == 8
    found = duplicated(read).set_index("marker")
    assert found.loc["IL6"].tolist() == [2, 1]
    assert found.loc["TNF"].tolist() == [1, 1]
    assert list(found.columns) == ["samples", "disagree"]
    assert "CRP" not in found.index
    assert duplicated(long_table.read(file(["sample|analyte|value", "a|IL6|1"]), PG)).empty


def test_two_results_of_one_sample_on_one_plate_are_refused(file):
    path = file(
        ["sample|analyte|value|plate", f"{SECRET}|IL6|1|P1", f"{SECRET}|IL6|1.5|P1", "b|IL6|1|P1"]
    )
    refused("2 rows give 1 samples more than one result", lambda: long_table.read(path, PG))


def test_only_names_what_is_there(file):
    path = file(["sample|analyte|value", "a|IL6|1", "a|TNF|2"])
    read = long_table.read(path, Layout(unit="pg/mL", only=("TNF",)))
    assert (set(read.table["marker"]), reasons(read)) == ({"TNF"}, {2: _rows.NOT_WANTED})
    refused(
        "2 analytes, but not 'CRP' of `only`", lambda: long_table.read(path, Layout(only=("CRP",)))
    )


def test_columns_are_named_in_the_layout_or_asked_for(file):
    path = file(["ID|Marker|Obs Conc", "a|IL6|1"])
    refused(
        r"lacks a column for sample \(sample or .*it has: ID, Marker, Obs Conc",
        lambda: long_table.read(path, PG),
        TableError,
    )
    read = long_table.read(path, Layout(unit="pg/mL", columns={"sample": "ID"}))
    assert len(read) == 1
    strange = Layout(columns={"person": "ID"})
    refused("names 'person'", lambda: long_table.read(path, strange), TableError)
    wrong = Layout(columns={"sample": "Id"})
    refused("lacks column 'Id'", lambda: long_table.read(path, wrong), TableError)


def test_a_file_without_a_header_shows_nothing_of_its_first_row(file):
    path = file([f"{SECRET}|IL6|1.5"])
    refused("is in its first line", lambda: long_table.read(path, PG), TableError)


def test_a_column_of_text_is_no_column_of_values(file):
    path = file(["sample|analyte|value", f"a|IL6|{SECRET}", "b|IL6|"])
    refused(
        r"nothing but text in 'value' \(1 cells\)", lambda: long_table.read(path, PG), TableError
    )


# Limits


def test_two_limits_of_one_plate_and_marker_are_refused(file):
    rows = ["sample|analyte|value|limit|plate", "a|IL6|1|0.5|P1", "b|IL6|1|0.6|P1"]
    refused(
        "two limits for one plate and marker, in 1 cases", lambda: long_table.read(file(rows), PG)
    )
    rows[2] = "b|IL6|1|0.6|P2"
    assert long_table.read(file(rows), PG).table["limit"].tolist() == [0.5, 0.6]


def test_a_limit_above_every_number_of_a_plate_is_a_finding(file):
    rows = ["sample|analyte|value|limit|plate"]
    rows += [f"s{i}|IL6|{1 + i}|0.5|P1" for i in range(30)]
    rows += [f"s{i}|TNF|0.1|0.5|P1" for i in range(30)]
    read = long_table.read(file(rows), PG)
    assert read.findings == ("the limit is above every number for 1 of 2 plates and markers (TNF)",)
    assert (read.table.query("marker == 'TNF'")["below"] == 0.5).all()


def test_limits_above_every_number_of_a_file_are_in_another_unit(file):
    rows = ["sample|analyte|value|limit", *(f"s{i}|IL6|{1 + i}|500" for i in range(20))]
    refused("none of 20 numbers reaches the limit", lambda: long_table.read(file(rows), PG))
    few = long_table.read(file(rows[:5]), PG)
    assert len(few.findings) == 1


def test_limits_that_are_none_are_counted(file):
    path = file(
        ["sample|analyte|value|limit|uloq", "a|IL6|ND|<0.5|?", "b|TNF|1|see report|", "c|TNF|1||"]
    )
    read = long_table.read(path, PG)
    np.testing.assert_equal(result(read, "a", "IL6"), [np.nan, 0.5, np.nan])
    assert read.findings == (
        "1 cells of 'limit' are no limits and are not used",
        "1 cells of 'uloq' are no limits and are not used",
    )


def test_a_number_at_its_limit_is_not_below_it(file):
    path = file(["sample|analyte|value|limit", "a|IL6|0.5|0.50", "b|IL6|0.49|0.5"])
    read = long_table.read(path, PG)
    np.testing.assert_array_equal(read.table["value"], [0.5, np.nan])
    np.testing.assert_array_equal(read.table["below"], [np.nan, 0.5])


def test_limits_stand_in_one_place(file):
    layout = Layout(unit="pg/mL", columns={"limit": "limit"}, limits=LIMITS)
    path = file(["sample|analyte|value|limit|batch", "a|IL6|1|0.5|x"])
    file(["Assay|LOD|lot", "IL6|1|x"], "lod.csv")
    refused(
        "both a column and a table of limits", lambda: long_table.read(path, layout), TableError
    )


def test_a_limit_of_zero_is_no_limit_of_a_concentration(file):
    path = file(["sample|analyte|value|limit", "a|IL6|ND|0", "b|IL6|1|0"])
    read = long_table.read(path, PG)
    assert reasons(read) == {2: cells.NO_LIMIT}
    assert read.findings[0].startswith("2 measurements have a limit that is not above 0")
    assert read.table["limit"].isna().all()


def test_upper_limits(file):
    path = file(["sample|analyte|value|uloq", "a|IL6|>ULOQ|900", "b|IL6|5|900"])
    np.testing.assert_equal(result(long_table.read(path, PG), "a", "IL6"), [np.nan, np.nan, 900])


LIMITS = Limits(file="lod.csv", marker="Assay", limit="LOD", plate="lot", match="batch")


def test_a_table_of_limits_applies_by_plate(file):
    file(["Assay|LOD|lot", "IL-6|1|x", "IL6|3|y", "other|9|x", "TNF|?|x"], "lod.csv")
    path = file(["sample|IL6|TNF|batch", "a|2|2|x", "b|2|2|y", "c|0.5|2|z"])
    read = wide_table.read(path, Layout(unit="pg/mL", limits=LIMITS))
    np.testing.assert_equal(result(read, "a", "IL6"), [2, np.nan, np.nan])
    np.testing.assert_equal(result(read, "b", "IL6"), [np.nan, 3, np.nan])
    np.testing.assert_equal(result(read, "c", "IL6"), [0.5, np.nan, np.nan])
    assert read.findings[0] == "lod.csv: 1 limits are no numbers and are not used"
    assert read.findings[1].startswith("lod.csv has no limits for 1 of 3 plates or lots (z): 2 ")


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (["Assay|LOD|lot", "IL6|1|x", "IL-6|2|x"], "lod.csv: two limits for one plate and marker"),
        (["Assay|LOD|lot", "IL6|1|q"], "names none of the 1 plates or lots of lab.csv"),
    ],
)
def test_limits_that_contradict_are_refused(file, limits, message):
    file(limits, "lod.csv")
    path = file(["sample|IL6|batch", f"{SECRET}|2|x"])
    layout = Layout(unit="pg/mL", limits=LIMITS)
    refused(message, lambda: wide_table.read(path, layout))


def test_limits_without_plates_apply_to_all(file):
    file(["Assay|LOD", "IL6|1"], "lod.csv")
    path = file(["sample|IL6|TNF", "a|0.5|0.5"])
    limits = Limits(file="lod.csv", marker="Assay", limit="LOD")
    read = wide_table.read(path, Layout(unit="pg/mL", limits=limits))
    np.testing.assert_equal(result(read, "a", "IL6"), [np.nan, 1, np.nan])
    np.testing.assert_equal(result(read, "a", "TNF"), [0.5, np.nan, np.nan])


def test_limits_by_plate_need_a_plate(file):
    file(["Assay|LOD|lot", "IL6|1|x"], "lod.csv")
    limits = Limits(file="lod.csv", marker="Assay", limit="LOD", plate="lot")
    layout = Layout(unit="pg/mL", limits=limits)
    path = file(["sample|IL6", "a|0.5"])
    refused("with `match`, or name the plate", lambda: wide_table.read(path, layout), TableError)


# NPX and concentrations


def npx(n=40):
    return np.random.default_rng(0).normal(1, 2, n).round(3)


def test_npx_called_a_concentration_are_refused(file):
    rows = ["sample|analyte|value", *(f"s{i}|IL6|{x}" for i, x in enumerate(npx()))]
    refused("these look like NPX or logarithms", lambda: long_table.read(file(rows), PG))
    assert (long_table.read(file(rows), Layout(unit="NPX")).table["value"] < 0).any()


def test_a_few_negative_concentrations_are_set_aside(file):
    values = [*np.exp(npx(200) + 4).round(3), -0.5, -1.5]
    rows = ["sample|analyte|value", *(f"s{i}|IL6|{x}" for i, x in enumerate(values))]
    read = long_table.read(file(rows), PG)
    assert reasons(read) == {202: cells.NEGATIVE, 203: cells.NEGATIVE}


# Wide tables


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


# The shapes themselves


def test_measurements_refuse_what_is_no_measurement():
    table = pd.DataFrame([["a", "IL6", 1.0, 2.0, np.nan, "pg/mL", np.nan, "P", None]])
    table.columns = COLUMNS
    refused("1 of 1 measurements are a number and a limit", lambda: Measurements("f", table, 1))
    table["below"] = np.nan
    refused("2 are unaccounted for", lambda: Measurements("f", table, 3))
    refused("need the columns", lambda: Measurements("f", table.drop(columns="flag"), 1))
    assert repr(Measurements("f", table, 1)) == "Measurements('f', 1 measurements)"
