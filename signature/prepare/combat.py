"""The mathematics of ComBat on plain arrays: rows are samples, columns are markers.

A marker's value in batch i is ``mean + covariates · coef + sd · (shift_i + sqrt(scale_i) · noise)``
(Johnson, Li and Rabinovic 2007). Missing values are allowed: every statistic of a marker is over
the values that were observed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

_STOP = 1e-4  # of the published implementations; their results are those at this point
_MOST_ROUNDS = 10_000
_FLAT = 1e-20  # variance over mean square below which a marker is constant but for rounding
_BLOCK = 256  # markers at a time, so that memory stays linear in their number


@dataclass(frozen=True)
class Frame:
    """What all batches are measured against, by marker.

    Parameters
    ----------
    mean : ndarray of shape (n_markers,)
        Grand mean at covariates of zero.
    sd : ndarray of shape (n_markers,)
        Root of the pooled variance; 1 where that is zero or unknown.
    coef : ndarray of shape (n_covariates, n_markers)
        Change per unit of each covariate, within batches.
    flat : ndarray of bool, shape (n_markers,)
        Markers without variance within batches: all they show is batch.
    unknown : ndarray of bool, shape (n_markers,)
        Markers without a value to measure against.
    """

    mean: np.ndarray
    sd: np.ndarray
    coef: np.ndarray
    flat: np.ndarray
    unknown: np.ndarray

    def expected(self, covariates: np.ndarray) -> np.ndarray:
        """Mean of each row and marker, were there no batches."""
        return self.mean + covariates @ self.coef

    def standardise(self, values: np.ndarray, covariates: np.ndarray) -> np.ndarray:
        """Distance of each value from what is expected, in pooled standard deviations."""
        return (values - self.expected(covariates)) / self.sd


def fit_frame(
    values: np.ndarray, batch: np.ndarray, covariates: np.ndarray, reference: int | None = None
) -> Frame:
    """Learn grand mean, pooled variance and covariate effects.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_markers)
        On a scale where batches add, such as log2.
    batch : ndarray of int, shape (n_rows,)
        0 … number of batches − 1, each with at least one row.
    covariates : ndarray of shape (n_rows, n_covariates)
        Without missing values; no column may be the outcome (Nygaard 2016).
    reference : int, optional
        The batch whose mean and variance are taken instead of those of all rows.

    Returns
    -------
    Frame
    """
    member = np.eye(int(batch.max()) + 1)[batch]
    seen = ~np.isnan(values)
    filled = np.where(seen, values, 0.0)
    counts = member.T @ seen
    means = _ratio(member.T @ filled, counts)
    coef = _within_batch_slopes(filled, seen, member, covariates)
    if covariates.shape[1]:
        residual = np.where(seen, values - covariates @ coef, 0.0)
        means = _ratio(member.T @ residual, counts)
    else:
        residual = filled
    around = np.where(seen, residual - member @ means, 0.0)
    if reference is None:
        mean = _ratio((counts * means).sum(axis=0), counts.sum(axis=0))
        variance = _ratio((around**2).sum(axis=0), counts.sum(axis=0))
        unknown = counts.sum(axis=0) == 0
    else:
        mean = means[reference]
        own = member[:, reference]
        variance = _ratio(own @ around**2, counts[reference])
        unknown = counts[reference] == 0
    flat = ~unknown & (variance <= _FLAT * _ratio((filled**2).sum(axis=0), seen.sum(axis=0)))
    sd = np.sqrt(np.where(flat | unknown, 1.0, variance))
    return Frame(np.where(unknown, 0.0, mean), sd, coef, flat, unknown)


def _within_batch_slopes(
    filled: np.ndarray, seen: np.ndarray, member: np.ndarray, covariates: np.ndarray
) -> np.ndarray:
    """Least squares on what is left of values and covariates after each batch's own means."""
    slopes = np.zeros((covariates.shape[1], filled.shape[1]))
    if not covariates.shape[1]:
        return slopes
    patterns, pattern_of = np.unique(seen, axis=1, return_inverse=True)
    for k, pattern in enumerate(patterns.T):
        markers = np.flatnonzero(pattern_of.ravel() == k)
        rows = np.flatnonzero(pattern)
        own = member[rows]
        counts = own.sum(axis=0)[:, None]
        x, z = filled[np.ix_(rows, markers)], covariates[rows]
        # the values need no centring: what is left of the covariates is at right angles to batches
        z = z - own @ _ratio(own.T @ z, counts)
        slopes[:, markers] = np.linalg.lstsq(z, x, rcond=1e-10)[0]
    return slopes


def batch_effect(
    standardised: np.ndarray, frame: Frame, *, parametric: bool, mean_only: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Estimate one batch's shift and scale by marker, shrunk towards its other markers.

    Parameters
    ----------
    standardised : ndarray of shape (n_rows, n_markers)
        The rows of this batch, from `Frame.standardise`.
    frame : Frame
    parametric : bool
        Normal and inverse-gamma priors, else the other markers' estimates themselves.
    mean_only : bool
        Leave the scale alone.

    Returns
    -------
    shift, scale : ndarray of shape (n_markers,)
        In pooled standard deviations, and as a variance ratio.

    Notes
    -----
    A marker without any value in the batch gets what its other markers have on average; one with a
    single value, or with one value throughout, starts from a scale of 1 and is shrunk like the
    others. A marker that is flat in all batches is moved in full, since no noise speaks for
    shrinking. With a single marker there is nothing to shrink towards, and its own estimates stand.
    A marker that the frame does not know is left as it is.
    """
    own = _own_estimates(standardised)
    shift = np.where(own.counts > 0, own.shift, 0.0)
    scale = np.ones_like(shift)
    regular = np.flatnonzero(~frame.flat & ~frame.unknown)
    part = _Estimates(own.counts[regular], own.shift[regular], own.scale[regular])
    part = _Estimates(part.counts, part.shift, np.ones_like(part.scale)) if mean_only else part
    if np.count_nonzero(part.counts) < 2:
        known = part.counts > 1
        scale[regular[known]] = part.scale[known]
    else:
        solve = _solver(parametric, mean_only or np.isfinite(part.scale).sum() < 2)
        shift[regular], scale[regular] = solve(standardised[:, regular], part)
    shift[frame.unknown] = 0.0
    return shift, scale


@dataclass(frozen=True)
class _Estimates:
    counts: np.ndarray
    shift: np.ndarray  # NaN without a value
    scale: np.ndarray  # NaN with fewer than two values


_Solve = Callable[[np.ndarray, _Estimates], tuple[np.ndarray, np.ndarray]]


def _own_estimates(standardised: np.ndarray) -> _Estimates:
    seen = ~np.isnan(standardised)
    counts = seen.sum(axis=0)
    shift = np.where(counts > 0, _ratio(np.nansum(standardised, axis=0), counts), np.nan)
    squares = np.nansum((standardised - shift) ** 2, axis=0)
    scale = np.where(counts > 1, _ratio(squares, counts - 1), np.nan)
    # one value throughout: no scale to speak of
    scale = np.where(scale <= _FLAT * np.maximum(shift**2, 1.0), 1.0, scale)
    return _Estimates(counts, shift, scale)


def _solver(parametric: bool, location_only: bool) -> _Solve:
    if not parametric:
        return _weighted_by_likelihood_location if location_only else _weighted_by_likelihood
    return _shrunk_location if location_only else _posterior


def _shrunk_location(standardised: np.ndarray, own: _Estimates) -> tuple[np.ndarray, np.ndarray]:
    known = own.counts > 0
    centre, spread = own.shift[known].mean(), own.shift[known].var(ddof=1)
    # the published rule weighs a batch as one row, whatever its size
    shift = (spread * own.shift + centre) / (spread + 1.0)
    return np.where(known, shift, centre), np.ones_like(shift)


def _posterior(standardised: np.ndarray, own: _Estimates) -> tuple[np.ndarray, np.ndarray]:
    """Solve for the modes of shift and scale in turn until neither moves."""
    known, scaled = own.counts > 0, np.isfinite(own.scale)
    centre, spread = own.shift[known].mean(), own.shift[known].var(ddof=1)
    m, v = own.scale[scaled].mean(), own.scale[scaled].var(ddof=1)
    all_alike = v <= _FLAT * m**2
    a, b = (0.0, 0.0) if all_alike else ((2 * v + m**2) / v, (m * v + m**3) / v)
    n = own.counts.astype(float)
    estimate = np.where(known, own.shift, 0.0)
    shift, scale = estimate, np.where(scaled, own.scale, m)
    # sums of squares around any centre, without going back to the rows
    squares = np.nansum((standardised - estimate) ** 2, axis=0)
    for _ in range(_MOST_ROUNDS):
        new_shift = (spread * n * estimate + scale * centre) / (spread * n + scale)
        if all_alike:
            new_scale = np.full_like(scale, m)
        else:
            around = squares + n * (estimate - new_shift) ** 2
            new_scale = (0.5 * around + b) / (n / 2 + a - 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            # over the signed shift, as published: a negative one never asks for another round
            moved = np.nan_to_num((np.abs(new_shift - shift) / shift)[known], nan=0.0)
            stretched = np.abs(new_scale - scale) / scale
        shift, scale = new_shift, new_scale
        if max(moved.max(), stretched.max()) <= _STOP:
            break
    return shift, scale


def _weighted_by_likelihood(
    standardised: np.ndarray, own: _Estimates
) -> tuple[np.ndarray, np.ndarray]:
    """Average the other markers' estimates, weighted by how well they explain this one."""
    known = own.counts > 0
    others = np.flatnonzero(known & np.isfinite(own.scale))
    g, d = own.shift[others], own.scale[others]
    n = own.counts.astype(float)
    mean = np.where(known, own.shift, 0.0)
    squares = np.nansum((standardised - mean) ** 2, axis=0)
    shift, scale = np.empty(len(n)), np.empty(len(n))
    for start in range(0, len(n), _BLOCK):
        at = np.arange(start, min(start + _BLOCK, len(n)))
        around = squares[at, None] + n[at, None] * (mean[at, None] - g) ** 2
        weight = -0.5 * n[at, None] * np.log(2 * np.pi * d) - around / (2 * d)
        weight[at[:, None] == others] = -np.inf  # a marker is no prior of itself
        weight = np.exp(weight - weight.max(axis=1, keepdims=True))
        weight /= weight.sum(axis=1, keepdims=True)
        shift[at], scale[at] = weight @ g, weight @ d
    return shift, scale


def _weighted_by_likelihood_location(
    standardised: np.ndarray, own: _Estimates
) -> tuple[np.ndarray, np.ndarray]:
    alike = _Estimates(own.counts, own.shift, np.ones_like(own.scale))
    shift, scale = _weighted_by_likelihood(standardised, alike)
    return shift, np.ones_like(scale)


def _ratio(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    """Divide, with 0 where there is nothing to divide by."""
    return np.divide(top, bottom, out=np.zeros(np.shape(top)), where=np.asarray(bottom) > 0)
