"""The benchmark of the ladder of claims: its cohorts, a small twin, and what is stored."""

import json
from pathlib import Path

import numpy as np
import pytest

from docs.measured.validation import validation_tables
from experiments.benchmarks import claim_ladder
from experiments.benchmarks.claim_ladder import Climbed, climbs, null_design, summarise
from signature.datasets.simulate import simulate
from signature.records.claim import RUNGS

STORED = json.loads(Path(claim_ladder.OUT).read_text("utf-8"))


def test_null_cohorts_spread_over_the_sizes_and_their_panel_adds_nothing():
    designs = [null_design(i, 200) for i in range(200)]
    sizes = [d.n_people for d in designs]
    assert (min(sizes), max(sizes)) == (40, 400)
    assert np.median(sizes) == pytest.approx(220, abs=5)
    for design in designs:
        assert not set(design.prognostic) & set(design.markers)
    assert sum(bool(d.prognostic) for d in designs) == 100


def test_markers_go_with_what_tells_the_event_where_something_does():
    drawn = simulate(null_design(199, 200), seed=1)
    bmi = drawn.truth.standardised["bmi"]
    assert np.corrcoef(drawn.truth.standardised["CRP"], bmi)[0, 1] > 0.25


def test_one_small_null_cohort_goes_through_the_pipeline_and_claims_nothing_much():
    found = climbs("null", 5, 200)
    assert found.people == 49
    assert found.rung in RUNGS[:2]
    assert found.missed
    assert climbs("null", 5, 200) == found


@pytest.mark.slow
def test_a_strong_cohort_is_internally_validated():
    assert climbs("strong", 1, 200).rung == "internally validated"


def test_cohorts_are_counted_by_rung_and_compared_with_the_aim():
    def cohort(rung, *missed):
        return Climbed(100, 40, rung, 0.6, 0.1, missed)

    null = [cohort("none", "a", "b")] * 18 + [cohort("exploratory", "b")]
    found = summarise("null", [*null, cohort("internally validated")])
    assert found["rungs"] == {
        "none": 18,
        "exploratory": 1,
        "internally validated": 1,
        "externally validated": 0,
    }
    assert found["above_exploratory"][0] == 0.05
    assert found["aim_met"]
    assert found["not_met"] == {"b": 19, "a": 18}
    assert not summarise("null", [*null[1:], *[cohort("internally validated")] * 2])["aim_met"]
    assert not summarise("strong", [cohort("exploratory", "a")] * 10)["aim_met"]


def test_what_is_stored_is_of_two_hundred_cohorts_each_and_is_printed():
    assert [kind["cohorts"] for kind in STORED["kinds"]] == [200, 200]
    for kind in STORED["kinds"]:
        assert sum(kind["rungs"].values()) == 200
        above = kind["rungs"]["internally validated"] + kind["rungs"]["externally validated"]
        assert kind["above_exploratory"][0] == above / 200
    lines = validation_tables({"claim_ladder": STORED})["claim ladder"].splitlines()
    assert len(lines) == 4
    assert lines[2].startswith("| 200 null | 40–400 |")
    assert lines[3].startswith("| 200 strong | 1200 |")
