"""What was measured after randomisation is no feature, and an early visit comes before the end."""

from dataclasses import replace

import pytest

from signature import discovery
from signature.datasets import simulated_il2_small, simulated_il2_trial
from signature.effect.trial.after_randomisation import check_early, check_features, declared_after
from signature.endpoints import Endpoint
from signature.exceptions import TrialError
from signature.study.schema import Column, FeatureSchema, Role

SCORE = Endpoint("score at day 85", "points", "continuous", False, 85, "Made up for a test.")
LATER = {"treg_day_5": 5, "treg_day_84": 84, "score_day_85": 85, "follow_up": None}


def schema(*columns):
    return FeatureSchema(
        tuple(Column(name, Role.MARKER, group, unit="%") for name, group in columns)
    )


def declaring():
    """Data sets that say what came after randomisation."""
    for name in discovery.names("signature.datasets"):
        module = discovery.load("signature.datasets", name, ("load",))
        if hasattr(module, "AFTER_RANDOMISATION"):
            yield name, module.AFTER_RANDOMISATION


def test_a_data_set_is_known_by_its_name():
    cohort = simulated_il2_small.load()
    assert declared_after(cohort) == {"regulatory_t_cells_day_5": 5, "activity_day_85": 85}
    assert declared_after(cohort) == simulated_il2_trial.AFTER_RANDOMISATION


def test_what_is_returned_is_a_copy():
    cohort = simulated_il2_small.load()
    declared_after(cohort)["TNF"] = 3
    assert "TNF" not in declared_after(cohort)


@pytest.mark.parametrize("name", ["somebody_elses_trial", "simulated_signature"])
def test_one_that_declares_nothing_or_is_not_ours_has_nothing(name):
    assert declared_after(replace(simulated_il2_small.load(), name=name)) == {}


def test_days_that_are_declared_come_after_randomisation():
    declared = dict(declaring())
    assert len(declared) >= 4
    for name, later in declared.items():
        assert later, name
        assert all(day is None or day > 0 for day in later.values()), name


@pytest.mark.parametrize("name", ["simulated_il2_trial", "simulated_il2_small", "opt"])
def test_what_is_declared_is_there_and_is_no_feature(cohort_of, name):
    cohort = cohort_of(name)
    later = declared_after(cohort)
    assert set(later) <= {*cohort.records.columns}
    assert not set(later) & set(cohort.schema.features)


def test_features_of_before_pass():
    check_features(schema(("treg", "cell subset"), ("tnf", "cytokine")), LATER)
    check_features(schema(("treg", "cell subset")), {})


@pytest.mark.parametrize("day", ["treg_day_5", "follow_up"])
def test_a_feature_of_after_is_refused_whether_its_day_is_known_or_not(day):
    with pytest.raises(TrialError, match=f"randomisation, but '{day}' came later; leave"):
        check_features(schema(("treg", "cell subset"), (day, "cell subset")), LATER)


def test_all_of_them_are_named():
    with pytest.raises(TrialError, match=r"but 'treg_day_5', 'treg_day_84' came later"):
        check_features(schema(("treg_day_5", "cells"), ("treg_day_84", "cells")), LATER)


def test_a_change_between_visits_is_refused_though_nobody_declared_it():
    with pytest.raises(TrialError, match="'tnf_change' came later"):
        check_features(schema(("tnf", "cytokine"), ("tnf_change", "cytokine change")), {})


@pytest.mark.parametrize(
    ("name", "group"), [("job_change", "demographics"), ("tnf", "cytokine change")]
)
def test_a_name_or_a_group_alone_makes_no_change_between_visits(name, group):
    check_features(schema((name, group)), {})


def test_an_early_visit_before_the_endpoint_passes():
    check_early(["treg_day_5", "treg_day_84"], SCORE, LATER)


@pytest.mark.parametrize("horizon", [80, 84])
def test_one_on_the_day_or_later_is_refused_with_its_day(horizon):
    score = replace(SCORE, day=horizon)
    with pytest.raises(TrialError, match=rf"of day {horizon}, but 'treg_day_84' \(day 84\) does"):
        check_early(["treg_day_5", "treg_day_84"], score, LATER)


@pytest.mark.parametrize("name", ["follow_up", "treg_day_6"])
def test_one_without_a_declared_day_is_refused(name):
    with pytest.raises(TrialError, match=f"no day is declared for '{name}'; .*days for: score_day"):
        check_early(["treg_day_5", name], SCORE, LATER)


def test_where_nothing_is_declared_that_is_said():
    with pytest.raises(TrialError, match="declares days for: nothing"):
        check_early(["treg_day_5"], SCORE, {})
