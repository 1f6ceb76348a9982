"""What all readers share: rules that are counted, contradictions that are refused."""

import numpy as np
import pandas as pd
import pytest

from signature import discovery
from signature.assay import cells
from signature.assay.layout import Layout
from signature.assay.measurements import COLUMNS, Measurements
from signature.assay.readers import _rows, long_table, wide_table
from signature.exceptions import DefinitionError, TableError
from tests.made.lab_checks import SECRET, reasons, refused, result

pytest_plugins = ["tests.made.lab_files"]

PG = Layout(unit="pg/mL")


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

    monkeypatch.setattr("signature.study.markers.lookup", lookup)
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


def test_one_unit_in_two_spellings_is_one(file):
    path = file(["sample|analyte|value|unit", "a|IL-6|3|pg/mL", "b|IL-6|4|PG/ml", "c|CRP|5|µg/mL"])
    assert long_table.read(path, Layout()).table["unit"].tolist() == ["pg/mL", "pg/mL", "ug/mL"]


def test_femtograms_are_no_less_a_concentration(file):
    path = file(["sample|IL-6 (fg/mL)", "a|-3", "b|4"])
    found = wide_table.read(path, Layout())
    assert found.table[["marker", "unit", "value"]].to_numpy().tolist() == [["IL6", "fg/mL", 4.0]]
    assert found.set_aside["reason"].tolist() == [cells.NEGATIVE]


def test_samples_in_the_place_of_analytes_are_not_shown(file):
    path = file([f"sample|{SECRET}|{SECRET}b", "IL-6|3|4", "TNF-alpha|5|6"])
    refused("are samples and analytes swapped", lambda: wide_table.read(path, PG))
    path = file(["sample|analyte|value", f"IL-6|{SECRET}|4", f"TNF|{SECRET}|6"])
    refused("are samples and analytes swapped", lambda: long_table.read(path, PG))


@pytest.mark.parametrize("columns", [{}, {"sample": "id"}])
def test_a_turned_table_shows_no_sample(file, columns):
    path = file([f"plate|{SECRET}|{SECRET}b", "IL-6|3|4"])
    layout = Layout(unit="pg/mL", columns=columns)
    message = "no marker among its 3 columns.*turn the table"
    refused(message, lambda: wide_table.read(path, layout), TableError)


def test_samples_are_no_plates(file):
    path = file(["sample|analyte|value", f"{SECRET}|IL-6|4"])
    layout = Layout(unit="pg/mL", columns={"plate": "sample"})
    message = "sample and plate are both read from 'sample'"
    refused(message, lambda: long_table.read(path, layout), TableError)


def test_a_mark_before_three_digits_everywhere_may_be_either(file):
    rows = [f"{i};IL-6;{i},512" for i in range(1, 7)]
    path = file([["sample;analyte;value"], *([row] for row in rows)])
    path.write_text(path.read_text().replace('"', ""), encoding="utf-8")
    refused("each of 6 numbers has a ','", lambda: long_table.read(path, PG), TableError)
    found = long_table.read(path, PG.model_copy(update={"decimal": ","}))
    assert found.table["value"].tolist() == pytest.approx([i + 0.512 for i in range(1, 7)])
    assert not found.findings


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


def test_the_same_sample_on_two_plates_is_kept(file):
    path = file(
        [
            "sample|analyte|value|plate",
            *("a|IL6|1|P1", "a|IL6|2|P2", "b|IL6|1|P1", "b|IL6|1|P2", "c|IL6|1|P1"),
            *("a|TNF|<1|P1", "a|TNF|1|P2", "b|CRP|<1|P1"),
        ]
    )
    read = long_table.read(path, PG)
    assert len(read) == 8
    own = read.table.query("sample == 'a' and marker == 'TNF'")
    assert own["plate"].tolist() == ["P1", "P2"]
    np.testing.assert_array_equal(own[["value", "below"]], [[np.nan, 1], [1, np.nan]])


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


def test_measurements_refuse_what_is_no_measurement():
    table = pd.DataFrame([["a", "IL6", 1.0, 2.0, np.nan, "pg/mL", np.nan, "P", None]])
    table.columns = COLUMNS
    refused("1 of 1 measurements are a number and a limit", lambda: Measurements("f", table, 1))
    table["below"] = np.nan
    refused("2 are unaccounted for", lambda: Measurements("f", table, 3))
    refused("need the columns", lambda: Measurements("f", table.drop(columns="flag"), 1))
    assert repr(Measurements("f", table, 1)) == "Measurements('f', 1 measurements)"
