"""What it takes to get these numbers again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipelines.fit.results_folder import Results

TITLE = "Reproducibility"
ORDER = 100


@dataclass(frozen=True)
class Origin:
    """Where the numbers of a run come from.

    Parameters
    ----------
    command : str
        That makes them again.
    dataset, outcome : str
        By the experiment.
    where : mapping of str to str
        Levels of the rows that were chosen, by column.
    seed, trials, inner_folds, bootstraps : int
        Of the experiment; `trials` are sets of parameters per contender and fold.
    warnings : mapping of str to int
        How often each kind was raised while fitting.
    started : str
        ISO time.
    seconds : float
        That the run took.
    code_version, data_digest, experiment_digest, fingerprint : str
    environment : mapping of str to str
        Version by package.
    """

    command: str
    dataset: str
    outcome: str
    where: Mapping[str, str]
    seed: int
    trials: int
    inner_folds: int
    bootstraps: int
    warnings: Mapping[str, int]
    started: str
    seconds: float
    code_version: str
    data_digest: str
    experiment_digest: str
    fingerprint: str
    environment: Mapping[str, str]


def summarize(results: Results) -> Origin:
    """Collect digests, seed, versions and the command."""
    launch, experiment = results.launch, results.experiment
    data = experiment.data
    return Origin(
        command=f"python -m pipelines.train experiments/{experiment.name}.toml",
        dataset=data.dataset,
        outcome=data.outcome,
        where={column: ", ".join(map(str, levels)) for column, levels in data.where.items()},
        seed=experiment.seed,
        trials=experiment.tuning.trials,
        inner_folds=experiment.validation.inner_folds,
        bootstraps=results.evaluation.bootstraps,
        warnings=dict(sorted(launch.fit_warnings.items())),
        started=launch.started,
        seconds=launch.seconds,
        code_version=launch.code_version,
        data_digest=launch.data_digest,
        experiment_digest=experiment.digest,
        fingerprint=launch.fingerprint,
        environment=dict(sorted(launch.environment.items())),
    )
