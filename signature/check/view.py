"""A study as the checks look at it: groups, outcome, and one row of each person."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from signature.assay.reading import Reading
from signature.exceptions import CohortError
from signature.study.cohort import FEWEST_PER_SITE, Cohort, outcome_of
from signature.study.schema import BELOW, Role

FEWEST = 10
"""Rows below which a group is too small to say anything about it."""

MOST_GROUPS = 12
"""Groups that a printed table has room for."""


@dataclass(frozen=True, eq=False, repr=False)
class View:
    """What every check gets.

    Parameters
    ----------
    cohort : Cohort
    site, batch : Series of str or None
        Groups of the rows; missing where a row belongs to none.
    outcome : Series of float or None
        1, 0 or missing.
    reading : Reading
    """

    cohort: Cohort
    site: pd.Series | None
    batch: pd.Series | None
    outcome: pd.Series | None
    reading: Reading

    @cached_property
    def one_each(self) -> np.ndarray:
        """True on one row of each person, so that repeated visits do not count as evidence.

        It is the first row that has an outcome, else the first.
        """
        person = self.cohort.person.to_numpy()
        unknown = np.zeros(len(person)) if self.outcome is None else np.isnan(self.outcome)
        order = np.lexsort((np.arange(len(person)), unknown, person))
        first = np.r_[True, np.diff(person[order]) != 0] if len(order) else np.array([], bool)
        chosen = np.zeros(len(person), dtype=bool)
        chosen[order[first]] = True
        return chosen

    @cached_property
    def markers(self) -> tuple[str, ...]:
        """Names of the marker columns."""
        return tuple(c.name for c in self.cohort.schema.columns if c.role is Role.MARKER)

    def values(self, name: str) -> np.ndarray:
        """Return a column's numbers, missing where there is none."""
        return self.cohort.X[name].to_numpy()

    def below(self, name: str) -> np.ndarray:
        """Return where a column is below its limit."""
        if name + BELOW not in self.cohort.schema:
            return np.zeros(len(self.cohort), dtype=bool)
        return self.cohort.X[name + BELOW].notna().to_numpy()

    def ranked(self, name: str) -> np.ndarray:
        """Return numbers whose order is right: "below a limit" is lower than every number."""
        return np.where(self.below(name), -np.inf, self.values(name))

    @cached_property
    def nested(self) -> bool:
        """Whether each plate holds the samples of one site only."""
        if self.site is None or self.batch is None:
            return False
        both = self.site.notna() & self.batch.notna()
        sites = self.site[both].groupby(self.batch[both]).nunique()
        return len(sites) > 1 and self.site.nunique() > 1 and int(sites.max()) == 1

    def groups(self) -> dict[str, pd.Series]:
        """Return the ways in which rows are grouped, by their word in a sentence."""
        named = {"site": self.site, "plate": self.batch}
        return {word: by for word, by in named.items() if by is not None and by.nunique() > 1}


def view(
    cohort: Cohort,
    *,
    site: str | None = None,
    batch: str | None = None,
    outcome: pd.Series | None = None,
    reading: Reading | None = None,
) -> View:
    """Choose the columns that stand for site and plate, and line the outcome up with the rows.

    Raises
    ------
    CohortError
        When a column is not recorded, holds as good as one value per person, or the outcome is
        not 0/1 or belongs to other rows.
    """
    if outcome is None:
        outcome = outcome_of(cohort)
    if outcome is not None:
        if not outcome.index.equals(cohort.X.index):
            raise CohortError(
                f"{cohort.name}: the outcome has {len(outcome)} rows that are not the "
                f"{len(cohort)} rows of the study in the same order"
            )
        outcome = outcome.astype("float64")
        odd = int((outcome.notna() & ~outcome.isin([0, 1])).sum())
        if odd:
            raise CohortError(f"{cohort.name}: {odd} rows have an outcome other than 0 or 1")
    return View(
        cohort,
        _group(cohort, site, cohort.site, "site"),
        _group(cohort, batch, cohort.plate, "plate"),
        outcome,
        reading or Reading(),
    )


def shown(by: pd.Series | None) -> list[str]:
    """Return the groups that a table shows beside the whole: large ones, none if there are many."""
    if by is None:
        return []
    sizes = by.value_counts()
    return sorted(map(str, sizes.index[sizes >= FEWEST])) if len(sizes) <= MOST_GROUPS else []


def _group(
    cohort: Cohort, column: str | None, known: pd.Series | None, what: str
) -> pd.Series | None:
    if column is None:
        return None if known is None else known.astype("object").where(known.notna())
    if column not in cohort.records:
        raise CohortError(
            f"{cohort.name}: no recorded column {column!r} to use as {what}; there are: "
            + (", ".join(sorted(map(str, cohort.records.columns))) or "none")
        )
    values = cohort.records[column]
    if values.nunique() > max(2, cohort.n_people / FEWEST_PER_SITE):
        raise CohortError(
            f"{cohort.name}: {column!r} has {values.nunique()} different values in "
            f"{cohort.n_people} people; a {what} is shared by many people, so name another column"
        )
    return values.astype("str").astype("object").where(values.notna())
