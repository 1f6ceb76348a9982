"""How long a run takes, and its tuning: the tables of ``speed.md``."""

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


ASKED = {
    "null check": 600.0,
    "trial": 180.0,
    "evaluation, explanation, report": 8.0,
}
"""Wall seconds on two cores; of the null check for a hundred runs."""

LABELS = {
    "null check": "null check of `opt_preterm_birth`, 100 runs",
    "trial": "trial of 400 people with its test (199 rearrangements)",
    "demo, a signature": "demo: `simulated_signature`",
    "demo, a trial": "demo: `opt_preterm_birth`",
    "evaluation, explanation, report": "`opt_preterm_birth` again, its folds finished: evaluation, "
    "explanation, report",
}


def jobs_table(found: dict[str, Any]) -> str:
    """Render the seconds of the main jobs, beside an older commit."""
    lines = [
        "| command | asked, s | before, s | now, s | CPU before, s | CPU now, s | "
        "said beforehand, s |",
        "|---|---|---|---|---|---|---|",
    ]
    for job, both in found["jobs"].items():
        scale = 100 / found["shuffled_runs"] if job == "null check" else 1
        before, now = (
            {k: both[which][k] * scale for k in ("wall", "cpu")} for which in ("before", "after")
        )
        announced = both["after"]["announced"]
        asked = ASKED.get(job, before["wall"] / 2 if job.startswith("demo") else None)
        met = "" if asked is None or now["wall"] <= asked else " (**missed**)"
        said = "" if announced is None else f"{announced:.0f} of {both['after']['wall']:.0f}"
        lines.append(
            f"| {LABELS[job]} | {'' if asked is None else f'{asked:.0f}'} | {before['wall']:.0f} | "
            f"{now['wall']:.0f}{met} | {before['cpu']:.0f} | {now['cpu']:.0f} | {said} |"
        )
    commits = found["commits"]
    lines += [
        "",
        f"Wall and CPU seconds with start-up, on {found['cores']} cores, commit "
        f"{commits['before']} and {commits['after']} in turn, both freshly checked out. The null "
        f"check is measured with {found['shuffled_runs']} runs and scaled up, start-up and first "
        "compiling (some 25 s) with it; of the demo half the time was asked. What is said "
        "beforehand is of the fits alone.",
    ]
    return "\n".join(lines)


def evaluation_table(found: dict[str, Any]) -> str:
    """Render how long each shipped experiment takes when all its fits are finished."""
    lines = [
        f"| experiment, its fits finished | seconds | at most {found['asked']:g}? |",
        "|---|---|---|",
    ]
    for name, seconds in found["seconds"].items():
        verdict = "yes" if seconds <= found["asked"] else "**missed**"
        lines.append(f"| `{name}` | {seconds:g} | {verdict} |")
    return "\n".join(lines)
