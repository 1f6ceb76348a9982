"""Evaluate a finished run again: ``python -m pipelines.evaluate results/<name>``, or an MLflow run.

Nothing is fitted: thresholds and conformal sets are chosen anew on the kept inner predictions.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines import cli


def evaluate(
    results: Annotated[
        str,
        typer.Argument(help="Folder results/<experiment> of a finished run, or an MLflow run id."),
    ],
) -> None:
    """Write evaluation.json again from the held-out predictions; nothing is refitted.

    In a folder, for_whom.json is written again, too, where the data set is still that of the run.
    Of an MLflow run, tags and metrics follow; its report and its other artifacts stay.
    """
    from pipelines.evaluate.again import evaluate_folder, for_whom_again
    from pipelines.fit.results_folder import Results
    from pipelines.track.stored_run import is_run_id, rewritten_run
    from signature.exceptions import ResultsError

    if not Path(results).is_dir() and not is_run_id(results):
        raise ResultsError(
            f"{results!r} is neither a results folder nor the id of an MLflow run (32 digits from "
            "0 to f); python -m pipelines.train makes the one and the other"
        )
    if not Path(results).is_dir():
        with rewritten_run(results) as folder:
            where, found = f"run {results}, evaluation.json", evaluate_folder(folder)
        other = "report.html and the other artifacts of the run: left as they were"
    else:
        folder = Path(results)
        where, found = str(folder / "evaluation.json"), evaluate_folder(folder)
        other = for_whom_again(Results(folder))
    print(f"{where}: {found.verdict.sentence}\n{found.claim.sentence}\n{other}")


if __name__ == "__main__":
    cli.main(evaluate)
