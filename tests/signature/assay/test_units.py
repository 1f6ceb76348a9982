"""Units as laboratories write them, and conversions between them."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from signature import panels
from signature.assay.unit_names import parse
from signature.assay.units import INTERNATIONAL, convert, same_quantity
from signature.exceptions import UnitError
from signature.study import markers


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("pg/ml", "pg/mL"),
        ("PG/ML", "pg/mL"),
        ("pg / mL", "pg/mL"),
        ("pg per mL", "pg/mL"),
        ("ng/L", "ng/L"),
        ("µg/mL", "ug/mL"),
        ("μg/mL", "ug/mL"),  # the Greek letter, not the micro sign
        ("mcg/mL", "ug/mL"),
        ("MG/DL", "mg/dL"),
        ("mg/100 mL", "mg/dL"),
        ("mg%", "mg/dL"),
        ("gm/dL", "g/dL"),
        ("g/l", "g/L"),
        ("nmol/l", "nmol/L"),
        ("MMOL/L", "mmol/L"),
        ("Umol/L", "umol/L"),
        ("pM", "pmol/L"),
        ("µM", "umol/L"),
        ("mM", "mmol/L"),
        ("M", "mol/L"),
        ("10^9/L", "10^9/L"),
        ("10⁹/L", "10^9/L"),
        ("x10E9/L", "10^9/L"),
        ("x 10^9 / L", "10^9/L"),
        ("10(9)/L", "10^9/L"),
        ("10**9/L", "10^9/L"),
        ("10^9 cells/L", "10^9/L"),
        ("Gpt/l", "10^9/L"),
        ("1000/uL", "10^3/uL"),
        ("1000 cells/µL", "10^3/uL"),
        ("10*3/uL", "10^3/uL"),
        ("K/uL", "10^3/uL"),
        ("K/mcL", "10^3/uL"),
        ("thou/mm3", "10^3/uL"),
        ("Tsd./µl", "10^3/uL"),
        ("M/uL", "10^6/uL"),
        ("T/L", "10^12/L"),
        ("cells/mm3", "cells/uL"),
        ("cells/mm³", "cells/uL"),
        ("/µL", "cells/uL"),
        ("1/uL", "cells/uL"),
        ("%", "%"),
        ("Percent", "%"),
        ("ratio", "ratio"),
        ("IU/mL", "IU/mL"),
        ("µIU/mL", "uIU/mL"),
        ("m[IU]/mL", "mIU/mL"),
        ("uU/mL", "uU/mL"),
        ("mU/L", "mU/L"),
        ("U/L", "U/L"),
        ("KU/L", "kU/L"),
        ("µkat/L", "ukat/L"),
        ("mfi", "MFI"),
        ("npx", "NPX"),
        ("linear NPX", "2^NPX"),
        ("fl", "fL"),
        ("pg", "pg"),
        ("kg/m²", "kg/m2"),
        ("mm Hg", "mmHg"),
        ("mm[Hg]", "mmHg"),
        ("µg/g", "ug/g"),
        ("mmol/mol", "mmol/mol"),
    ],
)
def test_units_as_laboratories_write_them(written, canonical):
    assert parse(written).text == canonical
    assert parse(canonical).text == canonical


@pytest.mark.parametrize(
    "text", ["", "furlong", "109/L", "mEq/L", "pg/", "/", "m/uL", "10^/L", "ıU/L"]
)
def test_what_is_no_unit_is_refused_with_examples(text):
    with pytest.raises(UnitError, match=r"no unit .*; known are for example pg/mL"):
        parse(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("MM", "mM .millimolar. or mm"),
        ("nm", "nM .nanomolar. or nm"),
        ("G/L", "grams. or 10\\^9/L"),
        ("MU/L", "may mean milli or mega; write mU"),
        ("MIU/mL", "may mean milli or mega; write mIU"),
    ],
)
def test_capitals_that_could_mean_two_things_are_refused(text, words):
    with pytest.raises(UnitError, match=words):
        parse(text)


@pytest.mark.parametrize("text", ["log2 pg/mL", "log10(ng/mL)", "ln mg/L"])
def test_logarithms_have_no_unit(text):
    with pytest.raises(UnitError, match="not to its logarithm"):
        parse(text)


def test_a_unit_is_text():
    with pytest.raises(UnitError, match="a unit is text such as 'pg/mL', got float"):
        parse(float("nan"))


@given(st.text(max_size=12))
def test_any_text_is_a_unit_or_refused(text):
    try:
        unit = parse(text)
    except UnitError:
        return
    assert parse(unit.text) == unit


def test_every_unit_of_the_panels_parses_and_can_become_the_vocabularys():
    seen = 0
    for name in ("nhanes_blood", "olink_target96_inflammation", "opt_serum"):
        for column in panels.load(name):
            entry = markers.VOCABULARY.get(column.name)
            if entry is None or not column.unit:
                continue
            seen += 1
            assert parse(column.unit).text == column.unit, column.name
            if entry.unit and column.unit != "NPX":
                assert convert(1.0, column.unit, entry.unit, marker=entry.name) > 0
    assert seen > 100


# Factors from public tables of conventional and SI units (AMA Manual of Style, 10th edition,
# table of selected conversion factors) unless stated; masses of proteins from UniProt chains.
@pytest.mark.parametrize(
    ("value", "source", "target", "marker", "expected", "within"),
    [
        (1.0, "mg/dL", "mmol/L", "glucose", 0.0555, 1e-3),
        (1.0, "mg/dL", "mmol/L", "total_cholesterol", 0.02586, 1e-3),
        (1.0, "mg/dL", "mmol/L", "hdl_cholesterol", 0.02586, 1e-3),
        (1.0, "mg/dL", "mmol/L", "triglycerides", 0.0113, 1e-3),
        (1.0, "mg/dL", "umol/L", "creatinine", 88.42, 1e-3),
        (1.0, "mg/dL", "umol/L", "bilirubin", 17.104, 1e-3),
        (1.0, "mg/dL", "umol/L", "uric_acid", 59.48, 1e-3),
        (1.0, "ug/dL", "umol/L", "iron", 0.179, 1e-3),
        (1.0, "ug/dL", "nmol/L", "cortisol", 27.59, 1e-3),
        (1.0, "ng/mL", "nmol/L", "vitamin_d_25oh", 2.496, 1e-3),
        (1.0, "pg/mL", "pmol/L", "oestradiol", 3.671, 1e-3),
        (1.0, "ng/dL", "nmol/L", "testosterone", 0.0347, 2e-3),
        (1.0, "pg/mL", "pmol/L", "acth", 0.22, 2e-3),
        (1.0, "ng/mL", "nmol/L", "c_peptide", 0.331, 1e-3),
        (1.0, "pg/mL", "pmol/L", "vitamin_b12", 0.7378, 1e-3),
        (1.0, "ng/mL", "nmol/L", "folate", 2.266, 1e-3),
        (1.0, "g/dL", "mmol/L", "haemoglobin", 0.6206, 1e-3),
        (1.0, "mg/L", "umol/L", "homocysteine", 7.397, 1e-3),
        (1.0, "mg/dL", "umol/L", "tryptophan", 48.97, 1e-3),
        (1.0, "mg/dL", "mg/L", "CRP", 10.0, 1e-12),
        (1.0, "pg/mL", "pM", "IL-6", 1 / 20.8, 1e-3),
        (1.0, "pg/mL", "fmol/L", "IL6", 1000 / 20.813, 1e-6),
        (1.0, "pg/mL", "pM", "TNF-α", 1 / 17.353, 1e-6),
        (1.0, "g/dL", "umol/L", "albumin", 150.5, 2e-3),
        # Vølund 1993
        (1.0, "uU/mL", "pmol/L", "insulin", 6.0, 1e-12),
        (1.0, "mIU/L", "pmol/L", "INS", 6.0, 1e-12),
        (60.0, "pmol/L", "uIU/mL", "INS", 10.0, 1e-12),
        (1.0, "uU/mL", "ng/mL", "INS", 0.03485, 1e-3),
        (3.0, "mIU/L", "ug/L", "GH1", 1.0, 1e-12),
        (1.0, "kU/L", "ng/mL", "IgE", 2.4, 1e-12),
        # 1 U is 1 umol/min
        (60.0, "U/L", "ukat/L", "ALT", 1.0, 1e-12),
        # Hoelzel 2004; whole numbers, as clinical tables print them
        (6.5, "%", "mmol/mol", "HbA1c", 48.0, 1.2e-2),
        (5.0, "%", "mmol/mol", "HbA1c", 31.0, 1.2e-2),
        (86.0, "mmol/mol", "%", "HbA1c", 10.0, 1.2e-2),
        # within a quantity no marker is needed
        (4.5, "10^3/uL", "10^9/L", None, 4.5, 1e-12),
        (350.0, "cells/mm3", "10^9/L", None, 0.35, 1e-12),
        (250.0, "K/uL", "cells/uL", None, 250_000.0, 1e-12),
        (5.0, "10^6/uL", "10^12/L", None, 5.0, 1e-12),
        (1.0, "ng/mL", "pg/mL", None, 1000.0, 1e-12),
        (1.0, "ug/mL", "mg/L", None, 1.0, 1e-12),
        (1.0, "pg/mL", "ng/L", None, 1.0, 1e-12),
        (1.0, "pM", "fmol/mL", None, 1.0, 1e-12),
        (42.0, "%", "ratio", None, 0.42, 1e-12),
        (50.0, "umol/mmol", "ratio", "KYN/TRP", 0.05, 1e-12),
        (4.0, "NPX", "2^NPX", None, 16.0, 1e-12),
        (16.0, "2^NPX", "NPX", None, 4.0, 1e-12),
    ],
)
def test_published_factors(value, source, target, marker, expected, within):
    assert convert(value, source, target, marker=marker) == pytest.approx(expected, rel=within)


CONCENTRATIONS = ["pg/mL", "ng/mL", "ug/dL", "mg/dL", "g/L", "pM", "nmol/L", "umol/L", "mmol/mL"]
COUNTS = ["10^9/L", "10^3/uL", "cells/uL", "10^6/mL", "10^12/L"]
RATIOS = ["%", "ratio"]
INSULIN = [*CONCENTRATIONS, "uU/mL", "mIU/L", "U/mL"]
HBA1C = ["%", "ratio", "mmol/mol", "umol/mmol"]
ENZYME = ["U/L", "kU/L", "ukat/L", "nkat/mL"]
GROUPS = [
    (CONCENTRATIONS, "IL6"),
    (CONCENTRATIONS, "cortisol"),
    (COUNTS, None),
    (RATIOS, None),
    (INSULIN, "insulin"),
    (HBA1C, "HbA1c"),
    (ENZYME, "ALT"),
    (["NPX", "2^NPX"], None),
]


@st.composite
def conversions(draw):
    """Draw three units that lead to each other, and the marker."""
    units, marker = draw(st.sampled_from(GROUPS))
    return [draw(st.sampled_from(units)) for _ in range(3)], marker


# in a group with an offset, small numbers of one unit would be negative in the other
numbers = st.floats(min_value=5.0, max_value=100.0)


@given(numbers, conversions())
def test_there_and_back_is_where_one_was(value, drawn):
    (a, b, _), marker = drawn
    back = convert(convert(value, a, b, marker=marker), b, a, marker=marker)
    assert back == pytest.approx(value, rel=1e-9)


@given(numbers, conversions())
def test_a_detour_leads_to_the_same_place(value, drawn):
    (a, b, c), marker = drawn
    detour = convert(convert(value, a, b, marker=marker), b, c, marker=marker)
    straight = convert(value, a, c, marker=marker)
    assert detour == pytest.approx(straight, rel=1e-9, abs=1e-12 * abs(value))


@given(numbers, numbers, conversions())
def test_order_is_kept_and_concentrations_stay_positive(small, large, drawn):
    (a, b, _), marker = drawn
    assume(large > small * (1 + 1e-9))
    below, above = convert([small, large], a, b, marker=marker)
    assert below < above
    if marker != "HbA1c" and "NPX" not in (a, b):
        assert below > 0


@given(conversions())
def test_units_that_name_one_quantity_need_no_marker(drawn):
    (a, b, _), _ = drawn
    assert same_quantity(a, b) == same_quantity(b, a)
    if same_quantity(a, b):
        assert convert(0.0, a, b) == 0.0


@pytest.mark.parametrize("other", ["pg/mL", "nmol/L", "IU/mL", "%", "10^9/L", "OD", "RFU"])
@pytest.mark.parametrize(
    ("unit", "reason"),
    [
        ("MFI", "depends on the instrument, the plate and the lot"),
        ("NPX", "a relative quantity on a log2 scale whose zero differs"),
        ("2^NPX", "2.NPX is a relative quantity"),
    ],
)
def test_relative_signals_become_nothing_else_and_say_why(unit, reason, other):
    with pytest.raises(UnitError, match=f"cannot become .*{reason}"):
        convert([1.0], unit, other, marker="IL6")
    with pytest.raises(UnitError, match="cannot become"):
        convert([1.0], other, unit, marker="IL6")
    assert not same_quantity(unit, other)


def test_relative_signals_do_not_mix_with_each_other():
    signals = ["MFI", "NPX", "OD", "RFU", "AU/mL", "RU/mL"]
    for one in signals:
        for other in signals:
            if one != other:
                with pytest.raises(UnitError, match="cannot become"):
                    convert([1.0], one, other)


@pytest.mark.parametrize(
    ("source", "target", "marker", "words"),
    [
        ("pg/mL", "pM", None, "only with the molecular weight of a marker; name it"),
        ("pg/mL", "pM", "my marker", "'my marker' is not in signature/study/markers.csv"),
        (
            "mg/L",
            "nmol/L",
            "CRP",
            "for CRP: signature/study/markers.csv gives it no molecular weight",
        ),
        ("IU/mL", "pg/mL", "IL6", "no factor for its units is agreed on; there is one for INS"),
        ("IU/mL", "mg/L", "CRP", "no factor for its units"),
        ("U/mL", "ng/mL", None, "only with the international unit of a marker"),
        ("U/L", "ukat/L", "insulin", "its units are no enzyme activity"),
        ("%", "mmol/mol", None, "only with the meaning of a marker"),
        ("10^9/L", "%", "neutrophils", "one is a cell count, the other a ratio"),
        ("pg/mL", "10^9/L", "IL6", "one is a mass concentration, the other a cell count"),
        ("ug/g", "%", "calprotectin", "one is a ratio of masses"),
        ("pg/mL", "pog/mL", "IL6", "no unit 'pog/mL'"),
    ],
)
def test_what_measures_something_else_is_refused(source, target, marker, words):
    with pytest.raises(UnitError, match=words):
        convert([1.0], source, target, marker=marker)


def test_only_markers_of_the_vocabulary_have_an_international_unit_and_it_has_a_source():
    for name, (each, unit, source) in INTERNATIONAL.items():
        assert name in markers.VOCABULARY
        assert each > 0
        assert parse(unit).quantity in ("mass concentration", "molar concentration")
        assert source


def test_a_series_keeps_its_index_its_name_and_its_gaps():
    series = pd.Series([1.0, None, 3.0], index=["a", "b", "c"], name="glucose")
    result = convert(series, "mg/dL", "mg/L")
    expected = pd.Series([10.0, np.nan, 30.0], index=["a", "b", "c"], name="glucose")
    pd.testing.assert_series_equal(result, expected)
    nullable = convert(series.astype("Float64"), "mg/dL", "mg/L")
    pd.testing.assert_series_equal(nullable, expected)
    pd.testing.assert_series_equal(
        convert(pd.Series([1, 2]), "mg/dL", "mg/L"), pd.Series([10.0, 20.0])
    )
    assert series.tolist()[0] == 1.0


def test_arrays_and_numbers_stay_what_they_are():
    array = np.array([[1.0, 2.0], [np.nan, 4.0]])
    result = convert(array, "ng/mL", "pg/mL")
    np.testing.assert_array_equal(result, array * 1000)
    assert isinstance(convert(1.0, "ng/mL", "pg/mL"), float)
    same = convert(array, "pg/mL", "ng/L")
    assert same is not array
    np.testing.assert_array_equal(same, array)


@pytest.mark.parametrize("values", [pd.Series(["<0.5", "1"], name="IL6"), ["a", 1.0]])
def test_texts_are_no_numbers_and_are_not_shown(values):
    with pytest.raises(UnitError, match="units belong to numbers") as caught:
        convert(values, "pg/mL", "ng/L")
    assert "0.5" not in str(caught.value)


def test_npx_given_as_linear_is_noticed():
    with pytest.raises(UnitError, match="1 of 2 values are not positive"):
        convert([-0.4, 3.0], "2^NPX", "NPX")
