"""What the report says of confounders, subgroups and sites, and what it must not say."""

import html
import importlib
import json
import re

import pytest

from pipelines.fit.results_folder import Results
from pipelines.report.render import render_section
from tests.made.results_factory import make_results

SECTIONS = ("confounding", "subgroups", "drift")


@pytest.fixture
def folder(tmp_path):
    return make_results(tmp_path / "opt_demo", external=True)


def _summary(name, folder):
    return importlib.import_module(f"pipelines.report.sections.{name}").summarize(Results(folder))


def _rendered(name, folder):
    """Return the visible words and the figures of a section; None where it leaves itself out."""
    section = importlib.import_module(f"pipelines.report.sections.{name}")
    summary = section.summarize(Results(folder))
    if summary is None:
        return None
    found = render_section(name, section, summary)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", found.body)).split()), found.figures


def _words(folder):
    """Return the visible words of the sections that are there."""
    rendered = {name: _rendered(name, folder) for name in SECTIONS}
    return {name: found[0] for name, found in rendered.items() if found is not None}


def _change(folder, change):
    path = folder / "for_whom.json"
    record = json.loads(path.read_text())
    change(record)
    path.write_text(json.dumps(record))


def test_an_older_folder_renders_without_them(folder):
    (folder / "for_whom.json").unlink()
    assert Results(folder).for_whom is None
    assert _words(folder) == {}


def test_a_small_p_claims_no_more_than_the_named_confounders(folder):
    words = _words(folder)["confounding"]
    assert "Age, Body-mass index, and the site" in words
    assert "Beyond the named confounders, a higher held-out prediction still went" in words
    assert "(on sites kept apart; 788 people, 98 with the event; one-sided permutation" in words
    assert "p = 0.0176)" in words
    assert "does not exclude a confounder that nobody named" in words
    assert "foretell 16 % of the variance" in words
    assert "Given the confounders 0.24 0.04 0.44" in words


def test_a_large_p_is_no_proof(folder):
    def change(record):
        record["confounding"]["found"] |= {"p_value": 0.4, "p_low": 0.39, "p_high": 0.42}

    _change(folder, change)
    words = _words(folder)["confounding"]
    assert "anything beyond the named confounders was not shown (" in words
    assert "A large p does not prove" in words
    assert "other side of 0.05" not in words


def test_a_p_that_more_permutations_could_turn_says_so(folder):
    def change(record):
        record["confounding"]["found"] |= {"p_value": 0.049, "p_low": 0.043, "p_high": 0.055}

    _change(folder, change)
    assert "its interval is 0.0430 to 0.0550" in _words(folder)["confounding"]


def test_what_was_not_tested_has_its_reason_and_no_figure(folder):
    def change(record):
        record["confounding"] |= {
            "found": None,
            "confounders": [],
            "reason": "the experiment names no confounders",
        }

    _change(folder, change)
    words = _words(folder)["confounding"]
    assert "Not tested: the experiment names no confounders." in words
    assert "Beyond the named" not in words
    assert _rendered("confounding", folder)[1] == {}


def test_an_estimate_that_does_not_exist_is_not_drawn(folder):
    def change(record):
        nothing = {"value": None, "low": None, "high": None}
        record["confounding"]["found"] |= {"given": nothing, "explained": None, "fixed": 3}

    _change(folder, change)
    words = _words(folder)["confounding"]
    assert "Everybody got the same prediction" in words
    assert "3 people had nobody at their site" in words
    assert list(_summary("confounding", folder).lines) == []


def test_subgroups_headline_first_with_what_is_kept_back(folder):
    s = _summary("subgroups", folder)
    assert [b.name for b in s.blocks] == ["external", "internal"]
    block = s.blocks[0]
    assert [line.label for line in block.lines] == [
        "Everybody",
        "Age: below 25",
        "Age: 25 and above",
        "Race ethnicity: nh black",
        "Race ethnicity: asian",
    ]
    assert len(block.drawn) == 4
    assert (block.compared, block.apart) == (1, 1)
    assert block.alike == ("Arm",)
    words = _words(folder)["subgroups"]
    assert "Race ethnicity: asian 20 – not given: fewer than 10 with the event" in words
    assert "1 of 1 differences in AUROC between levels have an interval that leaves 0" in words
    assert "not corrected for their number" in words
    assert words.index("Headline: on sites kept apart") < words.index("Within the study")


def test_no_subgroup_asked_for_no_section(folder):
    _change(folder, lambda record: record.update(subgroups=[]))
    assert set(_words(folder)) == {"confounding", "drift"}


def test_nothing_is_drawn_where_every_subgroup_is_too_small(folder):
    def change(record):
        for block in record["subgroups"]:
            block["gaps"] = []
            for line in [block["everybody"], *block["lines"]]:
                line.update(events=None, suppressed="fewer than 20 people", metrics={})

    _change(folder, change)
    assert _rendered("subgroups", folder)[1] == {}
    assert "leaves 0 out" not in _words(folder)["subgroups"]


def test_an_undefined_difference_is_not_counted_as_one(folder):
    def change(record):
        for block in record["subgroups"]:
            block["gaps"][0]["metrics"]["auroc"].update(low=None, high=None)

    _change(folder, change)
    assert _summary("subgroups", folder).blocks[0].compared == 0


def test_drift_counts_and_shows_where_associations_differ(folder):
    words = _words(folder)["drift"]
    assert "1 of 2 markers differ in their values between 3 sites, and 1 of 2" in words
    assert "outcome: 1 by value, 1 by association" in words
    assert "Fibrinogen < 0.001 1.000 +1.00 −0.40 −0.50" in words
    assert "Interleukin-6 not tested not tested – – –" in words
    assert "Interleukin-8 +0.20 (0.00 to +0.40)" in words
    assert "No difference" not in words
    (marker,) = _summary("drift", folder).apart
    assert marker.label == "Interleukin-8"


def test_one_site_no_section(folder):
    _change(folder, lambda record: record.update(drift=None))
    assert set(_words(folder)) == {"confounding", "subgroups"}


def test_confounders_are_never_said_to_explain(folder):
    for name, words in _words(folder).items():
        assert not re.search(r"explain(s|ed)?\b|predictive|\bcauses?d?\b by", words), name
