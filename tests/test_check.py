"""A check is silent on clean studies, and finds each defect that is planted in one."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from study_factory import CENSORED, MARKERS, clean

from signature.assay.reading import LIMITS, Note, Reading, Repeats
from signature.check import CheckReport, Severity, check_study
from signature.check.page import page
from signature.check.text import summary
from signature.cohort import Cohort
from signature.exceptions import CohortError
from signature.schema import Column, FeatureSchema, Role, Scale, censored


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


# Each defect takes a clean cohort and a generator, and returns the cohort, or it with more for the
# check.
DEFECTS = {}


def defect(code, severity=Severity.WARNING, *, names=()):
    def remember(plant):
        DEFECTS[plant.__name__] = (plant, code, severity, names)
        return plant

    return remember


def changed(cohort, **columns):
    return replace(cohort, X=cohort.X.assign(**columns))


def described(cohort, name, **changes):
    columns = tuple(replace(c, **changes) if c.name == name else c for c in cohort.schema.columns)
    return replace(cohort, schema=FeatureSchema(columns))


@defect("range_median", Severity.ERROR, names=("CRP",))
def another_unit_in_a_whole_column(cohort, rng):
    narrow = described(cohort, "CRP", low=0.5, high=2000.0)
    return changed(narrow, CRP=cohort.X["CRP"] * 1000)


@defect("range", Severity.WARNING, names=("CSF1",))
def a_twentieth_of_a_column_out_of_range(cohort, rng):
    odd = rng.random(len(cohort)) < 0.05
    return changed(cohort, CSF1=cohort.X["CSF1"].mask(odd, 1e6))


@defect("limit_range", Severity.ERROR, names=("IL6",))
def limits_above_the_range(cohort, rng):
    return changed(cohort, IL6__below=cohort.X["IL6__below"] * 1e6)


@defect("unit_slip", names=("CST5",))
def another_unit_on_one_plate(cohort, rng):
    slipped = cohort.X["CST5"].mask(cohort.plate == "P2", cohort.X["CST5"] * 1000)
    return changed(described(cohort, "CST5", low=None, high=None), CST5=slipped)


@defect("unit_slip", names=("IL18",))
def another_unit_at_one_site(cohort, rng):
    slipped = cohort.X["IL18"].mask(cohort.records["hospital"] == "H1", cohort.X["IL18"] / 10)
    return changed(cohort, IL18=slipped)


@defect("unit_slip", names=("CST5",))
def another_unit_on_a_plate_that_also_shifts(cohort, rng):
    # 400 is no factor between units, and no plate shifts so far either
    return changed(cohort, CST5=cohort.X["CST5"].mask(cohort.plate == "P2", cohort.X["CST5"] / 400))


@defect("no_range", Severity.NOTE, names=("CST5",))
def a_marker_without_a_plausible_range(cohort, rng):
    return described(cohort, "CST5", low=None, high=None)


@defect("negative", Severity.ERROR, names=("CD5",))
def negative_concentrations(cohort, rng):
    return changed(cohort, CD5=cohort.X["CD5"].mask(rng.random(len(cohort)) < 0.02, -9.0))


@defect("zero", names=("OSM",))
def zeros_before_a_logarithm(cohort, rng):
    return changed(cohort, OSM=cohort.X["OSM"].mask(rng.random(len(cohort)) < 0.02, 0.0))


@defect("logarithms", Severity.ERROR)
def npx_called_concentrations(cohort, rng):
    names = [n for n in MARKERS if n not in CENSORED]
    npx = {n: rng.normal(3 + i, 1, len(cohort)) for i, n in enumerate(names)}
    kept = [c for c in cohort.schema.columns if c.name in names]
    schema = FeatureSchema(tuple(replace(c, low=None, high=None) for c in kept))
    return replace(cohort, schema=schema, X=pd.DataFrame(npx, index=cohort.X.index))


@defect("not_logarithms", Severity.ERROR, names=("CRP",))
def concentrations_called_npx(cohort, rng):
    return changed(described(cohort, "CRP", unit="NPX"), CRP=cohort.X["CRP"] * 100)


@defect("constant", names=("KITLG",))
def a_constant_column(cohort, rng):
    return changed(cohort, KITLG=7.0)


@defect("empty", names=("KITLG",))
def an_empty_column(cohort, rng):
    return changed(cohort, KITLG=np.nan)


@defect("floor", names=("VEGFA",))
def a_floor_instead_of_limits(cohort, rng):
    column = "VEGFA"
    floor = cohort.X[column].quantile(0.3)
    return changed(cohort, **{column: cohort.X[column].clip(lower=floor)})


@defect("floor", names=("CSF1",))
def a_floor_on_one_plate(cohort, rng):
    floor = cohort.X["CSF1"].quantile(0.4)
    return changed(
        cohort, CSF1=cohort.X["CSF1"].mask(cohort.plate == "P3", cohort.X["CSF1"].clip(floor))
    )


@defect("ceiling", names=("MMP9",))
def saturation(cohort, rng):
    return changed(cohort, MMP9=cohort.X["MMP9"].clip(upper=cohort.X["MMP9"].quantile(0.7)))


@defect("repeated_value", names=("MMP9",))
def a_number_that_was_filled_in(cohort, rng):
    middle = cohort.X["MMP9"].median()
    return changed(cohort, MMP9=cohort.X["MMP9"].mask(rng.random(len(cohort)) < 0.3, middle))


@defect("rounding", Severity.NOTE, names=("CD5",))
def coarse_numbers(cohort, rng):
    step = cohort.X["CD5"].median() / 4
    return changed(cohort, CD5=(cohort.X["CD5"] / step).round().clip(1) * step)


@defect("low_detection", names=("TNF",))
def a_marker_that_is_hardly_found(cohort, rng):
    lost = rng.random(len(cohort)) < 0.8
    limit = cohort.X["TNF__below"].mask(lost, 3.0)
    return changed(cohort, TNF=cohort.X["TNF"].mask(lost), TNF__below=limit)


@defect("never_detected", names=("TNF",))
def a_marker_that_is_never_found(cohort, rng):
    return changed(cohort, TNF=np.nan, TNF__below=3.0)


@defect("detection_by_plate", names=("IL10",))
def a_plate_that_detects_less(cohort, rng):
    lost = (cohort.plate == "P1") & (rng.random(len(cohort)) < 0.6)
    limit = cohort.X["IL10__below"].mask(lost, 5.0)
    return changed(cohort, IL10=cohort.X["IL10"].mask(lost), IL10__below=limit)


@defect("limits_differ", names=("CCL2",))
def a_plate_with_another_limit(cohort, rng):
    limit = cohort.X["CCL2__below"]
    return changed(cohort, CCL2__below=limit.mask(cohort.plate == "P4", limit / 3))


@defect("limit_above_values", Severity.ERROR, names=("CCL2",))
def a_limit_above_every_value(cohort, rng):
    on = cohort.plate == "P4"
    limit = cohort.X["CCL2__below"].mask(on, 9000.0)
    return changed(cohort, CCL2=cohort.X["CCL2"].mask(on), CCL2__below=limit)


@defect("absent_by_site", names=("OSM",))
def a_site_that_never_measured_a_marker(cohort, rng):
    return changed(cohort, OSM=cohort.X["OSM"].mask(cohort.records["hospital"] == "H0"))


@defect("missing_by_site", names=("OSM",))
def a_site_that_often_missed_a_marker(cohort, rng):
    lost = (cohort.records["hospital"] == "H0") & (rng.random(len(cohort)) < 0.4)
    return changed(cohort, OSM=cohort.X["OSM"].mask(lost))


@defect("missing_by_plate", names=("OSM",))
def a_plate_that_often_missed_a_marker(cohort, rng):
    lost = (cohort.plate == "P0") & (rng.random(len(cohort)) < 0.5)
    return changed(cohort, OSM=cohort.X["OSM"].mask(lost))


@defect("missing_by_outcome", names=("OSM",))
def a_marker_ordered_for_the_ill(cohort, rng):
    lost = (cohort.outcome == 0) & (rng.random(len(cohort)) < 0.4)
    return changed(cohort, OSM=cohort.X["OSM"].mask(lost))


@defect("mostly_missing", Severity.NOTE, names=("OSM",))
def a_marker_that_few_have(cohort, rng):
    return changed(cohort, OSM=cohort.X["OSM"].mask(rng.random(len(cohort)) < 0.7))


@defect("duplicates", Severity.ERROR)
def one_sample_under_two_people(cohort, rng):
    X = cohort.X.copy()
    X.iloc[7] = X.iloc[3] * (1 + 1e-9)
    return replace(cohort, X=X)


@defect("copied_visits")
def one_sample_under_two_visits(cohort, rng):
    subject = cohort.subject.copy()
    subject.iloc[7] = subject.iloc[3]
    visit = cohort.visit.copy()
    visit.iloc[7] = "V9"
    X = cohort.X.copy()
    X.iloc[7] = X.iloc[3]
    return replace(cohort, X=X, subject=subject, visit=visit)


@defect("plate_outcome")
def events_on_their_own_plates(cohort, rng):
    plate = cohort.plate.mask((cohort.outcome == 1) & (rng.random(len(cohort)) < 0.5), "P5")
    return replace(cohort, plate=plate)


@defect("plate_outcome", Severity.ERROR)
def every_plate_holds_one_outcome(cohort, rng):
    return replace(cohort, plate=cohort.plate.where(cohort.outcome == 1, cohort.plate + "b"))


@defect("site_outcome")
def events_at_one_site(cohort, rng):
    moved = (cohort.outcome == 1) & (rng.random(len(cohort)) < 0.6)
    hospital = cohort.records["hospital"].mask(moved, "H2")
    return replace(cohort, records=cohort.records.assign(hospital=hospital))


@defect("markers_predict_plate")
def plates_that_shift_the_markers(cohort, rng):
    X, known = cohort.X.copy(), [n for n in MARKERS if n not in CENSORED]
    for plate in sorted(set(cohort.plate)):
        shift = np.exp(rng.normal(0, 0.5, len(known)))
        X.loc[cohort.plate == plate, known] *= shift
    return replace(cohort, X=X)


@defect("plates_in_sites", Severity.NOTE)
def plates_that_belong_to_sites(cohort, rng):
    return replace(cohort, plate=cohort.plate + " of " + cohort.records["hospital"])


def _a_plate_for_one_hospital(cohort, strays):
    own = (cohort.records["hospital"] == "H0").to_numpy()
    stray = np.flatnonzero(own)[:strays]
    plate = cohort.plate.where(~own, "P of H0")
    plate.iloc[stray] = "P1"
    return replace(cohort, plate=plate), own


@defect("plates_in_sites", Severity.NOTE)
def a_plate_that_nearly_is_a_site(cohort, rng):
    return _a_plate_for_one_hospital(cohort, 4)[0]


@defect("plates_in_sites")
def a_plate_that_nearly_is_a_site_and_shifts(cohort, rng):
    cohort, own = _a_plate_for_one_hospital(cohort, 4)
    return changed(cohort, **{n: cohort.X[n].mask(own, cohort.X[n] * 2.5) for n in MARKERS[10:]})


@defect("unknown_analytes", Severity.NOTE, names=("zzz_1",))
def a_name_that_nobody_knows(cohort, rng):
    column = Column("zzz_1", Role.MARKER, "other", scale=Scale.LOG2)
    schema = FeatureSchema((*cohort.schema.columns, column))
    return replace(cohort, schema=schema, X=cohort.X.assign(zzz_1=cohort.X["CRP"] * 1.5))


@defect("two_limits", names=("IL6",))
def two_limits_on_one_plate(cohort, rng):
    rows = [("IL6", "P1", 2.0, 2, False), ("IL6", "P2", 2.0, 1, False)]
    return cohort, {"reading": Reading(limits=pd.DataFrame(rows, columns=list(LIMITS)))}


@defect("repeats_differ")
def a_sample_on_two_plates(cohort, rng):
    return cohort, {"reading": Reading(repeats=Repeats(3, 60, 12, "first"))}


@defect("reading")
def something_a_reader_doubted(cohort, rng):
    return cohort, {"reading": Reading(findings=("lab.csv: 3 rows repeat another",))}


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
    cohort = replace(clean(1), plate=None, outcome=None)
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
        described = Column(name, Role.MARKER, "g", unit=unit, scale=scale, low=0.5, high=9.0)
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
