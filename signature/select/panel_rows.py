"""What a selector reads: a panel, its covariates, the outcome, people and sites."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd

from signature.learn.elastic_net_path import Family
from signature.prepare.columns import as_table
from signature.select.covariates import Adjusted, adjust
from signature.select.half_samples import PeopleInRows, ask_for_people
from signature.study.schema import source_of

FEWEST_PEOPLE = 4
"""Of each class: with fewer, a half-sample has one person of a class to learn from."""

FEWEST_OF_SITE = 10
"""People; smaller sites count as one, because a column for each would explain its people away. One
small site alone goes with the smallest of the others."""


@dataclass(frozen=True, eq=False, repr=False)
class PanelRows:
    """Rows of a panel beside its covariates.

    Parameters
    ----------
    of : ndarray of shape (n_columns,)
        Marker that each column belongs to; '' for a covariate.
    values : ndarray of shape (n_rows, n_columns)
    outcome : ndarray of shape (n_rows,)
        0 and 1, the higher value the event, or standardised numbers.
    family : {"logistic", "linear"}
    people : PeopleInRows
    sites : ndarray of shape (n_rows, n_sites - 1)
        0/1 columns of all sites but one.
    """

    of: np.ndarray
    values: np.ndarray
    outcome: np.ndarray
    family: Family
    people: PeopleInRows
    sites: np.ndarray

    @classmethod
    def read(
        cls,
        X: pd.DataFrame | np.ndarray,
        values: np.ndarray,
        y: np.ndarray,
        panel: Sequence[str] | None,
        *,
        groups: np.ndarray | None,
        sites: np.ndarray | None,
    ) -> Self:
        """Read what a selector was given.

        Parameters
        ----------
        X : DataFrame or ndarray of shape (n_rows, n_columns)
            For the names of its columns.
        values : ndarray of shape (n_rows, n_columns)
        y : ndarray of shape (n_rows,)
        panel : sequence of str, optional
            All columns are markers when left out.
        groups, sites : ndarray of shape (n_rows,), optional
            Whose row it is, and where that person was seen. People trade places within a site, and
            what sites explain is taken out as what covariates do.

        Raises
        ------
        ValueError
            When there is one class only, there are several that are not numbers, no column is a
            marker of the panel, or there is not one group or site per row.
        """
        names = [str(c) for c in as_table(X if isinstance(X, pd.DataFrame) else values).columns]
        of = _marker_columns(names, panel)
        outcome, family = _numbered(y)
        for what, given in (("groups", groups), ("sites", sites)):
            if given is not None and len(given) != len(y):
                raise ValueError(f"{len(given)} {what} for {len(y)} rows; one per row is needed")
        person = np.arange(len(y)) if groups is None else np.asarray(groups)
        site = _few_sites(person, sites)
        stratum = outcome if family == "logistic" else np.zeros(len(y))
        if groups is None:
            ask_for_people(values[:, of == ""])
        return cls(
            of,
            values,
            outcome,
            family,
            PeopleInRows(person, stratum, site),
            (site[:, None] == np.arange(1, site.max() + 1)).astype("float64"),
        )

    @property
    def markers(self) -> list[str]:
        """Markers, in the order of their first columns."""
        return list(dict.fromkeys(self.of[self.of != ""]))

    @property
    def marker_of(self) -> np.ndarray:
        """Position in `markers` of each marker column's marker."""
        number = {name: i for i, name in enumerate(self.markers)}
        return np.array([number[name] for name in self.of[self.of != ""]])

    @property
    def too_few(self) -> bool:
        """Whether a class has fewer than `FEWEST_PEOPLE` people."""
        return self.people.fewest < FEWEST_PEOPLE

    def adjusted(self) -> Adjusted:
        """Take covariates and sites out of markers and outcome.

        Raises
        ------
        ValueError
            When a class has too few people.
        """
        n, k = self.values.shape
        if self.too_few:
            raise ValueError(
                f"the rarer class has {self.people.fewest} people (n_samples = {n}, n_features = "
                f"{k}); {FEWEST_PEOPLE} or more of each are needed, so that half of them can be "
                "learned from"
            )
        is_marker = self.of != ""
        return adjust(
            self.values[:, is_marker],
            np.column_stack([self.values[:, ~is_marker], self.sites]),
            self.outcome,
            family=self.family,
            rarer=self.people.fewest // 2,
        )


def _marker_columns(names: Sequence[str], panel: Sequence[str] | None) -> np.ndarray:
    if panel is None:
        return np.array([source_of(n) for n in names], dtype=object)
    wanted = set(panel)
    of = np.array([source_of(n) if source_of(n) in wanted else "" for n in names], dtype=object)
    if not (of != "").any():
        raise ValueError(f"none of the {len(names)} columns is a marker of the panel")
    return of


def _few_sites(person: np.ndarray, sites: np.ndarray | None) -> np.ndarray:
    """Give sites numbers from 0, the small ones one together."""
    if sites is None:
        return np.zeros(len(person), dtype=int)
    gaps = int(pd.isna(np.asarray(sites, dtype=object)).sum())
    if gaps:
        raise ValueError(f"the site of {gaps} of {len(person)} rows is missing; name one for all")
    code = np.unique(np.asarray(sites), return_inverse=True)[1]
    seen = np.unique(np.column_stack([code, np.unique(person, return_inverse=True)[1]]), axis=0)
    people = np.bincount(seen[:, 0])
    small = people < FEWEST_OF_SITE
    if small.sum() == 1 and len(small) > 1:
        small[np.argsort(people, kind="stable")[1]] = True
    found: np.ndarray = np.unique(np.where(small[code], -1, code), return_inverse=True)[1]
    return found


def _numbered(y: np.ndarray) -> tuple[np.ndarray, Family]:
    values = np.unique(y)
    if len(values) < 2:
        raise ValueError("The outcome has one class only; two are needed")
    if len(values) == 2:
        return (y == values[1]).astype("float64"), "logistic"
    try:
        numbers = np.asarray(y, dtype="float64")
    except ValueError:
        raise ValueError(
            f"Only binary classification is supported: the outcome has {len(values)} classes. "
            "Give two classes, or numbers"
        ) from None
    return (numbers - numbers.mean()) / numbers.std(), "linear"
