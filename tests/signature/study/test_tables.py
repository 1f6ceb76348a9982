"""What is wrong with a file is said plainly, and no cell is repeated."""

import csv
import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signature.exceptions import DataFolderNotSetError, TableError
from signature.study.tables import MISSING, clean_text, data_folder, read_table, to_numbers

SECRET = "Mueller-4711"


@pytest.fixture
def file(tmp_path):
    """Return a function that writes a file and gives its path."""

    def write(content):
        path = tmp_path / "lab.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return path

    return write


def refused(message, build):
    with pytest.raises(TableError, match=message) as caught:
        build()
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


# Reading


def test_wanted_columns_come_stripped_and_in_order(file):
    table = read_table(file("id, IL6 ,CRP\n a ,1.5,.\nb,,  2 \n"), columns=["CRP", "id", "IL6"])
    assert list(table.columns) == ["CRP", "id", "IL6"]
    assert table["id"].tolist() == ["a", "b"]
    assert table["CRP"].isna().tolist() == [True, False]
    assert table["CRP"][1] == "2"
    assert table["IL6"].isna().tolist() == [False, True]


def test_text_stays_text(file):
    table = read_table(file("id\n007\n1e5\nTrue\n"), columns=["id"])
    assert table["id"].tolist() == ["007", "1e5", "True"]


def test_a_byte_order_mark_and_windows_lines_are_fine(file):
    table = read_table(file(b"\xef\xbb\xbfid,IL6\r\na,1\r\n\r\nb,2\r\n"), columns=["id", "IL6"])
    assert table["IL6"].tolist() == ["1", "2"]


def test_quoted_cells_may_hold_the_delimiter(file):
    table = read_table(file('"name, first",IL6\n"a, b",1\n'), columns=["name, first", "IL6"])
    assert table["name, first"].tolist() == ["a, b"]


def test_another_delimiter_can_be_named(file):
    table = read_table(file("id;IL6\na;1\n"), columns=["IL6"], delimiter=";")
    assert table["IL6"].tolist() == ["1"]


def test_a_header_alone_is_a_table_without_rows(file):
    assert len(read_table(file("id,IL6\n"), columns=["id"])) == 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty: expected a header line"),
        ("\n\n", "is empty"),
        (f"id;IL6\n{SECRET};1\n", "separated by comma, but the header looks semicolon-separated"),
        (f"id\tIL6\n{SECRET}\t1\n", "header looks tab-separated"),
        (f"id,CRP\n{SECRET},1\n", "lacks column 'IL6'; it has: id, CRP"),
        (f"id,IL6,IL6\n{SECRET},1,2\n", "two columns named 'IL6'"),
        (f"id,IL6, IL6 \n{SECRET},1,2\n", "two columns named 'IL6'"),
        (f"id,IL6\n{SECRET},1,2\n", "1 of 1 rows have more or fewer cells than the 2 of the head"),
        (f"id,IL6\na,1\n{SECRET}\nb,2,3\n", "2 of 3 rows have more or fewer .* first is row 3"),
        (f'id,IL6\n"{SECRET},1\nb,2\n', "quotes or delimiters are broken near line"),
        (f'id,IL6\n"{SECRET}"x,1\n', "quotes or delimiters are broken near line 2"),
        (f"id,IL6\nM\xfcller {SECRET},1\n".encode("latin-1"), r"not UTF-8 text \(byte 8\)"),
        (f"id,IL6\n{SECRET},1\n".encode("utf-16"), r"not UTF-8 text \(byte 0\)"),
    ],
)
def test_a_broken_file_is_explained(file, content, message):
    refused(message, lambda: read_table(file(content), columns=["id", "IL6"]))


def test_a_missing_file_is_named(tmp_path):
    refused("no file 'lab.csv' in", lambda: read_table(tmp_path / "lab.csv", columns=["id"]))


def test_a_folder_is_not_a_file(tmp_path):
    refused("no file", lambda: read_table(tmp_path, columns=["id"]))


def test_many_columns_are_not_all_listed(file):
    header = ",".join(f"c{i}" for i in range(500))
    with pytest.raises(TableError, match=r"it has: c0, .*c11, …$"):
        read_table(file(header + "\n"), columns=["c3", "id"])


def test_a_file_without_its_header_shows_nothing_of_its_first_row(file):
    with pytest.raises(TableError, match="is the header there") as caught:
        read_table(file(f"P0042,{SECRET},34\nP0043,x,35\n"), columns=["subject", "age"])
    assert "P0042" not in str(caught.value)
    assert SECRET not in str(caught.value)


# Numbers


@pytest.mark.parametrize("bad", ["<0.5", "1,5", "12 pg/mL", SECRET, "1.2.3", "true", "--"])
def test_text_among_numbers_is_counted_and_not_shown(bad):
    table = clean_text(pd.DataFrame({"IL6": ["1.5", bad, None], "CRP": ["1", "2", "3"]}))
    with pytest.raises(TableError, match=r"'IL6' \(1 of 3 rows hold text\)") as caught:
        to_numbers(table, ["IL6", "CRP"], where="lab.csv")
    assert bad not in str(caught.value)
    assert "CRP" not in str(caught.value)


@pytest.mark.parametrize("bad", ["inf", "-inf", "Infinity", "1e999"])
def test_infinite_numbers_are_refused(bad):
    table = pd.DataFrame({"IL6": ["1.5", bad]})
    refused(r"infinite values in 'IL6' \(1 of 2 rows\)", lambda: to_numbers(
        table, ["IL6"], where="lab.csv"))  # fmt: skip


def test_every_bad_column_is_named_at_once():
    table = pd.DataFrame({"IL6": ["x"], "CRP": ["y"]})
    with pytest.raises(TableError, match=r"'IL6' .*'CRP'"):
        to_numbers(table, ["IL6", "CRP"], where="lab.csv")


# The local data folder


def test_the_data_folder_needs_its_variable(monkeypatch, tmp_path):
    monkeypatch.delenv("SIGNATURE_DATA", raising=False)
    with pytest.raises(DataFolderNotSetError, match="export SIGNATURE_DATA="):
        data_folder("study")
    monkeypatch.setenv("SIGNATURE_DATA", str(tmp_path))
    with pytest.raises(DataFolderNotSetError, match="holds no folder 'study'"):
        data_folder("study")
    (tmp_path / "study").mkdir()
    assert data_folder("study") == tmp_path / "study"


# Properties

CELLS = st.one_of(
    st.text(max_size=20), st.sampled_from(MISSING), st.sampled_from(MISSING).map("  {}\t".format)
)


@given(st.lists(CELLS, max_size=20))
def test_clean_text_strips_marks_missing_and_changes_nothing_else(cells):
    cleaned = clean_text(pd.DataFrame({"a": pd.Series(cells, dtype="str")}))["a"]
    for before, after in zip(cells, cleaned, strict=True):
        if before.strip() in MISSING:
            assert pd.isna(after)
        else:
            assert after == before.strip()


@given(st.lists(CELLS, max_size=20))
def test_clean_text_twice_is_clean_text_once(cells):
    once = clean_text(pd.DataFrame({"a": pd.Series(cells, dtype="str")}))
    pd.testing.assert_frame_equal(clean_text(once), once)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_written_numbers_are_read_back(numbers):
    table = pd.DataFrame({"a": [repr(n) for n in numbers]})
    read = to_numbers(table, ["a"], where="x")["a"]
    assert read.dtype == "float64"
    np.testing.assert_allclose(read, numbers, rtol=1e-14, atol=1e-300)


@given(st.lists(st.one_of(st.text(min_size=1, max_size=12), st.just("1.5")), min_size=1))
def test_numbers_are_finite_or_refused(cells):
    table = clean_text(pd.DataFrame({"a": pd.Series(cells, dtype="str")}))
    try:
        read = to_numbers(table, ["a"], where="x")["a"]
    except TableError:
        return
    assert not np.isinf(read).any()
    assert read.isna().equals(table["a"].isna())


@settings(max_examples=50)
@given(st.lists(st.lists(st.text(max_size=8), min_size=2, max_size=2), max_size=8))
def test_any_written_table_is_read_back(tmp_path_factory, rows):
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows([["a", "b"], *rows])
    path = tmp_path_factory.mktemp("table") / "t.csv"
    path.write_bytes(buffer.getvalue().encode("utf-8", errors="replace"))
    table = read_table(path, columns=["a", "b"])
    assert len(table) == len(rows)
    for name, place in (("a", 0), ("b", 1)):
        expected = pd.Series([row[place] for row in rows], dtype="str")
        pd.testing.assert_series_equal(
            table[name], clean_text(expected.to_frame(name))[name], check_names=False
        )
