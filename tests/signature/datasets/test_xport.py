"""SAS transport files, as the survey publishes them."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signature.datasets._xport import SurveyTables, read_xport
from signature.exceptions import TableError
from tests.made.xport import xport

NAN = float("nan")


@pytest.fixture
def written(tmp_path):
    def write(table, name="T.xpt", **options):
        (tmp_path / name).write_bytes(xport(table, **options))
        return tmp_path / name

    return write


@given(st.lists(st.integers(-(10**12), 10**12).map(lambda n: n / 10**6), min_size=1, max_size=12))
def test_decimal_fractions_come_back_exactly(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("xport") / "T.xpt"
    path.write_bytes(xport(pd.DataFrame({"SEQN": np.arange(len(values)) + 1.0, "X": values})))
    raw = pd.read_sas(path, format="xport", encoding="latin-1")
    np.testing.assert_allclose(raw["X"], values, rtol=1e-15, atol=6e-79)
    assert read_xport(path)["X"].tolist() == values


def test_numbers_are_what_the_survey_wrote(written):
    values = [0, 0.011, 0.1, -2.5, 12345.678, 400]
    path = written(pd.DataFrame({"SEQN": np.arange(6) + 1.0, "X": values}))
    raw = pd.read_sas(path, format="xport", encoding="latin-1")
    assert raw["X"][0] != 0
    assert read_xport(path)["X"].tolist() == values


@pytest.mark.parametrize("code", [b".", b"A", b"Z", b"_"])
def test_every_missing_code_is_missing(written, code):
    path = written(pd.DataFrame({"SEQN": [1.0, 2], "X": [NAN, 7]}), missing=code + bytes(7))
    assert read_xport(path)["X"].isna().tolist() == [True, False]


def test_text_is_stripped_and_blank_is_missing(written):
    table = pd.DataFrame({"SEQN": [1.0, 2, 3], "DRUG": ["FLUOXETINE ", "", "A; B"], "N": [1.0] * 3})
    read = read_xport(written(table))
    assert read["DRUG"].isna().tolist() == [False, True, False]
    assert read.loc[[0, 2], "DRUG"].tolist() == ["FLUOXETINE", "A; B"]


def test_unusable_tables_are_named(written, tmp_path):
    (tmp_path / "page.xpt").write_bytes(b"<html>not found</html>".ljust(800))
    with pytest.raises(TableError, match=r"page\.xpt cannot be read as a SAS transport file"):
        read_xport(tmp_path / "page.xpt")
    with pytest.raises(TableError, match=r"T\.xpt lacks the variable SEQN"):
        read_xport(written(pd.DataFrame({"X": [1.0]})))
    tables = SurveyTables({"GHB": written(pd.DataFrame({"SEQN": [1.0, 1], "LBXGH": [5.0, 6]}))})
    with pytest.raises(TableError, match=r"T\.xpt lacks the variable LBXIN"):
        tables.variables("GHB", ["LBXIN"])
    with pytest.raises(TableError, match=r"T\.xpt: 1 of 2 rows repeat a participant"):
        tables.variables("GHB", ["LBXGH"])
