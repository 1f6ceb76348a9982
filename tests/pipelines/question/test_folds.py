"""Outer folds: nobody on both sides, and clear words for layouts that cannot work."""

import numpy as np
import pandas as pd
import pytest

from pipelines.question.experiment import Validation
from pipelines.question.folds import development_rows, outer_folds
from signature.exceptions import CohortError, OutcomeError
from signature.study.cohort import Cohort
from signature.study.schema import Column, FeatureSchema, Role
from signature.study.splits import linked, person_folds


def _cohort(n_people=60, visits=1, sites=("A", "B", "C"), outcome=None):
    rng = np.random.default_rng(0)
    person = np.repeat(np.arange(n_people), visits)
    n = len(person)
    site = np.asarray(sites)[person % len(sites)]
    y = (rng.random(n_people) < 0.4).astype(float)[person] if outcome is None else outcome(site)
    cohort = Cohort(
        name="toy",
        citation="none",
        schema=FeatureSchema((Column("age", Role.CLINICAL, "demographics"),)),
        X=pd.DataFrame({"age": rng.normal(size=n)}),
        records=pd.DataFrame({"site": site}),
        subject=pd.Series([f"secret-{p}" for p in person]),
        visit=pd.Series(np.tile(np.arange(visits), n_people).astype(str)),
    )
    return cohort.at_sites("site").with_outcome("y", pd.Series(np.asarray(y, dtype=float)))


def _no_site(cohort):
    from dataclasses import replace

    return replace(cohort, site=None)


@pytest.mark.parametrize(
    ("validation", "with_site"),
    [
        (Validation(folds=5, repeats=3), False),
        (Validation(site="site"), True),
        (Validation(site="site", develop_on=("A", "B"), test_on=("C",), repeats=2), True),
        (
            Validation(site="site", develop_on=("A",), test_on=("C",), site_out=True, repeats=2),
            True,
        ),
    ],
)
def test_nobody_is_on_both_sides(validation, with_site):
    cohort = _cohort(visits=3)
    cohort = cohort if with_site else _no_site(cohort)
    person = cohort.person.to_numpy()
    folds = outer_folds(cohort, validation, seed=1)
    for fold in folds:
        assert not set(person[fold.train]) & set(person[fold.held_out])
        assert set(np.unique(cohort.outcome.to_numpy()[fold.held_out])) == {0, 1}
    by_repeat: dict[tuple[str, int], list[int]] = {}
    for fold in folds:
        by_repeat.setdefault((fold.block, fold.repeat), []).extend(fold.held_out)
    for (block, _), rows in by_repeat.items():
        expected = set(range(len(cohort)))
        if validation.develop_on:
            at = cohort.site.isin(validation.test_on).to_numpy()
            develop = set(development_rows(cohort, validation).tolist())
            outside = set(np.flatnonzero(at).tolist())
            parts = {"internal": develop, "external": outside, "site-out": develop | outside}
            expected = parts[block]
        assert sorted(rows) == sorted(expected)


def test_the_external_site_takes_no_part_in_development():
    cohort = _cohort()
    validation = Validation(site="site", develop_on=("A",), test_on=("C",), folds=4, repeats=1)
    *internal, external = outer_folds(cohort, validation, seed=1)
    site = cohort.site.to_numpy()
    assert (external.block, external.label) == ("external", "C")
    for fold in internal:
        assert set(site[fold.train]) | set(site[fold.held_out]) == {"A"}
    assert set(site[external.train]) == {"A"}
    assert set(site[external.held_out]) == {"C"}


def test_each_site_can_be_left_out_beside_an_external_test():
    told = {"site": "site", "develop_on": ("A",), "test_on": ("C",), "repeats": 2}
    cohort = _cohort()
    folds = outer_folds(cohort, Validation(site_out=True, **told), seed=1)
    outer = [f for f in folds if f.block == "site-out"]
    assert [(f.repeat, f.label) for f in outer] == [(0, "A"), (0, "C"), (1, "A"), (1, "C")]
    site = cohort.site.to_numpy()
    assert all(set(site[f.train]) | set(site[f.held_out]) == {"A", "C"} for f in outer)
    assert folds[-1].block == "external"
    with pytest.raises(ValueError, match="site_out goes with develop_on"):
        Validation(site="site", site_out=True)


def test_the_seed_decides_the_folds():
    cohort = _no_site(_cohort())
    one, same, other = (
        [tuple(f.held_out) for f in outer_folds(cohort, Validation(), seed)] for seed in (1, 1, 2)
    )
    assert one == same
    assert one != other


def test_inner_folds_keep_a_person_together():
    person = np.repeat(np.arange(30), 2)
    y = np.repeat(np.arange(30) % 2, 2)
    for train, held_out in person_folds(y, person, 5, seed=3):
        assert not set(person[train]) & set(person[held_out])


@pytest.mark.parametrize(
    ("cohort", "validation", "error", "words"),
    [
        (
            lambda: _cohort(outcome=lambda s: (s == "A") * (np.arange(len(s)) % 2)),
            Validation(site="site"),
            OutcomeError,
            "site 'B' has no events of y in 20 rows",
        ),
        (
            lambda: _cohort(outcome=lambda s: np.where(s == "B", 1, np.arange(len(s)) % 2)),
            Validation(site="site"),
            OutcomeError,
            "site 'B' has events only",
        ),
        (
            lambda: _cohort(sites=("A",)),
            Validation(site="site"),
            CohortError,
            "needs two sites or more",
        ),
        (
            lambda: _cohort(),
            Validation(site="site", develop_on=("A",), test_on=("Z",)),
            CohortError,
            "no rows at site 'Z'; sites are: A, B, C",
        ),
        (
            lambda: _no_site(_cohort(n_people=12)),
            Validation(folds=10),
            OutcomeError,
            "fewer than the 10 folds",
        ),
    ],
)
def test_layouts_that_cannot_work_say_why(cohort, validation, error, words):
    with pytest.raises(error, match=words) as caught:
        outer_folds(cohort(), validation, seed=1)
    assert "secret" not in str(caught.value)


def test_a_person_at_two_sites_is_refused():
    cohort = _cohort(visits=2)
    from dataclasses import replace

    moved = replace(cohort, site=pd.Series(np.arange(len(cohort)) % 2).map({0: "A", 1: "B"}))
    with pytest.raises(CohortError, match="more than one site"):
        outer_folds(moved, Validation(site="site"), seed=1)


def _plated(sizes, events_on=None, repeats=3, folds=5, whole=True, second=None):
    """People on plates of these sizes; every third has the event, or those of some plates."""
    from dataclasses import replace

    plate = np.repeat([f"p{i}" for i in range(len(sizes))], sizes)
    n = len(plate)
    y = np.arange(n) % 3 == 0 if events_on is None else np.isin(plate, events_on)
    cohort = _no_site(_cohort(n_people=n, outcome=lambda _: y.astype(float)))
    if second is not None:  # the first person was measured again, on another plate
        again = pd.Series([*cohort.subject[:-1], cohort.subject[0]], index=cohort.X.index)
        cohort = replace(cohort, subject=again, visit=pd.Series(np.arange(n).astype(str)))
    cohort = replace(cohort, plate=pd.Series(plate, index=cohort.X.index))
    validation = Validation(folds=folds, repeats=repeats, whole_plates=whole)
    return [
        set(cohort.plate.iloc[fold.train]) & set(cohort.plate.iloc[fold.held_out])
        for fold in outer_folds(cohort, validation, seed=3)
    ]


def test_plates_are_kept_whole_where_folds_stay_balanced():
    assert not any(_plated([30, 28, 36, 31, 32, 14, 36, 5]))


def test_a_person_on_two_plates_holds_them_together():
    assert not any(_plated([20] * 8, second=True))


@pytest.mark.parametrize(
    "layout",
    [
        {"sizes": [40, 40]},  # fewer plates than folds
        {"sizes": [150, 5, 5, 5, 5, 5]},  # one plate holds nearly everybody
        {"sizes": [30] * 6, "events_on": ["p0", "p1", "p2"]},  # plates part the classes
        {"sizes": [30] * 6, "whole": False},
    ],
)
def test_plates_are_split_where_whole_ones_cannot_be_held_out(layout):
    assert all(_plated(**layout))


def test_plates_whose_number_is_unknown_tie_nobody():
    assert len(set(linked(np.arange(4), np.array([None, None, "a", "a"])))) == 3
