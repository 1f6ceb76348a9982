"""How far from random lost outcomes would have to be before an answer changes."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Literal

Side = Literal["two-sided", "greater", "less"]

_ONE_SIDED = 1.645 / 1.96
"""Half of an interval that has one end, as a part of one that has two."""


@dataclass(frozen=True)
class ArmLosses:
    """Whose outcome is not known in one arm.

    Parameters
    ----------
    lost, people : int
        The lost, and all who were randomised to it.
    worse, better : float or None
        By how much an outcome can be worse, and better, at most; None where there is no end.
    """

    lost: int
    people: int
    worse: float | None = None
    better: float | None = None


@dataclass(frozen=True)
class TippingPoint:
    """What the lost would have to be like.

    Parameters
    ----------
    shift : float or None
        By how much the lost of the treated arm would have had to do worse, and those of the control
        arm better (below 0: the other way round), than people of their arm with their features of
        whom it is known, until the answer just changes. None where no outcomes could be so far off.
    found : bool
        Whether the answer is that there is something.
    """

    shift: float | None
    found: bool


def tipping_point(
    value: float | None,
    low: float | None,
    high: float | None,
    *,
    treated: ArmLosses,
    control: ArmLosses,
    found: bool,
    side: Side = "two-sided",
    slope: bool = False,
) -> TippingPoint | None:
    """Shift the outcomes that were lost until the answer changes.

    Parameters
    ----------
    value, low, high : float or None
        A benefit with its 95 % interval, positive where treatment does better, or how much larger
        it is per standard deviation of a score. Lost outcomes must be stood for in it, by weights
        or imputations; left out, they are taken to be like the known.
    treated, control : ArmLosses
    found : bool
        Whether the test at 5 % says that there is something.
    side : {"two-sided", "greater", "less"}
        Which benefit that test looks for.
    slope : bool
        Whether it is per standard deviation of a score.

    Returns
    -------
    TippingPoint or None
        None where nobody was lost, or the interval has an open end.

    Notes
    -----
    A delta adjustment (Cro and others 2020) in both arms, in opposite directions: if the lost under
    treatment did worse by δ than is assumed, and those under control better, the benefit falls by δ
    times the sum of their shares. The interval moves, and widens as the arms then spread more (for
    a slope, as of a normal score).

    Examples
    --------
    >>> arms = {"treated": ArmLosses(10, 50), "control": ArmLosses(10, 50)}
    >>> point = tipping_point(1.5, 0.5, 2.5, found=True, **arms)
    >>> round(point.shift, 1)
    1.2
    """
    arms = (treated, control)
    if not any(arm.lost for arm in arms) or value is None or low is None or high is None:
        return None
    shares = [arm.lost / arm.people for arm in arms]
    # of the interval's half-width, per unit of shift
    wider = 1.96 * sqrt(
        sum(s * (1 - s) / arm.people for s, arm in zip(shares, arms, strict=True))
        * (3 if slope else 1)
    )
    part = 1.0 if side == "two-sided" else _ONE_SIDED
    ends = {"greater": (1,), "less": (-1,), "two-sided": (1, -1)}[side]
    halves = {1: value - low, -1: high - value}
    shifts = [
        shift
        for end in ends
        for shift in _reaching(value, part * halves[end], end, sum(shares), part * wider)
        if _changes(shift, found, end) and _possible(shift, *arms)
    ]
    if not shifts and found and side != "two-sided" and value * ends[0] <= part * halves[ends[0]]:
        # test and interval do not agree to the last digit: it is on the edge
        shifts = [0.0]
    return TippingPoint(min(shifts, key=abs, default=None), found)


def _changes(shift: float, found: bool, end: int) -> bool:
    """Whether a shift takes an effect away that was found, or adds to one that was not."""
    return shift * end >= 0 if found else shift * end <= 0


def _possible(shift: float, treated: ArmLosses, control: ArmLosses) -> bool:
    worse, better = (
        (treated.worse, control.better) if shift > 0 else (treated.better, control.worse)
    )
    limits = [m for m, arm in ((worse, treated), (better, control)) if m is not None and arm.lost]
    return all(abs(shift) <= limit for limit in limits)


def _reaching(value: float, half: float, end: int, share: float, wider: float) -> list[float]:
    """Solve value − share·δ = end·√(half² + wider²·δ²)."""
    a, b, c = share**2 - wider**2, -2 * share * value, value**2 - half**2
    root = b**2 - 4 * a * c
    if root < 0:
        return []
    every = [-c / b] if a == 0 else [(-b + sign * sqrt(root)) / (2 * a) for sign in (1, -1)]
    return [d for d in every if (value - share * d) * end >= 0]
