"""The life of a run in the store: opened, gone on with, and ended whatever happens.

MLflow itself is handed in: `pipelines.track.tracking.import_mlflow` imports it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from datetime import datetime
from typing import Any

from requests import RequestException

from pipelines.track import processes
from pipelines.track.connection import (
    artifact_place,
    lock_place,
    one_at_a_time,
    quickly,
    shown,
    twice,
    why,
)
from signature.exceptions import TrackingError


def open_run(
    mlflow: Any, experiment_name: str, title: str, tags: Mapping[str, str] | None = None
) -> str:
    """Make a run that shows as RUNNING, or adopt that of ``mlflow run``; return its id.

    Runs of launches that died on this machine are closed first. Parameters are those of
    `pipelines.track.tracking.launch`.

    Raises
    ------
    TrackingError
        When the store does not answer, or takes nothing.
    """
    uri = mlflow.get_tracking_uri()
    told = {
        "mlflow.runName": f"{experiment_name} {datetime.now():%Y-%m-%d %H:%M:%S}",
        "mlflow.note.content": title,
        "experiment": experiment_name,
        "kind": "launch",
        **processes.own_tags(),
        **(tags or {}),
    }
    try:
        place = lock_place(uri)
        with nullcontext() if place is None else one_at_a_time(place):
            client = mlflow.MlflowClient()
            adopted = os.environ.get("MLFLOW_RUN_ID")
            if adopted:
                client.update_run(adopted, status="RUNNING")
                given = [mlflow.entities.RunTag(key, value) for key, value in told.items()]
                client.log_batch(adopted, tags=given)
                del os.environ["MLFLOW_RUN_ID"]
                return adopted
            experiment = twice(lambda: _choose_experiment(mlflow, experiment_name))
            every = [e.experiment_id for e in client.search_experiments()]
            processes.close_dead_runs(client, every)
            given = mlflow.tracking.context.registry.resolve_tags(told)  # user and source, too
            return str(client.create_run(experiment, tags=given).info.run_id)
    except mlflow.MlflowException as error:
        raise TrackingError(
            f"the tracking store {shown(uri)} cannot take a run of {experiment_name!r}: "
            f"{why(error)} (an experiment deleted in the user interface comes back with 'mlflow "
            "experiments restore'; MLFLOW_TRACKING_URI names the store)"
        ) from None
    except Exception as error:
        # drivers of databases have kinds of errors of their own
        raise TrackingError(
            f"the tracking store {shown(uri)} cannot be used ({why(error)}); MLFLOW_TRACKING_URI "
            "names another"
        ) from None


@contextmanager
def resumed(mlflow: Any, run_id: str) -> Iterator[str]:
    """Go on with a run while the body works, and yield its id; it ends as `tracking.launch` says.

    Raises
    ------
    TrackingError
        When the store does not answer, or takes nothing; then nothing more is asked of it, but for
        a second to mark the run.
    """
    status = "FAILED"
    try:
        run = mlflow.MlflowClient().get_run(run_id)
        mlflow.set_experiment(experiment_id=run.info.experiment_id)
        mlflow.start_run(run_id=run_id)
        mlflow.set_tags(processes.own_tags())
        yield run_id
        status = "FINISHED"
    except KeyboardInterrupt:
        status = "KILLED"
        raise
    except (mlflow.MlflowException, RequestException) as error:
        raise TrackingError(
            f"the tracking store {shown(mlflow.get_tracking_uri())} did not take run {run_id} "
            f"({why(error)})"
        ) from error
    finally:
        _end(mlflow, run_id, status)


def _end(mlflow: Any, run_id: str, status: str) -> None:
    if status == "FINISHED":
        try:
            mlflow.end_run(status)
        except Exception as error:
            raise TrackingError(
                f"the tracking store {shown(mlflow.get_tracking_uri())} did not close run {run_id} "
                f"({why(error)})"
            ) from error
        return
    with quickly(), suppress(Exception):
        mlflow.end_run(status)


def _choose_experiment(mlflow: Any, name: str) -> str:
    place = artifact_place(mlflow.get_tracking_uri())
    if mlflow.get_experiment_by_name(name) is None:
        with suppress(mlflow.MlflowException):  # somebody else was first
            mlflow.create_experiment(name, artifact_location=place)
    chosen = mlflow.set_experiment(name)
    # else the user interface takes a new experiment for one about language models
    mlflow.set_experiment_tag("mlflow.experimentKind", "custom_model_development")
    return str(chosen.experiment_id)
