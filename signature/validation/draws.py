"""An estimate with its interval, from the data as they are and from bootstrap draws of them."""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy.special import expit, logit

from signature.records.estimates import Estimate

Shape = Literal["percentile", "centred", "log-odds"]
"""Of an interval from draws; see `estimate_of_draws`."""


def estimate_of_draws(values: np.ndarray, shape: Shape = "percentile") -> Estimate:
    """Estimate from the first value, 95 % interval from the others where nine in ten are defined.

    Parameters
    ----------
    values : ndarray of shape (n_draws + 1,)
        The data as they are, then bootstrap draws.
    shape : {"percentile", "centred", "log-odds"}
        2.5 and 97.5 % of the draws as they are; or an interval of half that width on either side of
        the value, because draws that are skewed or biased put the percentiles on the wrong side; or
        such a one on the log-odds of a value between 0 and 1, by the delta method, as DeLong's.
        In new people (60 to 400, 30 % events) percentiles lay wholly above the true AUROC in 4.5 %
        and above the true calibration slope in 6 % of simulated studies; this way in 3 % and 2 %.
    """
    value = float(values[0]) if np.isfinite(values[0]) else None
    draws = values[1:][np.isfinite(values[1:])]
    if value is None or not len(draws) or len(draws) < 0.9 * (len(values) - 1):
        return Estimate(value=value)
    low, high = np.quantile(draws, [0.025, 0.975])
    half = (high - low) / 2
    if shape == "centred":
        low, high = value - half, value + half
    elif shape == "log-odds" and 0 < value < 1:
        center, half = logit(value), half / (value * (1 - value))
        low, high = expit(center - half), expit(center + half)
    return Estimate(value=value, low=float(low), high=float(high))
