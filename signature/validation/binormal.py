"""People whom a calibrated model ranks with a given AUROC: two normals with one variance."""

from __future__ import annotations

from math import log, log1p, sqrt

import numpy as np
from scipy.special import log_expit, ndtri

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(160)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


def binormal(auroc: float, event_rate: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Nodes and weights that integrate over people whom a calibrated model ranks this well.

    Log-odds are normal among events and among others, with one variance; that they are calibrated
    then fixes both means.

    Parameters
    ----------
    auroc : float
        From 0.5 up, below 1.
    event_rate : float

    Returns
    -------
    log_odds, weight : ndarray of shape (n_nodes,)
        Weights add up to 1.
    event : bool ndarray of shape (n_nodes,)

    Raises
    ------
    ValueError
    """
    if not 0 < event_rate < 1:
        raise ValueError(f"event_rate must lie between 0 and 1; got {event_rate!r}")
    if not 0.5 <= auroc < 1:
        raise ValueError(f"auroc must be at least 0.5 and below 1; got {auroc!r}")
    apart = sqrt(2) * float(ndtri(auroc))
    middle = log(event_rate) - log1p(-event_rate)
    log_odds = np.concatenate([middle + apart * (_NODES + s * apart / 2) for s in (1, -1)])
    weight = np.concatenate([event_rate * _WEIGHTS, (1 - event_rate) * _WEIGHTS])
    return log_odds, weight, np.arange(len(weight)) < len(_WEIGHTS)


def cox_snell_from_auroc(auroc: float, event_rate: float) -> float:
    """Cox–Snell R² of a calibrated model with this AUROC.

    The log-odds of events and of others are taken as normal with the same variance, as in Riley,
    Van Calster and Collins (2021), who simulate; here the likelihood is integrated.

    Parameters
    ----------
    auroc : float
        In new people, from 0.5 up, below 1: not the apparent one.
    event_rate : float

    Raises
    ------
    ValueError

    Examples
    --------
    >>> round(cox_snell_from_auroc(0.89, 0.174), 3)
    0.291
    >>> cox_snell_from_auroc(0.5, 0.3)
    0.0
    """
    log_odds, weight, event = binormal(auroc, event_rate)
    sign = np.where(event, 1.0, -1.0)
    known = float(weight @ log_expit(sign * log_odds))
    chance = event_rate * log(event_rate) + (1 - event_rate) * log1p(-event_rate)
    return max(0.0, -float(np.expm1(2 * (chance - known))))
