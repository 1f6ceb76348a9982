"""When more rearrangements are drawn, and that asking twice keeps the level."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import beta, binom

from pipelines.trials import launch
from pipelines.trials.claim import LEVEL
from pipelines.trials.experiment import CrossFitting, load_trial
from pipelines.trials.headline import undecided
from pipelines.trials.study import assemble_trial
from signature.effect.interaction.rearrangements import rearrangement_p
from signature.exceptions import PredictionsError
from tests.made.trial_files import changed, write_trial


def p_of(reached, draws):
    values = np.zeros(draws + 1)
    values[0] = 1
    values[1 : 1 + reached] = 2
    found = rearrangement_p(values, exact=False)
    return SimpleNamespace(p=found.p, p_low=found.low, p_high=found.high)


def study_of(test="minimum of these", **crossfitting):
    experiment = SimpleNamespace(
        crossfitting=CrossFitting(**crossfitting), trial=SimpleNamespace(test=test)
    )
    return SimpleNamespace(experiment=experiment)


@pytest.mark.parametrize(("reached", "more"), [(0, False), (2, False), (8, True), (40, False)])
def test_more_are_drawn_where_they_could_change_the_answer(reached, more):
    assert undecided(study_of(), p_of(reached, 199)) is more
    assert not undecided(study_of(most_rearrangements=199), p_of(reached, 199))
    assert not undecided(study_of(test="markers"), p_of(reached, 199))


def test_asking_again_where_p_is_near_the_level_keeps_the_level():
    """Of p-values of endless rearrangements that are uniform, as many fall below as may."""
    first, most = CrossFitting().rearrangements, CrossFitting().most_rearrangements
    p = (np.arange(20_000) + 0.5) / 20_000
    reached = np.arange(first + 1)
    low = np.where(reached > 0, beta.ppf(0.025, reached, first - reached + 1), 0)
    high = np.where(reached < first, beta.ppf(0.975, reached + 1, first - reached), 1)
    open_ = (low <= LEVEL) & (high >= LEVEL)
    below = (1 + reached) / (1 + first) <= LEVEL
    chance = binom.pmf(reached[None], first, p[:, None])
    again = binom.cdf(np.floor(LEVEL * (1 + most) + 1e-9) - 1, most, p)
    rejected = chance[:, below & ~open_].sum(axis=1) + chance[:, open_].sum(axis=1) * again
    assert 0.049 < rejected.mean() <= LEVEL


def test_a_second_round_decides_alone(monkeypatch):
    asked = []

    def decide(study, score, many, *, draws=None):
        asked.append(draws)
        return p_of(8, 199) if draws is None else p_of(30, draws)

    monkeypatch.setattr(launch, "decide", decide)
    found = launch.decide_by_rearranging(study_of(), None, 1)
    assert asked == [None, 999]
    assert found.p == 31 / 1000


def test_features_of_which_none_can_be_tested_are_said_before_anything_is_fitted(tmp_path):
    text = changed('test = "minimum of these"', 'test = "joint"')
    study = assemble_trial(load_trial(write_trial(tmp_path, text)))
    X = study.trial.cohort.X.copy()
    schema = study.trial.cohort.schema
    X[list(schema.panel)] = 1.0
    X[list(schema.limits)] = np.nan
    flat = replace(study, trial=replace(study.trial, cohort=replace(study.trial.cohort, X=X)))
    with pytest.raises(PredictionsError, match="no marker can be tested"):
        launch.decide(flat, None)
