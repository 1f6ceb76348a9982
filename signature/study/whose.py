"""Whose rows they are, and where those people were seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np


@dataclass(frozen=True, eq=False, repr=False)
class Whose:
    """What fitting may know of rows beside their columns.

    Parameters
    ----------
    person : ndarray of shape (n_rows,)
    site : ndarray of shape (n_rows,), optional
        Left out where a study has one.

    Examples
    --------
    >>> Whose(np.array([0, 0, 1]), np.array(["A", "A", "B"])).at(np.array([0, 2])).site
    array(['A', 'B'], dtype='<U1')
    """

    person: np.ndarray
    site: np.ndarray | None = None

    def at(self, rows: np.ndarray) -> Self:
        """Return that of some rows."""
        site = None if self.site is None else self.site[rows]
        return type(self)(self.person[rows], site)
