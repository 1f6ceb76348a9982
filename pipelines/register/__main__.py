"""Register the model of a finished run again: ``python -m pipelines.register results/<name>``."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines import cli


def register(
    results: Annotated[Path, typer.Argument(help="Folder results/<experiment> of a finished run.")],
) -> None:
    """Log a finished run once more and register its model; nothing is refitted."""
    from pipelines.fit.results_folder import Results
    from pipelines.track import run_summary, tracking
    from signature.exceptions import ResultsError
    from signature.serve.persistence import load_model

    run = Results(results)
    launch, evaluation = run.launch, run.evaluation
    card = load_model(results / "model")[1]
    if card.fingerprint != launch.fingerprint:
        raise ResultsError(
            f"the model in {results} is not the one that was evaluated there; run it again with: "
            f"python -m pipelines.train experiments/{evaluation.experiment}.toml"
        )
    typical = run_summary.typical_values(launch)
    title = str(launch.experiment.get("title", evaluation.experiment))
    with tracking.launch(evaluation.experiment, title, {"step": "register"}) as tracked:
        tracked.log_results(results)
        model = tracked.register(results / "model", evaluation, typical)
    print(f"registered {model.name} version {model.version} as {', '.join(model.aliases)}")


if __name__ == "__main__":
    cli.main(register)
