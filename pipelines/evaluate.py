"""Evaluate a finished run again: ``python -m pipelines.evaluate results/<name>``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines import cli

if TYPE_CHECKING:
    from pipelines.results_folder import Results


def evaluate(
    results: Annotated[Path, typer.Argument(help="Folder results/<experiment> of a finished run.")],
) -> None:
    """Write evaluation.json again from the held-out predictions; nothing is refitted.

    for_whom.json is written again, too, where the data set is still the one of the run.
    """
    from pipelines import evaluation
    from pipelines.results_folder import Results

    run = Results(results)
    labels = {c.name: c.label for c in run.evaluation.headline.candidates}
    found = evaluation.evaluate(
        run.predictions,
        run.experiment,
        labels,
        run.launch.parameters,
        run.sentinels,
    )
    file = results / "evaluation.json"
    file.write_text(found.model_dump_json(indent=1) + "\n", encoding="utf-8")
    print(f"{file}: {found.verdict.sentence}\n{found.claim.sentence}")
    print(for_whom_again(run))


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
