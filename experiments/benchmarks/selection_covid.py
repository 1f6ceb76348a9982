"""What the stable signature selects of 1,463 proteins of 68 people, and how it predicts.

``python -m experiments.benchmarks.selection_covid --folds covid_folds.csv`` reads
``covid_olink_wide`` from the folder that ``SIGNATURE_DATA`` names and does three things:

- ``null``: shuffles the outcome and selects, again and again;
- ``seeds``: selects from the data as they are, with other seeds;
- ``folds``: predicts the held-out rows of given folds (a table of ``sampleID`` and the test fold of
  each repeat), with the learner chosen on inner folds as in a run, and with each learner alone.

Everything goes into ``selection_covid.json`` beside it, a part at a time. Finished folds are kept
in ``results/selection_covid/`` so that a killed run goes on where it was.
"""

from __future__ import annotations

import json
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer
from scipy.special import expit
from sklearn.base import clone
from sklearn.metrics import roc_auc_score

from experiments.benchmarks.kept import keep_part, kept, part_of, selection_code
from models import stable_signature
from signature.learn.calibration import (
    CalibratedProcedure,
    calibrated_loss,
    decision,
    fit_with_people,
)
from signature.randomness import seed_for
from signature.select.marker_ranks import Learner
from signature.select.selection_agreement import mean_jaccard, nogueira
from signature.select.stability_selection import StabilitySelection
from signature.study.schema import Column, FeatureSchema, Role
from signature.study.splits import person_folds
from signature.study.tables import data_folder
from signature.study.whose import Whose
from signature.writing import write_whole

OUT = Path(__file__).with_suffix(".json")
OUTCOME = "Mild&ModVsSevere"
LEARNERS: tuple[Learner, ...] = ("elastic_net", "marginal")
INNER_FOLDS, MOST = 5, 10


@dataclass(frozen=True, eq=False)
class Proteins:
    """The proteins, who was severe, and the columns as a study describes them."""

    X: pd.DataFrame
    y: np.ndarray
    schema: FeatureSchema

    @classmethod
    def read(cls) -> Proteins:
        """Read them from the local folder."""
        table = pd.read_csv(data_folder("covid_olink_wide") / "data.csv", index_col="sample")
        y = table.pop(OUTCOME).to_numpy()
        table.columns = [re.sub(r"\W", "_", str(c)) for c in table]  # HLA-DRA, HLA-E
        columns = (Column(c, Role.MARKER, "protein", unit="NPX") for c in table)
        schema = FeatureSchema(tuple(columns)).choose(baseline=[], panel=["protein"])
        return cls(table.astype("float64"), y, schema)


def selector(learner: Learner, seed: int, jobs: int) -> StabilitySelection:
    """Return the selector that `models.stable_signature` fits."""
    return StabilitySelection(learner=learner, max_markers=MOST, random_state=seed, n_jobs=jobs)


def null(data: Proteins, runs: int, jobs: int) -> dict[str, Any]:
    """Select with shuffled outcomes."""
    counts: dict[str, list[int]] = {learner: [] for learner in LEARNERS}
    for run in range(runs):
        y = np.random.default_rng([1, run]).permutation(data.y)
        for learner in LEARNERS:
            counts[learner].append(len(selector(learner, run, jobs).fit(data.X, y).selected_))
        _progress("null", run + 1, runs)
    either = [max(c) for c in zip(*counts.values(), strict=True)]
    return {
        "runs": runs,
        "level": StabilitySelection().level,
        "alpha": StabilitySelection().alpha,
        "learners": {learner: _of_null(each) for learner, each in counts.items()},
        "worse_of_the_two": _of_null(either),
    }


def _of_null(counts: list[int]) -> dict[str, float]:
    n = np.array(counts)
    return {
        "runs_with_any": int((n > 0).sum()),
        "mean_selected": round(float(n.mean()), 3),
        "standard_error": round(float(n.std(ddof=1) / np.sqrt(len(n))), 3),
        "most": int(n.max()),
    }


def seeds(data: Proteins, number: int, jobs: int) -> dict[str, Any]:
    """Select with other seeds."""
    found: dict[str, Any] = {}
    for learner in LEARNERS:
        fitted = [selector(learner, seed, jobs).fit(data.X, data.y) for seed in range(number)]
        sets = [f.selected_ for f in fitted]
        found[learner] = {
            "seeds": number,
            "jaccard": round(mean_jaccard(_as_table(sets, list(data.X))), 3),
            "selected": sorted({m for s in sets for m in s}),
            "times": {m: sum(m in s for s in sets) for m in sorted({m for s in sets for m in s})},
            "pairs": [f.n_pairs_ for f in fitted],
            "thresholds": [_finite(f.threshold_) for f in fitted],
            "pvalues": [round(f.pvalue_, 4) for f in fitted],
        }
        _progress("seeds", LEARNERS.index(learner) + 1, len(LEARNERS))
    return found


def folds(data: Proteins, table: pd.DataFrame, repeats: int, jobs: int) -> dict[str, Any]:
    """Predict held-out rows with the learner chosen on inner folds, and with each alone."""
    ways = ("chosen", *LEARNERS)
    started = time.monotonic()
    done: dict[str, list[dict[str, Any]]] = {way: [] for way in ways}
    numbers = [(rep, fold) for rep in range(repeats) for fold in range(5)]
    for rep, fold in numbers:
        test = (table.loc[data.X.index, f"rep{rep}"] == fold).to_numpy()
        file = kept("selection_covid") / f"rep{rep}_fold{fold}.sealed"
        found = part_of(file)
        if found is None:
            found = _one_fold(data, test, seed_for(1, "fold", rep, fold), jobs)
            keep_part(file, found)
        for way, result in found.items():
            done[way].append({**result, "y": data.y[test].tolist()})
        _progress("folds", len(done["chosen"]), len(numbers), time.monotonic() - started)
    return {way: _of_folds(results, list(data.X)) for way, results in done.items()}


def _one_fold(data: Proteins, test: np.ndarray, seed: int, jobs: int) -> dict[str, Any]:
    """Fit with each learner and choose one by its inner loss.

    This is what `pipelines.fit.tuning.Tuner` and `fit_tuned` do, with their seeds; here the learner
    that loses is kept, too.
    """
    X, y = data.X[~test], data.y[~test]
    person = np.arange(len(y))
    splits = person_folds(y, person, INNER_FOLDS, seed)
    found: dict[str, Any] = {}
    for learner in LEARNERS:
        made = stable_signature.build(data.schema, random_state=seed_for(seed, "model"))
        made.set_params(model__selector__learner=learner, model__selector__n_jobs=jobs)
        out_of_fold = np.empty(len(y))
        for train, held_out in splits:
            fitted = fit_with_people(clone(made), X.iloc[train], y[train], Whose(person[train]))
            out_of_fold[held_out] = decision(fitted, X.iloc[held_out])
        whole = CalibratedProcedure(made, folds=INNER_FOLDS, random_state=seed)
        whole.fit(X, y, groups=person, out_of_fold=out_of_fold)
        selection = whole.estimator_[-1].selector_
        found[learner] = {
            "p": whole.predict_proba(data.X[test])[:, 1].tolist(),
            "uncalibrated": decision(whole.estimator_, data.X[test]).tolist(),
            "selected": selection.selected_,
            "pvalue": selection.pvalue_,
            "inner_loss": calibrated_loss(out_of_fold, y),
        }
    best = min(LEARNERS, key=lambda name: found[name]["inner_loss"])
    return {"chosen": {**found[best], "learner": best}, **found}


def _of_folds(results: list[dict[str, Any]], names: list[str]) -> dict[str, Any]:
    aurocs = [roc_auc_score(r["y"], r["p"]) for r in results]
    p, y = (np.concatenate([r[key] for r in results]) for key in ("p", "y"))
    raw = expit(np.concatenate([r["uncalibrated"] for r in results]))
    sizes = [len(r["selected"]) for r in results]
    table = _as_table([r["selected"] for r in results], names)
    index = nogueira(table)
    by_repeat = np.reshape(aurocs, (-1, 5)).mean(axis=1)
    found: dict[str, Any] = {
        "folds": len(results),
        "auroc": round(float(np.mean(aurocs)), 3),
        "auroc_sd_of_repeats": round(float(by_repeat.std(ddof=1)), 3) if len(by_repeat) > 1 else 0,
        "brier": round(float(np.mean((p - y) ** 2)), 3),
        "log_loss": round(float(-np.mean(np.log(np.where(y == 1, p, 1 - p)))), 3),
        "brier_uncalibrated": round(float(np.mean((raw - y) ** 2)), 3),
        "markers": {"mean": round(float(np.mean(sizes)), 1), "low": min(sizes), "high": max(sizes)},
        "empty": sum(size == 0 for size in sizes),
        "jaccard": round(mean_jaccard(table), 3),
        "nogueira": None
        if index is None
        else [round(v, 3) for v in (index.value, index.low, index.high)],
        "often": dict(
            sorted(zip(names, table.sum(axis=0).tolist(), strict=True), key=lambda item: -item[1])[
                :12
            ]
        ),
    }
    if "learner" in results[0]:
        found["learners"] = {name: sum(r["learner"] == name for r in results) for name in LEARNERS}
    return found


def _as_table(sets: list[list[str]], names: list[str]) -> np.ndarray:
    return np.array([np.isin(names, chosen) for chosen in sets])


def _finite(value: float) -> float | None:
    return round(float(value), 3) if np.isfinite(value) else None


def _progress(part: str, done: int, of: int, seconds: float = 0.0) -> None:
    sys.stderr.write(f"\r{part}: {done} of {of} ({seconds:.0f} s)")
    sys.stderr.write("\n" if done == of else "")
    sys.stderr.flush()


def main(
    folds_file: Annotated[
        Path | None, typer.Option("--folds", help="Table of the folds; without it none are run")
    ] = None,
    runs: Annotated[int, typer.Option(help="Shuffled outcomes; 0 leaves this part out")] = 100,
    n_seeds: Annotated[int, typer.Option("--seeds", help="0 leaves this part out")] = 10,
    repeats: Annotated[int, typer.Option(help="Repeats of the folds")] = 5,
    jobs: Annotated[int, typer.Option(help="Threads")] = 1,
) -> None:
    """Do the parts that are asked for, and keep what the file says of the others."""
    data = Proteins.read()
    found: dict[str, Any] = json.loads(OUT.read_text(encoding="utf-8")) if OUT.is_file() else {}

    def keep(part: str, value: dict[str, Any]) -> None:
        found[part] = {"code": selection_code(), **value}
        ordered = {
            k: found[k] for k in ("rows", "proteins", "null", "seeds", "folds") if k in found
        }
        write_whole(OUT, json.dumps(ordered, indent=1) + "\n")

    # what other code gave is not of this file
    found = {
        k: v for k, v in found.items() if isinstance(v, dict) and v.get("code") == selection_code()
    }
    found |= {"rows": len(data.X), "proteins": data.X.shape[1]}
    if n_seeds:
        keep("seeds", seeds(data, n_seeds, jobs))
    if runs:
        keep("null", null(data, runs, jobs))
    if folds_file is not None:
        keep("folds", folds(data, pd.read_csv(folds_file, index_col="sampleID"), repeats, jobs))
    typer.echo(json.dumps(found, indent=1))


if __name__ == "__main__":
    typer.run(main)
