"""Limits of measurements: one per plate and marker, from a column or a table of their own."""

import numpy as np
import pytest

from signature.assay import cells
from signature.assay.layout import Layout, Limits
from signature.assay.readers import long_table, wide_table
from signature.exceptions import TableError
from tests.made.lab_checks import SECRET, reasons, refused, result

pytest_plugins = ["tests.made.lab_files"]

PG = Layout(unit="pg/mL")


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
