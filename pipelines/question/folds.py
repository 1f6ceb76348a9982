"""Who is held out when: the outer folds of an experiment."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from signature.exceptions import CohortError, OutcomeError
from signature.randomness import seed_for
from signature.study.cohort import Cohort, CohortWithOutcome
from signature.study.splits import linked, person_folds

if TYPE_CHECKING:
    from pipelines.question.experiment import Validation

FAIR_SHARE = (0.5, 2.0)
"""How far a fold of whole plates may be from an even share of the rows, in either class."""


Layout = list[tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True, eq=False)
class Fold:
    """One outer fold: positions of its training and held-out rows in the cohort."""

    block: str
    repeat: int
    fold: int
    label: str
    train: np.ndarray
    held_out: np.ndarray

    @property
    def key(self) -> str:
        """Name of the fold inside a run."""
        return f"{self.block}-r{self.repeat}-f{self.fold}"


def outer_folds(cohort: CohortWithOutcome, validation: Validation, seed: int) -> list[Fold]:
    """Lay out the outer folds; a person is never on both sides.

    Parameters
    ----------
    cohort : CohortWithOutcome
        With sites where `validation` names a site column.
    validation : Validation
    seed : int
        The experiment's seed.

    Returns
    -------
    list of Fold
        With ``develop_on``/``test_on``: repeated folds inside the development sites (block
        ``internal``) and one fold that tests on the others (block ``external``); with `site_out`
        also one fold per site, whichever side it is on (block ``site-out``). With only a site
        column: one fold per site, the same in every repeat, in which only the inner folds and the
        tuning draw anew. Else repeated stratified grouped folds. Repeated folds hold whole plates
        out where that leaves each fold a fair share of both classes in every repeat.

    Raises
    ------
    CohortError
        When a site is not there, or a person has rows at two sites.
    OutcomeError
        When a site has one class only, or a class has fewer people than folds.
    """
    if cohort.site is None:
        return list(_repeated(cohort, np.arange(len(cohort)), validation, seed))
    _one_site_per_person(cohort)
    if validation.develop_on:
        develop = _rows_of(cohort, validation.develop_on)
        test = _rows_of(cohort, validation.test_on)
        _both_classes(cohort, test, " and ".join(validation.test_on))
        label = " + ".join(validation.test_on)
        external = Fold("external", 0, 0, label, develop, test)
        inside = list(_repeated(cohort, develop, validation, seed))
        if not validation.site_out:
            return [*inside, external]
        sites = np.union1d(develop, test)
        return [*inside, *_each_site(cohort, sites, validation.repeats, "site-out"), external]
    return _each_site(cohort, np.arange(len(cohort)), validation.repeats, "internal")


def _each_site(cohort: CohortWithOutcome, rows: np.ndarray, repeats: int, block: str) -> list[Fold]:
    assert cohort.site is not None
    site = cohort.site.to_numpy()[rows]
    names = sorted(set(site))
    if len(names) < 2:
        raise CohortError(
            f"{cohort.name}: leaving one site out needs two sites or more, there is only "
            f"{names[0]!r}; take 'site' out of [validation] for repeated folds"
        )
    for name in names:
        _both_classes(cohort, rows[site == name], name)
    return [
        Fold(block, repeat, i, name, rows[site != name], rows[site == name])
        for repeat in range(repeats)
        for i, name in enumerate(names)
    ]


def development_rows(cohort: Cohort, validation: Validation) -> np.ndarray:
    """Positions of the rows on which the final model is fitted."""
    if validation.develop_on:
        return _rows_of(cohort, validation.develop_on)
    return np.arange(len(cohort))


def _repeated(
    cohort: CohortWithOutcome, rows: np.ndarray, validation: Validation, seed: int
) -> Iterator[Fold]:
    y = cohort.outcome.to_numpy()[rows]
    person = cohort.person.to_numpy()[rows]
    # people, not rows: a fold without an event has no AUROC
    fewest = min(len(np.unique(person[y == value])) for value in (0, 1))
    if fewest < validation.folds:
        raise OutcomeError(
            f"{cohort.name}: the rarer class of {cohort.outcome_name} has {fewest} people, fewer "
            f"than the {validation.folds} folds asked for; lower 'folds' in [validation]"
        )
    layouts = _whole_plates(cohort, rows, validation, seed)
    if layouts is None:
        layouts = _layouts(y, person, validation, seed)
    for repeat, inside in enumerate(layouts):
        for i, (train, held_out) in enumerate(inside):
            yield Fold("internal", repeat, i, str(i + 1), rows[train], rows[held_out])


def _layouts(
    y: np.ndarray, together: np.ndarray, validation: Validation, seed: int
) -> list[Layout]:
    return [
        person_folds(y, together, validation.folds, seed_for(seed, "outer", repeat))
        for repeat in range(validation.repeats)
    ]


def _whole_plates(
    cohort: CohortWithOutcome, rows: np.ndarray, validation: Validation, seed: int
) -> list[Layout] | None:
    """Folds of whole plates; None where there are none or too few, or they part the classes."""
    if cohort.plate is None or not validation.whole_plates:
        return None
    y, person = cohort.outcome.to_numpy()[rows], cohort.person.to_numpy()[rows]
    together = linked(person, cohort.plate.iloc[rows].to_numpy())
    if len(np.unique(together)) < validation.folds:
        return None
    with warnings.catch_warnings():
        # the splitter warns of classes rarer than folds in groups, which is looked at below
        warnings.simplefilter("ignore", UserWarning)
        layouts = _layouts(y, together, validation, seed)
    low, high = FAIR_SHARE
    for layout in layouts:
        for _, held_out in layout:
            for value in (0, 1):
                share = np.mean(y[held_out] == value) * len(held_out) / max(np.sum(y == value), 1)
                if not low / validation.folds <= share <= high / validation.folds:
                    return None
    return layouts


def _rows_of(cohort: Cohort, sites: tuple[str, ...]) -> np.ndarray:
    assert cohort.site is not None
    site = cohort.site.to_numpy()
    missing = sorted(set(sites) - set(site))
    if missing:
        raise CohortError(
            f"{cohort.name}: no rows at site {', '.join(map(repr, missing))}; sites are: "
            + ", ".join(sorted(set(site)))
        )
    return np.flatnonzero(np.isin(site, sites))


def _both_classes(cohort: CohortWithOutcome, rows: np.ndarray, site: str) -> None:
    events = int(cohort.outcome.to_numpy()[rows].sum())
    if events in (0, len(rows)):
        what = "no events" if events == 0 else "events only"
        raise OutcomeError(
            f"{cohort.name}: site {site!r} has {what} of {cohort.outcome_name} in {len(rows)} "
            "rows, so nothing can be ranked there; leave the site out with [data] where, or use "
            "repeated folds by taking 'site' out of [validation]"
        )


def _one_site_per_person(cohort: Cohort) -> None:
    assert cohort.site is not None
    sites = cohort.site.groupby(cohort.person.to_numpy()).nunique()
    moved = int((sites > 1).sum())
    if moved:
        raise CohortError(
            f"{cohort.name}: {moved} people have rows at more than one site, so that leaving a "
            "site out would not leave them out; keep one site per person"
        )
