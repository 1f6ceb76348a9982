"""Unknown outcomes drawn many times from what baseline features tell, and estimates pooled."""

from __future__ import annotations

from math import inf

import numpy as np
from scipy.special import expit
from sklearn.linear_model import BayesianRidge, LogisticRegression

from signature.effect.trial.estimate import estimate
from signature.exceptions import OutcomeError
from signature.records.estimates import EffectEstimate

IMPUTATIONS = 20


def imputed_outcomes(
    outcome: np.ndarray,
    code: np.ndarray,
    baseline: np.ndarray,
    *,
    binary: bool,
    rng: np.random.Generator,
    m: int = IMPUTATIONS,
) -> np.ndarray:
    """Draw unknown outcomes from the posterior predictive distribution in the person's arm.

    Arms are modelled apart, so that an imputation assumes neither that treatment works nor that it
    works alike in all (Sullivan 2018). Continuous: Bayesian ridge regression with the error
    variance drawn. Binary: ridge-penalised logistic regression with coefficients drawn from the
    normal approximation at its mode; of an arm with one class only, a common probability from
    Jeffreys' posterior.

    Parameters
    ----------
    outcome : ndarray of shape (n,)
        NaN where unknown.
    code : ndarray of int, shape (n,)
        Arm of each person.
    baseline : ndarray of shape (n, k)
        Standardised features without gaps.
    binary : bool
        Whether the outcome is 0/1.
    rng : Generator
    m : int
        Number of imputations.

    Returns
    -------
    ndarray of shape (m, n)
        Known outcomes are the same in every row. Right where outcomes are missing at random given
        arm and features.

    Raises
    ------
    OutcomeError
        When an arm has fewer than three known outcomes.

    Examples
    --------
    >>> y = np.array([1.0, 2.0, 3.0, np.nan])
    >>> drawn = imputed_outcomes(y, np.zeros(4, dtype=int), np.zeros((4, 1)), binary=False,
    ...                          rng=np.random.default_rng(0), m=3)
    >>> drawn.shape, drawn[:, 0].tolist()
    ((3, 4), [1.0, 1.0, 1.0])
    """
    drawn = np.repeat(np.asarray(outcome, dtype="float64")[None], m, axis=0)
    lost = np.isnan(outcome)
    for arm in np.unique(code[lost]):
        train, test = (code == arm) & ~lost, (code == arm) & lost
        if train.sum() < 3:
            raise OutcomeError(
                f"imputing needs 3 known outcomes or more in an arm; arm number {arm} has "
                f"{int(train.sum())}. Leave the arm out"
            )
        draw = _draw_binary if binary else _draw_continuous
        drawn[:, test] = draw(baseline[train], outcome[train], baseline[test], m, rng)
    return drawn


def pooled(
    estimates: np.ndarray,
    variances: np.ndarray,
    *,
    df: float = inf,
    null: float = 0.0,
    level: float = 0.95,
) -> EffectEstimate:
    """Pool estimates from imputed data by Rubin's (1987) rules.

    Parameters
    ----------
    estimates, variances : ndarray of shape (m,)
        Of each imputation; a variance is the square of a standard error.
    df : float
        Degrees of freedom that there would be if nothing were missing; the interval takes those of
        Barnard and Rubin (1999).
    null : float
        What no effect would give.
    level : float
        Coverage of the interval.

    Returns
    -------
    EffectEstimate

    Raises
    ------
    ValueError
        When there are fewer than two, not as many of both, or a variance is negative.

    Examples
    --------
    >>> found = pooled(np.array([1.0, 2.0, 3.0]), np.array([0.5, 0.5, 0.5]))
    >>> found.value, round(found.standard_error**2, 4)  # 0.5 + (1 + 1/3) · 1
    (2.0, 1.8333)
    """
    q, u = np.asarray(estimates, dtype="float64"), np.asarray(variances, dtype="float64")
    if q.ndim != 1 or q.shape != u.shape or len(q) < 2 or (u < 0).any():
        raise ValueError(
            "expected two or more estimates and a variance of 0 or more for each; got shapes "
            f"{q.shape} and {u.shape}"
        )
    m = len(q)
    within, between = float(u.mean()), float(q.var(ddof=1))
    total = within + (1 + 1 / m) * between
    share = (1 + 1 / m) * between / total if total > 0 else 0.0
    freedom = df
    if share > 0:
        between_df = (m - 1) / share**2
        observed_df = df if df == inf else (df + 1) / (df + 3) * df * (1 - share)
        # harmonic sum; the second term vanishes without a limit to the complete data's
        freedom = 1 / (1 / between_df + (0.0 if observed_df == inf else 1 / observed_df))
    return estimate(float(q.mean()), total**0.5, df=freedom, null=null, level=level)


def _draw_continuous(
    X: np.ndarray, y: np.ndarray, at: np.ndarray, m: int, rng: np.random.Generator
) -> np.ndarray:
    n, k = X.shape
    middle = X.mean(axis=0)
    if k and y.std() > 0:
        model = BayesianRidge().fit(X, y)
        coefficients, spread, variance = model.coef_, model.sigma_, 1 / model.alpha_
    else:
        coefficients, spread, variance = np.zeros(k), np.zeros((k, k)), float(y.var(ddof=1))
    out = np.empty((m, len(at)))
    for i in range(m):
        inflation = (n - 1) / rng.chisquare(n - 1)
        sd = np.sqrt(variance * inflation)
        slope = coefficients + np.sqrt(inflation) * _normal(spread, rng)
        level = y.mean() + sd / np.sqrt(n) * rng.standard_normal()
        out[i] = level + (at - middle) @ slope + sd * rng.standard_normal(len(at))
    return out


def _draw_binary(
    X: np.ndarray, y: np.ndarray, at: np.ndarray, m: int, rng: np.random.Generator
) -> np.ndarray:
    if not X.shape[1] or len(np.unique(y)) < 2:
        chance = rng.beta(y.sum() + 0.5, len(y) - y.sum() + 0.5, size=(m, 1))
        return (rng.random((m, len(at))) < chance).astype("float64")
    model = LogisticRegression(C=1.0, max_iter=1000).fit(X, y)
    mode = np.append(model.coef_[0], model.intercept_)
    one = np.column_stack([X, np.ones(len(X))])
    p = expit(one @ mode)
    # the penalty is the precision of a standard normal prior, the intercept has none
    prior = np.diag(np.append(np.ones(X.shape[1]), 0.0))
    precision = (one * (p * (1 - p))[:, None]).T @ one + prior
    spread = np.linalg.inv(precision)
    coefficients = mode + np.stack([_normal(spread, rng) for _ in range(m)])
    chance = expit(coefficients @ np.column_stack([at, np.ones(len(at))]).T)
    return (rng.random(chance.shape) < chance).astype("float64")


def _normal(covariance: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw from a normal distribution whose covariance may be singular."""
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    return vectors @ (np.sqrt(np.maximum(values, 0)) * rng.standard_normal(len(values)))
