"""Explain a finished run again: ``python -m pipelines.explain results/<name>``."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines import cli


def explain(
    results: Annotated[Path, typer.Argument(help="Folder results/<experiment> of a finished run.")],
) -> None:
    """Write contributions.parquet again from the fitted folds; nothing is refitted."""
    from pipelines.explain import held_out_shap
    from pipelines.fit.finished_run import finished_run
    from pipelines.fit.results_folder import write_table

    run = finished_run(results)
    file = results / "contributions.parquet"
    write_table(held_out_shap.explain(run.study, run.store), file)
    print(file)


if __name__ == "__main__":
    cli.main(explain)
