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
    from pipelines.results_folder import Results
    from pipelines.store import FoldStore
    from pipelines.study import assemble

    run = Results(results)
    store = FoldStore(results, run.launch.fingerprint)
    file = results / "contributions.parquet"
    held_out_shap.explain(assemble(run.experiment), store).to_parquet(file, index=False)
    print(file)


if __name__ == "__main__":
    cli.main(explain)
