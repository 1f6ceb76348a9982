"""A trial planned by its file alone: numbers that agree, and words that say what is no use."""

import pytest

from pipelines.plan import __main__ as command
from pipelines.plan.trials import trial_plan, trial_plan_lines
from pipelines.trials.experiment import load_trial
from signature.effect.trial.interaction_power import Planned
from signature.records.trial_plan import TrialPlanRecord
from tests.made.trial_files import TRIAL, write_trial


def _planned(tmp_path, block=""):
    return trial_plan(load_trial(write_trial(tmp_path, TRIAL + block)))


def test_powers_are_those_of_the_declared_conditions(tmp_path):
    found = _planned(tmp_path, "[plan]\npeople = 120\nlost = 0.1\nbelow_limit = 0.3\n")
    assert found.people == [60, 120, 240, 480]
    told = Planned(treated=2 / 3, lost=0.1, below_limit=0.3, reliability=0.8)
    either, named, score = found.tests
    assert either.power == [told.power(0.35, n) for n in found.people]
    assert all(a < b for a, b in zip(either.power, named.power, strict=True))
    assert score.effect == pytest.approx(0.175)
    assert named.people_needed < either.people_needed < score.people_needed
    assert found.screened == pytest.approx(found.enriched / 0.5, abs=1)


def test_choosing_that_needs_more_people_is_called_no_use(tmp_path):
    block = "[plan]\nbenefit = 0.5\ndifference = 0.01\nchosen = 0.9\n"
    plan = _planned(tmp_path, block)
    words = " ".join(trial_plan_lines(plan.model_copy(update={"enriched": plan.all_comers})))
    assert "Choosing needs no fewer people: it is no use." in words
    assert "out of reach" in " ".join(trial_plan_lines(plan))


def test_the_command_needs_no_data(tmp_path, monkeypatch):
    monkeypatch.delenv("SIGNATURE_DATA", raising=False)
    file = write_trial(tmp_path, TRIAL.replace("simulated_il2_trial", "not_there_yet"))
    command.plan(file, tmp_path / "results")
    text = (tmp_path / "results" / "trial" / "plan.json").read_text("utf-8")
    assert TrialPlanRecord.model_validate_json(text).people[1] == 100
