"""Values below a detection limit, as the mean of a fitted normal distribution below it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
import pandas as pd
from scipy.special import log_ndtr

from signature.prepare.limits import LowValues, LowValueTransformer
from signature.prepare.scaling import Log2Columns
from signature.prepare.truncated_normal import below as normal_below
from signature.prepare.truncated_normal import hazard
from signature.study.schema import BELOW

GRAIN = 1e-9
"""Logarithms that differ by less differ by rounding, whatever the unit."""


class CensoredNormal(LowValueTransformer):
    r"""Fit a normal distribution to each marker's logarithms, limits included, and use its low end.

    Mean and standard deviation of :math:`\log_2 x` maximise the likelihood in which a row below
    its own limit counts with the probability of lying there (Cohen 1959; Helsel 2012). Values
    below a limit become :math:`2^{E[\log_2 x \mid x < L]}`; always the same for the same row.

    L is the limit that nearly all censored training rows are below
    (`signature.prepare.limits.COMMON`), for all rows alike, and a value that is measured below it
    is replaced, too: a substitute that followed the row's own limit would let a model read the
    assay lot off the marker. With `own_limits` it does follow, which is the better guess of the
    value where all lots are equally likely to hold cases.

    A single substitute leaves too little spread, and its correlation with other markers is too
    low; `signature.prepare.conditional_imputation` mends both.

    Parameters
    ----------
    logarithmic : sequence of str
        Markers whose values are logarithms to base 2 already, such as NPX.
    detected_above : float or None
        Share of the rows measured or below a limit, beyond which only the 0/1 column of a marker
        is left; never, when None.
    own_limits : bool
        Whether the substitute follows the limit of the row.

    Attributes
    ----------
    means_, sds_ : dict of str to float
        Fitted mean and standard deviation of log2, by marker.
    limits_ : dict of str to float
        That limit as log2, by marker that training rows censored.
    floors_ : dict of str to float
        What a concentration at or below zero is read as.
    highest_, flagged_, detected_only_
        As in `signature.prepare.limits.LimitTransformer`.

    Notes
    -----
    A marker with fewer than two different measured values has no such fit; its substitute is
    :math:`L/\sqrt{2}`. A marker that training rows never show below a limit uses the limit of the
    row itself.

    Examples
    --------
    >>> table = pd.DataFrame({"IL6": [None, 4.0, 8.0, 16.0], "IL6__below": [4.0, None, None, None]})
    >>> CensoredNormal().fit_transform(table.astype(float)).round(3)
          IL6  IL6__censored
    0   2.553            1.0
    1   4.000            0.0
    2   8.000            0.0
    3  16.000            0.0
    """

    def __init__(
        self,
        logarithmic: Sequence[str] = (),
        detected_above: float | None = 0.6,
        own_limits: bool = False,
    ) -> None:
        self.logarithmic = logarithmic
        self.detected_above = detected_above
        self.own_limits = own_limits

    def fit(self, X: pd.DataFrame | np.ndarray, y: object = None) -> Self:
        """Fit each marker's distribution."""
        table = self._table_to_fit(X)
        self._learn_limits(table)
        raw = [m for m in self._limited if m not in self.logarithmic]
        self.floors_ = Log2Columns(raw).fit(table).floors_
        self.means_: dict[str, float] = {}
        self.sds_: dict[str, float] = {}
        self.limits_: dict[str, float] = {}
        for marker in self._limited:
            values, limits = self._log2(table, marker, marker), self._log2(table, marker)
            if marker in self.common_:
                limit = np.array([self._limit_of(table, marker)])
                self.limits_[marker] = float(self._log2_of(marker, limit)[0])
            fitted = fit_left_censored(values[np.isnan(limits)], limits, GRAIN)
            if fitted is not None:
                self.means_[marker], self.sds_[marker] = fitted
        return self

    def _log2(self, table: pd.DataFrame, marker: str, column: str | None = None) -> np.ndarray:
        return self._log2_of(marker, table[column or marker + BELOW].to_numpy(dtype="float64"))

    def _log2_of(self, marker: str, values: np.ndarray) -> np.ndarray:
        return on_log2(values, self.floors_.get(marker))

    def _shared_limits(self) -> dict[str, float]:
        return {} if self.own_limits else self.common_

    def _low_values(self) -> LowValues:
        markers = self._limited
        shared = {} if self.own_limits else self.limits_
        learned = {m: self._mean_of(m, np.array([limit])) for m, limit in shared.items()}

        def find(limits: np.ndarray, low: np.ndarray) -> np.ndarray:
            found = np.full(limits.shape, np.nan)
            for k, marker in enumerate(markers):
                own = low[:, k]
                if marker in learned:
                    found[own, k] = learned[marker]
                elif own.any():
                    found[own, k] = self._mean_of(marker, self._log2_of(marker, limits[own, k]))
            return found

        return find

    def _mean_of(self, marker: str, limits: np.ndarray) -> np.ndarray:
        """Mean below limits on log2, as the marker itself is given."""
        found = self._mean_below(marker, limits)
        return found if marker in self.logarithmic else np.exp2(found)

    def _mean_below(self, marker: str, limits: np.ndarray) -> np.ndarray:
        if marker not in self.means_:
            return limits - 0.5
        mean = np.full(len(limits), self.means_[marker])
        return normal_below(mean, self.sds_[marker], limits)[0]


def on_log2(values: np.ndarray, floor: float | None) -> np.ndarray:
    """Logarithms to base 2, with the floor for values at or below zero; as they are without one."""
    if floor is None:
        return values
    return np.log2(np.where(values <= 0, floor, values))


def fit_left_censored(
    values: np.ndarray, limits: np.ndarray, grain: float = 0.0
) -> tuple[float, float] | None:
    r"""Maximum-likelihood mean and standard deviation of a left-censored normal sample.

    Newton's method in :math:`1/\sigma` and :math:`\mu/\sigma`, in which the log-likelihood is
    concave (Olsen 1978), so that any start leads to the one maximum.

    Parameters
    ----------
    values : ndarray of shape (n_measured,)
        NaN is left out.
    limits : ndarray of shape (n_censored,)
        One for each value that lies below it; NaN is left out.
    grain : float
        Values that differ by no more are taken to be the same; `GRAIN` for logarithms.

    Returns
    -------
    tuple of float, or None
        None when fewer than two different values are measured: nothing tells the spread.

    Examples
    --------
    >>> mean, sd = fit_left_censored(np.array([2.0, 3.0, 4.0]), np.array([2.0]))
    >>> round(mean, 4), round(sd, 4)
    (2.5881, 1.0386)
    """
    x, low = values[np.isfinite(values)], limits[np.isfinite(limits)]
    if len(x) < 2 or np.ptp(x) <= max(grain, 1e-12 * np.abs(x).max()):
        return None
    middle, spread = float(x.mean()), float(x.std())
    x, low = (x - middle) / spread, (low - middle) / spread
    point = np.array([0.0, 1.0])
    value, slope, bend = _likelihood(point, x, low)
    for _ in range(200):
        step = np.linalg.solve(bend, slope)
        while point[1] - step[1] <= 0:
            step = step / 2
        new = _likelihood(point - step, x, low)
        while new[0] < value - 1e-9 * abs(value):
            step = step / 2
            new = _likelihood(point - step, x, low)
        point = point - step
        value, slope, bend = new
        if np.abs(step).max() < 1e-12 * (1 + np.abs(point).max()):
            break
    return middle + spread * float(point[0] / point[1]), spread / float(point[1])


def _likelihood(
    point: np.ndarray, x: np.ndarray, low: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    """Log-likelihood at (mean/sd, 1/sd), its gradient and its Hessian."""
    shift, rate = point
    z, at = rate * x - shift, rate * low - shift
    h = hazard(at)
    curve = h * (h + at)
    value = len(x) * np.log(rate) - 0.5 * z @ z + log_ndtr(at).sum()
    slope = np.array([z.sum() - h.sum(), len(x) / rate - z @ x + h @ low])
    cross = x.sum() + curve @ low
    bend = np.array(
        [
            [-len(x) - curve.sum(), cross],
            [cross, -len(x) / rate**2 - x @ x - curve @ (low * low)],
        ]
    )
    return float(value), slope, bend
