"""Send a finished run to MLflow later: ``python -m pipelines.track results/<name>``.

What the store has already stays; a run that was half sent is completed.
"""

from pathlib import Path
from typing import Annotated

import typer

from pipelines import cli


def track(
    results: Annotated[Path, typer.Argument(help="Folder results/<experiment> of a finished run.")],
) -> None:
    """Send results to the tracking store and register their model, unless they are there."""
    from pipelines.track.sending import send

    sent = send(results)
    if sent.before:
        print(f"run {sent.run_id} holds these results already; nothing was sent")
        return
    print(f"sent as run {sent.run_id}")
    if sent.registered is not None:
        model = sent.registered
        print(f"registered {model.name} version {model.version} as {', '.join(model.aliases)}")


if __name__ == "__main__":
    cli.main(track)
