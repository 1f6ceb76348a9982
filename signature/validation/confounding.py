"""Whether predictions tell of the outcome what confounders such as age, sex and BMI do not.

A score test: what the confounders leave of the prediction, times what they leave of the outcome,
over its standard error. Its null distribution is that of permuted residuals of the prediction
(Freedman and Lane 1983; Potter 2005). With either side adjusted well, the other may be adjusted
less well (Shah and Peters 2020).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
import pandas as pd
from scipy.special import expit, ndtri
from scipy.stats import beta
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import GroupKFold

from signature.learn.binary import log_odds
from signature.randomness import generator, seed_for
from signature.validation._held_out import person_codes
from signature.validation.confounder_design import PeopleAtSites, confounder_design

FEWEST_PER_COLUMN = 2
"""People per column of the design below which nothing is tested."""

_AT_ONCE = 200
"""Permutations that are held in memory together."""

_FOLDS, _REPEATS = 5, 5


@dataclass(frozen=True)
class ConfounderTest:
    """Whether a prediction carries information beyond the confounders.

    Parameters
    ----------
    log_odds_per_sd, low, high : float or None
        Change of the outcome's log-odds per standard deviation of the prediction's log-odds, given
        the confounders, with its 95 % interval (robust, by person); above 0 the prediction points
        the right way. None where the classes are separated.
    pvalue : float
        One-sided: that permuted residuals point as far in the right direction.
    pvalue_low, pvalue_high : float
        95 % interval of the p value over more permutations (Clopper and Pearson 1934).
    permutations : int
    explained : float or None
        Share of the variance of the prediction's log-odds that confounders explain in held-out
        people; below 0 when they predict it worse than its mean does, None where it is constant.
    columns : int
        Of the confounders' design, site and squares included.
    squares : bool
        Whether squares of numeric confounders are part of it.
    people, events : int
        People, and those with an event in any row.
    fixed : int
        People who trade places with nobody: nobody at their site has as many rows.
    """

    log_odds_per_sd: float | None
    low: float | None
    high: float | None
    pvalue: float
    pvalue_low: float
    pvalue_high: float
    permutations: int
    explained: float | None
    columns: int
    squares: bool
    people: int
    events: int
    fixed: int


def confounder_test(
    outcome: np.ndarray,
    probability: np.ndarray,
    confounders: pd.DataFrame,
    *,
    person: np.ndarray,
    seed: int,
    site: np.ndarray | None = None,
    permutations: int = 4999,
) -> ConfounderTest:
    """Test that the prediction says nothing of the outcome once the confounders are known.

    Parameters
    ----------
    outcome : ndarray of shape (n_rows,)
        1 event, 0 none.
    probability : ndarray of shape (n_rows,)
        Held-out probability of the event; with several repeats, of the mean log-odds.
    confounders : DataFrame, shape (n_rows, n_confounders)
        Numbers, or levels as text. A missing number counts as the mean and as missing, a missing
        level as a level.
    person : ndarray of shape (n_rows,)
        Whose row it is: people trade places with all their rows.
    seed : int
    site : ndarray of shape (n_rows,), optional
        A confounder more, within whose levels people trade places.
    permutations : int

    Returns
    -------
    ConfounderTest

    Raises
    ------
    ValueError
        When shapes differ, an outcome is not 0/1 or has one class only, or there are fewer than
        `FEWEST_PER_COLUMN` people per column of the confounders' design.

    Notes
    -----
    Predictions of cross-validation point the wrong way when there is nothing to predict: a fold
    that is odd in one direction leaves training rows that are odd in the other. A two-sided test
    would count that as information. The one-sided test is conservative instead, much so where
    people are few and the model was itself given the confounders, and then a large p value means
    little.
    Only confounders that are named are adjusted for, by lines and, with people enough, squares:
    a small p value does not exclude others. A large one does not prove that confounders explain the
    prediction.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> age = rng.normal(50, 10, 200)
    >>> event = rng.random(200) < expit((age - 50) / 10)
    >>> from_age = expit((age - 50) / 10 + rng.normal(size=200))
    >>> found = confounder_test(
    ...     event.astype(int), from_age, pd.DataFrame({"age": age}),
    ...     person=np.arange(200), seed=1, permutations=999,
    ... )
    >>> found.pvalue > 0.05, round(found.explained, 1)
    (True, 0.5)
    """
    y, eta = np.asarray(outcome), log_odds(probability)
    _check(y, eta, confounders, person, site)
    people = len(np.unique(person))
    laid_out = confounder_design(confounders, site, people)
    design = laid_out.columns
    if people < FEWEST_PER_COLUMN * design.shape[1]:
        raise ValueError(
            f"{people} people are too few for {design.shape[1]} columns of confounders, at least "
            f"{FEWEST_PER_COLUMN} per column are needed; name fewer confounders"
        )
    whole = np.column_stack([np.ones(len(y)), design])
    spread = eta.std() if np.ptp(eta) > 1e-9 else 0.0
    left = eta - whole @ np.linalg.lstsq(whole, eta, rcond=None)[0]
    if left.std() <= 1e-9 * spread or spread == 0:
        left = np.zeros(len(y))
    groups = PeopleAtSites(person, site)
    as_far = _permuted(y, left, whole, groups, generator(seed, "confounders"), permutations)
    low, high = _binomial_interval(as_far, permutations)
    estimate = _estimate(y, left / spread, whole, person) if left.any() else (None, None, None)
    return ConfounderTest(
        *estimate,
        pvalue=(1 + as_far) / (1 + permutations),
        pvalue_low=low,
        pvalue_high=high,
        permutations=permutations,
        explained=_explained(eta, design, person, seed) if spread > 0 else None,
        columns=design.shape[1],
        squares=laid_out.squares,
        people=people,
        events=len(np.unique(person[y == 1])),
        fixed=groups.fixed,
    )


def _check(
    y: np.ndarray,
    eta: np.ndarray,
    confounders: pd.DataFrame,
    person: np.ndarray,
    site: np.ndarray | None,
) -> None:
    rows = {"probability": len(eta), "confounders": len(confounders), "person": len(person)}
    if site is not None:
        rows["site"] = len(site)
    odd = [f"{name} {n}" for name, n in rows.items() if n != len(y)]
    if odd:
        raise ValueError(f"outcome has {len(y)} rows, but {', '.join(odd)}; they must agree")
    if not np.isin(y, (0, 1)).all() or len(np.unique(y)) < 2:
        raise ValueError("outcome must hold both 1 (event) and 0 (no event), and nothing else")
    if np.isnan(eta).any():
        raise ValueError(f"{int(np.isnan(eta).sum())} of {len(eta)} probabilities are missing")


def _permuted(
    y: np.ndarray,
    left: np.ndarray,
    whole: np.ndarray,
    groups: PeopleAtSites,
    rng: np.random.Generator,
    permutations: int,
) -> int:
    """Count permutations whose studentised score reaches that of the data."""
    beta_, _ = _logistic(whole, y)
    p = expit(whole @ beta_)
    rest, weight = y - p, p * (1 - p)
    weighted = whole * weight[:, None]
    inverse = np.linalg.pinv(weighted.T @ whole)

    def score(residuals: np.ndarray) -> np.ndarray:
        on_design = residuals @ weighted
        variance = residuals**2 @ weight - ((on_design @ inverse) * on_design).sum(axis=1)
        return residuals @ rest / np.sqrt(np.maximum(variance, 1e-12))

    observed = score(left[None])[0]
    as_far = 0
    for start in range(0, permutations, _AT_ONCE):
        orders = groups.permuted(min(_AT_ONCE, permutations - start), rng)
        as_far += int((score(left[orders]) >= observed - 1e-9).sum())
    return as_far


def _estimate(
    y: np.ndarray, left: np.ndarray, whole: np.ndarray, person: np.ndarray
) -> tuple[float | None, float | None, float | None]:
    both = np.column_stack([whole, left])
    found, bread = _logistic(both, y, free=True)
    if bread is None or abs(found[-1]) > 15:
        return None, None, None
    parts = both * (y - expit(both @ found))[:, None]
    which = person_codes(person, len(y))
    by_person = np.zeros((which.max() + 1, both.shape[1]))
    np.add.at(by_person, which, parts)
    people, columns = by_person.shape
    small = people / max(people - columns, 1)
    variance = small * (bread @ (by_person.T @ by_person) @ bread)[-1, -1]
    half = float(ndtri(0.975)) * sqrt(variance)
    return float(found[-1]), float(found[-1] - half), float(found[-1] + half)


def _logistic(
    X: np.ndarray, y: np.ndarray, *, free: bool = False
) -> tuple[np.ndarray, np.ndarray | None]:
    """Logistic regression with a ridge of 1 on standardised confounders, by Newton steps.

    The ridge keeps separating confounders finite; the intercept and, when `free`, the last column
    have none. Returns coefficients, and the inverse information where a maximum was found.
    """
    penalty = np.ones(X.shape[1])
    penalty[0] = 0.0
    if free:
        penalty[-1] = 0.0
    coef = np.zeros(X.shape[1])
    for _ in range(100):
        p = expit(X @ coef)
        curve = (X * (p * (1 - p))[:, None]).T @ X + np.diag(penalty + 1e-9)
        inverse = np.linalg.inv(curve)
        step = inverse @ (X.T @ (y - p) - penalty * coef)
        coef = coef + step * min(1.0, 2 / max(np.abs(step).max(), 1e-300))
        if np.abs(step).max() < 1e-8:
            return coef, inverse
    return coef, None


def _explained(eta: np.ndarray, design: np.ndarray, person: np.ndarray, seed: int) -> float:
    if not design.shape[1]:
        return 0.0
    folds = min(_FOLDS, len(np.unique(person)))
    error = total = 0.0
    for repeat in range(_REPEATS):
        splitter = GroupKFold(folds, shuffle=True, random_state=seed_for(seed, "explained", repeat))
        for train, held_out in splitter.split(design, groups=person):
            model = RidgeCV(alphas=np.geomspace(0.1, 1000, 9)).fit(design[train], eta[train])
            error += float(((eta[held_out] - model.predict(design[held_out])) ** 2).sum())
            total += float(((eta[held_out] - eta[train].mean()) ** 2).sum())
    return 1 - error / total


def _binomial_interval(count: int, n: int) -> tuple[float, float]:
    low = float(beta.ppf(0.025, count, n - count + 1)) if count else 0.0
    high = float(beta.ppf(0.975, count + 1, n - count)) if count < n else 1.0
    return low, high
