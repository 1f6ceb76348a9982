"""Elastic-net paths of logistic and linear regression with columns that are not penalised."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Literal

import numpy as np

from signature.exceptions import MissingExtraError

Family = Literal["logistic", "linear"]


@dataclass(frozen=True, eq=False)
class Path:
    """Coefficients along a path.

    Parameters
    ----------
    lambdas : ndarray of shape (n_penalties,)
    coef : ndarray of shape (n_penalties, n_columns)
        Per unit of each column.
    intercept : ndarray of shape (n_penalties,)
    """

    lambdas: np.ndarray
    coef: np.ndarray
    intercept: np.ndarray


def elastic_net_path(
    X: np.ndarray,
    y: np.ndarray,
    lambdas: Sequence[float],
    *,
    l1_ratio: float = 1.0,
    family: Family = "logistic",
    unpenalised: Sequence[int] = (),
    sample_weight: np.ndarray | None = None,
    tol: float = 1e-9,
) -> Path:
    r"""Minimise the penalised loss for each penalty, the largest first.

    .. math::

        \frac{\sum_i w_i\,\ell(y_i, \eta_i)}{\sum_i w_i}
            + \lambda \sum_j \Bigl(\rho |\beta_j| + \frac{1 - \rho}{2} \beta_j^2\Bigr),
        \qquad \eta_i = \beta_0 + x_i^\top \beta

    with the logistic loss, or half the squared error. The intercept and the `unpenalised` columns
    are not in the sum of the penalty. scikit-learn's ``C`` is :math:`1 / (n \lambda)`.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_columns)
        Taken as it is: standardise first where columns are to be penalised alike.
    y : ndarray of shape (n_rows,)
        0/1 with 1 for the event, or numbers for ``family="linear"``.
    lambdas : sequence of float
        Penalties, positive and falling.
    l1_ratio : float
        :math:`\rho`: 1 lasso, 0 ridge.
    family : {"logistic", "linear"}
    unpenalised : sequence of int
        Positions of columns without a penalty. Together they must not separate the classes: their
        coefficients would grow without bound.
    sample_weight : ndarray of shape (n_rows,), optional
    tol : float
        By how much the gradient may miss its condition.

    Raises
    ------
    ValueError
        When penalties do not fall or are not positive.
    MissingExtraError
        Where numba is not installed.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(100, 3))
    >>> y = (X[:, 1] + rng.normal(size=100) > 0).astype(float)
    >>> elastic_net_path(X, y, [0.5, 0.1]).coef.round(2)
    array([[0.  , 0.  , 0.  ],
           [0.  , 0.76, 0.  ]])
    """
    grid = np.asarray(lambdas, dtype="float64")
    if grid.ndim != 1 or not len(grid) or grid[-1] <= 0 or (np.diff(grid) > 0).any():
        raise ValueError("lambdas must be positive and in falling order")
    values = np.asarray(X, dtype="float64")
    rows, width = values.shape
    back = None
    if l1_ratio == 0 and width > rows and not len(unpenalised):
        # a ridge penalty does not see a rotation: as many directions as rows are enough
        left, size, back = np.linalg.svd(values, full_matrices=False)
        values = left * size
    columns = np.ascontiguousarray(values.T)
    penalised = np.ones(len(columns), dtype=bool)
    penalised[list(unpenalised)] = False
    weight = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight, "float64")
    coef, intercept = np.zeros((len(grid), len(columns))), np.zeros(len(grid))
    compiled_paths().path(
        columns,
        np.asarray(y, dtype="float64"),
        weight / weight.sum(),
        penalised,
        grid,
        float(l1_ratio),
        family == "logistic",
        len(columns),
        tol,
        coef,
        intercept,
    )
    return Path(grid, coef if back is None else coef @ back, intercept)


def elastic_net_of_products(
    gram: np.ndarray, linear: np.ndarray, lambdas: np.ndarray, *, l1_ratio: float
) -> np.ndarray:
    r"""Coefficients of linear regressions of which only mean products are at hand.

    Minimises :math:`\frac 12 \beta^\top G \beta - c^\top \beta + \lambda \sum_j (\rho |\beta_j| +
    \frac{1 - \rho}{2} \beta_j^2)` for each penalty.

    Parameters
    ----------
    gram : ndarray of shape (n_columns, n_columns)
        Mean products of the columns, G.
    linear : ndarray of shape (n_columns,)
        Mean products of the columns with the response, c.
    lambdas : ndarray of shape (n_penalties,)
        Positive, in falling order: each starts where the one before ended.
    l1_ratio : float
        :math:`\rho`.

    Returns
    -------
    ndarray of shape (n_penalties, n_columns)

    Raises
    ------
    MissingExtraError
        Where numba is not installed.

    Examples
    --------
    >>> elastic_net_of_products(np.eye(2), np.array([1.0, 0.2]), np.array([0.5]), l1_ratio=1.0)
    array([[0.5, 0. ]])
    """
    coef = np.empty((len(lambdas), len(linear)))
    compiled_paths().quadratic_path(
        np.ascontiguousarray(gram, dtype="float64"),
        np.ascontiguousarray(linear, dtype="float64"),
        np.asarray(lambdas, dtype="float64"),
        float(l1_ratio),
        coef,
    )
    return coef


def compiled_paths() -> ModuleType:
    """Import the compiled code, which only fitting needs.

    Raises
    ------
    MissingExtraError
        Where numba is not installed.
    """
    with numba_needed():
        from signature.learn import _path_kernel
    return _path_kernel


@contextmanager
def numba_needed() -> Iterator[None]:
    """Say which extra is missing where compiled code cannot be imported.

    Raises
    ------
    MissingExtraError
        Where numba is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name != "numba":
            raise
        raise MissingExtraError(
            "fitting penalised models needs numba, which is not installed; install "
            "immune-signature[train]. Loading a fitted model and predicting do not need it"
        ) from None
