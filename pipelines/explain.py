"""Explain a finished run again: ``python -m pipelines.explain results/<name>``."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines import cli


def explain(
    results: Annotated[Path, typer.Argument(help="Folder results/<experiment> of a finished run.")],
) -> None:
    """Write contributions.parquet again from the fitted folds; nothing is refitted."""
    from pipelines import held_out_shap
    from pipelines.fitting import tasks
    from pipelines.results_folder import Results
    from pipelines.store import FoldStore, fingerprint
    from pipelines.study import assemble
    from signature.exceptions import ResultsError

    run = Results(results)
    study = assemble(run.experiment)
    mark = fingerprint(run.experiment, study.cohort, study.references)
    store = FoldStore(results, mark)
    if store.mark != run.launch.fingerprint or not all(
        store.has(task.candidate, task.key) for task in tasks(study)
    ):
        raise ResultsError(
            f"data, code or fitted folds are no longer those of {results}; run it again with: "
            f"python -m pipelines.train experiments/{run.experiment.name}.toml"
        )
    file = results / "contributions.parquet"
    held_out_shap.explain(study, store).to_parquet(file, index=False)
    print(file)


if __name__ == "__main__":
    cli.main(explain)
