"""What a simulated cohort hides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from signature.datasets._design import CLINICAL, Design


@dataclass(frozen=True, eq=False, repr=False)
class Truth:
    r"""What a simulated cohort hides, on the rows of the cohort unless it says otherwise.

    Parameters
    ----------
    design : Design
        The parameters.
    standardised : DataFrame, shape (n_rows, n_clinical + n_markers)
        :math:`c` and :math:`u`: what the coefficients are per unit of.
    log2_value : DataFrame, shape (n_rows, n_markers)
        True log2 values :math:`x`, free of laboratory.
    log_odds, probability : Series
        Of the event, given what is true at the first visit.
    intercept : Series by site
        :math:`\alpha`.
    prognostic : Series by clinical column and marker
        :math:`\beta`, zeros included.
    predictive : Series by marker
        :math:`\gamma`, zeros included.
    site_shift, plate_shift : DataFrame, sites or plates × markers
        In log2 units.
    plate_scale : Series by plate
        :math:`\kappa`.
    limits, share_below : DataFrame, plates × markers
        Detection limits in the marker's unit and designed share below them; missing where a
        marker has none. A limit carries its plate's shift and its site's.
    missing : DataFrame of bool, shape (n_rows, n_markers)
        Measurements that were lost.
    """

    design: Design
    standardised: pd.DataFrame
    log2_value: pd.DataFrame
    log_odds: pd.Series
    probability: pd.Series
    intercept: pd.Series
    prognostic: pd.Series
    predictive: pd.Series
    site_shift: pd.DataFrame
    plate_shift: pd.DataFrame
    plate_scale: pd.Series
    limits: pd.DataFrame
    share_below: pd.DataFrame
    missing: pd.DataFrame

    @property
    def correlation(self) -> pd.DataFrame:
        """Correlation of the markers' log2 values that the design implies, at one visit."""
        d = self.design
        block = np.arange(d.n_markers) // d.block_size
        own = np.where(block[:, None] == block, d.within, d.between)
        np.fill_diagonal(own, 1.0)
        loads = loads_of(d)
        left = np.sqrt(1 - (loads**2).sum(axis=0))
        implied = loads.T @ loads + own * np.outer(left, left)
        return pd.DataFrame(implied, index=list(d.markers), columns=list(d.markers))


def loads_of(d: Design) -> np.ndarray:
    """Return the correlations of clinical columns (rows) with markers (columns)."""
    return np.array([[d.clinical.get(m, {}).get(c, 0.0) for m in d.markers] for c in CLINICAL])
