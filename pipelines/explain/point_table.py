"""The point score of a fitted procedure, as a table that a person can use."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pipelines.explain.linear_weights import LinearModel
from signature.learn.calibration import CalibratedProcedure
from signature.learn.point_score import BAND, LARGEST_LOSS, MOST_BANDS, Points, point_score
from signature.records.signature import Band, PointLine, PointScore, ScoreProbability
from signature.study.schema import BELOW, CENSORED, Column, FeatureSchema, Scale, source_of

MOST_LINES = 16
"""Of the table from score to probability."""


def point_table(
    procedure: CalibratedProcedure,
    told: LinearModel,
    X: pd.DataFrame,
    schema: FeatureSchema,
    selected: list[str],
) -> tuple[PointScore | None, str]:
    """Return the point score, or why there is none.

    Parameters
    ----------
    procedure : CalibratedProcedure
    told : LinearModel
        The procedure, read by `linear_model` with the same rows.
    X : DataFrame
        Development rows, raw.
    schema : FeatureSchema
    selected : list of str
        Markers that passed; each gets points.
    """
    if not selected:
        return None, "no marker passed"
    if told.harmonised or told.residualised:
        what = "harmonised by batch" if told.harmonised else "corrected for other features"
        return None, f"values are {what} first, which cannot be done by hand"
    log_odds = procedure.decision_function(X)
    in_model = [str(c) for c in told.values if told.weights[str(c)] != 0]
    values = told.values[in_model]
    flags = {c for c in in_model if c.endswith(CENSORED)}
    yes_no = flags | {c for c in in_model if c not in flags and schema[c].scale is Scale.YES_NO}
    found = point_score(
        values,
        told.weights,
        log_odds,
        yes_no=yes_no,
        needed=[c for c in in_model if c in selected],
    )
    if found is None:
        return None, "the model says the same of everybody"
    return _table(found, values, X, schema), ""


def _table(
    found: Points, values: pd.DataFrame, X: pd.DataFrame, schema: FeatureSchema
) -> PointScore:
    sources = list(dict.fromkeys(source_of(str(c)) for c in values))
    lines = [_line(name, found, values, X, schema[name]) for name in sources]
    worth = [line for line in lines if _worth_something(line)]
    worthless = {line.label for line in lines} - {line.label for line in worth}
    low, high = (int(q) for q in np.percentile(found.score, [1, 99], method="nearest"))
    step = -(-(high - low + 1) // MOST_LINES)
    scores = np.arange(low, high + 1, step)
    probability = 1 / (1 + np.exp(-(found.slope * scores + found.intercept)))
    return PointScore(
        lines=tuple(sorted(worth, key=lambda line: not line.in_panel)),
        left_out=tuple(sorted(worthless)),
        band_in_sd=BAND,
        log_odds_per_point=found.slope,
        probabilities=tuple(
            ScoreProbability(score=int(s), probability=float(p))
            for s, p in zip(scores, probability, strict=True)
        ),
        rank_correlation=found.rank_correlation,
        loss=1 - found.rank_correlation,
        largest_loss=LARGEST_LOSS,
    )


def _line(
    name: str, found: Points, values: pd.DataFrame, X: pd.DataFrame, column: Column
) -> PointLine:
    flag = name + CENSORED
    extra = found.per_band.get(flag, 0)
    bands: tuple[Band, ...] = ()
    below = yes = None
    if name in found.median:
        bands = _bands(name, found, column)
        censored = X[name + BELOW].notna().to_numpy() if name + BELOW in X else np.zeros(len(X))
        if censored.any():
            # what is put in place of values below the limit, on average where it varies
            typical = values.loc[np.asarray(censored, dtype=bool), [name]].to_numpy().mean()
            own = int(found.bands(name, np.array([typical]))[0]) * found.per_band[name]
            below = own + extra
    elif name in found.per_band:
        yes = found.per_band[name]
    else:  # only detected or not is left of it
        below = extra
    return PointLine(
        name=name,
        label=column.label,
        unit=column.unit,
        in_panel=column.in_panel,
        bands=bands,
        yes=yes,
        below_limit=below,
    )


def _bands(name: str, found: Points, column: Column) -> tuple[Band, ...]:
    """Cut at half steps around the median."""
    at, width, each = found.median[name], found.width[name], found.per_band[name]
    if not each:
        return ()
    steps = range(-MOST_BANDS, MOST_BANDS + 1)
    cuts = [_measured(at + (k - 0.5) * width, column) for k in steps][1:]
    ends: list[Any] = [None, *cuts, None]
    return tuple(Band(low=ends[i], high=ends[i + 1], points=k * each) for i, k in enumerate(steps))


def _measured(value: float, column: Column) -> float:
    if column.scale is Scale.LOG2:
        return float(2.0**value)
    if column.scale is Scale.ASINH:
        assert column.cofactor is not None
        return float(column.cofactor * np.sinh(value * np.log(2)))
    return float(value)


def _worth_something(line: PointLine) -> bool:
    return bool(line.bands or line.yes or line.below_limit)
