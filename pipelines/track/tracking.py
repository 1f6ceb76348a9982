"""Put runs and models into MLflow: a parent run per launch, a child per candidate.

The store is SQLite in the checkout unless ``MLFLOW_TRACKING_URI`` says otherwise. Tables with a row
per person stay in the results folder. Where the experiment says ``person_level = true``,
predictions go, under other numbers; contributions by row never do, since the rank of a yes/no
answer is the answer; their means go.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from pipelines import CHECKOUT as CHECKOUT
from pipelines.explain import contribution_summary
from pipelines.fit.results_folder import Results, write_table
from pipelines.track import model_summary, run_summary, trial_summary
from pipelines.track.connection import after_import, before_import, is_database
from pipelines.track.model_summary import RegisteredModel
from pipelines.track.person_tables import shuffled_tables
from pipelines.track.runs import open_run, resumed
from pipelines.track.wheel import model_with_wheel
from signature.exceptions import ModelFileError
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
        mlflow.set_tags(run_summary.run_tags(launch, evaluation) | run_summary.place_tags(results))
        mlflow.log_metrics(
            run_summary.run_metrics(evaluation), timestamp=run_summary.moment(launch)
        )
        _log_data_set(launch)
        _log_files(folder, launch, evaluation)
        _log_person_tables(results)
        parent = mlflow.MlflowClient().get_run(self.run_id)
        there = _candidates_of(parent)
        for name in run_summary.candidates(evaluation):
            _log_candidate(name, launch, evaluation, parent, there.get(name))

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
        mlflow.log_metrics(
            trial_summary.trial_metrics(record), timestamp=run_summary.moment(record)
        )
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
        return name_version(client, name, version, evaluation)


def name_version(client: Any, name: str, version: str, evaluation: Evaluation) -> RegisteredModel:
    """Let the alias ``challenger`` point to a version, and ``champion`` if its gate was passed."""
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

    Raises
    ------
    TrackingError
        When the store does not answer, or takes nothing.
    """
    mlflow = import_mlflow()
    with resumed(mlflow, open_run(mlflow, experiment_name, title, tags)) as run_id:
        yield Tracked(run_id)


def import_mlflow() -> Any:
    """Import MLflow with telemetry off, pointed at its store.

    Raises
    ------
    TrackingError
        When the driver of the store's database is missing.
    """
    before_import()
    import mlflow

    after_import(mlflow)
    if is_database(mlflow.get_tracking_uri()):
        from mlflow.store.db import utils

        # ten attempts take minutes
        utils.MAX_RETRY_COUNT = 2
    return mlflow


def _import_pyfunc() -> None:
    with warnings.catch_warnings():
        # mlflow warns, on import, about the type hints of its own chat models
        warnings.filterwarnings("ignore", ".*Any type hint is inferred as AnyType", UserWarning)
        import mlflow.pyfunc  # noqa: F401 - for its effect: mlflow.pyfunc is loaded


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


def _log_person_tables(results: Results) -> None:
    """Send what has a row per person, if the experiment says so, under other numbers."""
    if not run_summary.sends_person_level(results.launch):
        return
    import mlflow

    tables = {"predictions.parquet": results.predictions}
    if (results.folder / "inner.parquet").is_file():
        tables["inner.parquet"] = results.inner
    with TemporaryDirectory() as place:
        for name, table in shuffled_tables(results.folder, tables).items():
            write_table(table, Path(place) / name)
            mlflow.log_artifact(str(Path(place) / name))


def _candidates_of(parent: Any) -> dict[str, str]:
    """Return the ids of the candidates' runs that an earlier attempt has made, by name."""
    import mlflow

    children = mlflow.MlflowClient().search_runs(
        [parent.info.experiment_id], f"tags.mlflow.parentRunId = '{parent.info.run_id}'"
    )
    return {child.info.run_name: child.info.run_id for child in children}


def _log_candidate(
    name: str, launch: Launch, evaluation: Evaluation, parent: Any, run_id: str | None
) -> None:
    import mlflow

    candidate = run_summary.candidates(evaluation)[name]
    # the same moment whenever it is sent, so that what is sent twice is there once
    moment = run_summary.moment(launch)
    metrics = [
        mlflow.entities.Metric(p.key, p.value, moment, p.step)
        for p in run_summary.candidate_points(name, evaluation)
    ]
    tags = {
        "kind": "candidate",
        "label": candidate.label,
        "experiment": evaluation.experiment,
        "data_digest": launch.data_digest,
        "mlflow.parentRunId": parent.info.run_id,
    }
    # not start_run: it asks a dead store a second time, to say that the run failed
    client = mlflow.MlflowClient()
    if run_id is None:
        given = mlflow.tracking.context.registry.resolve_tags(tags)
        made = client.create_run(parent.info.experiment_id, tags=given, run_name=name)
        run_id = made.info.run_id
    params = {"candidate": name, "part": candidate.part}
    client.log_batch(run_id, params=[mlflow.entities.Param(k, v) for k, v in params.items()])
    # at once: SQLite takes as long for one value as for a thousand, which is the most it takes
    for start in range(0, len(metrics), 1000):
        client.log_batch(run_id, metrics[start : start + 1000])
    client.set_terminated(run_id, "FINISHED")


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
