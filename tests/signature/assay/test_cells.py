"""What a cell says is read as it is written, or set aside with a reason; never guessed."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signature.assay import cells
from signature.assay.cells import parse
from signature.exceptions import TableError


def one(text, decimal=".", limit=None, upper=None, signed=True):
    """Read one cell; return the one thing that it is."""
    known = {
        name: None if number is None else np.array([number])
        for name, number in (("limit", limit), ("upper", upper))
    }
    read = parse(
        pd.Series([text]), where="lab.csv", column="IL6", decimal=decimal, signed=signed, **known
    )
    said = [
        (name, part[0])
        for name in ("value", "below", "above")
        if not np.isnan((part := getattr(read, name))[0])
    ]
    said += [("reason", read.reason[0])] if read.reason[0] is not None else []
    assert len(said) == 1, said
    return said[0]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1.5", 1.5),
        (" 3.1e-2", 0.031),
        ("1E+03", 1000),
        ("\t2 ", 2),
        ("5.", 5),
        (".5", 0.5),
        ("+5", 5),
        ("-5", -5),
        ("\u22125", -5),
        ("1,234", 1234),
        ("12,345,678.25", 12345678.25),
        ("1 234", 1234),
        ("1\u00a0234.5", 1234.5),
        ("1\u202f234", 1234),
        ("\u00a07\u00a0", 7),
        ("0", 0),
    ],
)
def test_numbers(text, number):
    assert one(text) == ("value", number)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0,5", 0.5),
        ("1.234,5", 1234.5),
        ("1.234", 1234),
        ("1 234,5", 1234.5),
        ("1,234", 1.234),
        ("1,5e-3", 0.0015),
        ("7", 7),
    ],
)
def test_numbers_with_decimal_commas(text, number):
    assert one(text, decimal=",") == ("value", number)


@pytest.mark.parametrize(
    ("text", "side", "number"),
    [
        ("<0.5", "below", 0.5),
        ("< 0.5", "below", 0.5),
        ("\u2264 0.5", "below", 0.5),
        ("<=0.5", "below", 0.5),
        ("<<0.5", "below", 0.5),
        ("<1,000", "below", 1000),
        ("> 2000", "above", 2000),
        ("\u22652000", "above", 2000),
        (">>2 000", "above", 2000),
    ],
)
def test_limits_that_a_cell_states(text, side, number):
    assert one(text, limit=99.0, upper=99.0) == (side, number)


def test_a_stated_limit_may_have_a_decimal_comma():
    assert one("< 0,5", decimal=",") == ("below", 0.5)


@pytest.mark.parametrize(
    "text",
    [
        "OOR <",
        "OOR<",
        "oor <",
        "ND",
        "n.d.",
        "N.D",
        "BLQ",
        "<LOD",
        "< LOD",
        "<LLOQ",
        "not detected",
    ],
)
def test_below_without_a_number_needs_the_limit(text):
    assert one(text, limit=0.7) == ("below", 0.7)
    assert one(text, limit=np.nan) == one(text) == ("reason", cells.NO_LIMIT)


@pytest.mark.parametrize("text", ["OOR >", "OOR>", ">ULOQ", "> ULOQ"])
def test_above_without_a_number_needs_the_upper_limit(text):
    assert one(text, upper=2000.0) == ("above", 2000)
    assert one(text, limit=0.7) == ("reason", cells.NO_UPPER)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        *[(t, cells.MISSING) for t in ("", " ", "NA", "NaN", "N/A", "n.a.", "null", ".", "-")],
        ("***", cells.REFUSED),
        ("---", cells.OUTLIER),
        ("OOR", cells.NO_SIDE),
        ("12%", cells.PERCENT),
        ("inf", cells.INFINITE),
        ("1e999", cells.INFINITE),
        *[
            (t, cells.TEXT)
            for t in ("12 pg/mL", "1_000", "0x1A", "- 5", "1 2345", "1.2.3", "\uff11\uff12", "True",
                      "~5", "1d3", "<", "<*1", "2024-01-03", "1-2")
        ],
    ],
)  # fmt: skip
def test_what_is_no_measurement_has_a_reason(text, reason):
    assert one(text, limit=0.5, upper=9.0) == ("reason", reason)


def test_extrapolated_numbers_keep_a_flag():
    read = parse(pd.Series(["*1.23", "1.23", "* 4"]), where="lab.csv", column="IL6")
    assert read.value.tolist() == [1.23, 1.23, 4]
    assert read.flag.tolist() == [cells.EXTRAPOLATED, None, cells.EXTRAPOLATED]


@pytest.mark.parametrize("text", ["-0.1", "<0", "<-1", "> -3"])
def test_negative_concentrations_are_set_aside_and_negative_npx_are_not(text):
    assert one(text, signed=False) == ("reason", cells.NEGATIVE)
    assert one(text)[0] != "reason"


def test_zero_is_a_concentration_of_which_someone_else_may_think_what_he_likes():
    assert one("0", signed=False) == ("value", 0)


@pytest.mark.parametrize(
    "text", ["0,5", "<0,5", "0,123", "1.234,5", "12,34", "1,2345", "-0,1", ",5"]
)
def test_a_decimal_comma_file_is_refused(text):
    column = pd.Series(["1,234", text, "5", text])
    with pytest.raises(
        TableError, match=r"lab.csv.*'IL6' \(2 cells\).*`decimal = \",\"`"
    ) as caught:
        parse(column, where="lab.csv", column="IL6")
    assert text not in str(caught.value)


@pytest.mark.parametrize("text", ["0.5", "<0.5", "1.2345", "1,234.5", "1,234,567"])
def test_a_decimal_point_file_is_refused_where_commas_are_declared(text):
    with pytest.raises(
        TableError, match=r"decimal points in 'IL6' \(1 cells\).*`decimal = \"\.\"`"
    ):
        parse(pd.Series([text, "5"]), where="lab.csv", column="IL6", decimal=",")


def test_cells_of_many_columns_name_theirs():
    column = pd.Categorical(["IL6", "CRP", "TNF", "TNF"])
    with pytest.raises(TableError, match=r"'CRP' \(1 cells\), 'TNF' \(2 cells\)"):
        parse(pd.Series(["1", "0,5", "0,5", "0,7"]), where="lab.csv", column=column)


def test_numbers_of_a_typed_file_are_taken_as_they_are():
    read = parse(pd.Series([1.5, np.nan, np.inf, -2]), where="lab.parquet", column="IL6")
    np.testing.assert_array_equal(read.value, [1.5, np.nan, np.nan, -2])
    assert read.reason.tolist() == [None, cells.MISSING, cells.INFINITE, None]


def test_text_and_categories_read_the_same_and_gaps_are_missing():
    texts = pd.Series(["1.5", None, "<2", "1.5", "ND"], dtype="str")
    for form in (texts, texts.astype("category"), texts.astype(object)):
        read = parse(form, where="lab.csv", column="IL6", limit=np.full(5, 0.1))
        np.testing.assert_array_equal(read.value, [1.5, np.nan, np.nan, 1.5, np.nan])
        np.testing.assert_array_equal(read.below, [np.nan, np.nan, 2, np.nan, 0.1])
        assert read.reason.tolist() == [None, cells.MISSING, None, None, None]


# Properties


def grouped(number, mark):
    return f"{number:,}".replace(",", mark)


@given(
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.sampled_from(["", " ", "\u00a0", "\t"]),
    st.sampled_from(["", "<", "> ", "*"]),
    st.sampled_from([".", ","]),
)
def test_written_numbers_are_read_back(number, blank, prefix, decimal):
    if prefix in ("<", "> "):
        number = abs(number)
    text = blank + prefix + repr(number).replace(".", decimal) + blank
    name = {"<": "below", "> ": "above"}.get(prefix, "value")
    said = one(text, decimal=decimal)
    assert said[0] == name
    assert said[1] == pytest.approx(number, rel=1e-14, abs=1e-300)


@given(st.integers(1000, 10**12), st.sampled_from([",", " ", "\u00a0", "."]))
def test_thousands_marks_change_nothing(number, mark):
    decimal = "," if mark == "." else "."
    assert one(grouped(number, mark), decimal=decimal) == ("value", number)


@given(st.lists(st.one_of(st.text(max_size=8), st.text("0123456789.,<>* -+eEND%", max_size=7))))
def test_every_cell_is_exactly_one_thing(texts):
    for decimal in (".", ","):
        try:
            read = parse(
                pd.Series(texts, dtype="str"), where="lab.csv", column="IL6", decimal=decimal
            )
        except TableError:
            # the other decimal mark, which is the only reason there is
            assert "." in "".join(texts) or "," in "".join(texts)
            continue
        there = [~np.isnan(part) for part in (read.value, read.below, read.above)]
        there.append(read.reason != None)  # noqa: E711 - an array of objects
        assert (np.sum(there, axis=0) == 1).all()
        for part in (read.value, read.below, read.above):
            assert not np.isinf(part).any()


@given(st.lists(st.sampled_from(["1.5", "<2", "ND", "", "x", "*3", "-1", "7%"]), max_size=30))
def test_a_cell_is_read_the_same_whatever_stands_beside_it(texts):
    whole = parse(pd.Series(texts, dtype="str"), where="lab.csv", column="IL6")
    for i, text in enumerate(texts):
        alone = parse(pd.Series([text], dtype="str"), where="lab.csv", column="IL6")
        for name in ("value", "below", "above"):
            np.testing.assert_array_equal(getattr(whole, name)[i], getattr(alone, name)[0])
        assert whole.reason[i] == alone.reason[0]
        assert whole.flag[i] == alone.flag[0]
