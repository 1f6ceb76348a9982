"""One launch of an experiment, from the file to the report."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from contextlib import nullcontext
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.fit.announcement import announce, say_how_long
from pipelines.fit.candidate_parameters import candidate_parameters
from pipelines.fit.environment import code_version, library_versions
from pipelines.fit.fitting import choose, final_key, fit_all, tasks
from pipelines.fit.predictions import predictions_table
from pipelines.fit.progress import progress
from pipelines.fit.results_folder import Results, make_folder, write_table
from pipelines.fit.sealed import discard
from pipelines.fit.store import FoldStore, fingerprint
from pipelines.question.assembly import assemble
from pipelines.question.experiment import load_experiment
from pipelines.question.folds import development_rows
from pipelines.question.study import AssembledStudy
from pipelines.question.summaries import column_summaries, site_counts
from pipelines.report.render import write_report
from pipelines.track.run_summary import mark_of
from pipelines.train.kept_files import FittedRun, keep_files
from signature.records.results import Evaluation, FinalModel, FlowLine, Launch
from signature.serve.persistence import ModelCard, save_model
from signature.serve.serving import serving_schema
from signature.writing import aside_of, cannot_write

if TYPE_CHECKING:
    from pipelines.track.tracking import RegisteredModel


def run_experiment(file: Path, results: Path, *, jobs: int, track: bool) -> Path:
    """Run an experiment and return its results folder.

    Parameters
    ----------
    file : Path
        The experiment's TOML file.
    results : Path
        Parent of the results folder.
    jobs : int
        Number of processes.
    track : bool
        Whether to write the run and the model to MLflow.
    """
    from pipelines.track.sending import announced, send_or_say

    started = datetime.now(UTC)
    experiment = load_experiment(file)
    study = assemble(experiment)
    folder = make_folder(results / experiment.name)
    look_at_earlier(folder)
    mark = fingerprint(experiment, study.cohort, study.references)
    store = FoldStore(folder, mark)
    todo = tasks(study)
    store.discard_damaged((t.candidate, t.key) for t in todo)
    announce(study, todo, store)
    tags = {"outcome": experiment.data.outcome, "dataset": experiment.data.dataset}
    began = mark_of(store.run_fingerprint(study.candidates), started.isoformat(timespec="seconds"))
    launch = (
        announced(folder, experiment.name, experiment.title, tags, began)
        if track
        else nullcontext()
    )
    with launch as run_id:
        waiting = sum(not store.has(t.candidate, t.key) for t in todo)
        with progress("fits", waiting) as done:
            fit_all(todo, study, store, jobs=jobs, done=done, tell=lambda s: say_how_long(s, jobs))
        _, evaluation = write_results(study, store, folder, started, jobs=jobs)
        print("Reporting", flush=True)
        report = write_report(folder, jobs=jobs)
    # everything is on disk now, whatever becomes of the store
    registered = send_or_say(folder, run_id) if track else None
    say_where(folder, report, evaluation, registered)
    return folder


def look_at_earlier(folder: Path) -> None:
    """Read what other commands left for the report: damage should not be found after hours.

    Raises
    ------
    ResultsError
        When a file is damaged, or of another version.
    """
    results = Results(folder)
    _ = results.null_check, results.plan, results.equivalents


def write_results(
    study: AssembledStudy, store: FoldStore, folder: Path, started: datetime, *, jobs: int
) -> tuple[Launch, Evaluation]:
    """Write everything but the report from the finished folds.

    ``launch.json`` is removed first and written last, so that a folder that holds one belongs to
    one launch, whenever it was killed; the page of an earlier launch goes, too.
    """
    for name in ("launch.json", "report.html"):
        (folder / name).unlink(missing_ok=True)
    predictions = predictions_table(study, store)
    write_table(predictions, folder / "predictions.parquet")
    final = keep_final_model(study, store, folder / "model")
    parameters = candidate_parameters(study)
    run = FittedRun(study, store, predictions, parameters, folder)
    keep_files(run, jobs=jobs)
    record = describe(study, store, final, parameters, started)
    record.write(folder / "launch.json")
    return record, Results(folder).evaluation


def describe(
    study: AssembledStudy, store: FoldStore, final: FinalModel, parameters: int, started: datetime
) -> Launch:
    """Write down what was run, on what and with what."""
    cohort = study.cohort
    warned: Counter[str] = Counter()
    for task in tasks(study):
        warned.update(store.load(task.candidate, task.key).warnings)
    return Launch(
        experiment=study.experiment.model_dump(mode="json"),
        outcome=asdict(study.outcome),
        citation=cohort.citation,
        n_rows=len(cohort),
        n_people=cohort.n_people,
        n_events=int(cohort.outcome.sum()),
        flow=[FlowLine(reason=s.reason, removed=s.removed, left=s.left) for s in cohort.flow],
        sites=site_counts(cohort),
        columns=column_summaries(cohort),
        dropped_features=study.dropped_features,
        parameters=parameters,
        final_model=final,
        data_digest=cohort.digest,
        fingerprint=store.run_fingerprint(study.candidates),
        code_version=code_version(),
        environment=library_versions(),
        fit_warnings=dict(warned),
        started=started.isoformat(timespec="seconds"),
        seconds=(datetime.now(UTC) - started).total_seconds(),
    )


def keep_final_model(study: AssembledStudy, store: FoldStore, folder: Path) -> FinalModel:
    """Save the contender that the inner folds choose on all development rows."""
    experiment = study.experiment
    key = final_key(study.folds)
    contenders = [store.load(name, key) for name in experiment.candidates.contenders]
    best = choose(contenders)
    trusted = study.trusted_types(best.candidate)
    procedure = store.procedure(best.candidate, key, trusted)
    rows = development_rows(study.cohort, experiment.validation)
    card = ModelCard(
        experiment=experiment.name,
        question=experiment.question,
        caution=experiment.caution,
        candidate=best.candidate,
        outcome=study.outcome.label,
        event=study.outcome.event,
        no_event=study.outcome.no_event,
        n_rows=len(rows),
        n_events=int(study.cohort.outcome.to_numpy()[rows].sum()),
        columns=serving_schema(study.cohort.schema, procedure).to_list(),
        fingerprint=store.run_fingerprint(study.candidates),
    )
    # two files that belong together: never the fit of one launch beside the card of another
    aside = aside_of(folder)
    try:
        save_model(procedure, card, aside)
        discard(folder)
        aside.rename(folder)
    except OSError as error:
        raise cannot_write(folder, error) from None
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return FinalModel(
        candidate=best.candidate,
        label=study.candidates[best.candidate].LABEL,
        params={k.removeprefix("model__"): v for k, v in best.params.items()},
        calibration_slope=procedure.slope_,
        calibration_intercept=procedure.intercept_,
        inner_log_loss={f.candidate: f.inner_loss for f in contenders},
    )


def say_where(
    folder: Path, report: Path, evaluation: Evaluation, registered: RegisteredModel | None
) -> None:
    """Print the answer, where everything is, and what to type next."""
    print(f"\n{evaluation.verdict.sentence}")
    print(f"{evaluation.claim.sentence}\n")
    print(f"Report      {report}")
    print(f"Results     {folder}{os.sep}")
    if registered is None:
        return
    aliases = " and ".join(registered.aliases)
    print(f"Model       {registered.name}, version {registered.version} ({aliases})")
    if not evaluation.gate_passed:
        for check in evaluation.gate:
            if not check.passed:
                print(f"            no champion; not met: {check.rule} (measured {check.measured})")
    print("\nNext: open the report in a browser, then")
    print("  . .venv/bin/activate")
    print("  mlflow ui                      # the run, at localhost:5000")
    print(f"  mlflow models serve -m {registered.uri} --env-manager local -p 5001")
