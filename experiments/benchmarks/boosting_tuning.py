"""Tuning boosted trees on shared inner folds, against naive cross-validation.

``python -m experiments.benchmarks.boosting_tuning`` runs both on the same rows, inner folds and
number of parameter sets, in one process and one thread, in turn, and writes the CPU seconds, their
ratio and the log-loss that each one's winner reaches, to ``boosting_tuning.json`` beside it.

The naive way searches the number of trees along with the other parameters, bins the data again for
every fit and never stops early: what a scikit-learn user writes first.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import numpy as np
import optuna
import typer
import xgboost
from sklearn.model_selection import cross_val_score
from threadpoolctl import threadpool_limits

from models import shallow_xgboost
from pipelines.fit.fitting import Rows
from pipelines.fit.tuning import Tuner
from pipelines.question.assembly import assemble
from pipelines.question.experiment import load_experiment
from signature.prepare.procedures import procedure, value_steps
from signature.study.splits import person_folds

EXPERIMENT = Path("experiments/opt_preterm_birth.toml")
OUT = Path(__file__).with_suffix(".json")
FOLDS, SEED = 5, 1


def naive(rows: Rows, trials: int) -> float:
    """Tune with `cross_val_score`; return the best mean log-loss."""
    folds = person_folds(rows.outcome, rows.person, FOLDS, SEED)

    def objective(trial: optuna.Trial) -> float:
        drawn = shallow_xgboost.space(trial)
        named = {k.removeprefix("model__"): v for k, v in drawn.items()}
        named["colsample_bytree"] = named.pop("colsample")
        model = xgboost.XGBClassifier(
            n_estimators=trial.suggest_int("n_estimators", 50, 600), n_jobs=1, **named
        )
        steps = procedure(value_steps(rows.schema), model)
        scores = cross_val_score(steps, rows.X, rows.outcome, cv=folds, scoring="neg_log_loss")
        return -float(np.mean(scores))

    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=SEED))
    study.optimize(objective, n_trials=trials)
    return study.best_value


def shared(rows: Rows, trials: int) -> float:
    """Tune as a run does; return the mean log-loss of the winner, its trees fixed in number."""
    tuner = Tuner(
        shallow_xgboost, rows.schema, rows.X, rows.outcome, rows.person, FOLDS, trials, SEED, SEED
    )
    eta = tuner.run().out_of_fold
    return float(np.mean(np.logaddexp(0, eta) - rows.outcome * eta))


def main(
    trials: Annotated[int, typer.Option(help="Parameter sets")] = 10,
    rounds: Annotated[int, typer.Option(help="How often each way is timed")] = 3,
) -> None:
    """Time both ways in turn and write the ratio."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    rows = Rows.of(assemble(load_experiment(EXPERIMENT)).cohort)
    ways = {"naive": naive, "shared": shared}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    loss: dict[str, float] = {}
    with threadpool_limits(1):
        shared(rows, 1)  # imports are not what is timed
        for _ in range(rounds):
            for name, way in ways.items():
                started = time.process_time()
                loss[name] = way(rows, trials)
                seconds[name].append(time.process_time() - started)
    ratios = [n / s for n, s in zip(seconds["naive"], seconds["shared"], strict=True)]
    found: dict[str, Any] = {
        "rows": len(rows.X),
        "columns": rows.X.shape[1],
        "parameter_sets": trials,
        "inner_folds": FOLDS,
        "cpu_seconds": {name: [round(s, 2) for s in found] for name, found in seconds.items()},
        "ratio": {"median": round(median(ratios), 1), "lowest": round(min(ratios), 1)},
        "log_loss": {name: round(value, 4) for name, value in loss.items()},
    }
    OUT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    typer.echo(json.dumps(found, indent=1))


if __name__ == "__main__":
    typer.run(main)
