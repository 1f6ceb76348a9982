"""The interaction of the arm with each of many markers, in every rearrangement."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from signature.effect.interaction._two_arms import TwoArms, null_statistics, per_row, standardised
from signature.exceptions import PredictionsError


@dataclass(frozen=True, eq=False)
class MarkerStatistics:
    """What the markers of a panel give.

    Parameters
    ----------
    scores : dict of (ndarray of shape (n,), float)
        By marker that can be tested: its standardised values and their standard deviation before.
    statistics : dict of ndarray of shape (n_arrangements,)
        Signed, the observed one first.
    left_out : dict of str
        Why a marker cannot be tested.
    """

    scores: dict[str, tuple[np.ndarray, float]]
    statistics: dict[str, np.ndarray]
    left_out: dict[str, str]


def marker_statistics(trial: TwoArms, markers: pd.DataFrame, arms: np.ndarray) -> MarkerStatistics:
    """Test each marker in its own null model.

    Parameters
    ----------
    trial : TwoArms
    markers : DataFrame of shape (n_all, n_markers)
    arms : ndarray of shape (n_arrangements, n)

    Raises
    ------
    PredictionsError
        When a marker has gaps.
    """
    found = MarkerStatistics({}, {}, {})
    for column in markers.columns:
        name = str(column)
        cells = markers[column].to_numpy(dtype="float64", na_value=np.nan)
        values = per_row(cells, trial.rows, repr(name))
        gaps = int((~np.isfinite(values)).sum())
        if gaps:
            raise PredictionsError(
                f"{name!r} is missing or infinite in {gaps} of {len(values)} people; impute markers"
                " before, without the outcome"
            )
        try:
            score = standardised(values, repr(name))
            found.statistics[name] = null_statistics(trial, score[0], arms)
            found.scores[name] = score
        except PredictionsError as error:
            found.left_out[name] = str(error)
    return found
