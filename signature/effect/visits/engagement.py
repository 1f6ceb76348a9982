"""Whether treatment moved the panel: change of each marker by arm (target engagement)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import t as student

from signature.effect.interaction.interaction_table import max_t
from signature.effect.interaction.rearrangements import rearrange, rearrangement_p
from signature.effect.trial.allocation import FEWEST_IN_ARM, arm_codes
from signature.exceptions import AllocationError, PredictionsError


@dataclass(frozen=True)
class ArmChange:
    """Mean change of a marker in one arm.

    Parameters
    ----------
    people : int
        In whom the change is known.
    mean, low, high : float
        With the interval of Student's t; it says whether the marker moved, not why.
    """

    people: int
    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class MarkerEngagement:
    """How differently a marker moved in two arms.

    Parameters
    ----------
    marker : str
    control, treated : ArmChange
    difference, low, high : float
        Mean change under treatment less that under control, with the interval of Welch's t.
    standardised : float
        `difference` in standard deviations of the change in the control arm.
    p : float
        Of no difference, by rearranging the arms; not corrected for the number of markers.
    p_family : float
        Corrected by the largest statistic of all markers, step by step: the one to read.
    """

    marker: str
    control: ArmChange
    treated: ArmChange
    difference: float
    low: float
    high: float
    standardised: float
    p: float
    p_family: float


@dataclass(frozen=True)
class Engagement:
    """What `engagement` found.

    Parameters
    ----------
    control, treated : str
        Arms that are compared.
    rows : tuple of MarkerEngagement
        In the order of the markers.
    left_out : dict of str
        Why a marker is not among them.
    how : str
        What the p-values were computed over.
    """

    control: str
    treated: str
    rows: tuple[MarkerEngagement, ...]
    left_out: dict[str, str]
    how: str


def engagement(
    change: pd.DataFrame,
    arm: np.ndarray,
    *,
    control: str,
    rng: np.random.Generator,
    treated: str | None = None,
    strata: np.ndarray | None = None,
    draws: int = 9_999,
    level: float = 0.95,
) -> Engagement:
    """Compare how markers changed in two arms.

    Parameters
    ----------
    change : DataFrame of shape (n, n_markers)
        Later less earlier visit, on the scale on which differences make sense (as log2 ratios; see
        `signature.effect.trial.visit_change`); NaN where it is not known. One person per row.
    arm : ndarray of str, shape (n,)
        To which each person was randomised.
    control : str
    rng : Generator
    treated : str, optional
        Needed where there are more than two arms.
    strata : ndarray of shape (n,), optional
        Within which people were randomised.
    draws : int
        Rearrangements drawn where there are too many to list.
    level : float
        Coverage of the intervals.

    Returns
    -------
    Engagement

    Raises
    ------
    AllocationError
        When the arms cannot be compared.
    PredictionsError
        When a change is infinite, or there is not one row per person.

    Notes
    -----
    The statistic is Welch's t, so that arms in which changes spread differently are no finding of
    their own. People whose change is not known are left out marker by marker, which is fair if
    that has nothing to do with the arm.

    A panel that moved shows that treatment reached its target, and not that this helps anyone.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> arm = np.repeat(["il2", "placebo"], [24, 12])
    >>> change = pd.DataFrame(rng.normal(size=(36, 3)), columns=["Treg", "CRP", "IL6"])
    >>> change["Treg"] += 2.0 * (arm == "il2")
    >>> found = engagement(change, arm, control="placebo", rng=rng, draws=999)
    >>> [row.marker for row in found.rows if row.p_family <= 0.05]
    ['Treg']
    """
    if not 0 < level < 1:
        raise ValueError(f"level is the coverage of the intervals, between 0 and 1; got {level!r}")
    names, code = arm_codes(arm, control)
    other = treated if treated is not None or len(names) > 2 else names[1]
    if other is None or other not in names[1:]:
        raise AllocationError(
            f"name the treated arm that is compared with {control!r}: one of "
            + ", ".join(map(repr, names[1:]))
            + ("" if other is None else f"; got {other!r}")
        )
    if len(change) != len(code):
        raise PredictionsError(
            f"change must have one row for each of {len(code)} people; got {len(change)}"
        )
    rows = np.isin(code, (0, names.index(other)))
    group = (code[rows] > 0).astype("int8")
    where = None if strata is None else np.asarray(strata)[rows]
    ways = rearrange(group, where, draws, rng)
    told: dict[str, tuple[ArmChange, ArmChange, float, float, float, float]] = {}
    statistics: list[np.ndarray] = []
    left_out: dict[str, str] = {}
    for column in change.columns:
        x = change[column].to_numpy(dtype="float64", na_value=np.nan)[rows]
        reason = _unfit(x, group, (control, other), str(column))
        if reason is not None:
            left_out[str(column)] = reason
            continue
        told[str(column)] = _compare(x, group, level)
        statistics.append(np.abs(_welch(x, ways.arms)))
    if not told:
        return Engagement(control, other, (), left_out, ways.how)
    family = max_t(np.column_stack(statistics))
    lines = [
        MarkerEngagement(name, *parts, rearrangement_p(one, exact=ways.exact).p, float(corrected))
        for (name, parts), one, corrected in zip(told.items(), statistics, family, strict=True)
    ]
    return Engagement(control, other, tuple(lines), left_out, ways.how)


def _unfit(x: np.ndarray, group: np.ndarray, names: tuple[str, str], marker: str) -> str | None:
    infinite = int(np.isinf(x).sum())
    if infinite:
        raise PredictionsError(
            f"the change of {marker!r} is infinite in {infinite} of {len(x)} people; give NaN "
            "where it is not known"
        )
    for k, name in enumerate(names):
        seen = x[(group == k) & ~np.isnan(x)]
        if len(seen) < FEWEST_IN_ARM:
            return f"its change is known of {len(seen)} people in arm {name!r}"
        if np.ptp(seen) == 0:
            return f"its change is the same in everybody of arm {name!r}"
    return None


def _compare(
    x: np.ndarray, group: np.ndarray, level: float
) -> tuple[ArmChange, ArmChange, float, float, float, float]:
    arms, parts = [], []
    for k in (0, 1):
        seen = x[(group == k) & ~np.isnan(x)]
        variance = seen.var(ddof=1) / len(seen)
        half = student.ppf(0.5 + level / 2, len(seen) - 1) * np.sqrt(variance)
        mean = float(seen.mean())
        arms.append(ArmChange(len(seen), mean, float(mean - half), float(mean + half)))
        parts.append((variance, len(seen)))
    (v0, n0), (v1, n1) = parts
    df = (v0 + v1) ** 2 / (v0**2 / (n0 - 1) + v1**2 / (n1 - 1))
    gap = arms[1].mean - arms[0].mean
    half = float(student.ppf(0.5 + level / 2, df) * np.sqrt(v0 + v1))
    return arms[0], arms[1], gap, gap - half, gap + half, gap / float(np.sqrt(v0 * n0))


def _welch(x: np.ndarray, arms: np.ndarray) -> np.ndarray:
    """Welch's t in each rearrangement; NaN where an arm has fewer than two known changes."""
    seen = ~np.isnan(x)
    values = x[seen] - x[seen].mean()
    inside = (arms[:, seen] == 1).astype("float64")
    gap, variance = np.zeros(len(arms)), np.zeros(len(arms))
    with np.errstate(divide="ignore", invalid="ignore"):
        for sign, member in ((1, inside), (-1, 1 - inside)):
            n = member.sum(axis=1)
            mean = member @ values / n
            square = np.maximum(member @ values**2 - n * mean**2, 0)
            gap += sign * mean
            variance += np.where(n > 1, square / (n - 1) / n, np.nan)
        return gap / np.sqrt(variance)
