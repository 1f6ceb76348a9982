"""What moved the model's probabilities on held-out rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.explain.contribution_summary import (
    Importance,
    LevelMean,
    additivity_gap,
    by_level,
    importance,
)
from pipelines.fit.results_folder import Results
from pipelines.report.sections.markers.waterfalls import Waterfall, waterfalls_of
from pipelines.words.blocks import BlockWords, words_of
from signature.records.results import Block, ColumnSummary

if TYPE_CHECKING:
    import pandas as pd
    from markupsafe import Markup

TITLE = "What moved the probabilities"
ORDER = 80

BARS, SWARMS, CURVES = 20, 10, 4
"""How many features each drawing shows."""

GAP_TOLERATED = 0.01
"""Log-odds; contributions that miss the probability by more are said to."""


@dataclass(frozen=True)
class Feature:
    """Mean absolute contribution of one feature, over all held-out rows and by fold."""

    feature: str
    label: str
    group: str
    in_panel: bool
    mean: float
    low: float
    high: float
    folds: tuple[float, ...]


@dataclass(frozen=True)
class Swarm:
    """Contributions of one feature by held-out row, and where its value lies among all rows."""

    label: str
    unit: str
    quantiles: tuple[float, ...] | None
    contributions: tuple[float, ...]
    percentiles: tuple[float | None, ...]
    levels: tuple[LevelMean, ...]
    curve: bool
    """Whether it is also drawn along its values."""


@dataclass(frozen=True)
class Contributions(BlockWords):
    """Contributions in the first block that has any."""

    rows: int
    n_folds: int
    repeats: int
    features: tuple[Feature, ...]
    """The most important first."""
    panel_share: float | None
    """Of all contributions; None where there are none."""
    swarms: tuple[Swarm, ...]
    waterfalls: tuple[Waterfall, ...]
    gap: float | None
    gap_matters: bool


def summarize(results: Results) -> Contributions | None:
    """Boil the contributions down; None where the run has none."""
    # All of them are the procedure's; `candidate` says whom it chose in that fold.
    table = results.contributions
    block = next((b for b in results.blocks if (table["block"] == b.name).any()), None)
    return None if block is None else _of_block(block, results, table[table["block"] == block.name])


def _of_block(block: Block, results: Results, table: pd.DataFrame) -> Contributions:
    predictions = results.procedure_predictions(block.name)
    columns = {c.name: c for c in results.launch.columns}
    features = tuple(_feature(record, columns.get(record.feature)) for record in importance(table))
    first = table[table["repeat"] == table["repeat"].min()]
    gap = additivity_gap(table, predictions)
    return Contributions(
        **vars(words_of(block, results.evaluation)),
        rows=int(first["row"].nunique()),
        n_folds=int(table[["repeat", "fold"]].drop_duplicates().shape[0]),
        repeats=int(table["repeat"].nunique()),
        features=features,
        panel_share=_panel_share(features),
        swarms=_swarms(features, first, columns),
        waterfalls=waterfalls_of(
            first,
            predictions,
            labels={f.feature: f.label for f in features},
            yes_no={c.name for c in columns.values() if c.yes_no},
        ),
        gap=gap,
        gap_matters=gap is not None and gap > GAP_TOLERATED,
    )


def _feature(record: Importance, column: ColumnSummary | None) -> Feature:
    return Feature(
        feature=record.feature,
        label=column.label if column else record.feature,
        group=column.group if column else "",
        in_panel=column is not None and column.in_panel,
        mean=record.mean,
        low=min(record.folds),
        high=max(record.folds),
        folds=record.folds,
    )


def _panel_share(features: tuple[Feature, ...]) -> float | None:
    total = sum(f.mean for f in features)
    return sum(f.mean for f in features if f.in_panel) / total if total else None


def _swarms(
    features: tuple[Feature, ...], first: pd.DataFrame, columns: Mapping[str, ColumnSummary]
) -> tuple[Swarm, ...]:
    return tuple(
        _swarm(
            feature,
            first[first["feature"] == feature.feature].sort_values("row"),
            columns.get(feature.feature),
            curve=i < CURVES,
        )
        for i, feature in enumerate(features[:SWARMS])
    )


def _swarm(
    feature: Feature, rows: pd.DataFrame, column: ColumnSummary | None, *, curve: bool
) -> Swarm:
    return Swarm(
        label=feature.label,
        unit=column.unit if column else "",
        quantiles=tuple(column.quantiles) if column and column.quantiles else None,
        contributions=tuple(rows["contribution"].tolist()),
        percentiles=tuple(None if p != p else float(p) for p in rows["percentile"]),
        levels=tuple(by_level(rows)),
        curve=curve,
    )


def draw(summary: Contributions) -> dict[str, Markup]:
    """Draw importance, swarms, curves and waterfalls."""
    from pipelines.report.sections.markers import drawing

    return {
        "importance": drawing.bars(summary.features[:BARS]),
        "swarm": drawing.swarm(summary.swarms),
        "curves": drawing.curves([s for s in summary.swarms if s.curve]),
        **{fall.rule: drawing.waterfall(fall) for fall in summary.waterfalls},
    }
