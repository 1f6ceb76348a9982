"""What covariates explain, taken out before markers are looked at."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from sklearn.linear_model import Ridge

from signature.learn.elastic_net_path import Family, elastic_net_path
from signature.learn.penalised_logistic import PenalisedLogistic
from signature.learn.restricted_cubic import bends, knots_of

MOST_COVARIATES = 5
"""Columns; more, and in each half-sample one score stands for them all."""

EVENTS_PER_COVARIATE = 5
"""Likewise where a half-sample has fewer people than these of the rarer class per column."""

ROWS_PER_COVARIATE = 5
"""With fewer per column, less is taken out of the markers."""

ROWS_PER_PRODUCT = 20
"""With as many per column, products of two covariates are taken out of the markers, too."""

KNOTS = 3
"""Of a covariate's curve: a straight line and one bend."""


@dataclass(frozen=True, eq=False)
class Adjusted:
    """Markers and outcome beside their covariates.

    Parameters
    ----------
    markers : ndarray of shape (n_rows, n_columns)
        What `basis` leaves of the marker columns.
    basis : ndarray of shape (n_rows, n_basis)
        Orthonormal: a constant, and what the covariates may explain of a marker.
    covariates : ndarray of shape (n_rows, n_covariates)
        Standardised; one column, the prognostic score, where they were many.
    unexplained : ndarray of shape (n_rows,)
        What the covariates leave of the outcome.
    scored : bool
        Whether one score stands for the covariates.
    """

    markers: np.ndarray
    basis: np.ndarray
    covariates: np.ndarray
    unexplained: np.ndarray
    scored: bool

    def of(self, markers: np.ndarray) -> Adjusted:
        """Return the same beside other marker columns."""
        return replace(self, markers=_left(markers, self.basis))


def adjusted_further(
    adjusted: Adjusted, extra: np.ndarray, y: np.ndarray, family: Family
) -> Adjusted:
    """Take more columns out of markers and outcome.

    Parameters
    ----------
    adjusted : Adjusted
    extra : ndarray of shape (n_rows, n_extra)
        Orthonormal.
    y, family
        As of `adjust`.
    """
    basis = _orthonormal(np.column_stack([adjusted.basis, extra]))
    covariates = np.column_stack([adjusted.covariates, extra * np.sqrt(len(y))])
    return replace(
        adjusted,
        markers=_left(adjusted.markers, basis),
        basis=basis,
        covariates=covariates,
        unexplained=y - _fitted(covariates, y, family),
    )


def adjust(
    markers: np.ndarray, covariates: np.ndarray, y: np.ndarray, *, family: Family, rarer: int
) -> Adjusted:
    """Take out of markers and outcome what follows from the covariates, along curves.

    In a model that holds the covariates without a penalty, a marker and what is left of it have the
    same coefficient. What is left can be permuted among people without breaking the tie between
    covariates and outcome. Each covariate of three values or more has a restricted cubic spline of
    `KNOTS` knots: a straight line would leave a marker and an outcome that both follow its square
    associated. Where people are many (`ROWS_PER_PRODUCT`), products of two covariates are taken out
    of the markers besides, which is enough for what both follow.

    Where columns are many (`MOST_COVARIATES`, `EVENTS_PER_COVARIATE`), a model of a half-sample
    holds their ridge prediction of the outcome instead, learned on all rows: the prognostic score
    (Hansen 2008). Out of the markers is taken as much as there are `ROWS_PER_COVARIATE` rows per
    column for: all curves, or else straight lines and the score's curve, or else that curve alone.

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
        constant = np.full((len(y), 1), 1 / np.sqrt(len(y)))
        nothing, rest = np.empty((len(y), 0)), y - y.mean()
        return Adjusted(_left(markers, constant), constant, nothing, rest, scored=False)
    lines = _standardised(varying)
    curves = _with_bends(lines)
    many = curves.shape[1] > MOST_COVARIATES or curves.shape[1] * EVENTS_PER_COVARIATE > rarer
    Z = _prognostic_score(curves, y, family) if many else curves
    explaining = _explaining(lines, curves, _with_bends(Z) if many else curves)
    basis = _orthonormal(np.column_stack([np.ones(len(y)), explaining]))
    return Adjusted(_left(markers, basis), basis, Z, y - _fitted(Z, y, family), scored=many)


def _left(markers: np.ndarray, basis: np.ndarray) -> np.ndarray:
    left = markers - basis @ (basis.T @ markers)
    # constant and exactly explained columns leave rounding errors, which would become noise
    size = np.sqrt((markers**2).mean(axis=0))
    left[:, left.std(axis=0) <= np.maximum(1e-9 * markers.std(axis=0), 1e-12 * size)] = 0.0
    return left


def _explaining(lines: np.ndarray, curves: np.ndarray, least: np.ndarray) -> np.ndarray:
    """Choose what is taken out of the markers: the most that there are rows for."""
    n, k = lines.shape
    if (curves.shape[1] + k * (k - 1) // 2) * ROWS_PER_PRODUCT <= n:
        products = np.hstack([lines[:, [i]] * lines[:, i + 1 :] for i in range(k - 1)] or [lines])
        # of two columns that say the same yes or no the product is a constant
        moving = products.std(axis=0) > 1e-9
        return np.column_stack([curves, _standardised(products[:, moving])])
    for choice in (curves, np.column_stack([lines, least])):
        if choice.shape[1] * ROWS_PER_COVARIATE <= n:
            return choice
    return least


def _standardised(columns: np.ndarray) -> np.ndarray:
    return (columns - columns.mean(axis=0)) / columns.std(axis=0)


def _with_bends(columns: np.ndarray) -> np.ndarray:
    """Add to standardised columns the bends of their curves, standardised."""
    bent = [bends(column, knots_of(column, KNOTS)) for column in columns.T]
    bent = [_standardised(b) for b in bent if b.size]
    return np.column_stack([columns, *bent])


def _orthonormal(columns: np.ndarray) -> np.ndarray:
    """Return a basis of what columns span, of which some may be redundant."""
    left, sizes, _ = np.linalg.svd(columns, full_matrices=False)
    return left[:, sizes > 1e-10 * sizes[0]]


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
