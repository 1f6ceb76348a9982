"""What serving was to reach and what it reached: the tables of ``serving.md``."""

from __future__ import annotations

from typing import Any

_SERVERS = {
    "echo": "bare server that sends the request back",
    "linear": "linear, `signature serve`",
    "linear_by_mlflow": "linear, MLflow's server",
    "trees": "trees, `signature serve`",
    "trees_by_mlflow": "trees, MLflow's server",
}


def serving_tables(benchmarks: dict[str, Any], targets: dict[str, Any]) -> dict[str, str]:
    """Render the tables of latency, of rows per second, and of what else was tried."""
    found = benchmarks["serving"]
    return {
        "latency": _latency(found, targets["milliseconds"]),
        "rows": _rows(found, targets["rows_per_second"]),
        "endurance": _endurance(found),
    }


def _latency(found: dict[str, Any], asked: dict[str, float]) -> str:
    lines = ["| one explained row | asked | median | 99 % within | met? |", "|---|---|---|---|---|"]
    for name, label in _SERVERS.items():
        told = found["milliseconds"][name]
        most = asked.get(name)
        wanted = "–" if most is None else f"{most:g} ms"
        met = "–" if most is None else _within(told, most)
        lines.append(
            f"| {label} | {wanted} | {told['p50']:.1f} ms | {told['p99']:.1f} ms | {met} |"
        )
    return "\n".join(lines)


def _rows(found: dict[str, Any], asked: dict[str, float]) -> str:
    lines = [
        f"| rows per second, {found['batch']:,} at once | asked | linear | trees | met? |",
        "|---|---|---|---|---|",
    ]
    for kind, least in asked.items():
        reached = [found["rows_per_second"][model][kind] for model in ("linear", "trees")]
        told = " | ".join(f"{r:,}" for r in reached)
        lines.append(f"| {kind} | {least:,} | {told} | {_met(min(reached) >= least)} |")
    return "\n".join(lines)


def _endurance(found: dict[str, Any]) -> str:
    lines = ["| what was tried | what came of it |", "|---|---|"]
    for model, told in found["crowd"].items():
        lines.append(
            f"| {told['clients']} clients at once, {model} | {told['requests']:,} requests, "
            f"{told['errors']} errors, {told['requests_per_second']:,} a second, median "
            f"{told['p50']:.0f} ms |"
        )
    for name, told in found["fuzzed"].items():
        lines.append(
            f"| {told['requests']:,} requests that nobody should send, {_SERVERS[name]} | "
            f"{told['faults']} answers that are no 2xx or 4xx in JSON or repeat a value, "
            f"{told['tracebacks_or_values_in_the_log']} tracebacks or values in the log; "
            f"{told['scored']:,} were in order after all |"
        )
    if soaked := found.get("soak"):
        lines.append(
            f"| {soaked['minutes']:.0f} minutes of mixed requests, trees | "
            f"{soaked['requests']:,} requests, {soaked['errors']} errors; "
            f"{soaked['megabytes_after_a_tenth']:.0f} MB after a tenth of the time, "
            f"{soaked['megabytes_at_the_end']:.0f} MB at the end |"
        )
    return "\n".join(lines)


def _within(told: dict[str, float], most: float) -> str:
    if told["p99"] <= most:
        return "yes"
    return "in the median" if told["p50"] <= most else "no"


def _met(yes: bool) -> str:
    return "yes" if yes else "no"
