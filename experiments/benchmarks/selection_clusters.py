"""Which blocks of a panel are found, by clusters and otherwise, where the truth is known.

``python -m experiments.benchmarks.selection_clusters`` draws 150 people with 200 markers in blocks
of ten, with two covariates, and with or without a factor that runs through all markers. Of four
blocks either one marker matters or what the block has in common. What is found is false if it holds
no marker of such a block. `ClusterSelection` finds clusters, beyond what all markers share and
beyond the covariates alone; the rivals are the marker-wise score tests at the same false discovery
rate (Benjamini and Hochberg; Benjamini and Yekutieli), read by block, those of
``experiments.benchmarks.cluster_rivals``, and, in the first studies, `StabilitySelection`.

Mean shares of false blocks and of true ones found, with Monte Carlo errors, go to
``selection_clusters.json`` beside it. Finished parts are kept in ``results/selection_clusters/``,
in a folder of the code they are of, so that a killed run goes on.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer
from scipy.special import expit, ndtr

from experiments.benchmarks.cluster_rivals import cluster_rivals
from experiments.benchmarks.kept import counted
from pipelines.fit.digest import code_digest
from signature.randomness import generator, seed_for
from signature.select.cluster_selection import ClusterSelection
from signature.select.cluster_tests import benjamini_hochberg, first_component
from signature.select.covariates import Adjusted, adjust
from signature.select.half_samples import PeopleInRows
from signature.select.marker_scores import MarkerScores
from signature.select.stability_selection import StabilitySelection
from signature.writing import write_whole

OUT = Path(__file__).with_suffix(".json")
PEOPLE, MARKERS, BLOCK, TRUE, SLOPE = 150, 200, 10, 4, 0.8
LEVEL = 0.1
SLOW_STUDIES = 5
"""Of each design, in which stability selection is looked at, too."""

CORRELATIONS, LOADINGS, KINDS = (0.0, 0.5, 0.8), (0.0, 0.3, 0.5), ("one", "block", "none")
DESIGNS = {
    f"{kind}_{correlation:g}_{loading:g}": (kind, correlation, loading)
    for kind in KINDS
    for correlation in CORRELATIONS
    for loading in LOADINGS
}


def draw(
    kind: str, correlation: float, loading: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Draw markers, covariates, outcome, and which blocks matter."""
    n, blocks = PEOPLE, MARKERS // BLOCK
    within = np.repeat(rng.normal(size=(n, blocks)), BLOCK, axis=1)
    own = np.sqrt(correlation) * within + np.sqrt(1 - correlation) * rng.normal(size=(n, MARKERS))
    markers = loading * rng.normal(size=(n, 1)) + np.sqrt(1 - loading**2) * own
    covariates = rng.normal(size=(n, 2))
    markers = markers + 0.3 * covariates[:, :1]
    chosen = rng.choice(blocks, TRUE, replace=False)
    sides = rng.choice([-SLOPE, SLOPE], size=TRUE)
    if kind == "block":
        said = markers.reshape(n, blocks, BLOCK).mean(axis=2)[:, chosen]
    else:
        said = markers[:, chosen * BLOCK + rng.integers(BLOCK, size=TRUE)]
    eta = 0.5 * covariates[:, 0]
    matters = np.zeros(blocks, dtype=bool)
    if kind != "none":
        matters[chosen] = True
        eta = eta + (said / said.std(axis=0)) @ sides
    return markers, covariates, (rng.random(n) < expit(eta)).astype("float64"), matters


def counts(name: str, number: int) -> dict[str, float]:
    """Count in one study of a design what each method finds."""
    kind, correlation, loading = DESIGNS[name]
    markers, covariates, y, matters = draw(
        kind, correlation, loading, generator(0, "clusters", name, number)
    )
    panel = [f"m{i}" for i in range(MARKERS)]
    table = pd.DataFrame(np.hstack([markers, covariates]), columns=[*panel, "z0", "z1"])
    seed = seed_for(0, "clusters", name, number)
    found: dict[str, float] = {}
    for beyond in ("shared", "covariates"):
        fitted = ClusterSelection(
            panel, beyond=beyond, level=LEVEL, resamples=0, random_state=seed
        ).fit(table, y)
        blocks = [np.unique([int(m[1:]) // BLOCK for m in c.members]) for c in fitted.found_]
        found |= _shares(f"clusters beyond {beyond}", blocks, matters)
    people = PeopleInRows(np.arange(len(y)), y)
    given = adjust(markers, covariates, y, family="logistic", rarer=people.fewest // 2)
    for label, passed in _marker_wise(given, people).items():
        found |= _shares(label, [np.array([b]) for b in _blocks(passed)], matters)
    members = [np.array([int(m[1:]) for m in c.members]) for c in fitted.clusters_]
    components = np.column_stack([first_component(given.markers[:, at]) for at in members])
    others = cluster_rivals(components, given, y, people, level=LEVEL, seed=seed)
    for label, passed in others.items():
        blocks = [np.unique(members[i] // BLOCK) for i in np.flatnonzero(passed)]
        found |= _shares(label, blocks, matters)
    if number < SLOW_STUDIES and kind != "none":
        for learner, label in (("elastic_net", "path"), ("marginal", "one by one")):
            selector = StabilitySelection(panel, learner, random_state=seed).fit(table, y)
            passed = np.isin(panel, selector.selected_)
            blocks = [np.array([b]) for b in _blocks(passed)]
            found |= _shares(f"stability selection, {label}", blocks, matters)
    return found


def _marker_wise(given: Adjusted, people: PeopleInRows) -> dict[str, np.ndarray]:
    pvalues = 2 * ndtr(-MarkerScores(given, people).observed(by_leverage=True))
    harmonic = float((1 / np.arange(1, len(pvalues) + 1)).sum())
    return {
        "markers, Benjamini-Hochberg": benjamini_hochberg(pvalues, LEVEL),
        "markers, Benjamini-Yekutieli": benjamini_hochberg(pvalues, LEVEL / harmonic),
    }


def _blocks(passed: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.unique(np.flatnonzero(passed) // BLOCK)
    return found


def _shares(label: str, found: list[np.ndarray], matters: np.ndarray) -> dict[str, float]:
    """Share of what is found that is false, and of true blocks that are in something found."""
    false = sum(not matters[blocks].any() for blocks in found) / max(len(found), 1)
    hit = np.unique(np.concatenate(found)) if found else np.empty(0, dtype=int)
    true = matters[hit].sum() / max(matters.sum(), 1)
    return {
        f"{label}|studies": 1,
        f"{label}|false": false,
        f"{label}|false2": false**2,
        f"{label}|true": float(true),
        f"{label}|true2": float(true) ** 2,
    }


def main(
    studies: Annotated[int, typer.Option(help="Studies of each design")] = 200,
    jobs: Annotated[int, typer.Option(help="Processes")] = 2,
) -> None:
    """Count in every study that was not looked at yet, and summarise."""
    code = code_digest("signature.select.cluster_selection")[:12]
    sums = counted(
        "selection_clusters", counts, list(DESIGNS), studies, jobs=jobs, at_once=10, code=code
    )
    designs = [
        {
            "kind": kind,
            "correlation": correlation,
            "loading": loading,
            "methods": _means(sums[name]),
        }
        for name, (kind, correlation, loading) in DESIGNS.items()
    ]
    found = {
        "code": code,
        "people": PEOPLE,
        "markers": MARKERS,
        "block": BLOCK,
        "true": TRUE,
        "level": LEVEL,
        "designs": designs,
    }
    write_whole(OUT, json.dumps(found, indent=1) + "\n")
    for design in designs:
        typer.echo(f"{design['kind']}, r = {design['correlation']}, factor {design['loading']}")
        for label, each in design["methods"].items():
            typer.echo(f"  {label:32} false {each['false']} true {each['true']}")


def _means(sums: dict[str, float]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for label in dict.fromkeys(key.split("|")[0] for key in sums):
        n = sums[f"{label}|studies"]
        found[label] = {"studies": int(n)}
        for what in ("false", "true"):
            mean = sums[f"{label}|{what}"] / n
            spread = max(0.0, sums[f"{label}|{what}2"] / n - mean**2)
            found[label][what] = [round(mean, 3), round(float(np.sqrt(spread / n)), 3)]
    return found


if __name__ == "__main__":
    typer.run(main)
