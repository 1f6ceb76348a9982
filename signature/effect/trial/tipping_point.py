"""How far from random lost outcomes would have to be before an answer changes."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt


@dataclass(frozen=True)
class TippingPoint:
    """What the lost of the treated arm would have to be like.

    Parameters
    ----------
    lost : int
        People of the treated arm whose outcome is not known.
    share : float
        Of the arm.
    shift : float or None
        By how much they would have had to do worse (below 0: better) than people of their arm and
        with their features of whom it is known, until the interval just reaches no effect, or just
        leaves it. None where no outcomes could be so far off.
    found : bool
        Whether the interval excludes no effect as it is.
    """

    lost: int
    share: float
    shift: float | None
    found: bool


def tipping_point(
    value: float | None,
    low: float | None,
    high: float | None,
    *,
    lost: int,
    people: int,
    slope: bool = False,
    most: tuple[float, float] | None = None,
) -> TippingPoint | None:
    """Shift the outcomes that were lost in the treated arm until the answer changes.

    Parameters
    ----------
    value, low, high : float or None
        A benefit with its 95 % interval, positive where treatment does better, or how much larger
        it is per standard deviation of a score. Lost outcomes must be stood for in it, by weights
        or imputations; left out, they are taken to be like the known.
    lost, people : int
        Of the treated arm: whose outcome is not known, and all who were randomised to it.
    slope : bool
        Whether it is per standard deviation of a score.
    most : (float, float), optional
        By how much they can have done worse at most, and better: of events, as risks end at 0
        and 1.

    Returns
    -------
    TippingPoint or None
        None where nobody was lost, or the interval has an open end.

    Notes
    -----
    A delta adjustment (Cro and others 2020) in one arm: if its lost did worse by δ than is assumed,
    its mean falls by δ times their share, and with it the benefit. The interval moves, and widens
    as the arm then spreads more (for a slope, as of a normal score).

    Examples
    --------
    >>> found = tipping_point(1.5, 0.5, 2.5, lost=10, people=50)
    >>> round(found.shift, 1), found.found
    (2.3, True)
    >>> round(tipping_point(1.2, -0.2, 2.6, lost=10, people=50).shift, 1)
    -1.0
    """
    if lost == 0 or value is None or low is None or high is None:
        return None
    share, found = lost / people, low > 0 or high < 0
    # of the interval's half-width, per unit of shift
    wider = 1.96 * sqrt(share * (1 - share) / people * (3 if slope else 1))
    shifts = [
        shift
        for half, side in ((value - low, 1), (high - value, -1))
        if (shift := _reaching(value, half, side, share, wider)) is not None
    ]
    if low > 0 or high < 0:
        shifts = [shift for shift in shifts if shift * value > 0]
    shift = min(shifts, key=abs, default=None)
    if shift is not None and most is not None and not -most[1] <= shift <= most[0]:
        shift = None
    return TippingPoint(lost, share, shift, found)


def _reaching(value: float, half: float, side: int, share: float, wider: float) -> float | None:
    """Solve value − share·δ = side·√(half² + wider²·δ²) for the smallest δ."""
    a, b, c = share**2 - wider**2, -2 * share * value, value**2 - half**2
    root = b**2 - 4 * a * c
    if root < 0:
        return None
    every = [-c / b] if a == 0 else [(-b + sign * sqrt(root)) / (2 * a) for sign in (1, -1)]
    return min((d for d in every if (value - share * d) * side >= 0), key=abs, default=None)
