"""A laboratory's file is opened as it is, or what is wrong with it is said."""

import csv
import io
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signature.assay.files import read_sheet
from signature.assay.layout import Layout
from signature.exceptions import TableError

SECRET = "Mueller-4711"


@pytest.fixture
def file(tmp_path):
    """Return a function that writes a file and gives its path."""

    def write(content, name="lab.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return path

    return write


def everything(header):
    return header


def cells_of(sheet):
    return {name: sheet.table[name].astype("str").tolist() for name in sheet.table}


def refused(message, path, pick=everything, **layout):
    with pytest.raises(TableError, match=message) as caught:
        read_sheet(path, Layout(**layout), pick)
    assert SECRET not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


# Delimited text


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ("a,b\n1,2\n3,\n", "lab.csv"),
        ("a;b\n1;2\n3;\n", "lab.csv"),
        ("a\tb\n1\t2\n3\t\n", "lab.txt"),
        ("a|b\r\n1|2\r\n3|\r\n", "lab.csv"),
        (b"\xef\xbb\xbfa,b\r1,2\r3,", "lab.csv"),
        ('"a",b\n"1",2\n3,""\n', "lab.csv"),
    ],
)
def test_any_delimiter_and_line_ending(file, content, name):
    sheet = read_sheet(file(content, name), Layout(), everything)
    assert cells_of(sheet) == {"a": ["1", "3"], "b": ["2", ""]}
    assert sheet.lines.tolist() == [2, 3]


def test_lines_are_those_of_the_file_despite_blank_lines_and_breaks_in_cells(file):
    sheet = read_sheet(
        file('made by\n\nid,b\n\n"x\ny",1\n  \n"p ""q""",2\n'), Layout(header_row=3), everything
    )
    assert cells_of(sheet) == {"id": ["x\ny", 'p "q"'], "b": ["1", "2"]}
    assert sheet.lines.tolist() == [5, 8]


def test_only_what_is_picked_is_read_and_other_columns_may_be_called_anything(file):
    sheet = read_sheet(file(",a,x,x\n1,2,3,4\n"), Layout(), lambda header: ["a"])
    assert cells_of(sheet) == {"a": ["2"]}


def test_a_header_alone_is_an_empty_table(file):
    sheet = read_sheet(file("a,b\n\n"), Layout(), everything)
    assert (len(sheet), list(sheet.table), len(sheet.labels("a"))) == (0, ["a", "b"], 0)


def test_labels_are_stripped_and_marks_of_missing_are_missing(file):
    sheet = read_sheet(file("a,b\n x ,1\nNA,1\nx,1\n,1\n"), Layout(), everything)
    labels = pd.Series(sheet.labels("a"))
    assert labels.isna().tolist() == [False, True, False, True]
    assert labels.dropna().tolist() == ["x", "x"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "no column names in line 1"),
        ("\na,b\n", "no column names in line 1; `header_row` is the line"),
        (f"a,b\n{SECRET},1,2\n", "1 of 1 rows have more or fewer .* the first is in line 2"),
        (f"a,b\nx,1\n\n{SECRET}\n", "1 of 2 rows have more or fewer .* the first is in line 4"),
        ("a,b\nx,0,5\n", "decimal commas"),
        (f'a,b\n"{SECRET},1\n', "quotes are broken near line 2"),
        (f'a,b\nx,1\n"{SECRET}"x,1\n', "quotes are broken near line 3"),
        (f'a,b\n{SECRET}"x",1\n', "quotes are broken near line 2"),
        (f"a,b\n{SECRET}\xfc,1\n".encode("latin-1"), r"not UTF-8 text \(byte"),
        ("a,b\n1,2\n".encode("utf-16-le"), "holds bytes that are zero"),
        (f"a,b,b\n{SECRET},1,2\n", "two columns named 'b'"),
        (f"a,,\n{SECRET},1,2\n", r"2 columns have no name \(the first is column 2\)"),
    ],
)
def test_broken_text_is_explained(file, content, message):
    refused(message, file(content))


def test_a_header_with_two_delimiters_needs_a_word(file):
    refused("could be separated by ',' or ';'; say which", file("a,b;c\n1,2;3\n", "lab.dat"))
    sheet = read_sheet(file("a,b;c\n1,2;3\n", "lab.dat"), Layout(delimiter=";"), everything)
    assert list(sheet.table) == ["a,b", "c"]


def test_the_wrong_delimiter_is_named(file):
    refused("header looks semicolon-separated", file("a;b\n1;2\n"), lambda h: ["a"], delimiter=",")


def test_a_missing_column_a_missing_file_and_an_old_workbook(file, tmp_path):
    refused("lacks column 'c'; it has: a, b", file("a,b\n1,2\n"), lambda h: ["a", "c"])
    refused("no file 'none.csv'", tmp_path / "none.csv")
    refused("save it as .xlsx", file(b"x", "lab.xls"))


# Parquet


def test_parquet_keeps_numbers_and_text(tmp_path):
    pytest.importorskip("pyarrow")
    table = pd.DataFrame({"id": [7, 8], "v": [1.5, np.nan], "t": ["<2", None]})
    table.to_parquet(tmp_path / "lab.parquet")
    sheet = read_sheet(tmp_path / "lab.parquet", Layout(), everything)
    assert list(sheet.labels("id")) == ["7", "8"]
    assert sheet.table["v"].dtype == "float64"
    assert cells_of(sheet)["t"] == ["<2", ""]
    assert sheet.lines.tolist() == [2, 3]


def test_a_damaged_parquet_file_is_named(file):
    pytest.importorskip("pyarrow")
    refused("lab.parquet is no Parquet file", file(b"nothing", "lab.parquet"))


@pytest.mark.parametrize(
    ("library", "name"), [("pyarrow", "lab.parquet"), ("openpyxl", "lab.xlsx")]
)
def test_a_library_that_is_not_installed_is_named(file, monkeypatch, library, name):
    monkeypatch.setitem(sys.modules, library, None)
    refused(f"reading {name} needs {library}", file(b"nothing", name))


# Excel


@pytest.fixture
def workbook(tmp_path):
    """Return a function that writes rows to a workbook, merges cells, and gives its path."""
    openpyxl = pytest.importorskip("openpyxl")

    def write(rows, merged=(), sheets=("Sheet",)):
        book = openpyxl.Workbook()
        book.active.title = sheets[0]
        for other in sheets[1:]:
            book.create_sheet(other)
        for row in rows:
            book.active.append(row)
        for cells in merged:
            book.active.merge_cells(cells)
        book.save(tmp_path / "lab.xlsx")
        return tmp_path / "lab.xlsx"

    return write


def test_a_workbook_keeps_numbers_and_text_and_its_row_numbers(workbook):
    path = workbook([["id", "IL6", "TNF"], [1, 0.5, "<0.1"], [], ["b", 2, 1.25]])
    sheet = read_sheet(path, Layout(), everything)
    assert sheet.table["IL6"].tolist() == [0.5, 2]
    assert cells_of(sheet)["TNF"] == ["<0.1", "1.25"]
    assert list(sheet.labels("id")) == ["1", "b"]
    assert sheet.lines.tolist() == [2, 4]


def test_numbers_between_text_are_written_with_the_decimal_mark_of_the_file(workbook):
    path = workbook([["id", "TNF"], [1, "<0,1"], [2, 1.25]])
    sheet = read_sheet(path, Layout(decimal=","), everything)
    assert cells_of(sheet)["TNF"] == ["<0,1", "1,25"]


def test_merged_headers_are_refused_until_the_row_of_names_is_named(workbook):
    rows = [["", "cytokines", ""], ["id", "IL6", "TNF"], ["a", 1, 2]]
    path = workbook(rows, merged=["B1:C1"])
    refused(r"header are merged \(B1:C1\).*header_row", path)
    assert list(read_sheet(path, Layout(header_row=2), everything).table) == ["id", "IL6", "TNF"]


def test_merged_cells_below_the_header_are_refused(workbook):
    path = workbook([["id", "IL6"], ["a", 1], ["", 2]], merged=["A2:A3"])
    refused(r"1 ranges of cells are merged below the header \(the first is A2:A3\)", path)


def test_formulas_without_a_result_are_refused(workbook):
    path = workbook([["id", "IL6"], ["a", "=1+1"], ["b", 2]])
    refused("1 cells hold formulas without a result", path)


def test_a_sheet_is_named_where_there_are_several(workbook):
    path = workbook([["id"], ["a"]], sheets=("results", "notes"))
    refused("2 sheets .*'results', 'notes'.*say which with `sheet`", path)
    refused("no sheet 'data'; it has: 'results', 'notes'", path, sheet="data")
    assert cells_of(read_sheet(path, Layout(sheet="results"), everything)) == {"id": ["a"]}


def test_a_workbook_without_names_or_that_is_none(workbook, file):
    refused("no column names in row 1", workbook([[], ["a"]]))
    refused("two columns named 'x'", workbook([["x", "x"], [1, 2]]))
    refused("1 columns have no name", workbook([["x", None], [1, 2]]))
    refused("no Excel workbook", file(b"nothing", "lab.xlsx"))


def test_names_that_look_like_numbers_stay_as_they_are_written(file):
    path = file("id,plate,value\n007,01,1.50\n7,1,2\n1e3,1,3\n90071992547409931,1,4\n")
    sheet = read_sheet(path, Layout(), everything)
    assert list(sheet.labels("id")) == ["007", "7", "1e3", "90071992547409931"]
    assert list(sheet.labels("plate")) == ["01", "1", "1", "1"]
    assert cells_of(sheet)["value"] == ["1.50", "2", "3", "4"]


def test_long_numbers_keep_all_their_digits(tmp_path):
    ids = [2**53, 2**53 + 1]
    table = pd.DataFrame({"id": pd.array([*ids, None], dtype="Int64"), "whole": [*ids, 7]})
    table.to_parquet(tmp_path / "lab.parquet")
    sheet = read_sheet(tmp_path / "lab.parquet", Layout(), everything)
    assert cells_of(sheet)["id"] == [*map(str, ids), ""]
    assert cells_of(sheet)["whole"] == [*map(str, ids), "7"]


# Properties

CELL = st.one_of(
    st.text('ab "\n,;\t|\u00e4\u20ac<1.', max_size=8), st.text("0123456789.-eE", max_size=6)
)


@settings(max_examples=60)
@given(
    rows=st.lists(st.tuples(CELL, CELL, CELL), max_size=8),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
)
def test_any_written_table_is_read_back(tmp_path_factory, rows, delimiter):
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerows([["a", "b", "c"], *rows])
    path = tmp_path_factory.mktemp("table") / "t.csv"
    path.write_bytes(buffer.getvalue().encode("utf-8"))
    sheet = read_sheet(path, Layout(), everything)
    assert list(zip(*cells_of(sheet).values(), strict=True)) == rows
    line = 2
    for row, written in zip(rows, sheet.lines, strict=True):
        assert written == line
        line += 1 + sum(cell.count("\n") for cell in row)
