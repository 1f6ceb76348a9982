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


TEMPLATE = """
{% from "macros.html" import data_table %}
<p>To repeat this run on the same data with the same code: <code>{{ command }}</code></p>
{% call data_table("Run", ["What", "Value"], false) %}
<tr><th scope="row">Data set, outcome</th><td>{{ dataset }}, {{ outcome }}</td></tr>
{% for w in where %}<tr><th scope="row">Rows where {{ w.column }} is</th><td>{{ w.levels
}}</td></tr>
{% endfor %}
<tr><th scope="row">Seed</th><td><code>{{ seed }}</code></td></tr>
<tr><th scope="row">Parameter sets per contender and fold</th><td>{{ trials }}</td></tr>
<tr><th scope="row">Inner folds</th><td>{{ inner_folds }}</td></tr>
<tr><th scope="row">Bootstrap samples</th><td>{{ bootstraps | count }}</td></tr>
{% for w in warnings %}<tr><th scope="row">{{ w.kind }} while fitting</th><td>{{ w.times | count
}} times</td></tr>
{% else %}<tr><th scope="row">Warnings while fitting</th><td>none</td></tr>
{% endfor %}
<tr><th scope="row">Started</th><td>{{ started | moment }}</td></tr>
<tr><th scope="row">Took</th><td>{{ seconds | duration }}</td></tr>
<tr><th scope="row">Code</th><td><code>{{ code_version }}</code></td></tr>
<tr><th scope="row">Digest of the data</th><td><code>{{ data_digest }}</code></td></tr>
<tr><th scope="row">Digest of the experiment</th><td><code>{{ experiment_digest }}</code></td></tr>
<tr><th scope="row">Fingerprint of data, experiment and code</th><td><code>{{ fingerprint
}}</code></td></tr>
{% endcall %}
{% call data_table("Versions", ["Package", "Version"], false) %}
{% for e in environment %}<tr><th scope="row">{{ e.name }}</th><td>{{ e.version }}</td></tr>
{% endfor %}
{% endcall %}
"""
