"""Defects to plant in a clean study, each with the finding that must follow."""

from dataclasses import replace

import numpy as np
import pandas as pd

from signature.assay.reading import LIMITS, Reading, Repeats
from signature.check import Severity
from signature.study.schema import Column, FeatureSchema, Role, Scale
from tests.made.study_factory import CENSORED, MARKERS

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


@defect("impossible", Severity.ERROR, names=("IL6__below",))
def limits_of_zero(cohort, rng):
    return changed(cohort, IL6__below=cohort.X["IL6__below"] * 0)


@defect("impossible", Severity.ERROR, names=("age",))
def ages_that_the_schema_does_not_have(cohort, rng):
    aged = described(cohort, "age", unit="years", low=18, high=100)
    odd = rng.random(len(cohort)) < 0.02
    return changed(aged, age=cohort.X["age"].mask(odd, 430.0))


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
