"""With shuffled outcomes the whole procedure finds nothing, and the null check says so."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from pipelines.fit.results_folder import Results
from pipelines.null_check import launch as null_launch
from pipelines.null_check.launch import FEWEST_RUNS, check_null, run_until_clear
from pipelines.null_check.runs import NullStore, null_fingerprint, null_run, study_to_shuffle
from pipelines.null_check.shuffled import exchangeable, shuffled_outcome, shuffled_study
from pipelines.null_check.summary import compare, selection_checks
from pipelines.question.assembly import assemble
from pipelines.question.experiment import load_experiment
from pipelines.train.launch import run_experiment
from signature.exceptions import ExperimentError, OutcomeError, ResultsError
from signature.learn.single_marker import BestSingleMarker
from signature.randomness import generator
from signature.records.null_check import NullCheck
from signature.validation.permutation_p import StoppingRule
from tests.made.checkout import EXPERIMENTS
from tests.made.quick_run import QUICKEST
from tests.made.report_page import keep_sections

EXPERIMENT = EXPERIMENTS / "opt_periodontal_nonresponse.toml"

QUICK = (
    QUICKEST.replace('["best_single_marker"]', '["best_single_marker", "elastic_net"]')
    .replace("repeats = 1", "repeats = 2")
    .replace("trials = 1", "trials = 2")
)


def _expect_nothing(folder, runs, *, inner_folds, trials):
    experiment = load_experiment(EXPERIMENT)
    changes = {"inner_folds": inner_folds, "bootstraps": 400}
    validation = experiment.validation.model_copy(update=changes)
    small = experiment.model_copy(update={"validation": validation})
    study = study_to_shuffle(assemble(small), trials=trials)
    store = NullStore(folder, null_fingerprint(study))
    found = [null_run(study, run, store) for run in range(runs)]
    # an interval misses its target once in twenty times by design
    covered = [r.auroc.low <= 0.5 <= r.auroc.high for r in found]
    assert sum(covered) >= len(covered) - 1 - len(covered) // 10
    assert np.mean([r.auroc.value for r in found]) == pytest.approx(0.5, abs=0.25 / np.sqrt(runs))
    assert sum(r.adds == "yes" for r in found) <= 1 + runs // 10


def test_shuffled_labels_give_an_interval_that_covers_one_half(tmp_path):
    _expect_nothing(tmp_path, 2, inner_folds=2, trials=2)


@pytest.mark.slow
def test_shuffled_labels_over_many_runs(tmp_path):
    _expect_nothing(tmp_path, 20, inner_folds=3, trials=4)


@pytest.fixture(scope="module")
def quick_study(tmp_path_factory):
    file = tmp_path_factory.mktemp("experiment") / "quick.toml"
    file.write_text(QUICK)
    return assemble(load_experiment(file))


@pytest.fixture
def visits(quick_study):
    """Returns a cohort of two sites and two arms, as many people as rows are given."""

    def make(rows, outcome):
        person = np.repeat(np.arange(len(rows)), rows)
        whole = quick_study.cohort
        X = whole.X.iloc[: len(person)].reset_index(drop=True)
        text = pd.Series(person).astype(str)
        return replace(
            whole,
            X=X,
            records=pd.DataFrame(index=X.index),
            subject="p" + text,
            visit=pd.Series(X.index.astype(str)),
            plate=None,
            weight=None,
            site=pd.Series(np.where(person % 2, "a", "b")),
            arm=pd.Series(np.where(person % 3 == 0, "drug", "placebo")),
            outcome=pd.Series(outcome(person), name="outcome"),
        )

    return make


def _by_place(cohort, outcome, by="row"):
    table = pd.DataFrame({"site": cohort.site, "arm": cohort.arm, "y": outcome, "n": cohort.person})
    table = table if by == "row" else table.drop_duplicates("n")
    return table.groupby(["site", "arm"])["y"].agg(["sum", "size"])


def test_people_keep_one_outcome_and_places_keep_their_events(visits):
    rng = np.random.default_rng(0)
    sick = rng.integers(0, 2, 60)
    cohort = visits(rng.integers(1, 4, 60), lambda person: sick[person])
    shuffled = shuffled_outcome(cohort, generator(1, "test"))
    assert (shuffled.groupby(cohort.person).nunique() == 1).all()
    assert (shuffled != cohort.outcome).any()
    before = _by_place(cohort, cohort.outcome, by="person")
    pd.testing.assert_frame_equal(_by_place(cohort, shuffled, by="person"), before)
    assert exchangeable(cohort).n_fixed == 0
    again = shuffled_outcome(cohort, generator(1, "test"))
    pd.testing.assert_series_equal(shuffled, again)


def test_outcomes_that_change_between_visits_move_with_the_whole_person(visits):
    rng = np.random.default_rng(0)
    sizes = rng.integers(1, 4, 80)
    outcome = rng.integers(0, 2, sizes.sum())
    cohort = visits(sizes, lambda person: outcome)
    shuffled = shuffled_outcome(cohort, generator(1, "test"))
    assert (shuffled != cohort.outcome).any()
    pd.testing.assert_frame_equal(_by_place(cohort, shuffled), _by_place(cohort, cohort.outcome))

    def whole(y):
        keys = [cohort.site, cohort.arm, cohort.person]
        courses = y.groupby(keys).agg(lambda part: "".join(map(str, part)))
        return sorted((site, arm, course) for (site, arm, _), course in courses.items())

    assert whole(shuffled) == whole(cohort.outcome)


def test_what_cannot_change_is_counted_and_refused(visits):
    at_a = visits([1] * 60, lambda person: person % 2)  # every event is at one site
    assert exchangeable(at_a).n_fixed == 60
    with pytest.raises(OutcomeError, match="changes nothing"):
        shuffled_outcome(at_a, generator(1, "test"))
    some = visits([1] * 60, lambda person: np.where(person % 2, person // 2 % 2, 0))
    assert exchangeable(some).n_fixed == 30


def test_every_run_has_its_own_shuffle_and_folds(quick_study):
    study = study_to_shuffle(quick_study)
    assert study.cohort.records.empty
    assert set(study.cohort.subject) == {str(n) for n in range(study.cohort.n_people)}
    one, other, again = (shuffled_study(study, run) for run in (0, 1, 0))
    assert (one.cohort.outcome != other.cohort.outcome).any()
    pd.testing.assert_series_equal(one.cohort.outcome, again.cohort.outcome)
    np.testing.assert_array_equal(one.folds[0].train, again.folds[0].train)
    assert one.cohort.outcome.sum() == study.cohort.outcome.sum()
    assert {fold.repeat for fold in one.folds} == {0}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A finished run, checked with three shuffles; its experiment lies beside it."""
    folder = tmp_path_factory.mktemp("results")
    file = folder / "quick.toml"
    file.write_text(QUICK)
    with pytest.MonkeyPatch.context() as patch:
        keep_sections(patch, "summary", "null_check")
        run_experiment(file, folder, jobs=1, track=False)
        check_null(file, folder, runs=3)
    return folder


def test_same_bits_in_parallel_and_after_a_stop(results, tmp_path):
    file = tmp_path / "quick.toml"
    file.write_text(QUICK)
    check_null(file, tmp_path, runs=1)
    (first,) = (tmp_path / "quick" / "null_check").glob("*/run-*.json")
    written = first.stat().st_mtime_ns
    path = check_null(file, tmp_path, runs=3, jobs=2)
    assert first.stat().st_mtime_ns == written
    parallel = NullCheck.model_validate_json(path.read_text())
    serial = Results(results / "quick").null_check
    assert "no finished run" in parallel.not_compared
    left_out = {"comparison", "not_compared"}
    assert parallel.model_dump(exclude=left_out) == serial.model_dump(exclude=left_out)
    runs = sorted((results / "quick" / "null_check").glob("*/*"))
    assert [r.name for r in runs] == ["run-0000.json", "run-0001.json", "run-0002.json"]
    for run in runs:
        assert (first.parent / run.name).read_bytes() == run.read_bytes()


def test_the_real_run_is_placed_among_the_shuffled_ones(results):
    found = Results(results / "quick").null_check
    real = found.comparison
    evaluation = Results(results / "quick").evaluation
    folds = evaluation.headline.candidate("procedure").folds
    assert real.auroc == pytest.approx(np.mean([f.auroc for f in folds if f.repeat == 0]))
    assert real.headline_auroc == evaluation.verdict.auroc.value
    assert real.at_least == sum(a >= real.auroc for a in found.aurocs)
    assert real.p_value == (1 + real.at_least) / 4
    assert found.selections == ()  # none of these candidates selects
    assert (found.n_people, found.n_fixed, found.within) == (320, 0, ())
    assert found.run_fingerprint == Results(results / "quick").launch.fingerprint
    assert "With shuffled outcomes" in (results / "quick" / "report.html").read_text()


def test_nothing_of_a_person_is_kept(results, quick_study):
    identifiers = set(quick_study.cohort.subject)
    for file in (results / "quick").rglob("*null_check*/**/*.json"):
        assert not any(i in file.read_text().split() for i in identifiers)
    assert not list((results / "quick" / "null_check").rglob("*.skops"))


def test_finished_runs_are_reused_and_others_never(results, monkeypatch):
    file = results / "quick.toml"
    before = (results / "quick" / "null_check.json").read_bytes()
    done = []
    keep_sections(monkeypatch, "summary", "null_check")
    monkeypatch.setattr(null_launch, "run_missing", lambda *a, **k: done.append(a))
    check_null(file, results, runs=3)
    assert (results / "quick" / "null_check.json").read_bytes() == before
    study = assemble(load_experiment(file))
    store = NullStore(results / "quick", null_fingerprint(study_to_shuffle(study)))
    for other in (
        study_to_shuffle(study, repeats=2),
        study_to_shuffle(study, trials=3),
        study_to_shuffle(
            replace(study, experiment=study.experiment.model_copy(update={"seed": 8}))
        ),
    ):
        assert not NullStore(results / "quick", null_fingerprint(other)).has(0)
    assert store.has(2)
    assert not store.has(3)


def test_a_run_of_another_check_or_a_damaged_one_is_refused(results, tmp_path):
    (kept,) = (results / "quick" / "null_check").glob("*/run-0000.json")
    other = NullStore(tmp_path, "0" * 64)
    other.root.mkdir(parents=True)
    other.path(0).write_bytes(kept.read_bytes())
    with pytest.raises(ResultsError, match=r"other data, settings or code; delete"):
        other.load(0)
    other.path(0).write_text("{")
    with pytest.raises(ResultsError, match="delete it"):
        other.load(0)


def test_a_run_is_not_filed_under_other_code(quick_study, tmp_path):
    with pytest.raises(ResultsError, match="the code was changed"):
        null_run(study_to_shuffle(quick_study), 0, NullStore(tmp_path, "0" * 64))


def test_other_settings_are_said_and_not_compared(results, tmp_path):
    file = tmp_path / "quick.toml"
    file.write_text(QUICK)
    found = NullCheck.model_validate_json(check_null(file, tmp_path, runs=1, trials=1).read_text())
    assert (found.trials, found.own_trials) == (1, 2)
    assert "tried 1 parameter sets where the experiment says 2" in found.not_compared
    with pytest.raises(ExperimentError, match="2 times; --repeats 3 is more"):
        check_null(file, tmp_path, runs=1, repeats=3)


def test_a_candidate_that_selects_is_counted(quick_study, tmp_path, monkeypatch):
    # the one marker that it takes stands for a selection, the bound for a promise
    monkeypatch.setattr(BestSingleMarker, "selected_", property(lambda m: m.chosen_[:1]), False)
    monkeypatch.setattr(BestSingleMarker, "declared_bound_", 0.5, raising=False)
    study = study_to_shuffle(quick_study)
    store = NullStore(tmp_path, null_fingerprint(study))
    found = [null_run(study, run, store) for run in range(2)]
    assert set(found[0].selected) == {"best_single_marker"}
    (check,) = selection_checks(found, {"best_single_marker": "Best"})
    assert (check.any_selected.count, check.any_selected.value) == (2, 1.0)
    assert check.markers.value == 1.0
    assert (check.outer_folds, check.outer_folds_selecting) == (2, 2.0)
    assert (check.declared_bound, check.exceeded) == (0.5, False)


class _Aurocs:
    """A store whose runs are finished."""

    def __init__(self, aurocs):
        self.aurocs = aurocs

    def load(self, run):
        return SimpleNamespace(auroc=SimpleNamespace(value=self.aurocs[run]))


@pytest.mark.parametrize(
    ("real", "side"), [(2.0, "below"), (0.5, "above")], ids=["never reached", "often reached"]
)
def test_runs_stop_when_it_is_clear_whatever_the_number_of_processes(monkeypatch, real, side):
    monkeypatch.setattr(null_launch, "run_missing", lambda *a, **k: None)
    rng = np.random.default_rng(0)
    store = _Aurocs([None, *rng.uniform(0.3, 0.7, 998)] if side == "above" else [0.5] * 999)
    rule = StoppingRule(most_runs=999, fewest_runs=FEWEST_RUNS)
    one, three = (
        run_until_clear(None, rule, store, real, jobs=jobs, done=lambda: None) for jobs in (1, 3)
    )
    assert one == three < 200
    found = compare(store.aurocs[:one], real, real, rule)
    assert found.side == side
    assert found.p_low < found.p_value < found.p_high
    assert (found.p_value < 0.05) == (side == "below")


def test_stopping_early_needs_a_real_run(tmp_path):
    file = tmp_path / "quick.toml"
    file.write_text(QUICK)
    with pytest.raises(ExperimentError, match="nothing to go by: there is no finished run"):
        check_null(file, tmp_path, runs=1, until_clear=True)
