"""Evaluate a finished run again: ``python -m pipelines.evaluate results/<name>``."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines import cli


def evaluate(
    results: Annotated[Path, typer.Argument(help="Folder results/<experiment> of a finished run.")],
) -> None:
    """Write evaluation.json again from the held-out predictions; nothing is refitted."""
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


if __name__ == "__main__":
    cli.main(evaluate)
