"""C-for-benefit: do pairs with the higher predicted benefit have the higher observed one.

Nobody's benefit is observed, so each treated person is matched with a control of about the same
predicted benefit, and the pair's benefit is the difference of their outcomes. The index is the
share of two pairs, of unlike observed benefit, that predictions order rightly (van Klaveren,
Steyerberg, Serruys and Kent 2018).

Its limits, which reports should say. A single outcome on either side makes observed benefit mostly
noise, so even exact predictions stay near 0.5, and values of two studies do not compare. Pairs are
alike in predicted benefit alone; where outcomes are events and risk differs between pairs, it can
leave 0.5 without any heterogeneity, and poor calibration does not show. It depends on the matching.
AUTOC answers the question better; this is for comparison with the literature.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import kendalltau

from signature.effect.trial.estimate import estimate
from signature.effect.trial.half_draws import half_samples
from signature.exceptions import AllocationError, OutcomeError, PredictionsError
from signature.records.estimates import EffectEstimate
from signature.validation._held_out import as_scores, person_codes

_FEW = 60
"""Pairs up to which counting all pairs of pairs is the faster way."""


@dataclass(frozen=True)
class CForBenefit:
    """A c-for-benefit.

    Parameters
    ----------
    c : EffectEstimate
        1 when all is ordered rightly, 0.5 by chance; p is of 0.5. Undefined when all pairs have
        the same observed benefit.
    pairs : int
        People of the smaller arm.
    """

    c: EffectEstimate
    pairs: int


def c_for_benefit(
    outcome: np.ndarray,
    treated: np.ndarray,
    predicted: np.ndarray,
    rng: np.random.Generator,
    *,
    higher_is_better: bool,
    draws: int = 500,
    level: float = 0.95,
) -> CForBenefit:
    """Measure it on two arms of one allocation ratio, one row per person.

    Parameters
    ----------
    outcome : ndarray of shape (n,)
    treated : ndarray of bool, shape (n,)
        True in the arm of interest, False in the control.
    predicted : ndarray of shape (n,)
        Held-out benefit; positive where treatment does better.
    rng : Generator
        Breaks ties of the matching, and draws halves.
    higher_is_better : bool
        Whether a higher outcome is the better one.
    draws : int
        Number of half-samples, matched anew, whose spread is the standard error.
    level : float
        Coverage of the interval.

    Returns
    -------
    CForBenefit

    Raises
    ------
    OutcomeError, PredictionsError, AllocationError
        When outcomes or predictions are missing, or an arm has fewer than four people.

    Notes
    -----
    Both arms are ordered by predicted benefit and matched rank by rank; of a larger arm people at
    evenly spaced ranks are taken, where the original takes them at random and the result depends on
    the draw. A pair's predicted benefit is the average of both.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x, treated = rng.normal(size=400), np.arange(400) % 2 == 1
    >>> y = x * treated + 0.5 * rng.normal(size=400)
    >>> found = c_for_benefit(y, treated, x, rng, higher_is_better=True)
    >>> round(found.c.value, 1), found.c.low > 0.6, found.pairs
    (0.8, True, 200)
    """
    y = np.asarray(outcome, dtype="float64")
    if y.ndim != 1 or not len(y) or not np.isfinite(y).all():
        raise OutcomeError(
            f"the outcome must be one finite value per row; got shape {y.shape} with "
            f"{int((~np.isfinite(y)).sum())} missing or infinite"
        )
    s, arm = as_scores(predicted, len(y), "the predicted benefit"), np.asarray(treated)
    if arm.shape != y.shape or arm.dtype != bool:
        raise PredictionsError(
            f"treated must be True or False for each of {len(y)} rows; got {arm.dtype} of shape "
            f"{arm.shape}"
        )
    pairs = int(min(arm.sum(), (~arm).sum()))
    if pairs < 4:
        raise AllocationError(
            f"c-for-benefit needs four or more people in each arm; one has {pairs}. Leave it out"
        )
    # order is by chance among equal predictions, whatever the rows were sorted by
    order = rng.permutation(len(y))
    order = order[np.argsort(s[order], kind="stable")]
    s, arm, y = s[order], arm[order], y[order] if higher_is_better else -y[order]
    value = _concordance(y, arm, s)
    chosen, df = half_samples(person_codes(None, len(y)), arm, draws, rng)
    halves = np.array([_concordance(y[half], arm[half], s[half]) for half in chosen])
    known = halves[np.isfinite(halves)]
    error = float(known.std(ddof=1)) if len(known) > draws / 2 and draws > 1 else np.nan
    return CForBenefit(estimate(value, error, df=df, null=0.5, level=level), pairs)


def _concordance(benefit: np.ndarray, arm: np.ndarray, predicted: np.ndarray) -> float:
    """C of rows that are ordered by prediction."""
    sides = np.flatnonzero(arm), np.flatnonzero(~arm)
    n = min(map(len, sides))
    first, second = (side[((np.arange(n) + 0.5) * len(side) / n).astype(int)] for side in sides)
    observed = benefit[first] - benefit[second]
    # as published, but for rounding that would untie equal pairs
    promised = np.round((predicted[first] + predicted[second]) / 2, 12)
    unlike, told = _untied(np.round(observed, 12)), _untied(promised)
    if unlike == 0:
        return float("nan")
    if told == 0:
        return 0.5
    return 0.5 + 0.5 * _agreement(promised, np.round(observed, 12)) / unlike


def _agreement(first: np.ndarray, second: np.ndarray) -> float:
    """Count the pairs ordered alike, less those ordered the other way."""
    if len(first) <= _FEW:
        of_first, of_second = (np.sign(np.subtract.outer(v, v)) for v in (first, second))
        return float((of_first * of_second).sum() / 2)
    tau = kendalltau(first, second, method="asymptotic").statistic
    return float(tau * np.sqrt(_untied(first) * _untied(second)))


def _untied(values: np.ndarray) -> float:
    """Count the pairs of unlike values."""
    counts = np.unique(values, return_counts=True)[1].astype("float64")
    return (len(values) ** 2 - float(counts @ counts)) / 2
