"""A marker at baseline and at an early visit, by arm and by what became of people later."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy.stats import t as student

from signature.exceptions import PredictionsError

FEWEST = 10
"""People below which a line is not given: it would be close to showing single ones."""


@dataclass(frozen=True)
class VisitMean:
    """Mean of a marker at one visit, with the interval of Student's t."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class VisitLine:
    """People of one arm who did better, or worse, later.

    Parameters
    ----------
    arm : str
    later : str
        What became of them.
    people : int
        Measured at both visits, outcome known.
    before, after : VisitMean or None
        None where there are too few people.
    """

    arm: str
    later: str
    people: int
    before: VisitMean | None
    after: VisitMean | None


def visit_lines(
    before: np.ndarray,
    after: np.ndarray,
    arm: np.ndarray,
    better: np.ndarray,
    *,
    level: float = 0.95,
) -> tuple[VisitLine, ...]:
    """Average a marker by visit, arm and later outcome.

    Parameters
    ----------
    before, after : ndarray of shape (n,)
        The marker at baseline and at the early visit, on one scale; NaN where not measured.
    arm : ndarray of str, shape (n,)
    better : ndarray of float, shape (n,)
        1 for who did better later, 0 for who did worse, NaN where that is not known.
    level : float
        Coverage of intervals.

    Returns
    -------
    tuple of VisitLine
        Two of each arm, arms in alphabetical order, better first.

    Raises
    ------
    PredictionsError
        When the four do not have one entry per person, or `better` is neither 0, 1 nor NaN.

    Notes
    -----
    Groups are formed by what came after: lines that part show an association, and not what the
    change does.

    Examples
    --------
    >>> before, arm = np.tile([1.0, 2.0], 20), np.repeat(["il2", "placebo"], 20)
    >>> lines = visit_lines(before, before + (arm == "il2"), arm, np.tile([1.0, 1, 0, 0], 10))
    >>> [(one.arm, one.later, one.after.mean - one.before.mean) for one in lines]
    [('il2', 'better', 1.0), ('il2', 'worse', 1.0), ('placebo', 'better', 0.0),
     ('placebo', 'worse', 0.0)]
    """
    first, second, did = (np.asarray(v, dtype="float64") for v in (before, after, better))
    names = np.asarray(arm).astype(str)
    if len({len(first), len(second), len(did), len(names)}) != 1:
        raise PredictionsError(
            "both visits, arm and later outcome must have one entry per person; got "
            f"{len(first)}, {len(second)}, {len(names)} and {len(did)}"
        )
    odd = int((~np.isin(did, (0, 1)) & ~np.isnan(did)).sum())
    if odd:
        raise PredictionsError(
            f"who did better is 1, who did worse 0, not known NaN; {odd} hold otherwise"
        )
    seen = np.isfinite(first) & np.isfinite(second)
    found = []
    for name in sorted(set(names.tolist())):
        for value, word in ((1, "better"), (0, "worse")):
            rows = seen & (names == name) & (did == value)
            n = int(rows.sum())
            means = (
                (_mean(first[rows], level), _mean(second[rows], level))
                if n >= FEWEST
                else (None, None)
            )
            found.append(VisitLine(name, word, n, *means))
    return tuple(found)


def _mean(values: np.ndarray, level: float) -> VisitMean:
    n = len(values)
    half = float(student.ppf(0.5 + level / 2, n - 1)) * float(values.std(ddof=1)) / sqrt(n)
    mean = float(values.mean())
    return VisitMean(mean, mean - half, mean + half)
