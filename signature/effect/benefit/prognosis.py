"""Whether features foretell the outcome, whatever the treatment, and whether a panel adds to it."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from signature.exceptions import PredictionsError
from signature.records.estimates import Estimate
from signature.validation.metrics import person_counts


@dataclass(frozen=True)
class Prognosis:
    """How much of the outcome's variance within arms held-out predictions explain.

    Shares are 1 at most, and below 0 where predictions are worse than the arm's mean; without an
    interval where too few draws of people had any variance to explain.

    Parameters
    ----------
    people : int
    baseline, panel : Estimate
        Predicted from what is known anyway, and with the panel.
    gain : Estimate
        The second less the first, from the same draws of people.
    """

    people: int
    baseline: Estimate
    panel: Estimate
    gain: Estimate

    @property
    def adds(self) -> bool:
        """Whether the gain's interval lies above 0."""
        return self.gain.low is not None and self.gain.low > 0


def prognosis(
    outcome: np.ndarray,
    arm: np.ndarray,
    baseline: np.ndarray,
    panel: np.ndarray,
    rng: np.random.Generator,
    *,
    weight: np.ndarray | None = None,
    folds: int | None = None,
    draws: int = 1000,
    level: float = 0.95,
) -> Prognosis:
    """Measure two held-out predictions of the outcome within arms, one row per person.

    Parameters
    ----------
    outcome : ndarray of shape (n,)
        Continuous, or 0/1.
    arm : ndarray of shape (n,)
        In which the person was. Outcome and predictions are taken from their means in the arm, so
        that an effect of treatment neither helps nor harms.
    baseline, panel : ndarray of shape (n,)
        Held-out predictions of the outcome, made without the arm.
    rng : Generator
    weight : ndarray of shape (n,), optional
        Of the row, as for missing outcomes.
    folds : int, optional
        Of the cross-validation that the predictions are from: as held-out people train the other
        folds' models, draws are widened by √(folds / (folds − 1)) (after Nadeau and Bengio 2003).
    draws : int
        Bootstrap draws of people within arms.
    level : float
        Coverage of intervals.

    Returns
    -------
    Prognosis

    Raises
    ------
    PredictionsError
        When a number is missing, or the outcome does not vary within arms.

    Notes
    -----
    For an event the share is that of the Brier score's reference that is explained. A panel that
    adds nothing lowers it on held-out people, so that an interval above 0 is rarer than its level
    says.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x, arm = rng.normal(size=(400, 2)), np.arange(400) % 2
    >>> found = prognosis(x.sum(axis=1) + 5 * arm, arm, x[:, 0], x.sum(axis=1), rng)
    >>> round(found.baseline.value, 1), round(found.panel.value, 1), found.adds
    (0.5, 1.0, True)
    """
    columns = [np.asarray(c, dtype="float64") for c in (outcome, baseline, panel)]
    codes = np.unique(np.asarray(arm), return_inverse=True)[1]
    if len({len(c) for c in columns} | {len(codes)}) != 1 or not np.isfinite(columns).all():
        raise PredictionsError(
            "outcome, arm and both predictions must have one finite number per person; got "
            f"{[len(c) for c in columns]} and {len(codes)}, "
            f"{int((~np.isfinite(np.concatenate(columns))).sum())} of them not finite"
        )
    n = len(codes)
    own = np.ones(n) if weight is None else np.asarray(weight, dtype="float64")
    counts = person_counts(np.arange(n), codes.astype(str), draws, rng)
    weights = np.vstack([np.ones(n), counts]) * own
    y, low, high = (_centred(c, codes, weights) for c in columns)
    spread = (weights * y**2).sum(axis=1)
    if spread[0] <= 0:
        raise PredictionsError("the outcome does not vary within arms; nothing can be foretold")
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = [1 - (weights * (y - p) ** 2).sum(axis=1) / spread for p in (low, high)]
    factor = 1.0 if folds is None else sqrt(folds / (folds - 1))
    alone, both, gain = (
        _explained(s, factor, level) for s in (shares[0], shares[1], shares[1] - shares[0])
    )
    return Prognosis(n, alone, both, gain)


def _centred(values: np.ndarray, codes: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Values less the weighted mean of their arm, for every weighting."""
    inside = (codes[:, None] == np.arange(codes.max() + 1)).astype("float64")
    with np.errstate(invalid="ignore", divide="ignore"):
        means = ((weights * values) @ inside) / (weights @ inside)
    return np.asarray(values - means[:, codes])


def _explained(drawn: np.ndarray, factor: float, level: float) -> Estimate:
    value, draws = float(drawn[0]), drawn[1:][np.isfinite(drawn[1:])]
    if len(draws) < 100:
        return Estimate(value=value)
    half = (1 - level) / 2
    # about the estimate, so that widening does not shift
    low, high = value + factor * (np.quantile(draws, [half, 1 - half]) - value)
    return Estimate(value=value, low=float(low), high=float(high))
