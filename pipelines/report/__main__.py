"""Write the report of a run: one HTML file that needs nothing else.

``python -m pipelines.report results/<experiment>``
"""

from pathlib import Path
from typing import Annotated

import typer

from pipelines import cli


def rewrite(
    results: Annotated[Path, typer.Argument(help="Folder results/<experiment> of a finished run.")],
) -> None:
    """Write report.html into a results folder: one self-contained page."""
    from pipelines.report.render import write_report
    from pipelines.report.trial_results import has_trial, write_trial_report

    print((write_trial_report if has_trial(results) else write_report)(results))


if __name__ == "__main__":
    cli.main(rewrite)
