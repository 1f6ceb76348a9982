"""Bits do not depend on the number of cores: whatever fits holds linear algebra to one thread."""

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from pipelines.fit import fitting
from pipelines.fit.store import FoldStore
from pipelines.null_check import runs
from pipelines.plan import curve_points
from pipelines.question.assembly import assemble
from pipelines.question.experiment import load_experiment
from pipelines.trials import crossfit
from pipelines.trials.experiment import load_trial
from pipelines.trials.study import assemble_trial
from tests.made.checkout import EXPERIMENTS
from tests.made.trial_files import SMALL, write_trial


class StoppedHereError(Exception):
    """The place that would compute, and with how many threads."""


def _threads():
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


@pytest.fixture(scope="module")
def study():
    return assemble(load_experiment(EXPERIMENTS / "opt_periodontal_nonresponse.toml"))


def _fold(study, folder):
    task = fitting.tasks(study)[0]
    rows = fitting.Rows.of(study.cohort, study.references)
    fitting.fit_task(task, rows, study.experiment, FoldStore(folder, "0" * 16))


def _null_run(study, folder):
    shuffled = runs.study_to_shuffle(study)
    runs.null_run(shuffled, 0, runs.NullStore(folder, runs.null_fingerprint(shuffled)))


def _learning_curve(study, folder):
    curve_points.curve_points(study, curve_points.untuned_settings(study), repetitions=2)


def _trial(study, folder):
    trial = assemble_trial(load_trial(write_trial(folder, SMALL)))
    crossfit.cross_fit(trial, folder, jobs=1, done=lambda: None)


@pytest.mark.parametrize(
    ("work", "module", "name"),
    [
        (_fold, fitting.Tuner, "run"),
        (_null_run, runs, "fit_all"),
        (_learning_curve, curve_points, "_score"),
        (_trial, crossfit, "_fit"),
    ],
)
def test_what_fits_has_one_thread_where_there_are_two(
    work, module, name, study, tmp_path, monkeypatch
):
    def reached(*_, **__):
        raise StoppedHereError(_threads())

    monkeypatch.setattr(module, name, reached)
    with threadpool_limits(2):
        assert _threads() == {2}
        with pytest.raises(StoppedHereError) as stopped:
            work(study, tmp_path)
    assert stopped.value.args == ({1},)
