"""Contributions of features on held-out rows, boiled down to what may be shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from signature.records.results import BASE

if TYPE_CHECKING:
    import pandas as pd

LEVELS = ("below limit", "lowest quarter", "second quarter", "third quarter", "highest quarter")
MISSING = "missing"


@dataclass(frozen=True)
class Importance:
    """How far one feature moved the log-odds of held-out rows, whichever way."""

    feature: str
    mean: float
    """Mean absolute contribution over all held-out rows."""
    folds: tuple[float, ...]
    """The same in each fold."""


@dataclass(frozen=True)
class LevelMean:
    """One feature's mean contribution over the rows whose value lies in one quarter."""

    level: str
    n: int
    mean: float


def importance(contributions: pd.DataFrame) -> list[Importance]:
    """Rank features by their mean absolute contribution over held-out rows.

    A feature that a fold did not use counts as 0 there.

    Parameters
    ----------
    contributions : DataFrame
        The lines of one block.

    Returns
    -------
    list of Importance
        The most important first.
    """
    features = contributions[contributions["feature"] != BASE]
    size = features.assign(size=features["contribution"].abs())
    by_row = size.pivot(index=["repeat", "fold", "row"], columns="feature", values="size").fillna(0)
    folds = by_row.groupby(level=["repeat", "fold"]).mean()
    means = by_row.mean().sort_values(ascending=False, kind="stable")
    return [
        Importance(str(name), float(mean), tuple(float(v) for v in folds[name]))
        for name, mean in means.items()
    ]


def level(percentile: pd.Series) -> pd.Series:
    """Name the quarter of each percentile, or why there is none.

    Examples
    --------
    >>> import pandas as pd
    >>> list(level(pd.Series([-1.0, 0.1, 1.0, None])))
    ['below limit', 'lowest quarter', 'highest quarter', 'missing']
    """
    import numpy as np

    quarter = np.clip(np.floor(percentile.fillna(0) * 4), 0, 3).astype(int) + 1
    names = quarter.map(lambda q: LEVELS[q])
    return names.mask(percentile < 0, LEVELS[0]).mask(percentile.isna(), MISSING)


def by_level(rows: pd.DataFrame) -> list[LevelMean]:
    """Average one feature's contribution by the quarter its value lies in."""
    groups = rows.groupby(level(rows["percentile"]))["contribution"]
    found = groups.agg(["size", "mean"])
    return [
        LevelMean(name, int(found["size"][name]), float(found["mean"][name]))
        for name in (*LEVELS, MISSING)
        if name in found.index
    ]


def additivity_gap(contributions: pd.DataFrame, predictions: pd.DataFrame) -> float | None:
    """Return the largest gap between a row's contributions, added up, and its log-odds.

    None where no row is in both tables with a probability between 0 and 1.
    """
    import numpy as np

    keys = ["repeat", "fold", "row"]
    sums = contributions.groupby(keys)["contribution"].sum()
    probability = predictions.set_index(keys)["probability"]
    probability = probability[(probability > 0) & (probability < 1)]
    gap = (sums - np.log(probability / (1 - probability))).abs().dropna()
    return float(gap.max()) if len(gap) else None


def chosen_rows(predictions: pd.DataFrame) -> dict[str, tuple[int, float]]:
    """Pick rows by rule: the highest, the median and the lowest held-out probability.

    Returns
    -------
    dict
        By rule, the opaque row number (not for print) and its probability.
    """
    ordered = predictions.sort_values(["probability", "row"])
    places = {"highest": len(ordered) - 1, "median": (len(ordered) - 1) // 2, "lowest": 0}
    return {
        rule: (int(ordered["row"].iloc[i]), float(ordered["probability"].iloc[i]))
        for rule, i in places.items()
    }
