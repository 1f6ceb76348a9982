"""A check is silent on clean studies, and finds each defect that is planted in one."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from signature.assay.reading import Note, Reading
from signature.check import CheckReport, Severity, check_study
from signature.check.page import page
from signature.check.text import summary
from signature.exceptions import CohortError
from signature.study.cohort import Cohort
from signature.study.schema import Column, FeatureSchema, Role, Scale, censored
from tests.made.defects import DEFECTS, another_unit_in_a_whole_column, changed
from tests.made.study_factory import clean


def codes(report, *severities):
    wanted = severities or tuple(Severity)
    return [f.code for f in report.findings if f.severity in wanted]


def alarms(seeds, **size):
    serious = (Severity.ERROR, Severity.WARNING)
    return [codes(check_study(clean(s, **size), site="hospital"), *serious) for s in seeds]


def test_a_clean_study_raises_no_alarm():
    # over 300 seeds and three sizes 2 % of clean studies had one
    raised = [found for found in alarms(range(8)) if found]
    assert len(raised) <= 1


@pytest.mark.slow
@pytest.mark.parametrize("size", [{}, {"people": 60, "plates": 3}, {"people": 120, "visits": 3}])
def test_false_alarms_are_rare(size):
    raised = [found for found in alarms(range(100), **size) if found]
    assert len(raised) <= 6


@pytest.mark.parametrize("name", DEFECTS)
def test_a_planted_defect_is_found(name):
    plant, code, severity, names = DEFECTS[name]
    planted = plant(clean(1), np.random.default_rng(0))
    cohort, more = planted if isinstance(planted, tuple) else (planted, {})
    report = check_study(cohort, site="hospital", **more)
    found = [f for f in report.findings if f.code == code]
    assert len(found) == 1, codes(report)
    assert found[0].severity == severity
    assert set(names) <= set(found[0].columns)
    assert found[0].action
    # nothing else that matters is said
    implied = {"limit_range": "limit_above_values"}.get(code)
    assert not set(codes(report, Severity.ERROR)) - {code, implied}


def test_the_unit_hint_names_the_slip():
    cohort = another_unit_in_a_whole_column(clean(1), None)
    (finding,) = [f for f in check_study(cohort).findings if f.code == "range_median"]
    assert "1,000 times too large" in finding.sentence


def test_the_unit_hint_knows_molar_units():
    column = Column("glucose", Role.MARKER, "metabolic", unit="mg/dL", low=30, high=900)
    mmol = pd.DataFrame({"glucose": np.random.default_rng(0).normal(5.5, 0.8, 100)})
    people = pd.Series([f"p{i}" for i in range(100)])
    cohort = Cohort("g", "", FeatureSchema((column,)), mmol, pd.DataFrame(index=mmol.index), people)
    (finding,) = [f for f in check_study(cohort).findings if f.code == "range_median"]
    assert "they look in mmol/L where mg/dL is meant" in finding.sentence


def test_no_person_and_no_value_is_in_a_report():
    cohort = changed(clean(1), CRP=clean(1).X["CRP"] * 1e7, CSF1=123.456)
    text = check_study(cohort, site="hospital").model_dump_json()
    assert "person-" not in text
    values = cohort.X["CXCL10"].dropna()
    assert not any(f"{v:.6g}" in text for v in values)


def test_people_count_and_not_rows():
    # each person has eight rows; what looks certain in 800 rows is nothing in 100 people
    cohort = clean(4, people=100, visits=8, plates=4)
    person = cohort.person.to_numpy()
    plate = pd.Series([f"P{i}" for i in np.random.default_rng(1).integers(0, 8, 100)[person]])
    report = check_study(replace(cohort, plate=plate), site="hospital")
    assert "plate_outcome" not in codes(report)


def test_few_coarse_markers_are_no_duplicates():
    rng = np.random.default_rng(0)
    columns = tuple(Column(n, Role.MARKER, "g") for n in ("IL6", "CRP"))
    X = pd.DataFrame(rng.integers(1, 6, (200, 2)).astype(float), columns=["IL6", "CRP"])
    people = pd.Series([f"p{i}" for i in range(200)])
    cohort = Cohort("few", "", FeatureSchema(columns), X, pd.DataFrame(index=X.index), people)
    assert "duplicates" not in codes(check_study(cohort))


def test_it_says_what_it_could_not_compare():
    cohort = replace(clean(1, outcome=False), plate=None)
    (note,) = [f for f in check_study(cohort).findings if f.code == "not_looked_at"]
    assert note.sentence == (
        "No site and no plate and no outcome is known, so nothing was compared by it"
    )


def test_a_report_survives_json():
    report = check_study(clean(1), site="hospital", reading=Reading(notes=(Note("a", "b", 3),)))
    assert CheckReport.model_validate_json(report.model_dump_json()) == report


NUMBERS = st.one_of(
    st.none(), st.sampled_from([0.0, 1.0, -3.0, 1e12, -1e12, 1e-12]), st.integers(-99, 99)
)


# shrinking a whole study takes minutes
@settings(max_examples=40, deadline=None, phases=[Phase.reuse, Phase.generate])
@given(st.data())
def test_no_table_is_too_odd(data):
    n = data.draw(st.integers(1, 25))

    def column(cells):
        return data.draw(st.lists(cells, min_size=n, max_size=n))

    X, columns = {}, []
    for name in ("IL6", "glucose", "zz"):
        X[name] = pd.Series(column(NUMBERS), dtype="float64")
        unit = data.draw(st.sampled_from(["", "pg/mL", "NPX", "mg/dL"]))
        scale = data.draw(st.sampled_from(list(Scale)))
        bent = 5.0 if scale is Scale.ASINH else None
        described = Column(
            name, Role.MARKER, "g", unit=unit, scale=scale, low=0.5, high=9.0, cofactor=bent
        )
        X[f"{name}__below"] = pd.Series(column(NUMBERS), dtype="float64").where(X[name].isna())
        columns += censored(described)
    words = st.sampled_from(["a", "b", None])
    people = pd.Series([f"p{i}" for i in range(n)])
    cohort = Cohort(
        name="odd",
        citation="",
        schema=FeatureSchema(tuple(columns)),
        X=pd.DataFrame(X),
        records=pd.DataFrame({"place": pd.Series(column(words), dtype="object")}),
        subject=people,
        plate=pd.Series(column(words), dtype="object"),
    )
    outcome = pd.Series(column(st.sampled_from([0.0, 1.0, None])), dtype="float64")
    report = check_study(cohort, site="place", outcome=outcome)
    assert report.rows == n
    assert CheckReport.model_validate_json(report.model_dump_json())
    assert page(report).endswith("</html>\n")
    assert summary(report)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"site": "hopsital"}, "no recorded column 'hopsital' to use as site; there are: hospital"),
        ({"site": "own"}, "a site is shared by many people"),
        ({"outcome": pd.Series([1.0, 0.0])}, "2 rows that are not the 300 rows"),
    ],
)
def test_a_question_that_cannot_be_asked(options, message):
    cohort = clean(1)
    cohort = replace(cohort, records=cohort.records.assign(own=cohort.subject))
    with pytest.raises(CohortError, match=message):
        check_study(cohort, **options)


def test_an_outcome_is_zero_or_one():
    cohort = clean(1)
    with pytest.raises(CohortError, match="1 rows have an outcome other than 0 or 1"):
        check_study(cohort, outcome=cohort.outcome.astype(float).mask(cohort.X.index == 0, 2.0))
