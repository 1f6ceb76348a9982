"""Evaluate a results folder again, without a fit."""

from __future__ import annotations

from pathlib import Path

from pipelines.evaluate import evaluation
from pipelines.evaluate.for_whom import for_whom
from pipelines.fit.results_folder import Results, comparison
from pipelines.question.assembly import assemble
from signature.exceptions import SignatureError
from signature.records.results import Evaluation


def evaluate_folder(folder: Path) -> Evaluation:
    """Evaluate a results folder again and write its ``evaluation.json``.

    Raises
    ------
    ResultsError
        When a file that is read is missing, damaged or of another version.
    """
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
    found.write(folder / "evaluation.json")
    return found


def for_whom_again(run: Results) -> str:
    """Write for_whom.json again if the data set can be read and is that of the run; say which.

    It needs columns that the predictions table does not have: confounders, records, markers.
    """
    file = run.folder / "for_whom.json"
    left = f"{file}: {'left as it was' if file.is_file() else 'not written'}, because"
    try:
        study = assemble(run.experiment)
    except SignatureError as error:
        return f"{left} the study cannot be put together again: {' '.join(str(error).split())}"
    if study.cohort.digest != run.launch.data_digest:
        return f"{left} the data set is no longer the one of the run"
    found = for_whom(study, run.predictions)
    found.write(file)
    return f"{file}: written again"
