"""Normal distributions of which only the part below a limit is left."""

from __future__ import annotations

import numpy as np
from scipy.special import erfcx, ndtr, ndtri

_TOLERANCE = 1e-10
_MOST_ROUNDS = 500


def below(
    mean: np.ndarray, sd: np.ndarray | float, limit: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of a normal variable known to lie below a finite limit.

    Parameters
    ----------
    mean, sd : ndarray or float
        Of the variable before the limit is known.
    limit : ndarray
        Finite.

    Examples
    --------
    >>> mean, variance = below(np.zeros(1), 1.0, np.zeros(1))
    >>> mean.round(4), variance.round(4)
    (array([-0.7979]), array([0.3634]))
    """
    at = (limit - mean) / sd
    slope = hazard(at)
    left = 1 - slope * (slope + at)
    far = at < -100  # there the difference has lost its digits, and a series has them
    square = np.square(at, where=far, out=np.ones_like(slope))
    left = np.where(far, (1 - 6 / square + 50 / square**2) / square, left)
    return np.minimum(mean - sd * slope, limit), sd * sd * left


def hazard(at: np.ndarray) -> np.ndarray:
    """Density over distribution function of the standard normal, without overflow."""
    return np.sqrt(2 / np.pi) / erfcx(-at / np.sqrt(2))


def draw_below(
    mean: np.ndarray, sd: np.ndarray | float, limit: np.ndarray, uniform: np.ndarray
) -> np.ndarray:
    """Draw normal variables known to lie below a limit.

    Parameters
    ----------
    mean, sd : ndarray or float
        Of the variables before the limits are known.
    limit : ndarray
        May be infinite, which means that nothing is known.
    uniform : ndarray
        One number in [0, 1) for each draw.
    """
    at = np.asarray((limit - mean) / sd)
    inside = np.clip(uniform, 1e-16, 1 - 1e-16)
    z = ndtri(inside * ndtr(at))
    far = at < -35  # the distribution function underflows; the tail is exponential there
    if far.any():
        z[far] = at[far] + np.log(inside[far]) / -at[far]
    return np.minimum(mean + sd * z, limit)


def means_below(precision: np.ndarray, pull: np.ndarray, limit: np.ndarray) -> np.ndarray:
    r"""Mean of jointly normal variables each known to lie below its limit, for many rows.

    Expectation propagation (Minka 2001; for truncated normals Cunningham 2011): each limit is
    replaced by the normal factor that leaves the same mean and variance, in turn until nothing
    moves. Exact for a single variable, close otherwise, and free of random numbers.

    Parameters
    ----------
    precision : ndarray of shape (n_rows, n_variables, n_variables)
        Inverse covariances before the limits are known.
    pull : ndarray of shape (n_rows, n_variables)
        Precision times mean before the limits are known.
    limit : ndarray of shape (n_rows, n_variables)
        Finite.

    Returns
    -------
    ndarray of shape (n_rows, n_variables)
        A row's result depends on that row alone, to the last bit.
    """
    found = np.empty_like(pull)
    weight, shift = np.zeros_like(pull), np.zeros_like(pull)
    last = np.full_like(pull, np.inf)
    scale = 1 / np.sqrt(np.diagonal(precision, axis1=1, axis2=2))
    moving = np.arange(len(pull))
    diagonal = np.arange(pull.shape[1])
    damping = 1.0 if pull.shape[1] == 1 else 0.7
    for _ in range(_MOST_ROUNDS):
        full = precision[moving]
        full[:, diagonal, diagonal] += weight[moving]
        covariance = np.linalg.inv(full)
        mean = (covariance @ (pull[moving] + shift[moving])[:, :, None])[:, :, 0]
        variance = covariance[:, diagonal, diagonal]
        rest_weight = np.maximum(1 / variance - weight[moving], 1e-12)
        rest_mean = (mean / variance - shift[moving]) / rest_weight
        new_mean, new_variance = below(rest_mean, 1 / np.sqrt(rest_weight), limit[moving])
        found[moving] = new_mean
        new_weight = np.maximum(1 / new_variance - rest_weight, 0)
        new_shift = new_mean * (new_weight + rest_weight) - rest_weight * rest_mean
        weight[moving] += damping * (new_weight - weight[moving])
        shift[moving] += damping * (new_shift - shift[moving])
        moved = np.abs(new_mean - last[moving]) > _TOLERANCE * scale[moving]
        last[moving] = new_mean
        moving = moving[moved.any(axis=1)]
        if not len(moving):
            break
    return found
