"""Power against error of ways to select markers, on data whose truth is known.

``python -m experiments.benchmarks.selection_synthetic`` draws Stabl's synthetic design (Nature
Biotechnology 2024): 500 normal columns of which 10 matter, coefficients uniform between -10 and 10,
a latent score whose signal has twice the variance of its noise, and an outcome that is the score
above its median. Columns are independent, or equicorrelated within blocks of 10 (the 10 that matter
are drawn anywhere). Each method of ``experiments.benchmarks.selection_methods`` selects from each
data set.

The mean share of false selections and of the truth found, with Monte Carlo standard errors, and
the curve that a common threshold on each method's score gives, go to ``selection_synthetic.json``
beside it, and the figure to ``docs/measured/selection_synthetic.svg``. Finished data sets are kept
in ``results/selection_synthetic/``, in a folder of the code they are of, so that a killed run goes
on, and a run with more repetitions adds to it; ``--fresh`` forgets them.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated, Any

import matplotlib
import numpy as np
import typer

from experiments.benchmarks.kept import keep_part, kept, part_of, selection_code
from experiments.benchmarks.selection_methods import METHODS
from pipelines.fit.processes import Call, run_all
from pipelines.fit.progress import progress
from signature.writing import write_whole

matplotlib.use("Agg")

OUT = Path(__file__).with_suffix(".json")
FIGURE = Path("docs/measured/selection_synthetic.svg")
COLUMNS, INFORMATIVE, SIGNAL_TO_NOISE, BLOCK = 500, 10, 2.0, 10
ROWS = (150, 400)
CORRELATIONS = (0.0, 0.5, 0.8)
AIMS = {150: (0.10, 0.40), 400: (0.05, 0.75)}
"""False discovery rate at most, power at least."""

STABL = {150: ((0.18, 0.23), (0.32, 0.36)), 400: ((0.06, 0.07), (0.64, 0.66))}
"""Its lowest and highest false discovery rate and power, of its two kinds of noise features."""

_POINTS = np.round(np.concatenate([np.arange(0, 0.1, 0.01), np.arange(0.1, 0.51, 0.05)]), 2)


def draw(n: int, correlation: float, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw columns, outcome and which columns matter."""
    rng = np.random.default_rng([seed, n, round(100 * correlation)])
    shared = np.repeat(rng.normal(size=(n, COLUMNS // BLOCK)), BLOCK, axis=1)
    own = rng.normal(size=(n, COLUMNS))
    X = np.sqrt(correlation) * shared + np.sqrt(1 - correlation) * own
    matters = np.zeros(COLUMNS, dtype=bool)
    matters[rng.choice(COLUMNS, INFORMATIVE, replace=False)] = True
    signal = X[:, matters] @ rng.uniform(-10, 10, INFORMATIVE)
    noise = rng.normal(size=n) * signal.std() / np.sqrt(SIGNAL_TO_NOISE)
    latent = signal + noise
    return X, (latent > np.median(latent)).astype(float), matters


def _one(n: int, correlation: float, rep: int) -> tuple[tuple[int, float], int, dict[str, Any]]:
    """Run every method on one data set, or read what it gave before."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        found = _by_method(n, correlation, rep)
    return (n, correlation), rep, found


def _by_method(n: int, correlation: float, rep: int) -> dict[str, Any]:
    file = kept("selection_synthetic") / f"n{n}_r{round(100 * correlation)}_{rep}.sealed"
    found: dict[str, Any] = part_of(file) or {}
    X, y, matters = draw(n, correlation, rep)
    for name, method in METHODS.items():
        if name in found:
            continue
        started = time.process_time()
        made = method(X, y, rep)
        seconds = time.process_time() - started
        found[name] = {
            label: {
                "score": [round(float(v), 6) for v in each.score],
                "decisions": {k: np.flatnonzero(v).tolist() for k, v in each.decisions.items()},
                "seconds": seconds,
            }
            for label, each in made.items()
        }
        keep_part(file, found)
    return {"matters": matters} | {k: v for name in METHODS for k, v in found[name].items()}


def summarise(sets: list[dict[str, Any]]) -> dict[str, Any]:
    """Average over data sets of one design."""
    truth = np.array([s["matters"] for s in sets])
    found: dict[str, Any] = {}
    for label in (k for k in sets[0] if k != "matters"):
        scores = np.array([s[label]["score"] for s in sets])
        decisions = {}
        for setting in sets[0][label]["decisions"]:
            chosen = np.zeros(truth.shape, dtype=bool)
            for row, s in zip(chosen, sets, strict=True):
                row[s[label]["decisions"][setting]] = True
            decisions[setting] = _rates(chosen, truth)
        found[label] = {
            "decisions": decisions,
            "power_at_fdr": _power_at(scores, truth),
            "curve": _curve(scores, truth),
            "cpu_seconds": round(float(np.mean([s[label]["seconds"] for s in sets])), 1),
        }
    return found


def _rates(chosen: np.ndarray, truth: np.ndarray) -> dict[str, Any]:
    false, true = (chosen & ~truth).sum(axis=1), (chosen & truth).sum(axis=1)
    shares = {"fdr": false / np.maximum(chosen.sum(axis=1), 1), "tpr": true / INFORMATIVE}
    shares["false"] = false
    # a marker of a block that holds one that matters stands for it
    in_block = np.repeat(truth.reshape(len(truth), -1, BLOCK).any(axis=2), BLOCK, axis=1)
    elsewhere = (chosen & ~in_block).sum(axis=1)
    shares["fdr_of_blocks"] = elsewhere / np.maximum(chosen.sum(axis=1), 1)
    return {name: _mean_and_error(v) for name, v in shares.items()}


def _mean_and_error(v: np.ndarray) -> list[float]:
    error = float(v.std(ddof=1) / np.sqrt(len(v))) if len(v) > 1 else 0.0
    return [round(float(v.mean()), 3), round(error, 3)]


def _all_levels(scores: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean FDR and power at each level of a score, from the highest level down."""
    top = np.sort(scores, axis=1)[:, -3 * INFORMATIVE :]
    fdr, tpr = [], []
    for level in np.unique(top)[::-1]:
        chosen = scores >= level
        false, true = (chosen & ~truth).sum(axis=1), (chosen & truth).sum(axis=1)
        fdr.append(np.mean(false / np.maximum(false + true, 1)))
        tpr.append(np.mean(true / INFORMATIVE))
    return np.array(fdr), np.array(tpr)


def _power_at(scores: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Highest power at a false discovery rate, if one knew the best common threshold."""
    fdr, tpr = _all_levels(scores, truth)
    return {
        str(limit): round(float(max(tpr[fdr <= limit], default=0.0)), 3)
        for limit in (0.05, 0.1, 0.2)
    }


def _curve(scores: np.ndarray, truth: np.ndarray) -> list[list[float]]:
    fdr, tpr = _all_levels(scores, truth)
    return [
        [float(limit), round(float(max(tpr[fdr <= limit], default=0.0)), 3)] for limit in _POINTS
    ]


_LOOKS = {
    "ours, lasso path": ("C0", "o"),
    "ours, one by one": ("C1", "s"),
    "r-concave bound": ("C2", "^"),
    "plain stability selection": ("C7", "x"),
    "noise features": ("C3", "D"),
    "knockoffs": ("C4", "v"),
    "knockoffs, 10 copies": ("C5", "<"),
    "distilled test": ("C8", "P"),
    "knows the design": ("k", "*"),
}


def figure(found: dict[str, Any], file: Path) -> None:
    """Draw the curves, the decisions, the aims and Stabl's published points."""
    import matplotlib.pyplot as plt

    matplotlib.rcParams["svg.hashsalt"] = "selection"
    shape = (len(ROWS), len(CORRELATIONS))
    made, axes = plt.subplots(*shape, figsize=(12, 7.5), sharex=True, sharey=True)
    for ax, design in zip(axes.flat, found["designs"], strict=True):
        n = design["rows"]
        for label, each in design["methods"].items():
            color, marker = _LOOKS[label]
            x, y = np.array(each["curve"]).T
            dash = "--" if label == "knows the design" else "-"
            ax.plot(x, y, dash, color=color, lw=1.3, label=label, drawstyle="steps-post")
            for rates in each["decisions"].values():
                ax.plot(rates["fdr"][0], rates["tpr"][0], marker, color=color, ms=5, mec="white")
        fdr, tpr = AIMS[n]
        ax.add_patch(plt.Rectangle((0, tpr), fdr, 1 - tpr, color="C2", alpha=0.12, lw=0))
        if design["correlation"] == 0:
            low, high = STABL[n][0], STABL[n][1]
            ax.add_patch(
                plt.Rectangle(
                    (low[0], high[0]), low[1] - low[0], high[1] - high[0], color="C3", alpha=0.5
                )
            )
            ax.annotate("Stabl", (low[1], high[0]), fontsize=8, color="C3", va="top")
        correlation = design["correlation"]
        ax.set_title(f"n = {n}, correlation {correlation:g} in blocks", fontsize=10)
        ax.set_xlim(-0.01, 0.5)
        ax.set_ylim(0, 1)
    made.supxlabel("false discovery rate", fontsize=10)
    made.supylabel("share of the 10 that matter found", fontsize=10)
    handles, labels = axes.flat[0].get_legend_handles_labels()
    made.legend(handles, labels, loc="upper center", ncols=4, fontsize=9, frameon=False)
    made.tight_layout(rect=(0, 0, 1, 0.93))
    file.parent.mkdir(exist_ok=True)
    made.savefig(file, metadata={"Date": None, "Title": "Power against error by method"})
    plt.close(made)


def main(
    repetitions: Annotated[int, typer.Option(help="Data sets without correlations")] = 200,
    correlated: Annotated[int, typer.Option(help="Data sets of each other design")] = 20,
    jobs: Annotated[int, typer.Option(help="Processes")] = 2,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget what was run before")] = False,
) -> None:
    """Run every method on every data set that was not run yet, and summarise."""
    if fresh:
        for file in kept("selection_synthetic").glob("n*.sealed"):
            file.unlink()
    designs = [(n, correlation) for n in ROWS for correlation in CORRELATIONS]
    # all designs in turn, so that a run that is cut short has some of each
    calls: list[Call[tuple[tuple[int, float], int, dict[str, Any]]]] = [
        (_one, (n, correlation, rep))
        for rep in range(max(repetitions, correlated))
        for n, correlation in designs
        if rep < (correlated if correlation else repetitions)
    ]
    sets: dict[tuple[int, float], dict[int, dict[str, Any]]] = {d: {} for d in designs}
    with progress("data sets", len(calls)) as done:
        for design, rep, found_there in run_all(calls, jobs=jobs):
            sets[design][rep] = found_there
            done()
    found = {
        "code": selection_code(),
        "columns": COLUMNS,
        "informative": INFORMATIVE,
        "signal_to_noise": SIGNAL_TO_NOISE,
        "block": BLOCK,
        "aims": {str(n): list(aim) for n, aim in AIMS.items()},
        "stabl": {str(n): [list(r) for r in ranges] for n, ranges in STABL.items()},
        "designs": [
            {
                "rows": n,
                "correlation": correlation,
                "repetitions": len(sets[n, correlation]),
                "methods": summarise([each for _, each in sorted(sets[n, correlation].items())]),
            }
            for n, correlation in designs
        ],
    }
    write_whole(OUT, json.dumps(found, indent=1) + "\n")
    figure(found, FIGURE)
    for design in found["designs"]:
        typer.echo(f"n = {design['rows']}, correlation {design['correlation']}")
        for label, each in design["methods"].items():
            for setting, r in each["decisions"].items():
                typer.echo(f"  {label:26s} {setting:14s} FDR {r['fdr']} TPR {r['tpr']}")
            typer.echo(f"  {label:26s} power at FDR {each['power_at_fdr']}")


if __name__ == "__main__":
    typer.run(main)
