"""What moved the model's probabilities on held-out rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipelines.explain.contribution_summary import (
    additivity_gap,
    by_level,
    chosen_rows,
    importance,
    level,
)
from pipelines.fit.results_folder import Results
from pipelines.words.blocks import block_words
from signature.records.results import BASE

if TYPE_CHECKING:
    import pandas as pd

TITLE = "What moved the probabilities"
ORDER = 80

BARS, SWARMS, CURVES, STEPS = 20, 10, 4, 8
"""How many features each drawing shows."""

GAP_TOLERATED = 0.01
"""Log-odds; contributions that miss the probability by more are said to."""


def summarize(results: Results) -> dict[str, Any] | None:
    """Boil the contributions down; None where the run has none."""
    # All of them are the procedure's; `candidate` says whom it chose in that fold.
    table = results.contributions
    block = next((b for b in results.blocks if (table["block"] == b.name).any()), None)
    if block is None:
        return None
    table = table[table["block"] == block.name]
    predictions = results.procedure_predictions(block.name)
    first = table[table["repeat"] == table["repeat"].min()]
    columns = {c.name: c for c in results.launch.columns}
    ranked = importance(table)
    for record in ranked:
        column = columns.get(record["feature"])
        record["label"] = column.label if column else record["feature"]
        record["group"] = column.group if column else ""
        record["in_panel"] = bool(column and column.in_panel)
        record["low"], record["high"] = min(record["folds"]), max(record["folds"])
    labels = {r["feature"]: r["label"] for r in ranked}
    yes_no = {c.name for c in results.launch.columns if c.yes_no}
    swarms = []
    for i, record in enumerate(ranked[:SWARMS]):
        rows = first[first["feature"] == record["feature"]].sort_values("row")
        column = columns.get(record["feature"])
        swarms.append(
            {
                "feature": record["feature"],
                "label": record["label"],
                "unit": column.unit if column else "",
                "quantiles": column.quantiles if column else None,
                "contributions": rows["contribution"].tolist(),
                "percentiles": [None if p != p else float(p) for p in rows["percentile"]],
                "levels": by_level(rows),
                "curve": i < CURVES,
            }
        )
    total = sum(r["mean"] for r in ranked)
    gap = additivity_gap(table, predictions)
    return {
        **block_words(block, results.evaluation),
        "rows": int(first["row"].nunique()),
        "n_folds": int(table[["repeat", "fold"]].drop_duplicates().shape[0]),
        "repeats": int(table["repeat"].nunique()),
        "features": ranked,
        "drawn": min(BARS, len(ranked)),
        "panel_share": (sum(r["mean"] for r in ranked if r["in_panel"]) / total if total else None),
        "swarms": swarms,
        "waterfalls": _waterfalls(first, predictions, labels, yes_no),
        "gap": gap,
        "gap_matters": gap is not None and gap > GAP_TOLERATED,
    }


def _waterfalls(
    first: pd.DataFrame, predictions: pd.DataFrame, labels: dict[str, str], yes_no: set[str]
) -> list[dict[str, Any]]:
    """Walk from the fold's average to the probability of three rows that a rule picks."""
    same = predictions[
        (predictions["repeat"] == first["repeat"].iloc[0]) & predictions["row"].isin(first["row"])
    ]
    falls = []
    for rule, (row, probability) in chosen_rows(same).items():
        lines = first[first["row"] == row]
        base = float(lines.loc[lines["feature"] == BASE, "contribution"].sum())
        lines = lines[lines["feature"] != BASE]
        lines = lines.reindex(lines["contribution"].abs().sort_values(ascending=False).index)
        running, steps = base, []
        shown = lines.head(STEPS)
        for feature, share, place in zip(
            shown["feature"], shown["contribution"], level(shown["percentile"]), strict=True
        ):
            start, running = running, running + float(share)
            steps.append(
                {
                    "label": labels[str(feature)],
                    "place": "" if feature in yes_no else place,
                    "contribution": float(share),
                    "start": start,
                    "stop": running,
                }
            )
        rest = float(lines["contribution"].iloc[STEPS:].sum())
        falls.append(
            {
                "rule": rule,
                "probability": probability,
                "base": base,
                "steps": steps,
                "others": max(0, len(lines) - STEPS),
                "others_contribution": rest,
                "before_others": running,
                "total": running + rest,
            }
        )
    return falls


def draw(summary: dict[str, Any]) -> dict[str, Any]:
    """Draw importance, swarms, curves and waterfalls."""
    from pipelines.report import marker_plots

    return marker_plots.draw(summary)
