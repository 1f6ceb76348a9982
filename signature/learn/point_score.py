"""From the weights of a linear model to whole points that a person can add up."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import rankdata

BAND = 0.5
"""Width of a band of values that get the same points, in standard deviations."""

MOST_BANDS = 4
"""Bands on either side of the median; values beyond count as the last one."""

MOST_POINTS = 12
"""That one band, or a yes, may be worth."""

LARGEST_LOSS = 0.03
"""Rank correlation with the model's score that whole points may cost; fewer points are tried
first."""


@dataclass(frozen=True, eq=False)
class Points:
    """A point score.

    Parameters
    ----------
    per_band : dict of str to int
        Points per band above the median, or of a yes, by column.
    median : dict of str to float
        Middle of the band that is worth nothing, by column that is not yes/no.
    width : dict of str to float
        Width of a band, in units of the column.
    slope, intercept : float
        Log-odds of the event = slope × points + intercept: the straight line, by least squares,
        through the model's log-odds in the rows given.
    score : ndarray of int, shape (n_rows,)
        Of the rows given; belongs to people.
    rank_correlation : float
        Spearman of points and the model's log-odds in those rows.
    """

    per_band: dict[str, int]
    median: dict[str, float]
    width: dict[str, float]
    slope: float
    intercept: float
    score: np.ndarray
    rank_correlation: float

    def bands(self, column: str, value: np.ndarray) -> np.ndarray:
        """Bands between the median and values, negative below it, shape (n,)."""
        if column not in self.median:
            return np.asarray(value) > 0.5
        return _bands(np.asarray(value), self.median[column], self.width[column])


def point_score(
    values: pd.DataFrame,
    weights: pd.Series,
    log_odds: np.ndarray,
    *,
    yes_no: Collection[str] = (),
    needed: Collection[str] = (),
) -> Points | None:
    """Round the weights of a linear model to whole points per half standard deviation.

    The most heavily weighted band, or yes, is worth 1, 2, 3 … points until the score ranks the rows
    almost as the model does (`LARGEST_LOSS`) and no column that is `needed` is worth nothing; where
    `MOST_POINTS` do not achieve that, the number that ranks best is taken.

    Parameters
    ----------
    values : DataFrame of shape (n_rows, n_columns)
        Training rows on the scale on which the model is linear; no gaps.
    weights : Series of shape (n_columns,)
        Log-odds per unit of each column.
    log_odds : ndarray of shape (n_rows,)
        What the model says of the rows.
    yes_no : collection of str
        Columns that hold 0 and 1.
    needed : collection of str
        Columns that must be worth something.

    Returns
    -------
    Points or None
        None where the model says the same of every row, or no column has a weight.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame(rng.normal(size=(500, 2)), columns=["a", "b"])
    >>> weights = pd.Series({"a": 1.0, "b": -0.5})
    >>> found = point_score(X, weights, (X * weights).sum(axis=1).to_numpy())
    >>> found.per_band, found.rank_correlation > 0.98
    ({'a': 2, 'b': -1}, True)
    """
    names = [str(c) for c in values]
    spread = values.std(ddof=0)
    median = {n: float(values[n].median()) for n in names if n not in yes_no and spread[n] > 0}
    width = {n: BAND * float(spread[n]) for n in median}
    steps = np.column_stack(
        [
            _bands(values[n].to_numpy(), median[n], width[n])
            if n in median
            else values[n].to_numpy() * (n in yes_no)
            for n in names
        ]
    )
    step = np.array([width.get(n, float(n in yes_no)) for n in names])
    weight = weights[names].to_numpy() * step
    if not np.abs(weight).max(initial=0) > 0 or np.ptp(log_odds) == 0:
        return None
    must = np.array([n in needed for n in names])
    best = None
    for most in range(1, MOST_POINTS + 1):
        points = _rounded(weight / np.abs(weight).max() * most)
        score = _rounded(steps @ points)
        if np.ptp(score) == 0:
            continue
        r = float(np.corrcoef(rankdata(score), rankdata(log_odds))[0, 1])
        whole = bool((points[must] != 0).all())
        if best is None or (whole, r) > best[:2]:
            best = (whole, r, points, score)
        if whole and 1 - r <= LARGEST_LOSS:
            break
    if best is None:
        return None
    _, r, points, score = best
    slope, intercept = np.polyfit(score, log_odds, 1)
    per_band = {n: int(k) for n, k in zip(names, points, strict=True)}
    return Points(per_band, median, width, float(slope), float(intercept), score, r)


def _bands(values: np.ndarray, median: float, width: float) -> np.ndarray:
    steps = np.floor((values - median) / width + 0.5 + 1e-9)
    return np.clip(steps, -MOST_BANDS, MOST_BANDS).astype(int)


def _rounded(values: np.ndarray) -> np.ndarray:
    return np.sign(values).astype(int) * np.floor(np.abs(values) + 0.5).astype(int)
