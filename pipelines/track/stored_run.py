"""Runs that MLflow keeps: fetch what an evaluation reads of one, and put a new one back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from pipelines.fit.results_folder import Results
from pipelines.track import run_summary
from pipelines.track.person_tables import TABLES
from pipelines.track.processes import HOST
from pipelines.track.run_summary import FOLDER, PERSON_LEVEL
from pipelines.track.tracking import import_mlflow
from signature.exceptions import ResultsError, TrackingError
from signature.records.results import Evaluation, Launch

REQUIRED = (
    "launch.json",
    "evaluation.json",
    "sentinels.json",
    *TABLES,
)
"""What an evaluation reads."""

OPTIONAL = ("null_check.json",)


def is_run_id(text: str) -> bool:
    """Whether a text looks like MLflow's id of a run.

    Examples
    --------
    >>> is_run_id("67e228378bb943a68fa703919ff9e36a"), is_run_id("results/opt_preterm_birth")
    (True, False)
    """
    return re.fullmatch(r"[0-9a-f]{32}", text) is not None


@contextmanager
def rewritten_run(run_id: str) -> Iterator[Path]:
    """Fetch a launch's files into a folder, and put its ``evaluation.json`` back into the run.

    What the store shows of the evaluation follows: tags and metrics of the launch, metrics of its
    candidates. The other artifacts stay. Nothing is put back when the body raises.

    Parameters
    ----------
    run_id : str
        As `is_run_id` says.

    Yields
    ------
    Path
        A folder that is gone afterwards; it holds `REQUIRED`, and `OPTIONAL` where there is any.

    Raises
    ------
    TrackingError
        When the store has no such run, its run is no launch or holds no results, or takes nothing.
    ResultsError
        When a file of the run is damaged or of another version.
    """
    from tempfile import TemporaryDirectory

    mlflow = import_mlflow()
    client = mlflow.MlflowClient()
    run = _launch_of(client, run_id)
    name = run.data.tags.get("experiment", "experiment")
    with TemporaryDirectory() as place:
        # named as a results folder is, for the command that an error tells
        folder = Path(place) / name
        folder.mkdir()
        _fetch(client, run, folder)
        try:
            yield folder
            launch, evaluation = Results(folder).launch, Results(folder).evaluation
        except ResultsError as error:
            told = str(error).replace(f"{folder}/", "").replace(str(folder), name)
            raise ResultsError(f"run {run_id}: {told}") from None
        try:
            client.log_artifact(run_id, str(folder / "evaluation.json"))
            _log(client, run, launch, evaluation)
        except Exception as error:
            # MLflow has a kind of error per store
            raise TrackingError(
                f"the tracking store did not take the evaluation of run {run_id} "
                f"({type(error).__name__}); see whether it may be written to, and evaluate again"
            ) from error


def _launch_of(client: Any, run_id: str) -> Any:
    """Return the run if it is one that an evaluation can be put into."""
    try:
        run = client.get_run(run_id)
    except Exception as error:
        raise TrackingError(
            f"no run {run_id} in the tracking store ({type(error).__name__}); "
            "MLFLOW_TRACKING_URI says which store, and 'mlflow ui' shows its runs"
        ) from error
    if run.info.lifecycle_stage == "deleted":
        raise TrackingError(
            f"run {run_id} was deleted; it comes back with 'mlflow runs restore --run-id {run_id}'"
        )
    parent = run.data.tags.get("mlflow.parentRunId")
    if parent:
        raise TrackingError(
            f"run {run_id} is of one candidate; evaluate its launch, which is run {parent}"
        )
    return run


def _fetch(client: Any, run: Any, folder: Path) -> None:
    run_id = run.info.run_id
    try:
        kept = {artifact.path for artifact in client.list_artifacts(run_id)}
        lacking = [name for name in REQUIRED if name not in kept]
        if not lacking:
            for name in (*REQUIRED, *OPTIONAL):
                if name in kept:
                    client.download_artifacts(run_id, name, str(folder))
    except Exception as error:
        raise TrackingError(
            f"the files of run {run_id} cannot be fetched ({type(error).__name__}); see whether "
            "the store's artifacts are where they were"
        ) from error
    tags = run.data.tags
    if lacking and set(lacking) <= set(TABLES) and tags.get(PERSON_LEVEL) != "sent":
        place = tags.get(FOLDER, "its results folder")
        raise TrackingError(
            f"run {run_id} has no {' and no '.join(lacking)}: what has a row per person stayed in "
            f"{place} on {tags.get(HOST, 'the machine of the launch')}; evaluate it there with "
            f"python -m pipelines.evaluate {place} (person_level = true in the experiment's "
            "[tracking] sends such tables)"
        )
    if lacking:
        raise TrackingError(
            f"run {run_id} holds no results: it lacks {', '.join(lacking)}; a run has them when "
            "python -m pipelines.train finished it, or python -m pipelines.register logged it again"
        )


def _log(client: Any, run: Any, launch: Launch, evaluation: Evaluation) -> None:
    """Let tags and metrics say what the evaluation says now."""
    entities = import_mlflow().entities
    now = int(datetime.now().timestamp() * 1000)
    tags = run_summary.run_tags(launch, evaluation)
    for key in run.data.tags:
        if key.startswith(run_summary.THRESHOLD_TAG) and key not in tags:
            # a claim that fell exports none
            client.delete_tag(run.info.run_id, key)
    client.log_batch(
        run.info.run_id,
        metrics=[
            entities.Metric(k, v, now, 0) for k, v in run_summary.run_metrics(evaluation).items()
        ],
        tags=[entities.RunTag(k, v) for k, v in tags.items()],
    )
    children = client.search_runs(
        [run.info.experiment_id], f"tags.mlflow.parentRunId = '{run.info.run_id}'"
    )
    for child in children:
        points = run_summary.candidate_points(child.data.params["candidate"], evaluation)
        metrics = [entities.Metric(p.key, p.value, now, p.step) for p in points]
        for start in range(0, len(metrics), 1000):
            client.log_batch(child.info.run_id, metrics[start : start + 1000])
