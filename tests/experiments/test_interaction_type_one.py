"""The benchmark of the tests of arm × score: its trials, a small twin, and what is stored."""

import json
from pathlib import Path

import numpy as np
import pytest

from experiments.benchmarks import interaction_type_one
from experiments.benchmarks.interaction_type_one import (
    AIM,
    FOLDS,
    KINDS,
    PENALTY,
    PEOPLE,
    Benefit,
    arms,
    cells,
    cross_fitted,
    summarise,
    trial,
    type_one,
)

STORED = json.loads(Path(interaction_type_one.OUT).read_text("utf-8"))


def stored(part):
    return [cell for cell in STORED["cells"] if cell["part"] == part]


def name_of(cell):
    return "-".join(str(value) for key, value in cell.items() if key not in ("trials", "rejected"))


def test_two_to_one_are_dealt():
    assert (arms(36) == "active").sum() == 24
    assert (arms(36, 1 / 2) == "active").sum() == 18


@pytest.mark.parametrize("kind", KINDS)
def test_simulated_trials_have_effects_of_arm_and_score_and_no_interaction(kind):
    y, arm, score, covariate = trial(kind, 30_000, np.random.default_rng(1))
    active = (arm == "active").astype("float64")
    assert set(np.unique(y)) == {0.0, 1.0} if kind.startswith("event") else len(np.unique(y)) > 9
    slopes = [
        np.linalg.lstsq(
            np.column_stack([np.ones(own.sum()), score[own], covariate[own]]), y[own], rcond=None
        )[0]
        for own in (active == 0, active == 1)
    ]
    assert y[active == 1].mean() - y[active == 0].mean() > 0.15
    assert min(slope[1] for slope in slopes) > 0.05
    if not kind.startswith("event"):  # there it is on the log-odds that none is
        assert slopes[0][1] == pytest.approx(slopes[1][1], abs=0.15)
        assert slopes[0][1] == pytest.approx(1.5, abs=0.15)


def test_a_control_arm_twice_as_wide_is():
    y, arm, score, covariate = trial(KINDS[1], 30_000, np.random.default_rng(2))
    left = y - 2 * (arm == "active") - 1.5 * score - covariate
    ratio = left[arm == "control"].std() / left[arm == "active"].std()
    assert ratio == pytest.approx(2, abs=0.05)


def test_a_score_of_benefit_is_held_out_and_as_by_hand():
    rng = np.random.default_rng(3)
    markers, arm = rng.normal(size=(60, 4)), np.tile([0, 1, 1], 20)
    fold = rng.permutation(60) % FOLDS
    y = markers[:, 0] * arm + rng.normal(size=60)
    found = Benefit(markers, fold)(y, arm)
    held_out = fold == 2
    moved = y.copy()
    moved[held_out] += 100
    again = Benefit(markers, fold)(moved, arm)
    np.testing.assert_array_equal(again[held_out], found[held_out])
    assert np.abs(again - found)[~held_out].min() > 0

    def ridge(X, target):
        """By rows that are added to the data, one for each column."""
        X = np.vstack([X, np.sqrt(PENALTY) * np.eye(X.shape[1])])
        return np.linalg.lstsq(X, np.r_[target, np.zeros(X.shape[1])], rcond=None)[0]

    m, t = markers[~held_out], arm[~held_out] - arm[~held_out].mean()
    main = np.column_stack([m, t])
    centred = y[~held_out] - y[~held_out].mean()
    slope = ridge(m * t[:, None], centred - main @ ridge(main, centred))
    np.testing.assert_allclose(found[held_out], markers[held_out] @ slope)


def test_few_trials_without_interaction_are_rejected_about_as_often_as_asked_for():
    rejected = [
        type_one(kind, 36, np.random.default_rng([4, KINDS.index(kind), seed]))["arm by score"]
        for kind in ("normal", "control arm twice as wide")
        for seed in range(75)
    ]
    # of 150 at 5 %: fewer than 1 or more than 16 happen once in a thousand times
    assert 1 <= sum(rejected) <= 16


def test_an_interaction_of_two_sds_is_found():
    found = [
        interaction_type_one.power(2.0, 2 / 3, 0.25, np.random.default_rng([5, seed]))
        for seed in range(20)
    ]
    assert sum(one["arm by score"] for one in found) >= 18


def test_a_score_learned_from_noise_is_seldom_predictive_when_learned_anew():
    found = [cross_fitted(60, np.random.default_rng([6, seed])) for seed in range(20)]
    # at 2.5 %, five of 20 or more happen once in five thousand times
    assert sum(one["learned anew"] for one in found) <= 4


def test_a_summary_is_a_share_with_an_exact_interval():
    found = summarise([{"a": True, "b": False}] + [{"a": False, "b": False}] * 19)
    assert found["trials"] == 20
    assert found["rejected"]["a"] == [0.05, 0.0013, 0.2487]  # Clopper and Pearson 1934
    assert found["rejected"]["b"] == [0, 0, 0.1684]


def test_what_is_stored_is_of_this_code():
    assert STORED["code"] == interaction_type_one.code()


def test_what_is_stored_is_of_every_cell():
    assert STORED["aim"] == AIM
    facts = [one for one, _ in cells().values()]
    assert [
        {key: cell[key] for key in one} for cell, one in zip(STORED["cells"], facts, strict=True)
    ] == facts
    assert {cell["people"] for cell in stored("type I error")} == set(PEOPLE)
    assert len(stored("type I error")) == len(KINDS) * len(PEOPLE)
    assert min(cell["trials"] for cell in STORED["cells"]) >= 500


@pytest.mark.parametrize("cell", stored("type I error"), ids=name_of)
def test_the_type_one_error_is_within_its_aim(cell):
    assert 0.035 <= cell["rejected"]["arm by score"][0] <= 0.065


@pytest.mark.parametrize("cell", stored("cross-fitted"), ids=name_of)
def test_a_score_learned_anew_keeps_the_level(cell):
    assert cell["rejected"]["learned anew"][0] <= 0.05


@pytest.mark.parametrize("cell", stored("cross-fitted"), ids=name_of)
def test_a_score_taken_as_given_does_not_which_is_why_it_is_learned_anew(cell):
    """Of a two-sided 5 %, half is in the direction that counts."""
    assert cell["rejected"]["taken as given"][1] > 0.025
    assert cell["rejected"]["learned anew"][1] < 0.025


def test_the_power_at_36_people_meets_its_aim_but_for_two_to_one_without_a_covariate():
    one = [cell for cell in stored("power") if cell["interaction"] == 1.0]
    below = [cell for cell in one if cell["rejected"]["arm by score"][0] < AIM["power"]]
    assert len(one) == 4
    assert [(cell["arms"], cell["explained by covariate"]) for cell in below] == [("24 : 12", 0.0)]
