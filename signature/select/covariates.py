"""What covariates explain, taken out before markers are looked at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import Ridge

from signature.learn.elastic_net_path import Family, elastic_net_path
from signature.learn.penalised_logistic import PenalisedLogistic

MOST_COVARIATES = 5
"""More, and in each half-sample one score stands for them all."""

EVENTS_PER_COVARIATE = 5
"""Likewise where a half-sample has fewer people than these of the rarer class per covariate."""

ROWS_PER_COVARIATE = 5
"""Fewer, and only what follows from the score is taken out of the markers."""


@dataclass(frozen=True, eq=False)
class Adjusted:
    """Markers and outcome beside their covariates.

    Parameters
    ----------
    markers : ndarray of shape (n_rows, n_columns)
        What the covariates leave of the marker columns, linearly.
    covariates : ndarray of shape (n_rows, n_covariates)
        Standardised; one column, the prognostic score, where they were many.
    unexplained : ndarray of shape (n_rows,)
        What the covariates leave of the outcome.
    """

    markers: np.ndarray
    covariates: np.ndarray
    unexplained: np.ndarray


def adjust(
    markers: np.ndarray, covariates: np.ndarray, y: np.ndarray, *, family: Family, rarer: int
) -> Adjusted:
    """Take out of the markers what follows from the covariates.

    In a model that holds the covariates without a penalty, a marker and what is left of it have the
    same coefficient. What is left can be permuted among people without breaking the tie between
    covariates and outcome. Where covariates are many (`MOST_COVARIATES`, `EVENTS_PER_COVARIATE`),
    a model of a half-sample holds their ridge prediction of the outcome instead, learned on all
    rows: the prognostic score (Hansen 2008).

    Parameters
    ----------
    markers : ndarray of shape (n_rows, n_columns)
    covariates : ndarray of shape (n_rows, n_covariates)
    y : ndarray of shape (n_rows,)
        0/1, or numbers for ``family="linear"``.
    family : {"logistic", "linear"}
    rarer : int
        People of the rarer class in a half-sample.
    """
    varying = covariates[:, np.ptp(covariates, axis=0) > 0] if covariates.size else covariates
    if not varying.shape[1]:
        return Adjusted(markers - markers.mean(axis=0), np.empty((len(y), 0)), y - y.mean())
    Z = (varying - varying.mean(axis=0)) / varying.std(axis=0)
    explaining = Z
    if Z.shape[1] > MOST_COVARIATES or Z.shape[1] * EVENTS_PER_COVARIATE > rarer:
        Z = _prognostic_score(Z, y, family)
        explaining = explaining if explaining.shape[1] * ROWS_PER_COVARIATE <= len(y) else Z
    design = np.column_stack([np.ones(len(y)), explaining])
    left = markers - design @ np.linalg.lstsq(design, markers, rcond=None)[0]
    # exactly explained columns leave rounding errors, which would be standardised into noise
    gone = left.std(axis=0) <= 1e-9 * markers.std(axis=0)
    left[:, gone] = 0.0
    return Adjusted(left, Z, y - _fitted(Z, y, family))


def _prognostic_score(Z: np.ndarray, y: np.ndarray, family: Family) -> np.ndarray:
    if family == "logistic":
        score = Z @ PenalisedLogistic(C=0.1).weights(Z, y)[0]
    else:
        score = Ridge(alpha=len(y) / 10).fit(Z, y).predict(Z)
    spread = score.std()
    if spread == 0:
        return np.empty((len(y), 0))
    return ((score - score.mean()) / spread)[:, None]


def _fitted(Z: np.ndarray, y: np.ndarray, family: Family) -> np.ndarray:
    if not Z.shape[1]:
        return np.full(len(y), y.mean())
    # a whisper of a ridge keeps a separating covariate finite
    path = elastic_net_path(Z, y, [1e-4], l1_ratio=0.0, family=family)
    eta = Z @ path.coef[0] + path.intercept[0]
    return eta if family == "linear" else 1 / (1 + np.exp(-eta))
