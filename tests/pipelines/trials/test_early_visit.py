"""The early visit of a trial: changes, who is still at risk, and means by later outcome."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from pipelines.trials import early_visit
from pipelines.trials.early_visit import (
    HAD_EVENT,
    NOT_FOLLOWED,
    change_by_early_visit,
    early_record,
    engagement_of,
    gone_by,
    marker_visits,
    two_arms,
)
from pipelines.trials.experiment import load_trial
from pipelines.trials.study import assemble_trial
from signature.datasets import actg175
from signature.effect.visits.early_change import EarlyChange
from signature.effect.visits.visit_lines import FEWEST
from signature.endpoints import Endpoint
from signature.exceptions import PredictionsError
from tests.made.checkout import EXPERIMENTS
from tests.made.trial_files import TRIAL, changed, write_trial

ACTG = EXPERIMENTS / "trial_actg175_progression.toml"
NO_EARLY = TRIAL[: TRIAL.index("[early]")]
DIED = Endpoint("death", "", "time to event", False, 85, "Made up for a test.", horizon=85)


def study_of(tmp_path_factory, text=TRIAL):
    return assemble_trial(load_trial(write_trial(tmp_path_factory.mktemp("early"), text)))


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return study_of(tmp_path_factory)


def with_records(study, **columns):
    trial = study.trial
    cohort = replace(trial.cohort, records=trial.cohort.records.assign(**columns))
    return replace(study, trial=replace(trial, cohort=cohort))


@pytest.fixture
def deaths(study, monkeypatch):
    """The same trial with a time to event: days on which people died or were last seen."""
    rng = np.random.default_rng(3)
    n = len(study.trial.code)
    followed = pd.DataFrame({"time": rng.integers(1, 90, n), "event": rng.random(n) < 0.5})
    followed.loc[:3, "time"] = 5  # on the day of the visit
    followed.loc[:3, "event"] = [True, True, False, False]
    late = (followed["time"] >= 85) & ~followed["event"]
    outcome = np.where(followed["event"], 1.0, np.where(late, 0.0, np.nan))
    module = SimpleNamespace(derive=lambda records: followed)
    monkeypatch.setattr(early_visit, "load", lambda *asked: module)
    trial = replace(
        study.trial,
        endpoint=DIED,
        outcome=outcome,
        known=np.isfinite(outcome),
        covariates=np.empty((n, 0)),
    )
    return SimpleNamespace(study=replace(study, trial=trial), followed=followed)


def test_a_change_is_later_less_earlier_on_its_scale(study, tmp_path_factory):
    before = study.trial.cohort.X["regulatory_t_cells"].to_numpy()
    after = study.trial.cohort.records["regulatory_t_cells_day_5"].to_numpy()
    ratio = change_by_early_visit(study)
    assert list(ratio) == ["regulatory_t_cells"]
    np.testing.assert_allclose(ratio["regulatory_t_cells"], np.log2(after / before))
    plain = study_of(tmp_path_factory, changed("log2 ratio", "difference"))
    found = change_by_early_visit(plain)
    np.testing.assert_allclose(found["regulatory_t_cells"], after - before)


def test_without_an_early_visit_there_is_nothing(tmp_path_factory):
    study = study_of(tmp_path_factory, NO_EARLY)
    assert change_by_early_visit(study) is None
    assert engagement_of(study) is None
    assert early_record(study) is None
    assert marker_visits(study) == []


def test_a_log_ratio_of_what_is_not_positive_is_refused_and_counted(study):
    after = study.trial.cohort.records["regulatory_t_cells_day_5"].copy()
    after.iloc[[0, 1, 2]] = [0.0, -7.25, np.nan]
    odd = with_records(study, regulatory_t_cells_day_5=after)
    with pytest.raises(PredictionsError, match=r"and 2 of 'regulatory_t_cells'.*'difference'") as e:
        change_by_early_visit(odd)
    assert "7.25" not in str(e.value)


def test_a_value_that_is_missing_is_a_change_that_is_missing(study):
    after = study.trial.cohort.records["regulatory_t_cells_day_5"].copy()
    after.iloc[2] = np.nan
    found = change_by_early_visit(with_records(study, regulatory_t_cells_day_5=after))
    assert found["regulatory_t_cells"].isna().to_numpy().nonzero()[0].tolist() == [2]


def test_engagement_is_the_difference_of_mean_changes_of_everybody_randomised(study):
    (found,) = engagement_of(study).rows
    change = change_by_early_visit(study)["regulatory_t_cells"].to_numpy()
    code = study.trial.code
    assert found.difference == pytest.approx(change[code == 1].mean() - change[code == 0].mean())
    # also of those whose outcome is unknown
    assert found.treated.people + found.control.people == len(code) > study.trial.known.sum()


def test_everybody_is_at_risk_of_what_is_no_time_to_event(study):
    assert set(gone_by(study, 84.0)) == {""}


def test_who_had_the_event_or_was_lost_by_the_visit_is_gone(deaths):
    found = gone_by(deaths.study, 5.0)
    for (_, line), why in zip(deaths.followed.iterrows(), found, strict=True):
        if line["time"] > 5:
            assert why == ""
        else:
            assert why == (HAD_EVENT if line["event"] else NOT_FOLLOWED)
    assert found[:4].tolist() == [HAD_EVENT, HAD_EVENT, NOT_FOLLOWED, NOT_FOLLOWED]


def test_the_landmark_holds_those_at_risk_and_counts_the_others_by_arm(deaths):
    found = early_record(deaths.study)
    assert isinstance(found, EarlyChange)
    trial, followed = deaths.study.trial, deaths.followed
    gone = followed["time"].to_numpy() <= 5
    event = followed["event"].to_numpy()
    for code, arm in enumerate(trial.arms):
        own = trial.code == code
        assert found.people[arm] == int((own & ~gone & trial.known).sum())
        assert found.excluded[arm][HAD_EVENT] == int((own & gone & event).sum())
        assert found.excluded[arm][NOT_FOLLOWED] == int((own & gone & ~event).sum())
        assert found.people[arm] + sum(found.excluded[arm].values()) == own.sum()
    assert (found.day, found.endpoint_day) == (5, 85)


def test_a_landmark_with_too_few_people_is_said_in_words(study):
    outcome = study.trial.outcome.copy()
    outcome[np.flatnonzero(study.trial.code == 0)[3:]] = np.nan
    few = replace(study, trial=replace(study.trial, outcome=outcome, known=np.isfinite(outcome)))
    found = early_record(few)
    assert isinstance(found, str)
    assert found.startswith("No analysis of the change by day 5: 3 in 'placebo'")
    assert not found.endswith("..")


@pytest.mark.parametrize("higher_is_better", [True, False])
def test_means_by_visit_are_of_people_above_and_below_the_median(study, higher_is_better):
    trial = study.trial
    endpoint = replace(trial.endpoint, higher_is_better=higher_is_better)
    (found,) = marker_visits(replace(study, trial=replace(trial, endpoint=endpoint)))
    middle = np.median(trial.outcome[trial.known])
    assert found.better == f"{'above' if higher_is_better else 'below'} the median of {middle:.3g}"
    before = np.log2(trial.cohort.X["regulatory_t_cells"].to_numpy())
    after = np.log2(trial.cohort.records["regulatory_t_cells_day_5"].to_numpy())
    seen = 0
    for line in found.lines:
        side = (trial.outcome > middle) == higher_is_better
        own = trial.known & (trial.code == trial.arms.index(line.arm))
        own &= side if line.later == "better" else ~side
        # the two that are the median's neighbours are on either side of it
        assert line.people == own.sum()
        assert line.before.mean == pytest.approx(before[own].mean())
        assert line.after.mean == pytest.approx(after[own].mean())
        seen += line.people
    assert len(found.lines) == 4
    assert seen == trial.known.sum()


def test_means_by_visit_of_an_event_leave_out_who_is_gone(deaths):
    (found,) = marker_visits(deaths.study)
    trial = deaths.study.trial
    assert found.better == "no event"
    at_risk = (deaths.followed["time"].to_numpy() > 5) & trial.known
    for line in found.lines:
        own = at_risk & (trial.code == trial.arms.index(line.arm))
        own &= trial.outcome == (0 if line.later == "better" else 1)
        assert line.people == own.sum()
        assert (line.before is None) == (line.people < FEWEST)


def test_of_a_good_event_the_better_have_it(deaths):
    good = replace(DIED, higher_is_better=True)
    study = replace(deaths.study, trial=replace(deaths.study.trial, endpoint=good))
    (bad,), (found,) = marker_visits(deaths.study), marker_visits(study)
    assert found.better == "the event"
    count = {(one.arm, one.later): one.people for one in bad.lines}
    turned = {"better": "worse", "worse": "better"}
    assert all(count[one.arm, turned[one.later]] == one.people for one in found.lines)


def test_in_a_real_trial_who_progressed_before_the_visit_is_left_out(cohort_of, monkeypatch):
    cohort = cohort_of("actg175")  # skips where the data are absent
    monkeypatch.setattr(actg175, "load", lambda: cohort)
    study = assemble_trial(load_trial(ACTG))
    day = study.experiment.early.day
    rows = two_arms(study)
    records = study.trial.cohort.records.iloc[rows]
    early = records["follow_up_days"] <= day
    found = pd.Series(gone_by(study, day)[rows])
    assert (found == HAD_EVENT).sum() == int((early & (records["event"] == 1)).sum()) > 0
    assert (found == NOT_FOLLOWED).sum() == int((early & (records["event"] != 1)).sum()) > 0
    visits = marker_visits(study)
    assert [one.marker for one in visits] == ["cd4_t_cells", "cd8_t_cells"]
    for one in visits:
        assert sum(line.people for line in one.lines) <= (found == "").sum()
