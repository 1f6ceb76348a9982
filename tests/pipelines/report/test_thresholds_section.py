"""What the report says of deciding and of leaving open: every number where it belongs."""

import html
import json
import re

import pytest

from pipelines.fit.results_folder import Results
from pipelines.report.render import render_sections
from pipelines.report.sections.thresholds import summarize
from signature.page.numbers import estimate, number
from tests.made.held_out_factory import evaluated_folder
from tests.made.results_factory import make_results


@pytest.fixture(scope="module")
def validated(tmp_path_factory):
    """A run of 400 people: internally validated."""
    return evaluated_folder(tmp_path_factory.mktemp("results") / "made_up")


@pytest.fixture
def section(monkeypatch):
    """Returns the words of this section alone; the others need more files."""
    from pipelines.report.sections import thresholds

    monkeypatch.setattr("pipelines.report.render.load_all", lambda *_: {"thresholds": thresholds})

    def words(folder):
        found = render_sections(Results(folder))
        body = html.unescape(re.sub(r"<[^>]+>", " ", found[0].body)) if found else None
        return body and " ".join(body.split()).replace(" ,", ",")

    return words


@pytest.fixture
def changed(validated, tmp_path):
    """Returns a folder whose evaluation was changed."""

    def make(change):
        folder = tmp_path / "made_up"
        folder.mkdir()
        (folder / "launch.json").write_bytes((validated / "launch.json").read_bytes())
        record = json.loads((validated / "evaluation.json").read_text())
        change(record)
        (folder / "evaluation.json").write_text(json.dumps(record))
        return folder

    return make


def test_every_rule_is_a_row_with_its_own_numbers(validated, section):
    words = section(validated)
    block = Results(validated).evaluation.headline
    assert len(block.thresholds) == 3
    for t in block.thresholds:
        row = [
            t.rule[0].upper() + t.rule[1:],
            number(t.middle, 2),
            f"{number(t.lowest, 2)} to {number(t.highest, 2)}, 6 models",
            *(
                estimate(getattr(t, name), 2)
                for name in ("sensitivity", "specificity", "ppv", "npv", "flagged")
            ),
        ]
        assert " ".join(row) in words
        changes = [estimate(e, 3, True) for e in (t.events, t.non_events)]
        assert " ".join([row[0], *changes]) in words
    assert f"event rate of {block.n_events / block.n_rows:.0%}".replace("%", " %") in words
    assert "Reclassified against “Reference” under the same rule" in words


def test_sets_are_told_with_what_was_promised_and_what_they_cost(validated, section):
    words = section(validated)
    sets = Results(validated).evaluation.headline.sets
    for label, value, digits in (
        ("Indeterminate", sets.indeterminate, 2),
        ("Events whose set holds the event (promised: 90 %)", sets.coverage_event, 2),
        ("Others whose set holds no event (promised: 90 %)", sets.coverage_no_event, 2),
        ("“Event” said, and right", sets.right_event, 2),
        ("“No event” said, and right", sets.right_no_event, 2),
        ("Cost per person when everybody is decided at 30 %", sets.cost_deciding, 3),
        ("Cost of errors per person when the indeterminate are left open", sets.cost_decided, 3),
        ("The same with the declared cost of leaving open, 0.20", sets.cost_abstaining, 3),
        ("Leaving open pays up to this cost of an indeterminate answer", sets.break_even, 3),
    ):
        assert f"{label} {estimate(value, digits)}" in words
    assert "everybody is indeterminate" not in words
    assert "because the experiment declares none" not in words


def test_what_is_exported_is_told_and_from_which_claim_on(validated, changed, section):
    thresholds = Results(validated).evaluation.final_thresholds
    told = "; ".join(f"{t.rule}, {number(t.threshold, 3)}" for t in thresholds)
    assert f"The registered model's own thresholds: {told}." in section(validated)

    def lower(record):
        record["final_thresholds"] = []
        record["claim"]["rung"] = "exploratory"

    words = section(changed(lower))
    assert "No threshold is exported with the model: the claim is “exploratory”" in words
    assert "own thresholds" not in words


def test_a_threshold_that_flags_nobody_is_no_number(changed, section):
    def nobody(record):
        record["blocks"][0]["thresholds"][1] |= {"lowest": 2.0, "middle": 2.0, "highest": 2.0}
        record["blocks"][0]["thresholds"][2] |= {"folds": 1, "highest": 2.0}
        record["final_thresholds"][1]["threshold"] = 2.0

    words = section(changed(nobody))
    assert "Specificity of at least 90 % nobody nobody to nobody, 6 models" in words
    assert "0.30 0.30 to nobody, 1 model " in words
    assert "specificity of at least 90 %, nobody;" in words
    assert "2.00" not in words


def test_models_with_too_few_calibration_people_are_counted(changed, section):
    def abstaining(record):
        record["blocks"][0]["sets"] |= {
            "abstaining_folds": 4,
            "abstains": "9 people of each class are needed",
            "declared_cost": None,
            "cost_abstaining": None,
        }

    words = section(changed(abstaining))
    assert "In 4 of 6 models everybody is indeterminate : 9 people of each class" in words
    assert "declared cost" not in words


def test_a_probability_that_nobody_declared_is_said_to_be_the_event_rate(changed, section):
    folder = changed(lambda record: None)
    launch = json.loads((folder / "launch.json").read_text())
    launch["experiment"]["decision"]["act_from"] = None
    (folder / "launch.json").write_text(json.dumps(launch))
    assert "the share of events, because the experiment declares none" in section(folder)


def test_without_thresholds_and_sets_there_is_no_section(changed, section):
    def neither(record):
        record["blocks"][0] |= {"thresholds": [], "sets": None}

    folder = changed(neither)
    assert summarize(Results(folder)) is None
    assert section(folder) is None


def test_the_block_kept_apart_comes_first_and_thresholds_stand_without_sets(tmp_path):
    found = summarize(Results(make_results(tmp_path / "opt_demo", external=True)))
    assert [(b.name, b.headline) for b in found.blocks] == [
        ("external", True),
        ("internal", False),
    ]
    assert [b.sets for b in found.blocks] == [None, None]
    assert found.declared is False
    assert found.exported == ()
