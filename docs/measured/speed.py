"""How long tuning takes: the table of ``speed.md``."""

from __future__ import annotations

from typing import Any


def speed_table(benchmarks: dict[str, Any]) -> str:
    """Render the table of timings."""
    found = benchmarks["boosting_tuning"]
    seconds = {k: sorted(v)[len(v) // 2] for k, v in found["cpu_seconds"].items()}
    ratio, rounds = found["ratio"], len(found["cpu_seconds"]["naive"])
    lines = [
        "| tuning shallow XGBoost, one outer fold | CPU seconds | log-loss of the winner |",
        "|---|---|---|",
        f"| `cross_val_score`, the usual way | {seconds['naive']:.2f} | "
        f"{found['log_loss']['naive']:.4f} |",
        f"| shared bins, early stopping, pruning | {seconds['shared']:.2f} | "
        f"{found['log_loss']['shared']:.4f} |",
        "",
        f"{ratio['median']:g} times quicker (lowest of {rounds} rounds {ratio['lowest']:g}): "
        f"{found['rows']} rows × {found['columns']} columns, {found['parameter_sets']} parameter "
        f"sets × {found['inner_folds']} inner folds.",
    ]
    return "\n".join(lines)
