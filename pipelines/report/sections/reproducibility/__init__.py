"""What it takes to get these numbers again."""

from __future__ import annotations

from typing import Any

from pipelines.fit.results_folder import Results

TITLE = "Reproducibility"
ORDER = 100


def summarize(results: Results) -> dict[str, Any]:
    """Collect digests, seed, versions and the command."""
    launch, experiment = results.launch, results.experiment
    return {
        "command": f"python -m pipelines.train experiments/{experiment.name}.toml",
        "seed": experiment.seed,
        "data_digest": launch.data_digest,
        "experiment_digest": experiment.digest,
        "fingerprint": launch.fingerprint,
        "code_version": launch.code_version,
        "environment": [{"name": n, "version": v} for n, v in sorted(launch.environment.items())],
        "started": launch.started,
        "seconds": launch.seconds,
        "dataset": experiment.data.dataset,
        "outcome": experiment.data.outcome,
        "where": [
            {"column": c, "levels": ", ".join(map(str, v))}
            for c, v in experiment.data.where.items()
        ],
        "trials": experiment.tuning.trials,
        "inner_folds": experiment.validation.inner_folds,
        "bootstraps": results.evaluation.bootstraps,
        "warnings": [{"kind": k, "times": n} for k, n in sorted(launch.fit_warnings.items())],
    }
