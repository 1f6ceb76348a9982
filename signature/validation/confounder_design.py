"""Confounders as columns of a regression, and people who may trade places given them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from signature.study.splits import rows_by_person

PEOPLE_PER_COLUMN = 4
"""People per column from which squares of numeric confounders are among them."""


@dataclass(frozen=True, eq=False)
class ConfounderDesign:
    """Standardised columns, none of them constant.

    Parameters
    ----------
    columns : ndarray of shape (n_rows, n_columns)
    squares : bool
        Whether squares of numeric confounders are among them.
    """

    columns: np.ndarray
    squares: bool


def confounder_design(
    confounders: pd.DataFrame, site: np.ndarray | None, people: int
) -> ConfounderDesign:
    """Lay out confounders as columns.

    Parameters
    ----------
    confounders : DataFrame, shape (n_rows, n_confounders)
        Numbers, or levels as text. A missing number counts as the mean and as missing, a missing
        level as a level.
    site : ndarray of shape (n_rows,), optional
        A confounder more, as levels.
    people : int
        Squares are left out when fewer than `PEOPLE_PER_COLUMN` per column are there.

    Examples
    --------
    >>> table = pd.DataFrame({"age": [40.0, 50.0, 60.0, None], "sex": ["f", "m", "m", "f"]})
    >>> confounder_design(table, None, people=4).columns.round(2)
    array([[-1.41, -0.58, -1.  ],
           [ 0.  , -0.58,  1.  ],
           [ 1.41, -0.58,  1.  ],
           [ 0.  ,  1.73, -1.  ]])
    """
    lines: list[np.ndarray] = []
    curved: list[np.ndarray] = []
    for name in confounders:
        values = confounders[name].reset_index(drop=True)
        if not pd.api.types.is_numeric_dtype(values):
            lines += _levels(values)
            continue
        numbers = values.astype("float64")
        filled = numbers.fillna(numbers.mean()).fillna(0.0).to_numpy()
        lines += [filled, numbers.isna().to_numpy(dtype="float64")]
        if numbers.nunique() > 2:
            curved.append((filled - filled.mean()) ** 2)
    if site is not None:
        lines += _levels(pd.Series(site).astype("str"))
    whole = _standardised([*lines, *curved], len(confounders))
    if curved and people >= PEOPLE_PER_COLUMN * whole.shape[1]:
        return ConfounderDesign(whole, squares=True)
    return ConfounderDesign(_standardised(lines, len(confounders)), squares=False)


def _levels(values: pd.Series) -> list[np.ndarray]:
    """One column per level but the most frequent, which the others are compared with."""
    dummies = pd.get_dummies(values, dummy_na=True, dtype="float64").to_numpy()
    return list(np.delete(dummies, dummies.sum(axis=0).argmax(), axis=1).T)


def _standardised(columns: list[np.ndarray], rows: int) -> np.ndarray:
    table = np.column_stack(columns) if columns else np.empty((rows, 0))
    varying = table[:, np.ptp(table, axis=0) > 0] if table.size else table[:, :0]
    return (varying - varying.mean(axis=0)) / varying.std(axis=0)


class PeopleAtSites:
    """People who may trade places: those with as many rows at the same site.

    Parameters
    ----------
    person : ndarray of shape (n_rows,)
    site : ndarray of shape (n_rows,), optional
        One site when left out.
    """

    def __init__(self, person: np.ndarray, site: np.ndarray | None) -> None:
        where = np.zeros(len(person)) if site is None else np.asarray(site)
        self._n_rows = len(person)
        self._alike: list[np.ndarray] = []
        for level in pd.unique(where):
            at_site = np.flatnonzero(where == level)
            own = [at_site[rows] for rows in rows_by_person(person[at_site])]
            for count in sorted({len(rows) for rows in own}):
                self._alike.append(np.array([rows for rows in own if len(rows) == count]))
        self.fixed = sum(len(rows) == 1 for rows in self._alike)
        """People who trade places with nobody."""

    def permuted(self, draws: int, rng: np.random.Generator) -> np.ndarray:
        """Give each row the position of another: people trade places with all their rows.

        Returns
        -------
        ndarray of int, shape (draws, n_rows)

        Examples
        --------
        >>> people = PeopleAtSites(np.array([0, 0, 1, 1, 2, 3]), np.array(list("aaaabb")))
        >>> people.permuted(3, np.random.default_rng(0)).tolist()
        [[0, 1, 2, 3, 5, 4], [0, 1, 2, 3, 5, 4], [0, 1, 2, 3, 4, 5]]
        """
        to = np.empty((draws, self._n_rows), dtype=np.int64)
        for rows in self._alike:
            order = rng.permuted(np.tile(np.arange(len(rows)), (draws, 1)), axis=1)
            to[:, rows] = rows[order]
        return to
