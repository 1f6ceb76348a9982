"""The ladder of claims: each rung alone, and none is skipped."""

import pytest

from pipelines.evaluate.claim import EVENTS_ELSEWHERE, SHUFFLED_P, Minimum, climb
from pipelines.fit.results_folder import comparison
from signature.records.null_check import Comparison
from signature.records.results import (
    PROCEDURE,
    REFERENCE,
    Block,
    CandidateResult,
    Difference,
    Estimate,
)
from tests.made.results_null import null_record

ENOUGH = Minimum(parameters=12, people=500, needed=400)
GOOD = {"auroc": (0.8, 0.75, 0.85), "gain": (0.1, 0.05, 0.15), "loss": -0.05, "slope": 1.0}


def _block(name="internal", *, events=150, rows=500, **change):
    told = GOOD | change
    value, low, high = told["auroc"]
    gain, gain_low, gain_high = told["gain"]
    slope = Estimate(value=told["slope"])
    candidates = [
        CandidateResult(
            name=candidate,
            label=candidate.title(),
            part=part,
            metrics={
                "auroc": Estimate(value=value, low=low, high=high),
                "calibration_slope": slope,
            },
            folds=[],
            folds_without_auroc=0,
        )
        for candidate, part in ((PROCEDURE, "headline"), (REFERENCE, "reference"))
    ]
    return Block(
        name=name,
        scheme="5 folds",
        n_rows=rows,
        n_people=rows,
        n_events=events,
        n_folds=5,
        n_repeats=1,
        candidates=candidates,
        differences=[
            Difference(
                candidate=PROCEDURE,
                reference=REFERENCE,
                metrics={
                    "auroc": Estimate(value=gain, low=gain_low, high=gain_high),
                    "log_loss": Estimate(value=told["loss"]),
                },
            )
        ],
    )


def _climb(*blocks, design="prospective", minimum=ENOUGH, sentinels=()):
    return climb(list(blocks), design, minimum, sentinels)


def test_all_rules_met_inside_is_internally_validated_and_says_what_is_missing():
    claim = _climb(_block())
    assert claim.rung == "internally validated"
    assert claim.missing == [
        "tested on people of a site that took no part in the development "
        "(measured: no site was kept apart)"
    ]
    assert claim.at_least("exploratory")
    assert not claim.at_least("externally validated")


@pytest.mark.parametrize(
    ("change", "rung", "missing"),
    [
        ({"auroc": (0.6, 0.49, 0.7)}, "none", "the AUROC's interval lies above 0.5"),
        ({"auroc": (None, None, None)}, "none", "measured: undefined"),
        ({"gain": (-0.01, -0.05, 0.03)}, "none", "the AUROC difference is above 0"),
        ({"gain": (0.03, -0.01, 0.07)}, "exploratory", "+0.030 (−0.010 to +0.070)"),
        ({"loss": 0.01}, "none", "lowers the log-loss"),
        ({"slope": 0.7}, "exploratory", "calibration slope lies between 0.8 and 1.2"),
        ({"slope": None}, "exploratory", "calibration slope"),
    ],
)
def test_each_rule_holds_its_rung(change, rung, missing):
    claim = _climb(_block(**change))
    assert claim.rung == rung
    assert any(missing in line for line in claim.missing)


def test_too_few_people_for_the_model_are_exploratory():
    claim = _climb(_block(), minimum=Minimum(parameters=60, people=200, needed=900))
    assert claim.rung == "exploratory"
    assert "200 people; 900 for 60 parameters" in claim.missing[0]
    assert _climb(_block(), minimum=None).rung == "exploratory"


def test_a_failed_sentinel_leaves_nothing_to_claim():
    claim = _climb(_block(), sentinels=["plate foretells the outcome"])
    assert claim.rung == "none"
    assert "plate foretells the outcome" in claim.missing[0]
    assert _climb(_block(), sentinels=None).rung == "internally validated"


def test_an_external_test_that_is_passed_stands_for_the_sample_size():
    small = Minimum(parameters=60, people=200, needed=900)
    claim = _climb(_block(), _block("external", events=150), minimum=small)
    assert claim.rung == "externally validated"
    assert claim.missing == []
    assert [c.passed for c in claim.checks if "Riley" in c.rule] == [None]


@pytest.mark.parametrize(
    "change",
    [{"events": EVENTS_ELSEWHERE - 1}, {"gain": (0.1, -0.01, 0.2)}, {"slope": 1.4}],
)
def test_an_external_test_that_fails_is_internally_validated_at_most(change):
    claim = _climb(_block(), _block("external", **change))
    assert claim.rung == "internally validated"
    assert len(claim.missing) == 1


def test_no_rung_is_skipped():
    """What holds elsewhere but not inside has not been validated: it may be luck."""
    claim = _climb(_block(gain=(0.03, -0.01, 0.07)), _block("external"))
    assert claim.rung == "exploratory"


@pytest.mark.parametrize("design", ["cross-sectional proxy", "case-control"])
def test_the_design_caps_the_claim(design):
    claim = _climb(_block(), _block("external"), design=design)
    assert claim.rung == claim.highest == "exploratory"
    assert claim.missing[0].startswith("another design: ")
    assert _climb(_block(), _block("external"), design="diagnostic").rung == "externally validated"


def _shuffled(p_value):
    """A comparison with a hundred runs on shuffled outcomes."""
    return Comparison(
        auroc=0.8,
        headline_auroc=0.8,
        at_least=round(101 * p_value) - 1,
        p_value=p_value,
        p_low=p_value / 2,
        p_high=min(1.0, 2 * p_value),
        side="not decided",
    )


@pytest.mark.parametrize(
    ("p_value", "rung"),
    [
        (0.01, "internally validated"),
        (SHUFFLED_P, "internally validated"),
        (0.0501, "none"),
        (0.6, "none"),
    ],
)
def test_what_shuffled_outcomes_do_as_well_is_not_exploratory(p_value, rung):
    claim = climb([_block()], "prospective", ENOUGH, [], shuffled=_shuffled(p_value))
    assert claim.rung == rung
    (check,) = [c for c in claim.checks if "shuffled outcomes" in c.rule]
    assert check.rung == "exploratory"
    assert check.measured == f"p = {p_value:.3f}"
    assert check.passed is (p_value <= 0.05)
    if rung == "none":
        assert claim.missing == [f"{check.rule} (measured: p = {p_value:.3f})"]


def test_an_external_test_does_not_outweigh_shuffled_outcomes():
    blocks = [_block(), _block("external")]
    assert climb(blocks, "prospective", ENOUGH, []).rung == "externally validated"
    assert climb(blocks, "prospective", ENOUGH, [], shuffled=_shuffled(0.2)).rung == "none"


def test_without_a_null_check_the_rule_does_not_apply_and_is_said_so():
    claim = _climb(_block())
    (check,) = [c for c in claim.checks if "shuffled outcomes" in c.rule]
    assert (check.measured, check.passed) == ("none were run", None)


def test_the_null_check_of_another_run_is_ignored():
    mine = null_record(0.45).model_copy(update={"comparison": _shuffled(0.6)})
    assert comparison(mine, mine.run_fingerprint) == _shuffled(0.6)
    assert comparison(mine, "0" * 64) is None
    assert comparison(None, mine.run_fingerprint) is None
    not_compared = mine.model_copy(update={"comparison": None})
    assert comparison(not_compared, mine.run_fingerprint) is None
