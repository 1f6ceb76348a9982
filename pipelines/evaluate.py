"""Evaluate a finished run again: ``python -m pipelines.evaluate results/<name>``, or an MLflow run.

Nothing is fitted: thresholds and conformal sets are chosen anew on the kept inner predictions.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines import cli

if TYPE_CHECKING:
    from pipelines.results_folder import Results
    from signature.results import Evaluation


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
    from pipelines.results_folder import Results
    from pipelines.stored_run import is_run_id, rewritten_run
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


def for_whom_again(run: Results) -> str:
    """Write for_whom.json again if the data set can be read and is that of the run; say which.

    It needs columns that the predictions table does not have: confounders, records, markers.
    """
    from pipelines.for_whom import for_whom
    from pipelines.study import assemble
    from signature.exceptions import SignatureError

    file = run.folder / "for_whom.json"
    left = f"{file}: {'left as it was' if file.is_file() else 'not written'}, because"
    try:
        study = assemble(run.experiment)
    except SignatureError as error:
        return f"{left} the study cannot be put together again: {' '.join(str(error).split())}"
    if study.cohort.digest != run.launch.data_digest:
        return f"{left} the data set is no longer the one of the run"
    found = for_whom(study, run.predictions)
    file.write_text(found.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return f"{file}: written again"


if __name__ == "__main__":
    cli.main(evaluate)
