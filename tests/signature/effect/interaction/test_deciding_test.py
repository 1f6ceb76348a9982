"""The one test that decides: its members, their minimum, its side, and its level."""

import json
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
from pydantic import TypeAdapter

from experiments.benchmarks.interaction_type_one import Benefit
from signature.effect.interaction.arm_by_score import arm_by_score
from signature.effect.interaction.crossfitted_score import arm_by_crossfitted_score
from signature.effect.interaction.deciding_test import (
    FEW_MARKERS,
    OF_MARKERS,
    DecidingTest,
    deciding_test,
    usual_test,
)
from signature.effect.interaction.interaction_table import interaction_table
from signature.exceptions import PredictionsError
from signature.randomness import generator

NAMES = [f"m{i}" for i in range(12)]


def _trial(rng, n=120, effects=(), markers=12):
    arm = np.tile(["active", "control"], n // 2)
    panel = pd.DataFrame(rng.normal(size=(n, markers)), columns=NAMES[:markers])
    treated = (arm == "active") - 0.5
    y = 2 * treated + panel["m0"].to_numpy() + rng.normal(size=n)
    for name, size in effects:
        y = y + size * treated * panel[name].to_numpy()
    return y, arm, panel, Benefit(panel.to_numpy(), rng.permutation(n) % 5)


def _decide(trial, rng, test="minimum of these", draws=99, **how):
    y, arm, panel, benefit = trial
    return deciding_test(
        y, arm, panel, benefit, test=test, control="control", rng=rng, draws=draws, **how
    )


def test_one_marker_is_the_test_of_this_marker():
    rng = generator(1, "one")
    y, arm, panel, _ = _trial(rng, effects=[("m2", 0.8)])
    own = arm_by_score(
        y, arm, panel["m2"].to_numpy(), control="control", rng=generator(1, "a"), draws=OF_MARKERS
    )
    found = deciding_test(
        y, arm, panel[["m2"]], None, test="markers", control="control", rng=generator(1, "a")
    )
    assert (found.p, found.p_low, found.how) == (own.p, own.p_low, own.how)
    assert (found.clearest, found.score, len(found.members)) == ("m2", None, 1)
    joint = deciding_test(
        y, arm, panel[["m2"]], None, test="joint", control="control", rng=generator(1, "a")
    )
    assert joint.p == own.p


def test_the_strongest_marker_is_that_of_the_table():
    rng = generator(2, "many")
    y, arm, panel, _ = trial = _trial(rng, effects=[("m2", 0.8)])
    table = interaction_table(
        y, arm, panel, control="control", rng=generator(2, "a"), draws=OF_MARKERS
    )
    found = _decide(trial, generator(2, "a"), "markers")
    smallest = min(table.rows, key=lambda row: row.p_family)
    assert (found.p, found.clearest) == (smallest.p_family, smallest.marker)
    assert found.markers == tuple(NAMES)


def test_the_score_is_asked_for_one_side_and_has_two_ends():
    y, arm, _, benefit = trial = _trial(generator(3, "score"), effects=[("m1", 1), ("m4", -1)])
    how = {"control": "control", "draws": 99}
    found = _decide(trial, generator(3, "a"), "score")
    own = arm_by_crossfitted_score(y, arm, benefit, rng=generator(3, "a"), side="greater", **how)
    assert found.score == own
    assert found.p == own.p == 0.01
    assert 0 < own.low < own.estimate < own.high
    other = arm_by_crossfitted_score(y, arm, benefit, rng=generator(3, "a"), side="less", **how)
    assert other.p == 1  # the wrong side, however rare
    assert (other.low, other.high) == (own.low, own.high)


def test_where_lower_is_better_nothing_changes_but_the_sign():
    y, arm, panel, benefit = _trial(generator(4, "sign"), effects=[("m1", 0.7)])
    how = {"control": "control", "draws": 99, "test": "minimum of these"}
    gains = {"m1": "higher"}
    up = deciding_test(y, arm, panel, benefit, rng=generator(4, "a"), gains_more=gains, **how)
    down = deciding_test(
        -y,
        arm,
        panel,
        lambda outcome, code: benefit(-outcome, code),
        rng=generator(4, "a"),
        better="lower",
        gains_more=gains,
        **how,
    )
    assert down.p == up.p
    assert [m.p for m in down.members] == [m.p for m in up.members]
    assert down.score.estimate == pytest.approx(-up.score.estimate)


def test_a_marker_is_looked_at_on_the_side_that_was_named():
    y, arm, panel, _ = _trial(generator(5, "side"), effects=[("m1", 0.6)])
    ps = {
        side: deciding_test(
            y, arm, panel[["m1"]], None, test="markers", control="control",
            rng=generator(5, "a"), gains_more={} if side is None else {"m1": side},
        ).p
        for side in (None, "higher", "lower")
    }  # fmt: skip
    assert ps["higher"] < ps[None] < 0.2
    assert ps["lower"] > 0.9


def test_the_minimum_is_no_smaller_than_chance_has_it():
    """Its p-value lies between the smallest of its members and their number times that."""
    for number in range(6):
        found = _decide(_trial(generator(6, "trial", number)), generator(6, "draws", number))
        smallest = min(m.p for m in found.members)
        assert smallest <= found.p <= 3 * smallest + 1e-9
        assert [m.test for m in found.members] == ["score", "markers", "joint"]
        assert found.p_low <= found.p <= found.p_high


def test_it_keeps_its_level_and_finds_what_either_kind_of_test_would_miss():
    """Thirty trials each: a null, one strong marker, many weak ones."""
    shares = {}
    for kind, effects in (
        ("none", ()),
        ("one", [("m3", 1.3)]),
        ("many", [(f"m{i}", 0.6) for i in range(1, 9)]),
    ):
        ps = [
            _decide(
                _trial(generator(7, kind, k), effects=effects), generator(7, "d", k), draws=59
            ).p
            for k in range(40)
        ]
        shares[kind] = np.mean(np.array(ps) <= 0.05)
    assert shares["none"] <= 0.17  # 5 of 30 at 5 %: more has a chance of 1 in 300
    assert shares["one"] > 0.6
    assert shares["many"] > 0.6


def test_a_score_that_is_the_same_for_all_leaves_the_markers():
    y, arm, panel, _ = _trial(generator(8, "flat"), effects=[("m3", 1.0)])

    def flat(outcome, code):
        return np.zeros(len(outcome))

    how = {"control": "control", "draws": 99}
    found = deciding_test(
        y, arm, panel, flat, test="minimum of these", rng=generator(8, "a"), **how
    )
    assert [(m.test, m.p == 1) for m in found.members] == [
        ("score", True), ("markers", False), ("joint", False)
    ]  # fmt: skip
    assert found.score is None
    assert found.p <= 0.05
    alone = deciding_test(y, arm, panel, flat, test="score", rng=generator(8, "a"), **how)
    assert (alone.p, alone.members) == (1.0, ())


def test_what_cannot_be_tested_is_said():
    y, arm, panel, _ = _trial(generator(9, "odd"))
    panel["m5"] = 1.0
    found = deciding_test(
        y, arm, panel, None, test="markers", control="control", rng=generator(9, "a")
    )
    assert list(found.left_out) == ["m5"]
    with pytest.raises(PredictionsError, match="needs a score"):
        _decide((y, arm, panel, None), generator(9, "a"))
    with pytest.raises(PredictionsError, match="no marker can be tested: 'm5' is the same in all"):
        deciding_test(
            y, arm, panel[["m5"]], None, test="joint", control="control", rng=generator(9, "a")
        )
    panel.iloc[0, 0] = np.nan
    with pytest.raises(PredictionsError, match="'m0' is missing or infinite in 1 of 120"):
        _decide((y, arm, panel, None), generator(9, "a"), "markers")


def test_a_score_on_the_wrong_side_has_no_statistic_to_keep():
    """Neither infinite nor NaN: JSON has no such numbers."""
    y, arm, panel, benefit = _trial(generator(12, "wrong"), effects=[("m1", 1.5)])
    found = deciding_test(
        y, arm, panel, lambda o, a: -benefit(o, a), test="minimum of these", control="control",
        rng=generator(12, "a"), draws=39,
    )  # fmt: skip
    score = found.members[0]
    assert (score.test, score.statistic, score.p) == ("score", None, 1.0)
    assert found.score.estimate < 0
    kept = json.dumps(asdict(found), allow_nan=False)
    assert TypeAdapter(DecidingTest).validate_json(kept) == found


def test_a_rare_yes_or_no_hides_no_other_marker():
    """Those who have it may all be in one arm: no statistic, and no evidence."""
    y, arm, panel, _ = _trial(generator(10, "rare"), 100, [("m1", 2.0)], 2)
    own = deciding_test(
        y, arm, panel, None, test="markers", control="control", rng=generator(10, "a")
    )
    panel["rare"] = np.isin(np.arange(100), [0, 1, 2]).astype(float)
    for test in ("markers", "joint"):
        found = deciding_test(
            y, arm, panel, None, test=test, control="control", rng=generator(10, "a")
        )
        assert found.p == pytest.approx(own.p, abs=0.002)
        assert found.clearest == "m1"
    table = interaction_table(y, arm, panel, control="control", rng=generator(10, "a"), draws=999)
    assert min(row.p_family for row in table.rows) < 0.01


def test_all_together_keep_to_the_side_that_was_named():
    y, arm, panel, _ = _trial(generator(11, "side"), effects=[("m1", -1.5)])
    gains = dict.fromkeys(NAMES, "higher")
    how = {"control": "control", "gains_more": gains}
    for test in ("markers", "joint"):
        found = deciding_test(y, arm, panel, None, test=test, rng=generator(11, "a"), **how)
        assert found.p > 0.05
    with pytest.raises(PredictionsError, match="gains_more names 'IL6', none of the markers"):
        deciding_test(
            y, arm, panel, None, test="joint", rng=generator(11, "a"), control="control",
            gains_more={"IL6": "higher"},
        )  # fmt: skip
    with pytest.raises(ValueError, match="test must be one of"):
        deciding_test(y, arm, panel, None, test="marker", rng=generator(11, "a"), control="control")


def test_the_size_of_the_panel_decides_which_test_is_usual():
    assert usual_test(FEW_MARKERS) == "markers"
    assert usual_test(FEW_MARKERS + 1) == "minimum of these"
