"""Put runs and models into MLflow: a parent run per launch, a child per candidate.

The store is SQLite in the checkout unless ``MLFLOW_TRACKING_URI`` says otherwise. Of the study's
rows it gets the predictions alone: opaque row numbers, outcomes and probabilities. Contributions by
row stay in the results folder, since the rank of a yes/no answer is the answer; their means go.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines import CHECKOUT
from pipelines.explain import contribution_summary
from pipelines.fit.results_folder import Results
from pipelines.track import model_summary, run_summary, trial_summary
from pipelines.track.model_summary import RegisteredModel
from pipelines.track.wheel import model_with_wheel
from signature.exceptions import ModelFileError, TrackingError
from signature.records.results import Evaluation, Launch
from signature.study.schema import FeatureSchema

if TYPE_CHECKING:
    import pandas as pd

    from signature.effect.trial_record import TrialRecord

SCRIPT = Path(__file__).with_name("served_model.py")
ARTIFACTS = (
    "launch.json",
    "evaluation.json",
    "assay.json",
    "signature.json",
    "equivalents.json",
    "null_check.json",
    "sentinels.json",
    "for_whom.json",
    "predictions.parquet",
    "inner.parquet",
    "trials.parquet",
    "report.html",
    "figures",
)
"""What is copied from a results folder; anything else in it stays on this machine."""


@dataclass(frozen=True)
class Tracked:
    """An open parent run.

    Parameters
    ----------
    run_id : str
        MLflow's id of it.
    """

    run_id: str

    def log_results(self, folder: Path) -> None:
        """Log what a results folder says: settings, data, metrics, candidates, files.

        Parameters
        ----------
        folder : Path
            ``results/<experiment>``.

        Raises
        ------
        ResultsError
            When ``launch.json`` or ``evaluation.json`` is missing or malformed.
        """
        results = Results(folder)
        launch, evaluation = results.launch, results.evaluation
        mlflow = import_mlflow()
        mlflow.log_params(run_summary.run_params(launch))
        mlflow.set_tags(run_summary.run_tags(launch, evaluation))
        mlflow.log_metrics(run_summary.run_metrics(evaluation))
        _log_data_set(launch)
        _log_files(folder, launch, evaluation)
        for name in run_summary.candidates(evaluation):
            _log_candidate(name, launch, evaluation)

    def log_trial(self, folder: Path, record: TrialRecord) -> None:
        """Log what a trial experiment found: settings, numbers, files.

        Parameters
        ----------
        folder : Path
            ``results/<experiment>`` with its report.
        record : TrialRecord
        """
        mlflow = import_mlflow()
        mlflow.log_params(trial_summary.trial_params(record))
        mlflow.set_tags(trial_summary.trial_tags(record))
        mlflow.log_metrics(trial_summary.trial_metrics(record))
        mlflow.log_dict(record.experiment, "experiment.json")
        mlflow.log_dict(record.environment, "environment.json")
        _copy_files(folder, trial_summary.FILES)

    def register(
        self,
        model_folder: Path,
        evaluation: Evaluation,
        typical: Mapping[str, float] | None = None,
    ) -> RegisteredModel:
        """Log a model under this run, reload it, score with it, and only then register it.

        Parameters
        ----------
        model_folder : Path
            As `signature.serve.persistence.save_model` wrote it.
        evaluation : Evaluation
            Its gate decides on the alias ``champion``; ``challenger`` is always the latest.
        typical : mapping of str to float, optional
            A typical value by feature (`run_summary.typical_values`), for the input example.

        Raises
        ------
        ModelFileError
            When the folder holds no model that can be trusted, or what comes back from the store
            does not score the input example as the folder does. Nothing is registered then.
        """
        from signature.serve.serving import Scorer

        Scorer(model_folder)
        mlflow = import_mlflow()
        _import_pyfunc()
        with model_with_wheel(model_folder) as (folder, requirements):
            scorer = Scorer(folder)
            example = model_summary.input_example(scorer.schema, typical or {})
            logged = mlflow.pyfunc.log_model(
                name="model",
                python_model=str(SCRIPT),
                artifacts={"model": str(folder)},
                pip_requirements=requirements,
                signature=_signature(scorer.schema),
                input_example=(example, {"explain": True}),
                metadata=model_summary.describe(scorer.card),
            )
        _check_reloaded(logged.model_uri, example, scorer.score(example, explain=True))
        name = scorer.card.experiment
        tags = model_summary.version_tags(scorer.card, evaluation)
        version = str(mlflow.register_model(logged.model_uri, name, tags=tags).version)
        client = mlflow.MlflowClient()
        client.update_registered_model(name, f"{scorer.card.question}\n\n{scorer.card.caution}")
        aliases = ("challenger", "champion") if evaluation.gate_passed else ("challenger",)
        for alias in aliases:
            client.set_registered_model_alias(name, alias, version)
        return RegisteredModel(name, version, aliases, f"models:/{name}@{aliases[-1]}")


@contextmanager
def launch(
    experiment_name: str, title: str, tags: Mapping[str, str] | None = None
) -> Iterator[Tracked]:
    """Open the parent run of a launch.

    It shows as RUNNING while the body works, then as FINISHED, as FAILED when an exception leaves
    the body, as KILLED on an interrupt. Under ``mlflow run`` the run that MLflow has opened is
    adopted.

    Parameters
    ----------
    experiment_name : str
        Name of the experiment, here and in MLflow.
    title : str
        Its title, for the description of the run.
    tags : mapping of str, optional
        Further tags.
    """
    mlflow = import_mlflow()
    try:
        if "MLFLOW_RUN_ID" not in os.environ:
            _choose_experiment(experiment_name)
        run = mlflow.start_run()
    except mlflow.MlflowException as error:
        raise TrackingError(
            f"the tracking store cannot take a run of {experiment_name!r}: {error.message} "
            "(an experiment deleted in the user interface comes back with 'mlflow experiments "
            "restore'; MLFLOW_TRACKING_URI names the store)"
        ) from None
    status = "FAILED"
    try:
        mlflow.set_tags(
            {
                "mlflow.runName": f"{experiment_name} {datetime.now():%Y-%m-%d %H:%M:%S}",
                "mlflow.note.content": title,
                "experiment": experiment_name,
                "kind": "launch",
                **(tags or {}),
            }
        )
        yield Tracked(run.info.run_id)
        status = "FINISHED"
    except KeyboardInterrupt:
        status = "KILLED"
        raise
    finally:
        mlflow.end_run(status)


def import_mlflow() -> Any:
    """Import MLflow with telemetry off, pointed at its store."""
    # decided when mlflow is imported; it does not understand DO_NOT_TRACK=1
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ["DO_NOT_TRACK"] = "true"
    # local files are there at once
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    import mlflow

    # a fresh SQLite store would print each of its migrations
    for chatty in ("alembic", "mlflow.store.db.utils", "mlflow.pyfunc"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    if not mlflow.is_tracking_uri_set():
        mlflow.set_tracking_uri(f"sqlite:///{CHECKOUT / 'mlflow.db'}")
    return mlflow


def _import_pyfunc() -> None:
    with warnings.catch_warnings():
        # mlflow warns, on import, about the type hints of its own chat models
        warnings.filterwarnings("ignore", ".*Any type hint is inferred as AnyType", UserWarning)
        import mlflow.pyfunc  # noqa: F401 - for its effect: mlflow.pyfunc is loaded


def _choose_experiment(name: str) -> None:
    import mlflow

    uri = mlflow.get_tracking_uri()
    if uri.startswith("sqlite:///") and mlflow.get_experiment_by_name(name) is None:
        # beside the database; MLflow's own choice is the folder one happens to be in
        beside = Path(uri.removeprefix("sqlite:///")).resolve().parent / "mlartifacts"
        mlflow.create_experiment(name, artifact_location=beside.as_uri())
    mlflow.set_experiment(name)
    # else the user interface takes a new experiment for one about language models
    mlflow.set_experiment_tag("mlflow.experimentKind", "custom_model_development")


def _log_data_set(launch: Launch) -> None:
    import mlflow
    from mlflow.data.code_dataset_source import CodeDatasetSource
    from mlflow.data.meta_dataset import MetaDataset

    data = launch.experiment.get("data")
    name = str(data.get("dataset", "cohort")) if isinstance(data, Mapping) else "cohort"
    source = CodeDatasetSource(tags={"citation": launch.citation})
    # MLflow keeps 36 characters of a digest; the tag data_digest has all of them
    dataset = MetaDataset(source, name=name, digest=launch.data_digest[:36])
    mlflow.log_input(dataset, context="training")


def _log_files(folder: Path, launch: Launch, evaluation: Evaluation) -> None:
    import mlflow
    import pandas as pd

    mlflow.log_dict(launch.experiment, "experiment.json")
    mlflow.log_dict(launch.environment, "environment.json")
    _copy_files(folder, ARTIFACTS)
    # the user interface shows CSV as a table, Parquet as a download
    results = Results(folder)
    importance = [
        {"block": block.name, "feature": line.feature, "mean_contribution": line.mean}
        for block in results.blocks
        for line in contribution_summary.importance(
            results.contributions[results.contributions["block"] == block.name]
        )
    ]
    tables = {
        "importance": pd.DataFrame(importance),
        "candidates": pd.DataFrame(run_summary.candidate_table(evaluation)),
    }
    if (folder / "trials.parquet").is_file():
        tables["trials"] = pd.read_parquet(folder / "trials.parquet")
    for name, table in tables.items():
        mlflow.log_text(table.to_csv(index=False), f"tables/{name}.csv")


def _copy_files(folder: Path, names: Iterable[str]) -> None:
    import mlflow

    for name in names:
        if (folder / name).is_dir():
            mlflow.log_artifacts(str(folder / name), name)
        elif (folder / name).is_file():
            mlflow.log_artifact(str(folder / name))


def _log_candidate(name: str, launch: Launch, evaluation: Evaluation) -> None:
    import mlflow

    candidate = run_summary.candidates(evaluation)[name]
    now = int(datetime.now().timestamp() * 1000)
    metrics = [
        mlflow.entities.Metric(p.key, p.value, now, p.step)
        for p in run_summary.candidate_points(name, evaluation)
    ]
    with mlflow.start_run(run_name=name, nested=True) as run:
        mlflow.set_tags(
            {
                "kind": "candidate",
                "label": candidate.label,
                "experiment": evaluation.experiment,
                "data_digest": launch.data_digest,
            }
        )
        mlflow.log_params({"candidate": name, "part": candidate.part})
        # at once: SQLite takes as long for one value as for a thousand, which is the most it takes
        for start in range(0, len(metrics), 1000):
            mlflow.MlflowClient().log_batch(run.info.run_id, metrics[start : start + 1000])


def _signature(schema: FeatureSchema) -> Any:
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema

    answer = {"probability": "double", "log_odds": "double", "out_of_range": "string"}
    answer |= {"not_measured": "string", "batch_not_seen": "double"}
    return ModelSignature(
        inputs=Schema([ColSpec("double", c.name, required=c.required) for c in schema.columns]),
        outputs=Schema([ColSpec(kind, name) for name, kind in answer.items()]),
        params=ParamSchema([ParamSpec("explain", "boolean", False), ParamSpec("top_k", "long", 0)]),
    )


def _check_reloaded(uri: str, example: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Score with what the store gives back; MLflow itself only warns of a model that fails."""
    import mlflow

    try:
        answer = mlflow.pyfunc.load_model(uri).predict(example, params={"explain": True})
    except Exception as error:
        # whatever a stored model does wrong, it must not reach the registry
        raise ModelFileError(
            f"the model cannot be used as it comes back from the store ({type(error).__name__}); "
            "it was not registered"
        ) from error
    if not answer.equals(expected):
        raise ModelFileError(
            "the model that comes back from the store gives another answer than the one that was "
            "put there; it was not registered"
        )
