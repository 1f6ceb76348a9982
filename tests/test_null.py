"""With shuffled labels the whole procedure finds nothing."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipelines.evaluation import evaluate
from pipelines.experiment import load_experiment
from pipelines.fitting import fit_all, tasks
from pipelines.predictions import predictions_table
from pipelines.store import FoldStore
from pipelines.study import assemble
from signature.randomness import generator
from signature.results import PROCEDURE, REFERENCE

EXPERIMENT = Path(__file__).parents[1] / "experiments" / "opt_periodontal_nonresponse.toml"


def _shuffled_auroc(folder: Path, run: int):
    """Run the procedure on outcomes shuffled within site."""
    experiment = load_experiment(EXPERIMENT)
    small = experiment.model_copy(
        update={
            "tuning": experiment.tuning.model_copy(update={"trials": 4}),
            "validation": experiment.validation.model_copy(
                update={"repeats": 1, "inner_folds": 3, "bootstraps": 400}
            ),
        }
    )
    study = assemble(small)
    y = study.cohort.outcome.copy()
    rng = generator(run, "shuffle")
    for rows in y.groupby(study.cohort.site).groups.values():
        y.loc[rows] = rng.permutation(y.loc[rows].to_numpy())
    study = replace(study, cohort=replace(study.cohort, outcome=y))
    store = FoldStore(folder, f"shuffled-{run}")
    fit_all(tasks(study), study, store, jobs=1, done=lambda: None)
    labels = {name: name for name in [*study.candidates, PROCEDURE, REFERENCE]}
    found = evaluate(predictions_table(study, store), small, labels)
    return found.verdict


def _expect_nothing(verdicts):
    # an interval misses its target once in twenty times by design
    covered = [v.auroc.low <= 0.5 <= v.auroc.high for v in verdicts]
    assert sum(covered) >= len(covered) - 1 - len(covered) // 10
    assert np.mean([v.auroc.value for v in verdicts]) == pytest.approx(
        0.5, abs=0.25 / np.sqrt(len(verdicts))
    )
    assert sum(v.adds == "yes" for v in verdicts) <= 1 + len(verdicts) // 10


def test_shuffled_labels_give_an_interval_that_covers_one_half(tmp_path):
    _expect_nothing([_shuffled_auroc(tmp_path, run) for run in range(2)])


@pytest.mark.slow
def test_shuffled_labels_over_many_runs(tmp_path):
    _expect_nothing([_shuffled_auroc(tmp_path, run) for run in range(20)])
