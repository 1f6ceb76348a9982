"""Register the model of a finished run again: ``python -m pipelines.register results/<name>``."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines import cli


def register(
    results: Annotated[Path, typer.Argument(help="Folder results/<experiment> of a finished run.")],
) -> None:
    """Log a finished run once more and register its model; nothing is refitted."""
    from pipelines.track import run_summary, tracking
    from pipelines.track.sending import whole_results

    run = whole_results(results)
    launch, evaluation = run.launch, run.evaluation
    typical = run_summary.typical_values(launch)
    title = str(launch.experiment.get("title", evaluation.experiment))
    with tracking.launch(evaluation.experiment, title, {"step": "register"}) as tracked:
        tracked.log_results(results)
        model = tracked.register(results / "model", evaluation, typical)
    print(f"registered {model.name} version {model.version} as {', '.join(model.aliases)}")


if __name__ == "__main__":
    cli.main(register)
