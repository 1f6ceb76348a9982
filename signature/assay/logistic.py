r"""The logistic curve with four or five parameters, its slope and its inverse.

.. math:: y = d + \frac{a - d}{\left(1 + (x/c)^b\right)^g}

with :math:`a` the signal of a zero concentration, :math:`d` that of an infinite one, :math:`c` a
middle concentration, :math:`b > 0` the slope and :math:`g > 0` the asymmetry (Rodbard 1974 for
:math:`g = 1`; Gottschalk and Dunn 2005 for free :math:`g`). A competitive assay falls: a > d.
Parameters are an array (a, d, log c, log b, log g); concentrations come as natural logarithms, zero
as −∞.
"""

from __future__ import annotations

import numpy as np

ZERO, INFINITY, MIDDLE, SLOPE, ASYMMETRY = range(5)
"""Places in the array of parameters."""


def response(log_x: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """Return the signal at log concentrations.

    Examples
    --------
    >>> theta = np.array([10.0, 1000.0, np.log(50), 0.0, 0.0])
    >>> response(np.array([-np.inf, np.log(50), 100.0]), theta).round(1).tolist()
    [10.0, 505.0, 1000.0]
    """
    a, d, log_c, log_b, log_g = theta
    bent = np.logaddexp(0.0, np.exp(log_b) * (log_x - log_c))
    return np.asarray(d + (a - d) * np.exp(-np.exp(log_g) * bent))


def gradient(log_x: np.ndarray, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return derivatives of the signal by the parameters, shape (n, 5), and by log concentration.

    At concentration zero the curve is flat in all parameters but the first.
    """
    a, d, log_c, log_b, log_g = theta
    b, g = np.exp(log_b), np.exp(log_g)
    u = b * (log_x - log_c)
    bent = np.logaddexp(0.0, u)
    share = np.exp(-g * bent)
    by_u = -(a - d) * g * share * np.exp(u - bent)
    finite_u = np.where(np.isfinite(u), u, 0.0)
    by_theta = np.column_stack(
        [share, 1 - share, -b * by_u, finite_u * by_u, -(a - d) * share * g * bent]
    )
    return by_theta, b * by_u


def inverse(y: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """Return log concentrations of signals; −∞ and ∞ from the asymptotes on.

    Examples
    --------
    >>> theta = np.array([10.0, 1000.0, np.log(50), 0.0, 0.0])
    >>> np.exp(inverse(np.array([5.0, 505.0, 1200.0]), theta)).round(6).tolist()
    [0.0, 50.0, inf]
    """
    a, d, log_c, log_b, log_g = theta
    share = (np.asarray(y, dtype="float64") - d) / (a - d)
    inside = (share > 0) & (share < 1)
    bent = -np.log(np.where(inside, share, 0.5)) / np.exp(log_g)
    # log(exp(bent) - 1) without overflow
    u = bent + np.log(-np.expm1(-bent))
    outside = np.where(share >= 1, -np.inf, np.where(share <= 0, np.inf, np.nan))
    return np.where(inside, log_c + u / np.exp(log_b), outside)
