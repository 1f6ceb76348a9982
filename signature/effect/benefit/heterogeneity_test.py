"""Does a ranking find benefit at all: AUTOC or Qini against trials with the arms dealt anew.

If the benefit is the same for everybody, each person's outcome under the other arm is known up to
that one number, and the trial can be repeated on paper: deal the arms again as the design did and
see how often the ranking does as well. That keeps its level where an interval from a normal
distribution does not: at small n, at uneven ratios, and where the ranking is prognostic.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from signature.effect.trial.aipw import arm_scores, benefit_scores
from signature.effect.trial.estimate import as_weight, person_codes
from signature.exceptions import AllocationError
from signature.validation._held_out import as_scores

Measure = Literal["autoc", "qini"]


@dataclass(frozen=True)
class HeterogeneityTest:
    """A test of one benefit for all against a larger one for those ranked first.

    Parameters
    ----------
    measure : {"autoc", "qini"}
    statistic : float or None
        The measure over its standard error; None where scores or ranks have no spread.
    p : float
        One-sided; 1 where there is no statistic.
    permutations : int
    """

    measure: Measure
    statistic: float | None
    p: float
    permutations: int


def heterogeneity_test(
    outcome: np.ndarray,
    arm: np.ndarray,
    allocation: np.ndarray,
    priority: np.ndarray,
    rng: np.random.Generator,
    *,
    higher_is_better: bool,
    predicted: np.ndarray | None = None,
    treated: int = 1,
    control: int = 0,
    stratum: np.ndarray | None = None,
    fold: np.ndarray | None = None,
    weight: np.ndarray | None = None,
    measure: Measure = "autoc",
    permutations: int = 999,
) -> HeterogeneityTest:
    """Test whether those ranked first benefit more, one row per person.

    Parameters
    ----------
    outcome, arm, allocation, predicted, weight
        As of `signature.effect.trial.aipw.arm_scores`.
    priority : ndarray of shape (n,)
        Who is treated first: higher is earlier, as of
        `signature.effect.benefit.targeting_curve.autoc`.
    rng : Generator
    higher_is_better : bool
        Whether a higher outcome is the better one.
    treated, control : int
        Arms that are compared; people of other arms keep theirs.
    stratum : ndarray of shape (n,), optional
        Within which the trial dealt its arms; probabilities are the same in all of one.
    fold : ndarray of shape (n,), optional
        Held-out fold, within which people are ranked.
    measure : {"autoc", "qini"}
        Named beforehand.
    permutations : int
        Of the arms within strata.

    Returns
    -------
    HeterogeneityTest
        p is the share of deals, the real one among them, that reach the real one. Statistics are
        over their own errors, which keeps the level approximately if arms differ in spread too.

    Raises
    ------
    AllocationError
        When arms and probabilities do not fit, or probabilities differ within a stratum.
    OutcomeError, PredictionsError
        When outcomes, predictions, ranks or weights do not fit.
    ValueError
        When there is no such measure, or no permutation.

    Notes
    -----
    Priorities and predictions stay as they are, as if made on other people. For cross-fitted ones,
    which other folds' outcomes made, the arms must be dealt anew before the whole pipeline is.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x, arm = rng.normal(size=200), rng.permutation(np.arange(200) % 2)
    >>> found = heterogeneity_test(
    ...     x * arm + rng.normal(size=200), arm, np.array([0.5, 0.5]), x, rng, higher_is_better=True
    ... )
    >>> found.p
    0.001
    """
    if measure not in get_args(Measure) or permutations < 1:
        raise ValueError(
            f"measure must be one of {', '.join(get_args(Measure))} and permutations 1 or more; "
            f"got {measure!r} and {permutations!r}"
        )

    def benefit_if(y: np.ndarray, dealt: np.ndarray) -> np.ndarray:
        scores = arm_scores(y, dealt, allocation, predicted, weight=weight)
        return benefit_scores(scores, treated, control, higher_is_better=higher_is_better)

    benefit = benefit_if(outcome, arm)
    y, dealt, n = np.asarray(outcome, dtype="float64"), np.array(arm), len(benefit)
    w, s = as_weight(weight, n), as_scores(priority, n, "the priority")
    part = np.zeros(n, dtype=int) if fold is None else person_codes(fold, n)
    pull = np.zeros(n)
    for k in np.unique(part[w > 0]):
        rows = part == k
        pull[rows] = _pull(s[rows], w[rows], measure) * w[rows] / w.sum()
    decks = _decks(dealt, np.asarray(allocation), stratum, (treated, control))
    sign = 1.0 if higher_is_better else -1.0
    effect = sign * float(w @ benefit) / w.sum()
    untreated = y - effect * (dealt == treated)
    real = _over_its_error(pull, benefit)
    if real is None:
        return HeterogeneityTest(measure, None, 1.0, permutations)
    reached = 1
    for _ in range(permutations):
        for deck in decks:
            dealt[deck] = rng.permutation(dealt[deck])
        again = _over_its_error(pull, benefit_if(untreated + effect * (dealt == treated), dealt))
        # rounding must not make the same deal look smaller
        reached += again is None or again >= real - 1e-9
    return HeterogeneityTest(measure, real, reached / (permutations + 1), permutations)


def _pull(priority: np.ndarray, weight: np.ndarray, measure: Measure) -> np.ndarray:
    """Find what a unit of benefit adds to the measure, per share of weight: a matter of ranks."""
    values, at = np.unique(-priority, return_inverse=True)
    own = np.bincount(at, weights=weight, minlength=len(values)) / weight.sum()
    before = np.cumsum(own) - own
    if measure == "qini":
        return (0.5 - before - own / 2)[at]
    reach = np.log1p(np.divide(own, before, out=np.zeros_like(own), where=before > 0))
    later = np.cumsum(reach[::-1])[::-1] - reach
    thinned = np.divide(before * reach, own, out=np.ones_like(own), where=own > 0)
    return (later - thinned)[at]


def _over_its_error(pull: np.ndarray, benefit: np.ndarray) -> float | None:
    parts = pull * (benefit - benefit.mean())
    error = float(np.sqrt(parts @ parts))
    if error <= 1e-12 * (1 + float(np.abs(benefit).max())):
        return None
    return float(pull @ benefit) / error


def _decks(
    arm: np.ndarray,
    allocation: np.ndarray,
    stratum: np.ndarray | None,
    compared: tuple[int, int],
) -> list[np.ndarray]:
    """People among whom the arms are dealt, by stratum."""
    n = len(arm)
    code = np.zeros(n, dtype=int) if stratum is None else person_codes(stratum, n)
    decks = [np.flatnonzero((code == k) & np.isin(arm, compared)) for k in np.unique(code)]
    if allocation.ndim == 2 and any(
        len(deck) and np.ptp(allocation[deck], axis=0).max() > 1e-9 for deck in decks
    ):
        raise AllocationError(
            "allocation probabilities differ among people whose arms would be dealt together; name "
            "the strata within which the trial allocated"
        )
    return decks
