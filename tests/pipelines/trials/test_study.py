"""From a trial experiment to people, arms and candidates: what is not there is named, and where."""

import numpy as np
import pytest

from models import effect_dr_learner
from pipelines.trials.experiment import is_trial, load_trial
from pipelines.trials.study import assemble_trial, level_of, moderator_levels
from signature.datasets import simulated_il2_trial
from signature.discovery import load
from signature.exceptions import AllocationError, CohortError, ExperimentError, TrialError
from signature.validation.subgroups import Subgroup
from tests.made.checkout import EXPERIMENTS
from tests.made.trial_files import TRIAL, changed, write_trial

SHIPPED = [file for file in sorted(EXPERIMENTS.glob("*.toml")) if is_trial(file)]
LATER = 'later = { regulatory_t_cells = "regulatory_t_cells_day_5" }'


@pytest.fixture
def assembled(tmp_path):
    """Return a function that assembles an experiment from its text."""

    def assemble(text=TRIAL):
        return assemble_trial(load_trial(write_trial(tmp_path, text)))

    return assemble


def test_a_study_has_all_arms_the_features_and_the_headline_first(assembled):
    study = assembled()
    assert study.trial.arms == ("placebo", "interleukin-2")
    assert study.treated == 1
    assert list(study.candidates) == ["effect_modified_covariate", "effect_dr_learner"]
    assert study.trial.cohort.schema.panel == ("IL6", "TNF", "regulatory_t_cells")
    assert set(study.trial.cohort.records["site"]) == {"site 1"}
    assert len(study.trial.code) == 202
    np.testing.assert_allclose(study.trial.allocation, [[1 / 3, 2 / 3]] * 202)


@pytest.mark.parametrize(
    ("old", "new", "error", "words"),
    [
        ('"simulated_il2_trial"', '"no_such_trial"', ExperimentError, "no_such_trial"),
        ('"simulated_activity_day_85"', '"no_endpoint"', ExperimentError, "no_endpoint"),
        (
            '"simulated_activity_day_85"',
            '"cd4_week_20"',
            ExperimentError,
            r"asks for the record 'cd4_week_20'.*has: activity_day_85, arm",
        ),
        ('"effect_dr_learner"', '"effect_oracle"', ExperimentError, "effect_oracle"),
        (
            '"effect_dr_learner"',
            '"elastic_net"',
            ExperimentError,
            "must predict benefit, and 'elastic_net'",
        ),
        ('"TNF"', '"IL99"', ExperimentError, r"'IL99' is none of the features; there are: .*TNF"),
        ('"TNF"', '"IL10"', ExperimentError, r"'IL10' is none of the features"),
        ('"cell subset"]', '"no such group"]', ExperimentError, "features: .*no such group"),
        ('"cell subset"]', '"activity_day_85"]', ExperimentError, "features: .*activity_day_85"),
        ("smoker = []", "pets = []", ExperimentError, "moderators: .*'pets'; there are: .*IL6"),
        ("smoker = []", 'smoker = ["often"]', ExperimentError, "moderators: "),
        ("smoker = []", "TNF = [9, 5]", ExperimentError, "moderators: .*ascend"),
        ('"site 1"', '"site 9"', CohortError, "site 9"),
        ('where = { site = ["site 1"] }', 'strata = ["clinic"]', CohortError, "'clinic'"),
    ],
)
def test_what_is_not_there_is_named(assembled, old, new, error, words):
    with pytest.raises(error, match=words):
        assembled(changed(old, new))


def test_a_candidate_that_says_it_predicts_an_event_is_refused(assembled, monkeypatch):
    monkeypatch.setattr(effect_dr_learner, "PREDICTS", "event")
    with pytest.raises(ExperimentError, match="must predict benefit, and 'effect_dr_learner'"):
        assembled()


def test_errors_name_the_experiment(assembled):
    with pytest.raises(ExperimentError, match=r"^experiment 'trial': "):
        assembled(changed('"TNF"', '"IL99"'))


@pytest.mark.parametrize(
    ("arms", "words"),
    [
        ({"placebo": ["placebo"], "interleukin-2": ["aldesleukin"]}, "'aldesleukin'; there are"),
        ({"placebo": ["placebo"], "interleukin-2": ["placebo"]}, "pooled into two"),
    ],
)
def test_an_arm_that_nobody_was_dealt_is_named(assembled, arms, words):
    lines = "".join(f'"{new}" = ["{old[0]}"]\n' for new, old in arms.items())
    with pytest.raises(AllocationError, match=words):
        assembled(TRIAL + f"[trial.arms]\n{lines}")


def test_a_ratio_of_an_arm_that_is_not_there_is_refused(assembled):
    text = changed('"placebo" = 1,', '"placebo" = 1, "methotrexate" = 1,')
    with pytest.raises(AllocationError, match=r"'methotrexate'.*name the same arms"):
        assembled(text)
    with pytest.raises(ExperimentError, match="share of 'methotrexate'"):
        assembled(changed('treated = "interleukin-2"', 'treated = "methotrexate"'))


def test_arms_are_renamed_and_numbered_with_the_control_first(assembled):
    text = TRIAL.replace('"placebo" =', '"none" =').replace(
        'control = "placebo"', 'control = "none"'
    )
    study = assembled(
        text + '[trial.arms]\n"none" = ["placebo"]\n"interleukin-2" = ["interleukin-2"]\n'
    )
    assert study.trial.arms == ("none", "interleukin-2")
    recorded = study.trial.cohort.records["arm"].to_numpy()
    np.testing.assert_array_equal(study.trial.code == 0, recorded == "placebo")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (LATER, LATER.replace("day_5", "day_9"), "early: no recorded column '.*day_9'; there are"),
        (
            LATER,
            LATER.replace("regulatory_t_cells_day_5", "activity_day_85"),
            r"early: .*must come before the endpoint .*day 85.*'activity_day_85' \(day 85\)",
        ),
        (LATER, LATER.replace("regulatory_t_cells_day_5", "site"), "early: no day .*'site'"),
        (LATER, LATER.replace("{ regulatory_t_cells", "{ CRP"), "'CRP' is none of the features"),
        ("day = 5", "day = 7", r"said to be on day 7.*'regulatory_t_cells_day_5' \(day 5\)"),
    ],
)
def test_an_early_visit_is_one_between_randomisation_and_endpoint(assembled, old, new, words):
    with pytest.raises(ExperimentError, match=words):
        assembled(changed(old, new))


def test_a_feature_of_after_randomisation_is_refused(assembled, monkeypatch):
    declared = {**simulated_il2_trial.AFTER_RANDOMISATION, "TNF": 5}
    monkeypatch.setattr(simulated_il2_trial, "AFTER_RANDOMISATION", declared)
    with pytest.raises(TrialError, match="known at randomisation, but 'TNF' came later"):
        assembled()
    # it may stay in the data set as long as nothing learns from it
    text = changed("exclude = [", 'exclude = ["TNF", ').replace('markers = ["TNF"]', "markers = []")
    assert "TNF" not in assembled(text).trial.cohort.schema.features


def test_levels_of_moderators_hold_everybody_once_who_has_one(assembled):
    study = assembled(changed("smoker = []", "smoker = []\nactivity = [24]\nsite = []"))
    found = moderator_levels(study)
    assert list(found) == ["smoker", "activity", "site", "regulatory_t_cells"]
    smoker = level_of(found["smoker"], 202)
    np.testing.assert_array_equal(smoker == "yes", study.trial.cohort.X["smoker"] == 1)
    np.testing.assert_array_equal(smoker == "no", study.trial.cohort.X["smoker"] == 0)
    activity = level_of(found["activity"], 202)
    above = study.trial.cohort.X["activity"].to_numpy() >= 24
    assert len({*activity[above]}) == len({*activity[~above]}) == 1
    assert {*activity[above]} != {*activity[~above]}


def test_a_person_without_a_level_has_none():
    rows = np.array([1, 0, 1, 2, 0])
    groups = [Subgroup("a", "x", rows == 1), Subgroup("a", "y", rows == 2)]
    assert level_of(groups, 5).tolist() == ["x", None, "x", "y", None]


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_shipped_trials_assemble(file, cohort_of, monkeypatch):
    experiment = load_trial(file)
    cohort = cohort_of(experiment.trial.dataset)  # skips where the data are absent
    dataset = load("signature.datasets", experiment.trial.dataset, ("load",))
    monkeypatch.setattr(dataset, "load", lambda: cohort)
    study = assemble_trial(experiment)
    assert study.trial.arms[0] == experiment.trial.control
    assert set(study.trial.arms) == set(experiment.trial.ratio)
    assert study.trial.known.sum() > 0.5 * len(study.trial.known)
    assert set(experiment.trial.markers) <= set(study.trial.cohort.schema.features)
    assert not study.trial.balance.contradicts
