"""What a launch prints and writes down around the fits."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipelines.fit.announcement import announce, say_how_long
from pipelines.fit.environment import code_version, library_versions
from pipelines.fit.fitting import fit_all, tasks
from pipelines.fit.progress import progress
from pipelines.fit.store import FittedFold, FoldStore
from pipelines.question.assembly import assemble
from pipelines.question.experiment import load_experiment
from pipelines.question.summaries import column_summaries, site_counts
from pipelines.train.launch import run_experiment
from signature.exceptions import ModelFileError, ResultsError
from signature.learn.calibration import CalibratedProcedure
from tests.made.checkout import REPO


@pytest.fixture(scope="module")
def study():
    return assemble(load_experiment(REPO / "experiments" / "opt_periodontal_nonresponse.toml"))


def test_a_launch_says_first_what_it_will_do(study, tmp_path, capsys):
    todo = tasks(study)
    announce(study, todo, FoldStore(tmp_path, "x" * 16))
    said = capsys.readouterr().out
    assert "320 rows of 320 people, 221 with" in said
    assert f"{len(todo)} fits, 0 of them finished already" in said


def test_how_long_the_fits_take_is_said_once_it_is_known(study, tmp_path, capsys):
    todo = [t for t in tasks(study) if t.candidate in ("clinical_only", "intercept_only")]
    heard = []
    done = []
    fit_all(
        todo,
        study,
        FoldStore(tmp_path, "x" * 16),
        jobs=1,
        done=lambda: done.append(len(heard)),
        tell=heard.append,
    )
    assert done == [0] * 4 + [1] * (len(todo) - 4)
    (seconds,) = heard
    assert 0 < seconds < 600
    say_how_long(100, 2)
    say_how_long(1000, 1, "the others")
    assert capsys.readouterr().out == (
        "On 2 processes the fits may take about 50 seconds.\n"
        "On 1 process the others may take about 17 minutes.\n"
    )


def test_what_a_first_fit_alone_costs_is_not_announced(study, tmp_path):
    class SlowAtFirst(FoldStore):
        def load(self, candidate, key):
            found = super().load(candidate, key)
            first = key == todo[0].key
            return replace(found, seconds=50.0 if first else 0.1)

    todo = [t for t in tasks(study) if t.candidate == "intercept_only"]
    store, heard = SlowAtFirst(tmp_path, "x" * 16), []
    fit_all(todo, study, store, jobs=1, done=lambda: None, tell=heard.append)
    assert heard == pytest.approx([0.1 * (len(todo) - 2)], rel=0.2)


def test_progress_elsewhere_than_on_a_terminal_is_plain_lines(capsys):
    with progress("fits", 3) as done:
        for _ in range(3):
            done()
    assert capsys.readouterr().out == "3 of 3 fits after 0 s\n"


def test_progress_with_nothing_to_do_says_so(capsys):
    with progress("fits", 0) as done:
        done()
    assert "finished from an earlier run" in capsys.readouterr().out


def test_summaries_count_missing_and_below_limit_apart(study):
    by_name = {c.name: c for c in column_summaries(study.cohort)}
    il6 = by_name["IL6"]
    X = study.cohort.X
    assert il6.below_limit == pytest.approx(X["IL6__below"].notna().mean())
    assert il6.missing == pytest.approx((X["IL6"].isna() & X["IL6__below"].isna()).mean())
    assert by_name["CRP"].quantiles == pytest.approx(
        list(X["CRP"].quantile([0.05, 0.25, 0.5, 0.75, 0.95]))
    )


def test_no_quantiles_of_a_few_values(study):
    """Twenty values or fewer: a 5 % quantile would be somebody's value."""
    by_name = {c.name: c for c in column_summaries(study.cohort)}
    assert study.cohort.X["CXCL8"].notna().sum() < 20
    assert by_name["CXCL8"].quantiles is None


def test_sites_are_counted(study):
    counted = {s.site: (s.n, s.events) for s in site_counts(study.cohort)}
    assert counted["MS"] == (74, 71)
    assert sum(n for n, _ in counted.values()) == 320


def test_the_environment_is_written_down():
    versions = library_versions()
    assert {"numpy", "xgboost", "python", "platform", "immune-signature"} <= set(versions)
    assert code_version()


def test_a_stored_fold_comes_back_whole(study, tmp_path):
    store = FoldStore(tmp_path, "y" * 16)
    model = study.candidates["intercept_only"].build(study.cohort.schema, random_state=0)
    fitted = CalibratedProcedure(model).fit(study.cohort.X, study.cohort.outcome)
    kept = FittedFold(
        "intercept_only",
        "k",
        {"a": 1},
        0.5,
        np.array([0.1, 0.2]),
        np.array([0.3, 0.4, 0.5]),
        {},
        1.0,
    )
    assert not store.has("intercept_only", "k")
    store.save(kept, fitted, pd.DataFrame({"trial": [0]}))
    assert store.has("intercept_only", "k")
    back = store.load("intercept_only", "k")
    np.testing.assert_array_equal(back.probability, kept.probability)
    assert (back.params, back.inner_loss) == (kept.params, kept.inner_loss)
    again = store.procedure("intercept_only", "k")
    np.testing.assert_array_equal(
        again.predict_proba(study.cohort.X), fitted.predict_proba(study.cohort.X)
    )
    # saving the same fold again, as a second process might, changes nothing
    store.save(kept, fitted, pd.DataFrame({"trial": [0]}))
    assert sorted(p.name for p in store.path("intercept_only", "k").parent.iterdir()) == ["k"]


def test_a_damaged_fold_is_named(study, tmp_path):
    store = FoldStore(tmp_path, "z" * 16)
    place = store.path("intercept_only", "k")
    place.mkdir(parents=True)
    (place / "model.skops").write_bytes(b"not a model")
    with pytest.raises(ModelFileError, match="cannot be read as a fitted model"):
        store.procedure("intercept_only", "k")


def test_code_that_changes_during_a_run_is_not_fitted(study, tmp_path):
    store = FoldStore(tmp_path, "c" * 16)
    store.check_code("elastic_net")
    store._candidates["elastic_net"] = "00000000"
    with pytest.raises(ResultsError, match="the code was changed while the run was going on"):
        store.check_code("elastic_net")


@pytest.mark.parametrize("name", ["null_check.json", "plan.json", "equivalents.json"])
def test_a_damaged_file_of_another_command_is_found_before_the_fits(name, tmp_path):
    (tmp_path / "opt_preterm_birth").mkdir()
    (tmp_path / "opt_preterm_birth" / name).write_text("{", encoding="utf-8")
    file = REPO / "experiments" / "opt_preterm_birth.toml"
    with pytest.raises(ResultsError, match=f"{name} is not valid JSON; make it again with"):
        run_experiment(file, tmp_path, jobs=1, track=False)
    assert [f.name for f in (tmp_path / "opt_preterm_birth").iterdir()] == [name]
