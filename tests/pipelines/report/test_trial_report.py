"""The report of a trial as a reader gets it: the word first, and no number that says more."""

import json
import re

import pytest

from pipelines.report.render import SECTION_EXPORTS, template_of
from pipelines.report.trial_results import write_trial_report
from signature import discovery
from tests.made.report_page import (
    Page,
    check_accessible,
    check_figures,
    check_ids,
    check_loads_nothing,
    check_template,
)

pytest_plugins = ["tests.made.finished_runs"]

SECTIONS = "pipelines.report.trial_sections"


@pytest.fixture(scope="module")
def folders(found_trial, small_trial):
    """Results of a trial with something to find, and of one that is too small."""
    return {"found": found_trial, "small": small_trial}


def record(folder):
    return json.loads((folder / "trial.json").read_text(encoding="utf-8"))


def written(folder, into, change):
    """Write the report of a record after a change to it."""
    into.mkdir()
    found = record(folder)
    change(found)
    (into / "trial.json").write_text(json.dumps(found), encoding="utf-8")
    return write_trial_report(into).read_text(encoding="utf-8")


def not_predictive(found):
    found["claim"] |= {"predictive": False, "rule": False, "advice": "Do not select by this panel."}
    found["next_trial"] = None


def of_an_event(found):
    """The same trial, had its outcome been an event, with three arms."""
    found["endpoint"] |= {"kind": "binary", "unit": None, "higher_is_better": False}
    headline = found["candidates"][0]
    headline["number_needed"] = "NNTB 7.1 (NNTB 5.3 to NNTB 11)"
    gain = {"value": 0.0123, "standard_error": 0.01, "low": -0.0077, "high": 0.0323, "p": 0.2}
    found["arms"].append("interleukin-2, low")
    found["best_arm"] = {
        "value": gain,
        "shares": [0.25, 0.25, 0.5],
        "gains": [gain, gain, gain],
        "over_best": gain,
    }
    for group in found["risk_groups"]["groups"]:
        group["risk_ratio"] = {
            "value": 0.5, "standard_error": None, "low": 0.3, "high": 0.8, "p": 0.01
        }  # fmt: skip


def constant_headline(found):
    headline = found["candidates"][0]
    headline |= dict.fromkeys(
        ("groups", "targeting", "calibration", "c_for_benefit", "rule", "advice", "number_needed")
    )
    headline["constant"] = True
    found["decided"] = {
        "test": "score", "members": [], "p": 1.0, "p_low": 1.0, "p_high": 1.0, "how": "made up",
        "markers": [], "left_out": {}, "clearest": None, "score": None,
    }  # fmt: skip
    not_predictive(found)


def few_people(found):
    """Nothing could be said of the early visit's lines, slopes and gains."""
    for visit in found["visits"]:
        for line in visit["lines"]:
            line |= {"before": None, "after": None, "people": 3}
    for marker in found["early"]["markers"]:
        marker["arm_by_change"] = None
        for slope in marker["slopes"]:
            slope["slope"] = dict.fromkeys(slope["slope"])
    for gain in found["early"]["gains"]:
        gain["prognosis"] = None
    found["candidates"][0]["advice"]["against"]["people"] = 4
    for group in found["candidates"][0]["groups"]["groups"]:
        group |= dict.fromkeys(("benefit", "mean_treated", "mean_control"))


def many_lost(found):
    for arm in found["flow"]:
        if arm["arm"] == found["treated"]:
            arm["known"] = round(0.6 * arm["randomised"])


CASES = {
    "found": None,
    "small": None,
    "not predictive": not_predictive,
    "of an event": of_an_event,
    "constant headline": constant_headline,
    "few people": few_people,
    "many lost": many_lost,
}


@pytest.fixture(scope="module")
def reports(folders, tmp_path_factory):
    made = {}
    for name, change in CASES.items():
        if change is None:
            made[name] = (folders[name] / "report.html").read_text(encoding="utf-8")
        else:
            into = tmp_path_factory.mktemp("case") / "trial"
            made[name] = written(folders["found"], into, change)
    return made


@pytest.fixture(params=CASES)
def html(request, reports):
    return reports[request.param]


@pytest.mark.parametrize("name", ["found", "small"])
def test_the_first_sentence_is_the_claim(folders, reports, name):
    claim = record(folders[name])["claim"]
    first = Page(reports[name]).words("answer").strip()
    assert first.startswith("The answer " + claim["sentence"])
    assert re.search(r"\b(predictive|prognostic|not tested)\b", claim["sentence"], re.IGNORECASE)
    assert claim["advice"] in first
    body = reports[name][reports[name].index("<body>") :]
    assert body.index('class="answer"') < 1500


def test_nothing_is_loaded_and_nothing_runs(html):
    check_loads_nothing(html)
    assert len(html.encode()) < 1_000_000


def test_ids_are_unique_and_references_resolve(html):
    check_ids(html)


def test_is_accessible(html):
    tables, drawings = check_accessible(html)
    assert tables >= 7
    assert drawings >= 1


def test_every_figure_has_its_numbers_below(html):
    assert check_figures(html) >= 1


@pytest.mark.parametrize("name", discovery.names(SECTIONS))
def test_templates_hold_no_arithmetic(name):
    check_template(template_of(discovery.load(SECTIONS, name, SECTION_EXPORTS)))


def test_sections_are_found_in_order(reports):
    found = discovery.load_all(SECTIONS, SECTION_EXPORTS)
    order = sorted(found, key=lambda name: (found[name].ORDER, name))
    shown = [a["id"] for t, a in Page(reports["found"]).tags if t == "section"]
    assert shown == [name for name in order if name != "small"]


def test_a_small_trial_stops_at_engagement_and_named_markers(reports):
    page = Page(reports["small"])
    shown = [a["id"] for t, a in page.tags if t == "section"]
    assert not set(shown) & {"benefit", "rule", "prognosis", "next_trial"}
    assert "small" in shown
    assert "engagement" in shown
    words = page.words()
    assert "AUTOC" not in words
    assert "Predictive:" not in words
    # the one AUROC on the page is what chance alone reaches
    assert words.count("AUROC") == 1
    assert "a score of pure chance reaches an AUROC of" in words


def test_numbers_are_those_of_the_record(folders, reports):
    found = record(folders["found"])
    page = Page(reports["found"])
    headline = found["candidates"][0]
    autoc = headline["targeting"]["autoc"]
    benefit, rule = page.words("benefit"), page.words("rule")
    assert f"{autoc['value']:+.2f} ({autoc['low']:+.2f} to {autoc['high']:+.2f})" in benefit
    assert f"{headline['calibration']['slope']['value']:+.2f} (" in benefit
    for group in headline["groups"]["groups"]:
        assert f"{group['benefit']['value']:+.2f} (".replace("-", "−") in benefit
    over_none, over_all = headline["rule"]["gains"]
    for gain in (over_none, over_all):
        assert f"{gain['value']:+.2f} (".replace("-", "−") in rule
    # columns are not exchanged: treating all is the stronger rival of a treatment that works
    line = rule[rule.index("Over all on interleukin-2Over all on placebo") :]
    shown = [f"{gain['value']:+.2f}".replace("-", "−") for gain in (over_all, over_none)]
    assert line.index(shown[0]) < line.index(shown[1])
    assert over_none["value"] > over_all["value"]
    (row,) = found["engagement"]["rows"]
    assert f"{row['standardised']:+.2f}" in page.words("engagement")
    gain = found["prognosis"]["gain"]["value"]
    assert f"{gain:+.3f} (".replace("-", "−") in page.words("prognosis")


def test_a_cut_is_asked_whether_benefit_steps_there(folders, reports):
    shape = record(folders["found"])["moderators"][1]["shape"]
    words = Page(reports["found"]).words("moderators")
    assert "Line or step?" in words
    assert f"as a line p = {shape['p_line']:.3f}" in words
    # lower is better: benefit is the other way round
    value = -shape["along_line"][0]["value"]
    assert f"{value:+.2f} (".replace("-", "−") in words


def test_a_rule_is_not_recommended_unless_the_test_says_predictive(reports):
    assert Page(reports["found"]).words("rule").count("Not recommended") == 0
    words = Page(reports["not predictive"]).words("rule").strip()
    title = "Treating by predicted benefit"
    assert words.startswith(f"{title} Not recommended. Do not select by this panel.")
    following = Page(reports["not predictive"]).words("next_trial")
    assert "there is nobody whom a next trial could choose by it" in following


def test_the_next_trial_names_people_screened_and_the_cautious_design(folders, reports):
    found = record(folders["found"])["next_trial"]
    words = Page(reports["found"]).words("next_trial")
    for design in ("all_comers", "enriched", "cautious"):
        if found[design]["randomised"] is not None:
            assert str(found[design]["randomised"]) in words
    assert "if they gain no more than the interval’s lower end" in words


def test_early_change_carries_its_caution_and_claims_no_mechanism(folders, reports):
    words = Page(reports["found"]).words("early")
    caution = record(folders["found"])["early"]["caution"]
    assert words.index(caution) < re.search(r"[+−]\d", words).start()
    for claimed in ("mediates", "mediated", "works through this", "because of the change"):
        assert claimed not in words.replace(caution, "")


def test_of_an_event_risks_are_printed_with_three_decimals_and_arms_are_compared(reports):
    page = Page(reports["of an event"])
    assert "NNTB 7.1 (NNTB 5.3 to NNTB 11)" in page.words("rule")
    assert "+0.012 (−0.008 to +0.032)" in page.words("rule")
    assert "interleukin-2, low" in page.words("rule")
    assert "Risk ratio" in page.words("benefit")
    assert "0.50 (0.30 to 0.80)" in page.words("benefit")


def test_a_learner_that_finds_no_difference_is_said_to(reports):
    page = Page(reports["constant headline"])
    assert "predicts the same benefit for everybody" in page.words("benefit")
    assert "it makes no rule" in page.words("rule")
    assert "There was nothing to test" in page.words("answer")


def test_too_few_people_is_said_where_a_number_would_be(reports):
    page = Page(reports["few people"])
    assert "too few people" in page.words("early")
    assert "too few people" in page.words("benefit")
    assert "people, almost everybody: it is that of giving" in page.words("rule")
    assert "Advised against" not in page.words("rule")
    assert "less that of the second" not in page.words("rule")
    assert "undefined" not in page.words("early")


def test_text_from_files_is_shown_as_text(folders, tmp_path):
    nasty = "<script>alert('x')</script> & \"co\" $y$"

    def change(found):
        found["experiment"]["question"] = nasty
        found["labels"] = dict.fromkeys(found["labels"], nasty)
        found["early"]["label"] = nasty
        found["candidates"][0]["label"] = nasty
        found["moderators"][0]["label"] = nasty

    page = Page(written(folders["found"], tmp_path / "trial", change))
    assert not [t for t, _ in page.tags if t == "script"]
    for section in ("answer", "interaction", "moderators", "benefit", "rule", "engagement"):
        assert nasty in page.words(section)


def test_is_the_same_every_time(folders, reports, tmp_path):
    assert written(folders["found"], tmp_path / "trial", lambda found: None) == reports["found"]


def test_figures_are_files_too(folders, reports):
    assert reports
    names = {file.stem for file in (folders["found"] / "figures").glob("*.svg")}
    assert {"benefit-by_benefit", "benefit-by_risk", "benefit-targeting"} <= names
    assert {"engagement-markers", "early-regulatory_t_cells", "interaction-markers"} <= names


def test_where_many_outcomes_were_lost_the_first_screen_says_what_the_answer_leans_on(reports):
    words = "the answer leans on how well the features tell who is lost"
    assert words in Page(reports["many lost"]).words("answer")
    assert words not in Page(reports["found"]).words("answer")
