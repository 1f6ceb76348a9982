"""A trial experiment from its file to its report: what it finds, keeps, and never says."""

import json
import re
import shutil
from dataclasses import replace

import numpy as np
import pytest

from pipelines.report.trial_results import TrialResults, has_trial, write_trial_report
from pipelines.track.trial_summary import trial_metrics, trial_params, trial_tags
from pipelines.trials.crossfit import cross_fit, fingerprint, layouts, pieces
from pipelines.trials.experiment import TrialExperiment, load_trial
from pipelines.trials.launch import run_trial
from pipelines.trials.study import assemble_trial
from signature.discovery import load
from signature.effect.trial_record import TrialRecord
from signature.exceptions import ResultsError
from tests.made.trial_files import SMALL, TRIAL, changed, write_trial

pytest_plugins = ["tests.made.finished_runs"]

OF_A_RUN = {"started", "seconds"}
"""Fields that differ between two runs of the same."""


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """What the run of `found_trial` ran on."""
    return assemble_trial(load_trial(write_trial(tmp_path_factory.mktemp("study"))))


def record_of(folder):
    return TrialResults(folder).record


def statistics(folder):
    """Everything in trial.json but when it was made; floats are written in full."""
    text = (folder / "trial.json").read_text("utf-8")
    return {name: value for name, value in json.loads(text).items() if name not in OF_A_RUN}


def numbers(found):
    """All numbers with decimals, however deep."""
    if isinstance(found, dict):
        found = list(found.values())
    if isinstance(found, list):
        return {number for part in found for number in numbers(part)}
    return {found} if isinstance(found, float) and not found.is_integer() else set()


def test_the_marker_that_was_made_to_tell_is_found(found_trial):
    record = record_of(found_trial)
    assert record.claim.sentence.startswith("Predictive")
    assert record.claim.predictive
    assert record.decided.test == "minimum of these"
    assert [member.p for member in record.decided.members] == pytest.approx([0.01] * 3)
    assert record.decided.p == pytest.approx(0.01)  # the smallest of 99 rearrangements
    assert record.decided.clearest == "TNF"
    assert record.decided.score.estimate < 0  # of a score where lower is better
    assert [(one.candidate, one.headline) for one in record.candidates] == [
        ("effect_modified_covariate", True),
        ("effect_dr_learner", False),
    ]
    for one in record.candidates:
        assert not one.constant
        assert one.targeting.autoc.low > 0
    (named,) = record.named
    assert named.marker == "TNF"
    assert named.test.p < 0.05
    # 3.6 points is what everybody gains on average
    (average,) = record.average
    assert average.adjusted.low < 3.6 < average.adjusted.high
    assert record.next_trial is not None
    assert record.early is not None
    assert [one.marker for one in record.visits] == ["regulatory_t_cells"]
    assert record.best_arm is None  # with two arms
    smoker, cells = record.moderators
    assert smoker.shape is None  # a yes or no has no line
    assert cells.shape.cut == 4
    assert cells.shape.people == sum(level.people[arm] for level in cells.found.levels
                                     for arm in level.people)  # fmt: skip


def test_numbers_of_people_are_those_of_the_data_set(found_trial, study):
    record = record_of(found_trial)
    assert {flow.arm: flow.randomised for flow in record.flow} == {
        "placebo": 68,
        "interleukin-2": 134,
    }
    later = study.trial.cohort.records["activity_day_85"]
    assert sum(record.size.people.values()) == int(later.notna().sum())
    assert record.decided.score.people == record.size.people
    assert record.prognosis.people == int(later.notna().sum())


def test_trial_json_comes_back_as_it_was_written(found_trial, small_trial):
    for folder in (found_trial, small_trial):
        text = (folder / "trial.json").read_text("utf-8")
        record = TrialRecord.model_validate_json(text)
        assert record.model_dump_json(indent=1) + "\n" == text
        assert has_trial(folder)


def test_the_report_has_the_claim_and_can_be_written_again(found_trial, tmp_path):
    page = (found_trial / "report.html").read_text("utf-8")
    assert "A simulated trial for the tests" in page
    shutil.copy(found_trial / "trial.json", tmp_path)
    assert write_trial_report(tmp_path) == tmp_path / "report.html"
    assert (tmp_path / "report.html").is_file()


def test_a_small_trial_shows_engagement_and_named_markers_alone(small_trial):
    record = record_of(small_trial)
    assert record.claim.sentence.startswith("Not tested: this trial is too small")
    assert record.size.small
    assert record.size.not_reported
    assert record.candidates == []
    nothing = ("decided", "control_score", "prognosis", "markers", "risk_groups", "next_trial")
    assert [name for name in nothing if getattr(record, name) is not None] == []
    assert [one.column for one in record.moderators] == ["smoker", "regulatory_t_cells"]
    assert [one.shape for one in record.moderators] == [None, None]  # fewer than 50 people
    (change,) = record.early.markers
    assert [slope.people for slope in change.slopes] == [11, 24]
    assert all(slope.slope.low < slope.slope.high for slope in change.slopes)
    assert all(gain.prognosis is None for gain in record.early.gains)
    assert [one.marker for one in record.visits] == ["regulatory_t_cells"]
    assert [one.marker for one in record.named] == ["TNF"]
    assert record.average[0].adjusted is None
    assert {line.arm: line.randomised for line in record.flow} == {
        "placebo": 12,
        "interleukin-2": 24,
    }
    assert not (small_trial / "fits").exists()
    assert (small_trial / "report.html").is_file()


SAID_WHERE = {
    "name": "title", "title": "title", "question": "answer", "caution": "answer",
    "seed": "details", "trial": "answer", "features": "details", "assay": "details",
    "candidates": "area under the ROC curve of a model",
    "crossfitting": "held-out gain of an early change",
    "moderators": "moderators", "early": "early",
    "next_trial": "the size of a next trial that chooses people",
    "plan": "title",  # of the time before there are data
}  # fmt: skip
"""By key of an experiment: the section of a small trial's report that has it, or what is said not
to be reported."""


def test_of_a_small_trial_every_key_is_reported_or_said_not_to_be(small_trial):
    assert set(SAID_WHERE) == set(TrialExperiment.model_fields)
    page = (small_trial / "report.html").read_text("utf-8")
    sections = set(re.findall(r'<section[^>]* id="(\w+)"', page)) | {"title"}
    withheld = {one.what for one in record_of(small_trial).size.not_reported}
    for key, where in SAID_WHERE.items():
        assert where in sections | withheld, key


def test_interleukin_2_engages_its_target_even_in_a_small_trial(small_trial):
    (moved,) = record_of(small_trial).engagement.rows
    assert moved.marker == "regulatory_t_cells"
    # it was made to double 0.6 times more
    assert 0 < moved.low < 0.6 < moved.high
    assert moved.p_family < 0.05


def test_nothing_of_a_person_is_in_trial_json(found_trial, small_trial, study):
    trial = study.trial
    assert all(re.fullmatch(r"s\d{6}", name) for name in trial.cohort.subject)
    for folder in (found_trial, small_trial):
        for file in ("trial.json", "report.html"):
            assert not re.search(r"\bs\d{6}\b", (folder / file).read_text("utf-8")), file
    columns = [trial.cohort.X[name] for name in trial.cohort.X]
    columns += [trial.cohort.records["regulatory_t_cells_day_5"], trial.outcome, trial.weight]
    kept = pieces(study)
    place = found_trial / "fits" / fingerprint(study)[:16]
    columns += [np.load(place / one.file) for one in kept]
    values = {float(v) for column in columns for v in np.ravel(np.asarray(column, dtype="float64"))}
    assert len(values) > 1000
    written = numbers(statistics(found_trial))
    assert len(written) > 200
    assert not {v for v in written & values if not v.is_integer()}


def test_a_launch_says_what_it_will_do_and_what_it_found(small_trial):
    said = (small_trial.parents[1] / "said.txt").read_text("utf-8")
    assert said.startswith("A simulated trial for the tests: Who gains from interleukin-2?\n")
    assert "36 people randomised" in said
    assert "no signature is learned" in said
    assert record_of(small_trial).claim.sentence in said
    assert str(small_trial / "report.html") in said


def test_what_is_missing_is_fitted_again_with_the_same_bits(found_trial, study, tmp_path):
    shutil.copytree(found_trial / "fits", tmp_path / "fits")
    files = sorted((tmp_path / "fits" / fingerprint(study)[:16]).glob("*.npy"))
    assert len(files) == len(pieces(study)) == 21
    lost, stayed = files[::6], files[1::6]
    bits = {file: file.read_bytes() for file in lost}
    for file in lost:
        file.unlink()
    before = [file.stat().st_mtime_ns for file in stayed]
    counted = []
    cross_fit(study, tmp_path, jobs=1, done=lambda: counted.append(1))
    assert len(counted) == len(lost) == 4
    assert {file: file.read_bytes() for file in lost} == bits
    assert [file.stat().st_mtime_ns for file in stayed] == before


def test_the_same_trial_gives_the_same_statistics(small_trial, tmp_path):
    again = run_trial(write_trial(tmp_path, SMALL), tmp_path, jobs=2, track=False)
    assert statistics(again) == statistics(small_trial)


@pytest.mark.slow
def test_a_resumed_run_gives_the_same_statistics(found_trial, tmp_path):
    shutil.copytree(found_trial, tmp_path / "trial")
    (tmp_path / "trial" / "trial.json").unlink()
    again = run_trial(write_trial(tmp_path), tmp_path, jobs=1, track=False)
    assert statistics(again) == statistics(found_trial)


def test_two_processes_fit_the_same_bits(found_trial, study, tmp_path):
    counted = []
    kept = cross_fit(study, found_trial, jobs=1, done=lambda: counted.append(1))
    assert not counted  # all of them were there
    anew = cross_fit(study, tmp_path, jobs=2, done=lambda: counted.append(1))
    assert len(counted) == len(pieces(study))
    for name in study.candidates:
        np.testing.assert_array_equal(anew.benefit[name], kept.benefit[name])
    for name in ("parts", "expected", "prognosis", "baseline"):
        np.testing.assert_array_equal(getattr(anew, name), getattr(kept, name))


@pytest.mark.slow
def test_a_run_on_two_processes_gives_the_same_bits(found_trial, tmp_path):
    parallel = run_trial(write_trial(tmp_path), tmp_path, jobs=2, track=False)
    assert statistics(parallel) == statistics(found_trial)


def test_everybody_is_held_out_once_per_repeat_and_folds_share_arms(study):
    for layout in layouts(study.trial, 3, 2, seed=4):
        held_out = np.concatenate([rows for _, rows in layout])
        assert sorted(held_out) == list(range(202))
        for train, rows in layout:
            assert not set(train) & set(rows)
            assert study.trial.code[rows].mean() == pytest.approx(2 / 3, abs=0.02)


def test_parts_of_features_add_up_to_the_benefit_of_held_out_people(study, found_trial):
    found = cross_fit(study, found_trial, jobs=1, done=lambda: None)
    headline = study.experiment.candidates.headline
    assert found.parts.shape == (202, len(study.trial.cohort.schema.features) + 1)
    np.testing.assert_allclose(
        found.parts.sum(axis=1), found.benefit[headline][:, study.treated], atol=1e-9
    )


@pytest.mark.parametrize("name", ["effect_r_learner_xgboost", "effect_predictive_signature"])
def test_parts_of_other_learners_add_up_too(study, name, tmp_path):
    asked = study.experiment.candidates.model_copy(update={"headline": name, "others": ()})
    one = replace(
        study,
        experiment=study.experiment.model_copy(update={"candidates": asked}),
        candidates={name: load("models", name, ("build",))},
    )
    found = cross_fit(one, tmp_path, jobs=1, done=lambda: None)
    assert np.ptp(found.benefit[name][:, study.treated]) > 0.1
    np.testing.assert_allclose(
        found.parts.sum(axis=1), found.benefit[name][:, study.treated], atol=1e-4
    )


def test_benefit_that_compares_people_of_two_folds_has_no_levels_of_folds(study, found_trial):
    """The level of a fold is learned from the others, and so runs against its own outcomes."""
    found = cross_fit(study, found_trial, jobs=1, done=lambda: None)
    for name in study.candidates:
        own, level = (t[name][:, study.treated] for t in (found.benefit, found.levelled))
        for _, rows in layouts(study.trial, 3, 1, study.experiment.seed)[0]:
            assert level[rows].mean() == pytest.approx(own.mean(), abs=1e-9)
            np.testing.assert_allclose(np.diff(level[rows]), np.diff(own[rows]), atol=1e-9)


def test_the_report_says_what_predicted_benefit_goes_by(found_trial):
    record = record_of(found_trial)
    told = record.explained
    assert told.features[0].feature == "TNF"  # that is what was simulated
    low, high = told.features[0].ends
    assert low.mean < 0 < high.mean
    assert [one.mean for one in told.features] == sorted(
        (one.mean for one in told.features), reverse=True
    )
    assert sum(one.features for one in told.families) == len(told.features)
    page = (found_trial / "report.html").read_text("utf-8")
    assert "What it goes by" in page
    assert "How far from random the losses may be" in page


def test_what_is_held_out_does_not_reach_its_own_prediction(study, found_trial, tmp_path):
    """Outcomes of one fold are changed: predictions of that fold stay, others move."""
    splits = layouts(study.trial, 3, 1, study.experiment.seed)
    rows = splits[0][0][1]
    before = cross_fit(study, found_trial, jobs=1, done=lambda: None)
    outcome = study.trial.outcome.copy()
    outcome[rows] += np.where(study.trial.code[rows] == 1, 30.0, -30.0)
    other = replace(study, trial=replace(study.trial, outcome=outcome))
    after = cross_fit(other, tmp_path, jobs=1, done=lambda: None)
    others = np.setdiff1d(np.arange(202), rows)
    for name in study.candidates:
        moved = np.abs(after.benefit[name] - before.benefit[name])[:, 1]
        assert moved[rows].max() == 0
        assert moved[others].max() > 1
    for name in ("expected", "prognosis", "baseline"):
        moved = np.abs(getattr(after, name) - getattr(before, name)).reshape(202, -1)
        assert moved[rows].max() == 0
        assert moved[others].max() > 1


def test_other_data_or_settings_have_other_fits(study, tmp_path):
    own = fingerprint(study)
    other = assemble_trial(load_trial(write_trial(tmp_path, changed("seed = 5", "seed = 6"))))
    assert fingerprint(other) != own
    words = assemble_trial(load_trial(write_trial(tmp_path, changed("for the tests", "again"))))
    assert fingerprint(words) == own


def test_tracked_numbers_are_those_of_the_record(found_trial, small_trial):
    record = record_of(found_trial)
    found = trial_metrics(record)
    assert found["deciding_p"] == record.decided.p
    assert found["score_interaction"] == record.decided.score.estimate
    assert found["benefit"] == record.average[0].adjusted.value
    assert found["people"] == 196
    assert found["explained_with_panel"] == record.prognosis.panel.value
    assert found["autoc.effect_dr_learner"] == record.candidates[1].targeting.autoc.value
    assert trial_params(record)["rearrangements"] == 99
    assert trial_tags(record)["predictive"] == "yes"
    few = record_of(small_trial)
    assert trial_metrics(few)["benefit"] == few.average[0].unadjusted.value
    assert not any(name.startswith(("deciding", "autoc")) for name in trial_metrics(few))
    assert trial_tags(few) == {
        "predictive": "not tested",
        "prognostic": "not tested",
        "small_trial": "yes",
        "claim": few.claim.sentence,
        "fingerprint": few.fingerprint,
        "code_version": few.code_version,
    }


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "is missing"),
        ("{", "damaged or of another version"),
        ('{"version": 2}', "damaged or of another version"),
    ],
)
def test_a_record_that_cannot_be_read_says_how_to_make_it(tmp_path, content, words):
    if content is not None:
        (tmp_path / "trial.json").write_text(content, encoding="utf-8")
    with pytest.raises(ResultsError, match=f"{words}.*make it"):
        write_trial_report(tmp_path)
    assert has_trial(tmp_path) == (content is not None)


def test_the_same_candidate_may_be_alone(tmp_path):
    text = changed('others = ["effect_dr_learner"]', "others = []", TRIAL)
    found = assemble_trial(load_trial(write_trial(tmp_path, text)))
    assert list(found.candidates) == ["effect_modified_covariate"]
