"""What the report says of selection: nothing is called a signature that is none."""

import html
import re

import pytest

from pipelines.fit.results_folder import Results
from pipelines.report.render import render_section, write_report
from pipelines.report.sections import signature
from signature.exceptions import ResultsError
from tests.made.report_page import keep_sections
from tests.made.results_factory import make_results
from tests.made.results_signature import nothing_passed, stand_ins, two_passed


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_results(tmp_path_factory.mktemp("selection") / "opt_demo", "yes")


def _section(folder, record, told=None):
    (folder / "signature.json").write_text(record.model_dump_json())
    (folder / "equivalents.json").unlink(missing_ok=True)
    if told is not None:
        (folder / "equivalents.json").write_text(told.model_dump_json())
    summary = signature.summarize(Results(folder))
    found = render_section("signature", signature, summary)
    figures, body = found.figures, found.body
    inline = re.sub("</?(strong|code)[^>]*>|<svg.*?</svg>", "", body, flags=re.DOTALL)
    text = " ".join(html.unescape(re.sub("<[^>]*>", " ", inline)).split())
    return {"summary": summary, "body": body, "figures": figures}, text


def test_nothing_passed_is_said_first_and_not_called_a_signature(folder):
    section, text = _section(folder, nothing_passed())
    assert text.startswith("No marker passed. 8 markers were looked at in 788 rows with 98 events.")
    assert "p = 0.31, where 0.025 or less was asked for" in text
    assert "At most 0.25 false markers were allowed" in text
    assert "4 of them selected nothing" in text
    assert "signature" not in (signature.TITLE + section["body"]).lower()
    assert section["summary"].section_title == signature.TITLE


def test_a_panel_that_passes_without_a_marker_is_told_apart(folder):
    _, text = _section(folder, nothing_passed(pvalue=0.01))
    assert "no single marker is chosen often enough" in text


def test_what_passed_comes_with_bound_weights_and_agreement(folder):
    section, text = _section(folder, two_passed())
    assert section["summary"].section_title == "The signature"
    for said in (
        "2 of 8 markers passed, in the fit on all 788 development rows (98 events).",
        "At most 0.21 false markers are expected among these.",
        "Interleukin-6 more events +0.61 +0.42 doubling",
        "C-reactive protein fewer events −0.30 no fixed step",
        "Interleukin-8 (0.81)",
        "Two folds share 50 % of what either selected",
        "0.60 (0.58 to 0.62); 1 is full agreement",
        "under 5: −2; 5 to 10: 0; 10 or more: +2; below the limit: −3",
        "more than the 0.02 aimed at",
        "Worth less than half a point and left out: Age.",
        "The final model is another one, “Elastic-net logistic”: what follows is of "
        "“Stable <signature>”",
        "Not tried yet: python -m pipelines.equivalents results/opt_demo",
    ):
        assert said in text
    assert "<title" in section["figures"]["frequency"]


def test_stand_ins_are_told_where_they_were_tried(folder):
    _, text = _section(folder, two_passed(), stand_ins())
    for said in (
        "may be replaced by Interleukin-8",
        "lies above −0.020",
        "Interleukin-6 Interleukin-8 0.000 (−0.010 to +0.010)",
        "Within reach, of 1 markers that can be measured: Interleukin-8, at a cost of 3.5.",
        "Interleukin-6 gave way to Interleukin-8; C-reactive protein was dropped.",
        "equivalence is not shown",
        "itself is too high",
    ):
        assert said in text
    _, text = _section(folder, two_passed(), stand_ins(stand_ins=(), within_reach=None))
    assert "so there is no stand-in" in text


def test_files_of_another_run_are_not_passed_off_as_this_one(folder):
    _, text = _section(folder, two_passed(fingerprint="0" * 64), stand_ins())
    assert "This selection does not belong to this report" in text
    assert "The swaps that were tried do not belong to this report" in text
    assert "may be replaced by" not in text


def test_the_title_follows_from_what_passed(folder, monkeypatch):
    keep_sections(monkeypatch, "summary", "signature")
    for record, title in (
        (nothing_passed(), "Selection of markers"),
        (two_passed(), "The signature"),
    ):
        _section(folder, record)
        assert f">{title}</h2>" in write_report(folder).read_text()


def test_without_selection_there_is_no_section(folder, monkeypatch):
    keep_sections(monkeypatch, "summary", "signature")
    _section(folder, nothing_passed())
    (folder / "signature.json").unlink()
    results = Results(folder)
    assert signature.summarize(results) is None
    assert results.equivalents is None
    assert 'id="signature"' not in write_report(folder).read_text()


def test_a_damaged_file_names_the_command_that_makes_it(folder):
    (folder / "equivalents.json").write_text("{}")
    with pytest.raises(ResultsError, match=r"pipelines\.equivalents .*opt_demo"):
        _ = Results(folder).equivalents
    (folder / "equivalents.json").unlink()


def test_what_earns_no_claim_is_no_signature_and_has_no_score(tmp_path):
    """Markers may pass selection and yet add nothing to what the clinic knows."""
    folder = make_results(tmp_path / "opt_demo", "worse")
    found, text = _section(folder, two_passed())
    assert found["summary"].section_title == signature.TITLE
    assert "There is no score to add up by hand: held-out people give" in text
