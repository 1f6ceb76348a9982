"""Evaluate a finished run again: ``python -m pipelines.evaluate results/<name>``, or an MLflow run.

Nothing is fitted: thresholds and conformal sets are chosen anew on the kept inner predictions.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines import cli

if TYPE_CHECKING:
    from signature.results import Evaluation


def evaluate(
    results: Annotated[
        str,
        typer.Argument(help="Folder results/<experiment> of a finished run, or an MLflow run id."),
    ],
) -> None:
    """Write evaluation.json again from the held-out predictions; nothing is refitted."""
    from pipelines.tracking import is_run_id, rewritten_run

    if not Path(results).is_dir() and is_run_id(results):
        with rewritten_run(results, "evaluation.json") as folder:
            where, found = f"run {results}, evaluation.json", evaluate_folder(folder)
    else:
        where, found = str(Path(results) / "evaluation.json"), evaluate_folder(Path(results))
    print(f"{where}: {found.verdict.sentence}\n{found.claim.sentence}")


def evaluate_folder(folder: Path) -> Evaluation:
    """Evaluate a results folder again and write its ``evaluation.json``.

    Raises
    ------
    ResultsError
        When a file that is read is missing, damaged or of another version.
    """
    from pipelines import evaluation
    from pipelines.results_folder import Results, comparison

    run = Results(folder)
    found = evaluation.evaluate(
        run.predictions,
        run.experiment,
        run.candidate_labels(),
        run.launch.parameters,
        run.sentinels,
        run.inner,
        comparison(run.null_check, run.launch.fingerprint),
    )
    (folder / "evaluation.json").write_text(
        found.model_dump_json(indent=1) + "\n", encoding="utf-8"
    )
    return found


if __name__ == "__main__":
    cli.main(evaluate)
