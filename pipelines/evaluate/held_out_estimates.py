"""Calibration, decision curve and pooled sites of the procedure on held-out rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from signature.exceptions import OutcomeError
from signature.records.estimates import (
    CalibrationRecord,
    DecisionCurve,
    Estimate,
    PooledSites,
    SiteEstimate,
)
from signature.validation.brier_parts import brier_parts, scaled_brier
from signature.validation.calibration_curve import (
    calibration_curve,
    calibration_errors,
    ici_when_calibrated,
)
from signature.validation.delong import delong
from signature.validation.draws import Shape, estimate_of_draws
from signature.validation.net_benefit import (
    gain_over_defaults,
    net_benefit,
    net_benefit_of_all,
)
from signature.validation.pooled_auroc import pool_auroc

THRESHOLDS = np.arange(0.02, 0.981, 0.02).round(2)
"""Of the decision curve."""

CURVE_DRAWS = 400
"""Bootstrap draws of the smooth curve's band, which is the dearest of all."""

NOISE_DRAWS = 500
"""Outcomes drawn to say what a perfectly calibrated model would show."""

CURVE_POINTS = 25


@dataclass(frozen=True, eq=False)
class WeightedPredictions:
    """One candidate's predictions, repeat by repeat, under every weighting.

    Parameters
    ----------
    parts : list of (outcome, probability, weights)
        One per repeat; weights are (n_draws + 1, n), and the first line is the data as they are.
    shares : ndarray of shape (n_draws + 1, n_repeats)
        Of each repeat in each draw.
    overlap : float
        As `overlap` gives it; 1 for people who helped to train no model.
    """

    parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]]
    shares: np.ndarray
    overlap: float = 1.0

    def averaged(
        self,
        measure: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray],
        draws: int | None = None,
    ) -> np.ndarray:
        """Average what is measured over repeats, by draw, and widen the draws by the overlap.

        Parameters
        ----------
        measure : callable
            From outcome, probability and weights to (n_draws + 1, …).
        draws : int, optional
            Only the first so many.
        """
        upto = None if draws is None else draws + 1
        shares = self.shares[:upto]
        total = sum(
            np.einsum("d,d...->d...", shares[:, i], measure(y, p, w[:upto]))
            for i, (y, p, w) in enumerate(self.parts)
        )
        return widened(np.asarray(total), self.overlap)

    def mean_where_defined(self, by_repeat: Sequence[np.ndarray]) -> np.ndarray:
        """Average over repeats, by draw, what is defined; shape (n_draws + 1,), not widened."""
        return mean_where_defined(np.stack(by_repeat), self.shares.T)


def mean_where_defined(parts: np.ndarray, shares: np.ndarray | None = None) -> np.ndarray:
    """Weighted mean over the first axis, of what is defined."""
    shares = np.ones(parts.shape) if shares is None else shares
    defined = np.isfinite(parts)
    total = np.where(defined, parts * shares, 0).sum(axis=0)
    count = np.where(defined, shares, 0).sum(axis=0)
    return np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)


def calibration_record(
    held_out: WeightedPredictions, rng: np.random.Generator
) -> CalibrationRecord | None:
    """Measure calibration; None where all rows have the same probability or outcome.

    Parameters
    ----------
    held_out : WeightedPredictions
        Of the procedure.
    rng : Generator
        For what noise alone would give.
    """
    y, p, _ = held_out.parts[0]
    if np.ptp(p) < 1e-9 or np.ptp(y) == 0:
        return None
    one = [(y, p, np.ones((1, len(y)))) for y, p, _ in held_out.parts]
    errors = [calibration_errors(*part) for part in one]
    noise = ici_when_calibrated(p, np.ones(len(p)), draws=NOISE_DRAWS, rng=rng)
    noise = noise[np.isfinite(noise)]
    ici = _mean([float(e.ici[0]) for e in errors])
    known = ici is not None and len(noise) > 0
    murphy = [brier_parts(*part) for part in one]
    # read the curve where people are, not at the last one on either side
    low, high = np.quantile(p, [0.025, 0.975])
    at = np.linspace(low, high, CURVE_POINTS)
    curve = held_out.averaged(lambda y, p, w: calibration_curve(y, p, w, at), CURVE_DRAWS)
    curve = np.clip(curve, 0, 1)
    return CalibrationRecord(
        ici=ici,
        e50=_mean([float(e.e50[0]) for e in errors]),
        e90=_mean([float(e.e90[0]) for e in errors]),
        expected=float(np.median(noise)) if known else None,
        expected_high=float(np.quantile(noise, 0.95)) if known else None,
        p_value=float((1 + (noise >= ici).sum()) / (1 + len(noise))) if known else None,
        reliability=float(np.mean([m.reliability[0] for m in murphy])),
        resolution=float(np.mean([m.resolution[0] for m in murphy])),
        uncertainty=float(np.mean([m.uncertainty[0] for m in murphy])),
        scaled_brier=estimate_of_draws(held_out.averaged(scaled_brier)),
        at=at.tolist(),
        curve=[estimate_of_draws(values) for values in curve.T],
    )


def decision_curve(procedure: WeightedPredictions, reference: WeightedPredictions) -> DecisionCurve:
    """Net benefit of both, of treating everybody, and the differences from the same draws."""
    own, other = (
        h.averaged(lambda y, p, w: net_benefit(y, p, w, THRESHOLDS)) for h in (procedure, reference)
    )
    everybody = procedure.averaged(lambda y, p, w: net_benefit_of_all(y, w, THRESHOLDS))
    gain = procedure.averaged(lambda y, p, w: gain_over_defaults(y, p, w, THRESHOLDS))

    def by_threshold(values: np.ndarray) -> list[Estimate]:
        return [estimate_of_draws(column) for column in values.T]

    return DecisionCurve(
        thresholds=THRESHOLDS.tolist(),
        procedure=by_threshold(own),
        reference=by_threshold(other),
        everybody=by_threshold(everybody),
        over_defaults=by_threshold(gain),
        over_reference=by_threshold(own - other),
    )


def pooled_sites(own: pd.DataFrame) -> PooledSites | None:
    """Pool the procedure's AUROC over sites that were held out one by one.

    Parameters
    ----------
    own : DataFrame
        Its lines of the predictions table.

    Returns
    -------
    PooledSites or None
        None unless there are two folds or more and each is a whole site.
    """
    one = own[own["repeat"] == own["repeat"].min()]
    whole = (one.groupby("fold")["site"].nunique() == 1).all()
    if not whole or one["fold"].nunique() != one["site"].nunique() or one["fold"].nunique() < 2:
        return None
    sites, areas, errors = [], [], []
    for site, part in own.groupby("site", sort=True):
        found = [_delong(repeat) for _, repeat in part.groupby("repeat")]
        area, error = (float(np.mean(values)) for values in zip(*found, strict=True))
        first = part[part["repeat"] == part["repeat"].min()]
        sites.append((str(site), len(first), int(first["outcome"].sum())))
        areas.append(area)
        errors.append(error)
    names = [name for name, _, _ in sites]
    pooled = pool_auroc(names, areas, errors)
    alone = [pool_auroc([n], [a], [e]) for n, a, e in zip(names, areas, errors, strict=True)]
    logit = pooled.logit
    return PooledSites(
        sites=[
            SiteEstimate(
                site=name,
                n=n,
                events=events,
                auroc=Estimate(
                    value=None if np.isnan(area) else area, low=single.low, high=single.high
                ),
            )
            for (name, n, events), area, single in zip(sites, areas, alone, strict=True)
        ],
        left_out=pooled.left_out,
        auroc=Estimate(value=pooled.value, low=pooled.low, high=pooled.high),
        prediction=Estimate(
            value=pooled.value, low=pooled.prediction_low, high=pooled.prediction_high
        ),
        tau2=logit.tau2 if logit else None,
        i2=logit.i2 if logit else None,
    )


def _delong(part: pd.DataFrame) -> tuple[float, float]:
    """AUROC of one held-out set and its standard error, by person."""
    try:
        found = delong(
            part["outcome"].to_numpy(), part["probability"].to_numpy(), part["person"].to_numpy()
        )
    except OutcomeError:
        return np.nan, np.nan
    return found.value, float(np.sqrt(found.variance))


SHAPES: dict[str, Shape] = {
    "auroc": "log-odds",
    "auprc": "log-odds",
    "calibration_slope": "centred",
    "calibration_intercept": "centred",
}
"""Of metrics whose draws are skewed away from the truth or biased; all others: percentiles."""


def overlap(folds: int) -> float:
    """How much wider draws must be because the held-out people trained the other folds' models.

    Drawing people with the models held fixed says how these models would do with other people to
    test. That the same people shaped the models, it does not see. The mean of K independent folds
    has 1/K of their variance; Nadeau and Bengio (2003) give it n_test / n_train, which is
    1/(K − 1), however many repeats there are. The spread grows by √(K / (K − 1)).

    Parameters
    ----------
    folds : int
        Of a repeat, each of which tests what the others train on; 1 where nobody does both.

    Examples
    --------
    >>> round(overlap(5), 3), overlap(1)
    (1.118, 1.0)
    """
    return sqrt(folds / (folds - 1)) if folds > 1 else 1.0


def widened(values: np.ndarray, times: float) -> np.ndarray:
    """Move draws away from the first value, which stays, by a factor."""
    return values if times == 1 else values[:1] + times * (values - values[:1])


def widened_shares(values: np.ndarray, times: float) -> np.ndarray:
    """Move draws of a share away from the first value by a factor, on the log-odds.

    There a share stays between 0 and 1. A value of 0 or 1 has no log-odds; draws are moved as they
    are then, up to 0 and 1.

    Parameters
    ----------
    values : ndarray of shape (n_draws + 1,)
        From 0 to 1, or NaN where undefined; the first one stays.
    times : float
        As `overlap` gives it.

    Examples
    --------
    >>> widened_shares(np.array([0.5, 0.8, 0.2, 1.0]), 2.0).round(3)
    array([0.5  , 0.941, 0.059, 1.   ])
    """
    if times == 1:
        return values
    if not 0 < values[0] < 1:
        return np.clip(widened(values, times), 0, 1)
    moved: np.ndarray = expit(widened(logit(values), times))
    moved[0] = values[0]
    return moved


def estimates(measured: dict[str, np.ndarray]) -> dict[str, Estimate]:
    """Estimate every metric of one candidate, each with an interval of its own shape."""
    return {m: estimate_of_draws(v, SHAPES.get(m, "percentile")) for m, v in measured.items()}


def _mean(values: list[float]) -> float | None:
    known = [v for v in values if np.isfinite(v)]
    return float(np.mean(known)) if known else None
