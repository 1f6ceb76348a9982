"""A person's rows, and stratified folds that keep them together."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold


def person_folds(
    outcome: np.ndarray, person: np.ndarray, folds: int, seed: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Split rows into shuffled folds, each with its share of events, no person in two.

    Parameters
    ----------
    outcome : ndarray of shape (n_rows,)
    person : ndarray of shape (n_rows,)
        Whose row it is.
    folds : int
    seed : int

    Returns
    -------
    list of (train, held_out)
        Positions of rows.

    Examples
    --------
    >>> person = np.array([0, 0, 1, 1, 2, 2, 3, 3])
    >>> outcome = np.array([0, 0, 1, 1, 0, 0, 1, 1])
    >>> for train, held_out in person_folds(outcome, person, folds=2, seed=0):
    ...     print(np.unique(person[held_out]))
    [1 2]
    [0 3]
    """
    nothing = np.zeros(len(outcome))
    if len(np.unique(person)) == len(person):
        # the grouped splitter walks through people one by one; without repeats it is not needed
        splitter = StratifiedKFold(folds, shuffle=True, random_state=seed)
        return list(splitter.split(nothing, outcome))
    grouped = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    return list(grouped.split(nothing, outcome, person))


def linked(person: np.ndarray, plate: np.ndarray) -> np.ndarray:
    """Find the smallest sets of rows that share neither a person nor a plate with any other.

    Parameters
    ----------
    person : ndarray of shape (n_rows,)
        Whose row it is.
    plate : ndarray of shape (n_rows,)
        Where it was measured; missing where that is not known, which links to nothing.

    Returns
    -------
    ndarray of int, shape (n_rows,)
        Number of the row's set.

    Examples
    --------
    Two people on plate a, of whom one was measured again on plate b:

    >>> linked(np.array([1, 2, 2, 3, 4]), np.array(["a", "a", "b", "c", None])).tolist()
    [0, 0, 0, 1, 2]
    """
    who, people = pd.factorize(person)[0], len(np.unique(person))
    where = pd.factorize(plate)[0]
    known = where >= 0
    size = people + (int(where.max(initial=-1)) + 1)
    edges = coo_array(
        (np.ones(int(known.sum())), (who[known], people + where[known])), shape=(size, size)
    )
    _, component = connected_components(edges, directed=False)
    return np.asarray(pd.factorize(component[who])[0])


def rows_by_person(person: np.ndarray) -> list[np.ndarray]:
    """List the positions of each person's rows; persons in the order of their names.

    Examples
    --------
    >>> [rows.tolist() for rows in rows_by_person(np.array(["b", "a", "b"]))]
    [[1], [0, 2]]
    """
    _, code, n_rows = np.unique(person, return_inverse=True, return_counts=True)
    return np.split(np.argsort(code, kind="stable"), np.cumsum(n_rows)[:-1])
