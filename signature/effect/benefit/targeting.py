"""How well a ranking by predicted benefit finds it: AUTOC, Qini and the curve, with intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from signature.effect.benefit.targeting_curve import autoc, qini, toc
from signature.effect.trial.estimate import estimate
from signature.effect.trial.half_draws import half_samples
from signature.effect.trial.rows import as_weight
from signature.records.estimates import EffectEstimate
from signature.validation._held_out import as_scores, fold_codes, person_codes

_DRAWS_AT_ONCE = 100
"""Draws worked on together: few enough to keep memory small."""

SHARES = tuple(round(0.1 * tenth, 1) for tenth in range(1, 11))


@dataclass(frozen=True)
class Targeting:
    """How well a ranking finds benefit.

    Parameters
    ----------
    autoc, qini : EffectEstimate
        In units of the outcome; above 0 when those ranked first benefit more.
    shares : tuple of float
        Of the people treated, at which the curve is given.
    toc : tuple of EffectEstimate
        Average benefit of those ranked first, less that of all. Intervals are for one share each,
        named beforehand. At a share of 1 it is 0.
    people : int
    """

    autoc: EffectEstimate
    qini: EffectEstimate
    shares: tuple[float, ...]
    toc: tuple[EffectEstimate, ...]
    people: int


def targeting(
    benefit: np.ndarray,
    priority: np.ndarray,
    rng: np.random.Generator,
    *,
    arm: np.ndarray | None = None,
    person: np.ndarray | None = None,
    fold: np.ndarray | None = None,
    weight: np.ndarray | None = None,
    shares: tuple[float, ...] = SHARES,
    draws: int = 2000,
    level: float = 0.95,
) -> Targeting:
    """Measure a ranking, with intervals from half-samples of people.

    Parameters
    ----------
    benefit, priority
        As of `signature.effect.benefit.targeting_curve.autoc`.
    rng : Generator
    arm : ndarray of shape (n,), optional
        In which the person was; halves then have half of each arm, as a trial fixes their sizes.
    person : ndarray of shape (n,), optional
        Whose row it is; left out, every row is a person.
    fold : ndarray of shape (n,), optional
        Held-out fold of the row. Models of several folds rank on scales of their own, so people
        are ranked within each, and folds averaged by their weight. Left out, all are ranked
        together, as by one model on people who were all held out.
    weight : ndarray of shape (n,), optional
        Of the row.
    shares : tuple of float
        At which to give the TOC.
    draws : int
        Number of half-samples.
    level : float
        Coverage of intervals.

    Returns
    -------
    Targeting
        Standard errors are the spread over half-samples drawn without replacement, which is that
        of the estimate itself; interval and p are of a t distribution with as many degrees of
        freedom as there are people less arms.

    Raises
    ------
    PredictionsError, ValueError
        When benefit, priority, arms, persons or folds do not fit, or a share is out of its range.

    Notes
    -----
    p and intervals are for rankings fixed before these outcomes were seen. With cross-fitted
    rankings each model saw the others' outcomes, which makes the folds depend on each other.

    Score benefit with held-out outcome predictions. Without them prognosis stays in the scores, and
    where the ranking is prognostic the few ranked first decide the AUTOC: with 300 people in arms
    of 3 to 1 and nothing to find, 8 % of trials then claimed benefit at a two-sided p below 5 %,
    against 2 % with predictions.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> priority = rng.normal(size=500)
    >>> found = targeting(priority + rng.normal(size=500), priority, rng)
    >>> bool(found.autoc.low > 0.5), bool(found.qini.low > 0.2)
    (True, True)
    """
    b = as_scores(benefit, len(benefit), "the benefit")
    s, w = as_scores(priority, len(b), "the priority"), as_weight(weight, len(b))
    part = fold_codes(fold, len(b))
    code, at = person_codes(person, len(b)), np.array(shares)

    def measure(weights: np.ndarray) -> np.ndarray:
        columns = []
        for members in (np.flatnonzero(part == k) for k in np.unique(part)):
            of = (b[members], s[members], weights[:, members])
            columns.append(np.column_stack([autoc(*of), qini(*of), toc(*of, at)]))
        mass = np.stack([weights[:, part == k].sum(axis=1) for k in np.unique(part)])
        values = np.where(mass[..., None] > 0, np.stack(columns), 0.0)
        with np.errstate(invalid="ignore"):  # a half of which nobody has a weight is undefined
            return (mass[..., None] * values).sum(axis=0) / mass.sum(axis=0)[:, None]

    plain = measure(w[None])[0]
    counts, df = half_samples(code, arm, draws, rng)
    starts = range(0, draws, _DRAWS_AT_ONCE)
    parts = [measure(w * counts[i : i + _DRAWS_AT_ONCE]) for i in starts]
    errors = np.concatenate(parts).std(axis=0, ddof=1)
    # equal benefits leave rounding alone
    errors[errors <= 1e-12 * (1 + np.abs(b).max())] = 0
    found = [
        estimate(float(v), float(se), df=df, level=level)
        for v, se in zip(plain, errors, strict=True)
    ]
    return Targeting(found[0], found[1], tuple(shares), tuple(found[2:]), int(code.max()) + 1)
