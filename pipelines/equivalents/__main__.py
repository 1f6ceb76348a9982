"""Which markers may stand in for each other, and what a partner loses who cannot measure them all.

``python -m pipelines.equivalents results/<name> --measured IL6,CRP --cost costs.toml``
"""

from pathlib import Path
from typing import Annotated

import typer

from pipelines import cli


def equivalents(
    results: Annotated[Path, typer.Argument(help="Folder results/<experiment> of a finished run.")],
    measured: Annotated[
        str | None, typer.Option(help="Markers that can be measured, with commas between them.")
    ] = None,
    cost: Annotated[
        Path | None, typer.Option(help="TOML file with a line 'IL6 = 3.5' per marker.")
    ] = None,
    margin: Annotated[
        float, typer.Option(min=0, max=0.5, help="Loss of AUROC that counts as equivalent.")
    ] = 0.02,
) -> None:
    """Swap markers inside the outer folds, and write equivalents.json and the report."""
    from pipelines.equivalents.marker_costs import read_reach
    from pipelines.equivalents.stand_ins import equivalents_record
    from pipelines.fit.finished_run import finished_run
    from pipelines.report.render import write_report

    run = finished_run(results)
    reach = read_reach(measured, cost, run.study.cohort.schema)
    found = equivalents_record(run.study, run.store, margin=margin, reach=reach)
    file = results / "equivalents.json"
    found.write(file)
    if not found.markers:
        print("No marker passed, so there is none to stand in for.")
    print(file)
    print(write_report(results))


if __name__ == "__main__":
    cli.main(equivalents)
