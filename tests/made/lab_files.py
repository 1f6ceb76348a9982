"""Fixtures that write a laboratory's files."""

import csv
import io

import pandas as pd
import pytest


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


@pytest.fixture
def record_file(tmp_path):
    """Return a function that writes records as a text file and gives the path."""

    def write(records, name="lab.csv", sep=","):
        path = tmp_path / name
        pd.DataFrame(records).to_csv(path, index=False, sep=sep)
        return path

    return write
