"""One launch of a trial experiment, from the file to the report."""

from __future__ import annotations

import os
from contextlib import nullcontext
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from pipelines.fit.announcement import say_how_long
from pipelines.fit.environment import code_version, library_versions
from pipelines.fit.progress import progress
from pipelines.fit.results_folder import make_folder
from pipelines.report.trial_results import RECORD, write_trial_report
from pipelines.trials.benefit import (
    average_effects,
    benefit_results,
    best_arm_value,
    risk_groups,
    secondary_effects,
)
from pipelines.trials.claim import LEVEL, claim_of, too_small
from pipelines.trials.crossfit import (
    TrialPredictions,
    cross_fit,
    fingerprint,
    missing,
    pieces,
    seconds_of_fits,
)
from pipelines.trials.early_visit import early_record, engagement_of, marker_visits
from pipelines.trials.experiment import load_trial
from pipelines.trials.explained import explained_benefit
from pipelines.trials.headline import (
    control_test,
    decide,
    learns,
    prognosis_of,
    test_of,
    undecided,
)
from pipelines.trials.hypotheses import marker_table, moderator_records, named_markers
from pipelines.trials.losses import losses_of
from pipelines.trials.next_trial import next_trial
from pipelines.trials.rearranged import ScoreAgain, on_processes, seconds_of_rearrangement
from pipelines.trials.study import TrialStudy, assemble_trial
from signature.effect.interaction.deciding_test import DecidingTest
from signature.effect.trial.small_trial import SmallTrial, small_trial
from signature.effect.trial_record import TrialRecord
from signature.records.results import FlowLine


def run_trial(file: Path, results: Path, *, jobs: int, track: bool) -> Path:
    """Run a trial experiment and return its results folder.

    Parameters
    ----------
    file : Path
        The experiment's TOML file.
    results : Path
        Parent of the results folder.
    jobs : int
        Number of processes.
    track : bool
        Whether to write the run to MLflow.
    """
    from pipelines.track.run_summary import mark_of
    from pipelines.track.sending import announced, send_or_say

    started = datetime.now(UTC)
    experiment = load_trial(file)
    study = assemble_trial(experiment)
    size = size_of(study)
    folder = make_folder(results / experiment.name)
    score = ScoreAgain.of(study) if learns(study) and not size.small else None
    # what learns nothing is done at once, and says at once that no feature can be tested
    decided = decide(study, None) if score is None and not size.small else None
    announce(study, size, score, folder, jobs)
    tags = {"endpoint": experiment.trial.endpoint, "dataset": experiment.trial.dataset}
    began = mark_of(fingerprint(study), started.isoformat(timespec="seconds"))
    launch = (
        announced(folder, experiment.name, experiment.title, tags, began)
        if track
        else nullcontext()
    )
    with launch as run_id:
        held_out = None
        if not size.small:
            with progress("fits", len(missing(study, folder))) as done:
                held_out = cross_fit(study, folder, jobs=jobs, done=done)
            if score is not None:
                decided = decide_by_rearranging(study, score, jobs)
        print("Evaluating and reporting", flush=True)
        record = trial_record(study, size, held_out, decided, started)
        (folder / "report.html").unlink(missing_ok=True)
        record.write(folder / RECORD)
        report = write_trial_report(folder)
    # everything is on disk now, whatever becomes of the store
    if track:
        send_or_say(folder, run_id)
    print(f"\n{record.claim.sentence}\n{record.claim.advice}\n")
    print(f"Report      {report}")
    print(f"Results     {folder}{os.sep}")
    return folder


def decide_by_rearranging(study: TrialStudy, score: ScoreAgain, jobs: int) -> DecidingTest:
    """Learn the score anew as often as asked, and more often where chance could still decide."""
    asked = study.experiment.crossfitting
    with progress("rearrangements", asked.rearrangements) as done:
        found = decide(study, score, on_processes(jobs, done))
    if not undecided(study, found):
        return found
    most = asked.most_rearrangements
    print(f"The p-value is near {LEVEL}: {most} rearrangements decide.", flush=True)
    with progress("rearrangements", most) as done:
        return decide(study, score, on_processes(jobs, done), draws=most)


def size_of(study: TrialStudy) -> SmallTrial:
    """Decide by the size of the trial alone what is reported."""
    trial = study.trial
    people = {
        name: int((trial.known & (trial.code == k)).sum()) for k, name in enumerate(trial.arms)
    }
    early, labels = study.experiment.early, trial.cohort.schema
    return small_trial(
        people,
        study.experiment.trial.markers,
        control=trial.arms[0],
        groups=[
            labels[name].label if name in labels else name.replace("_", " ")
            for name in study.experiment.moderators
        ],
        early=None if early is None else early.label,
    )


def announce(
    study: TrialStudy, size: SmallTrial, score: ScoreAgain | None, folder: Path, jobs: int
) -> None:
    """Print the question, the people, what will be done, and how long that may take.

    The first fit of each kind is made for it, and kept in `folder`.
    """
    experiment, trial = study.experiment, study.trial
    arms = ", ".join(f"{n} {name}" for name, n in size.people.items())
    print(f"{experiment.title}: {experiment.question}")
    print(
        f"{len(trial.code)} people randomised; {trial.endpoint.label} known of {arms}; "
        f"{len(trial.cohort.schema.panel)} panel features."
    )
    if size.small:
        print(
            "A small trial: target engagement, what was named beforehand and the early change are "
            "reported; no signature is learned."
        )
        return
    asked = experiment.crossfitting
    again = 0 if score is None else asked.rearrangements
    more = again and asked.most_rearrangements > again
    fits = len(pieces(study)) + again * asked.folds * asked.repeats
    print(
        f"{len(study.candidates)} candidates, {asked.repeats} × {asked.folds} folds, "
        f"{again} rearrangements of the arms: {fits} fits"
        + (
            f" ({asked.most_rearrangements} rearrangements where p is near {LEVEL})."
            if more
            else "."
        ),
        flush=True,
    )
    print(f"What decides: {test_of(study)}.", flush=True)
    once = 0.0 if score is None else seconds_of_rearrangement(study, score)
    say_how_long(seconds_of_fits(study, folder) + once * again, jobs)


def trial_record(
    study: TrialStudy,
    size: SmallTrial,
    held_out: TrialPredictions | None,
    decided: DecidingTest | None,
    started: datetime,
) -> TrialRecord:
    """Test and evaluate everything else that a trial of this size reports."""
    trial, experiment = study.trial, study.experiment
    average, notes = average_effects(study, held_out), list(trial.notes)
    labels = {n: trial.cohort.schema[n].label or n for n in trial.cohort.schema.features}
    if held_out is None or decided is None:
        control = foretold = None
        claim = too_small(size)
        results, following, explained = [], None, None
    else:
        control, foretold = control_test(study, held_out), prognosis_of(study, held_out)
        claim = claim_of(decided, foretold, trial.arms[study.treated], labels=labels)
        results = benefit_results(study, held_out)
        explained = explained_benefit(study, held_out)
        following = next_trial(study, claim, average, results)
    early, named = early_record(study), named_markers(study)
    if isinstance(early, str):
        notes, early = [*notes, early], None
    return TrialRecord(
        experiment=experiment.model_dump(mode="json"),
        endpoint=asdict(trial.endpoint),
        citation=trial.cohort.citation,
        arms=list(trial.arms),
        treated=trial.arms[study.treated],
        labels=labels,
        exclusions=[
            FlowLine(reason=s.reason, removed=s.removed, left=s.left) for s in trial.cohort.flow
        ],
        flow=list(trial.flow),
        allocation=trial.balance,
        notes=notes,
        dropped_features=study.dropped_features,
        size=size,
        claim=claim,
        average=average,
        secondary=secondary_effects(study),
        decided=decided,
        control_score=control,
        prognosis=foretold,
        named=named,
        moderators=moderator_records(study),
        markers=None if size.small else marker_table(study),
        candidates=results,
        explained=explained,
        losses=losses_of(study, average, named, decided),
        risk_groups=None if held_out is None else risk_groups(study, held_out),
        best_arm=None if held_out is None else best_arm_value(study, held_out),
        engagement=engagement_of(study),
        early=early,
        visits=[] if early is None else marker_visits(study),
        next_trial=following,
        fingerprint=fingerprint(study),
        code_version=code_version(),
        environment=library_versions(),
        started=started.isoformat(timespec="seconds"),
        seconds=(datetime.now(UTC) - started).total_seconds(),
    )
