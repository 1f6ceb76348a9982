"""Send finished results to the tracking store: after everything is on disk, whole, and once.

A run is recognised by its launch: what is sent again goes into the same run, what was half sent is
completed there, and what is whole stays as it is.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from requests import RequestException

from pipelines.fit.results_folder import Results
from pipelines.fit.trial_results import TrialResults, has_trial
from pipelines.track import run_summary
from pipelines.track.connection import one_at_a_time, quickly, twice, why
from pipelines.track.model_summary import RegisteredModel
from pipelines.track.run_summary import MARK, WHOLE
from pipelines.track.runs import open_run, resumed
from pipelines.track.tracking import Tracked, import_mlflow, name_version
from signature.exceptions import ModelFileError, ResultsError, SignatureError, TrackingError
from signature.records.results import Evaluation
from signature.serve.persistence import load_model


@dataclass(frozen=True)
class Sent:
    """What came of sending.

    Parameters
    ----------
    run_id : str
    before : bool
        Whether everything was there already.
    registered : RegisteredModel or None
        None of a trial, and of what was there.
    """

    run_id: str
    before: bool = False
    registered: RegisteredModel | None = None


@dataclass(frozen=True)
class _Content:
    """Results in a folder, of a question or of a trial."""

    name: str
    title: str
    tags: Mapping[str, str]
    mark: str
    log: Callable[[Tracked], RegisteredModel | None]


@contextmanager
def announced(
    folder: Path, name: str, title: str, tags: Mapping[str, str], mark: str
) -> Iterator[str | None]:
    """Show a launch as RUNNING while the body works; yield the run's id for `send_or_say`.

    A store that cannot be reached is said, and the body works without it: None is yielded. The run
    fails with the body.

    Parameters
    ----------
    folder : Path
        ``results/<experiment>``, for what is said.
    name, title : str
        Of the experiment.
    tags : mapping of str
    mark : str
        From `run_summary.mark_of`.
    """
    run_id = None
    try:
        run_id = open_run(import_mlflow(), name, title, {**tags, MARK: mark})
    except TrackingError as error:
        _say(f"{error}; the launch goes on, and is sent at its end or later")
    status = "FAILED"
    try:
        yield run_id
        status = "RUNNING"
    except KeyboardInterrupt:
        status = "KILLED"
        raise
    finally:
        if run_id is not None and status != "RUNNING":
            with quickly(), suppress(Exception):
                import_mlflow().MlflowClient().set_terminated(run_id, status)


def send_or_say(folder: Path, run_id: str | None = None) -> RegisteredModel | None:
    """Send a results folder; when the store does not take it, say so and how to send it later.

    Parameters
    ----------
    folder : Path
        ``results/<experiment>``, complete.
    run_id : str, optional
        From `announced`.

    Raises
    ------
    SignatureError
        When the results themselves are not what they should be.
    """
    try:
        return send(folder, run_id).registered
    except TrackingError as error:
        _say(
            f"{error}; nothing is lost, the results are in {folder}; send them later with: "
            f"python -m pipelines.track {folder}"
        )
    return None


def send(folder: Path, run_id: str | None = None) -> Sent:
    """Send a results folder, unless the store has all of it; a half-sent run is completed.

    Parameters
    ----------
    folder : Path
        ``results/<experiment>``, of a question or of a trial.
    run_id : str, optional
        The run that was opened for it; else it is looked for.

    Raises
    ------
    ResultsError
        When a file is missing, damaged or of another version.
    TrackingError
        When the store does not answer, or takes nothing.
    ModelFileError
        When the model is damaged, or does not come back from the store as it went.
    """
    content = _content(folder)
    mlflow = import_mlflow()
    try:
        with one_at_a_time(folder):
            run = _known(mlflow.MlflowClient(), content.mark, run_id)
            if run is not None and run.data.tags.get(WHOLE) == "yes":
                return Sent(run.info.run_id, before=True)
            told = {**content.tags, MARK: content.mark}
            if run is None:
                found = open_run(mlflow, content.name, content.title, told)
            else:
                found = str(run.info.run_id)
            with resumed(mlflow, found):
                tracked = Tracked(found)
                mlflow.set_tag(MARK, content.mark)
                registered = content.log(tracked)
                mlflow.set_tag(WHOLE, "yes")
            return Sent(found, registered=registered)
    except ModelFileError as error:
        if isinstance(error.__cause__, mlflow.MlflowException | RequestException | OSError):
            raise TrackingError(f"the store did not give back the model: {error}") from None
        raise
    except SignatureError:
        raise
    except Exception as error:
        # MLflow has a kind of error per store
        raise TrackingError(f"the tracking store did not take the run ({why(error)})") from error


def whole_results(folder: Path) -> Results:
    """Return the results of a question, when their model is the one that was evaluated.

    Raises
    ------
    ResultsError, ModelFileError
        When it is not, or a file is missing or damaged.
    """
    results = Results(folder)
    launch, evaluation = results.launch, results.evaluation
    if load_model(folder / "model")[1].fingerprint != launch.fingerprint:
        raise ResultsError(
            f"the model in {folder} is not the one that was evaluated there; run it again with: "
            f"python -m pipelines.train experiments/{evaluation.experiment}.toml"
        )
    return results


def _known(client: Any, mark: str, run_id: str | None) -> Any:
    """Return the run of these results if there is one."""
    if run_id is not None:
        return twice(lambda: client.get_run(run_id))
    every = [e.experiment_id for e in twice(client.search_experiments)]
    runs = client.search_runs(every, f"tags.{MARK} = '{mark}'") if every else []
    # had two processes on two machines made one each, the one that is whole counts
    return min(runs, key=lambda run: run.data.tags.get(WHOLE) != "yes", default=None)


def _content(folder: Path) -> _Content:
    if has_trial(folder):
        record = TrialResults(folder).record
        told, trial = record.experiment, record.experiment["trial"]
        return _Content(
            name=told["name"],
            title=told["title"],
            tags={"endpoint": trial["endpoint"], "dataset": trial["dataset"]},
            mark=run_summary.mark_of(record.fingerprint, record.started),
            log=lambda tracked: tracked.log_trial(folder, record),
        )
    results = whole_results(folder)
    launch, evaluation, asked = results.launch, results.evaluation, results.experiment.data

    def log(tracked: Tracked) -> RegisteredModel:
        tracked.log_results(folder)
        return _register_once(tracked, folder, evaluation, run_summary.typical_values(launch))

    return _Content(
        name=evaluation.experiment,
        title=str(launch.experiment.get("title", evaluation.experiment)),
        tags={"outcome": asked.outcome, "dataset": asked.dataset},
        mark=run_summary.mark_of(launch.fingerprint, launch.started),
        log=log,
    )


def _register_once(
    tracked: Tracked, folder: Path, evaluation: Evaluation, typical: Mapping[str, float]
) -> RegisteredModel:
    """Register the model unless an earlier attempt did; the aliases then follow."""
    client = import_mlflow().MlflowClient()
    name = evaluation.experiment
    own = list(client.search_model_versions(f"name = '{name}'"))
    mine = [int(v.version) for v in own if v.run_id == tracked.run_id]
    if not mine:
        return tracked.register(folder / "model", evaluation, typical)
    latest = max(int(v.version) for v in own)
    if max(mine) < latest:
        return RegisteredModel(name, str(max(mine)), (), f"models:/{name}/{max(mine)}")
    return name_version(client, name, str(max(mine)), evaluation)


def _say(sentence: str) -> None:
    print(" ".join(sentence.split()), file=sys.stderr, flush=True)
