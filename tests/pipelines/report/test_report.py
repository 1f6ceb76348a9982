"""The report as a reader gets it: the answer first, and one file that needs nothing else."""

import json
import re
import subprocess
import sys
from typing import get_args, get_type_hints

import pytest

from pipelines.report.render import SECTION_EXPORTS, template_of, write_report
from signature import discovery
from signature.exceptions import ResultsError
from tests.made.report_page import (
    Page,
    check_accessible,
    check_figures,
    check_ids,
    check_loads_nothing,
    check_template,
    keep_sections,
)
from tests.made.results_factory import make_results

CASES = {
    "no": {"answer": "no"},
    "yes, external": {"answer": "yes", "external": True},
    "worse, repeated": {"answer": "worse", "by_site": False},
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A results folder of each case, with its report."""
    made = {}
    for name, options in CASES.items():
        made[name] = make_results(tmp_path_factory.mktemp("results") / "opt_demo", **options)
        write_report(made[name])
    return made


@pytest.fixture(scope="module")
def reports(folders):
    return {
        name: (folder / "report.html").read_text(encoding="utf-8")
        for name, folder in folders.items()
    }


@pytest.fixture(params=CASES)
def html(request, reports):
    return reports[request.param]


@pytest.mark.parametrize(
    ("case", "answer"),
    [
        ("no", "No: the panel was not shown to add anything to the clinical features."),
        ("yes, external", "Yes: the panel adds to the clinical features."),
        ("worse, repeated", "No: with the panel, people were ranked worse than"),
    ],
)
def test_first_screen_answers_in_words(reports, case, answer):
    first = Page(reports[case]).words("summary")
    assert answer in first
    # the answer comes before every number
    assert first.index(answer) < re.search(r"[+−]?0\.\d", first).start()
    assert "Do eight serum markers add to clinical features" in first
    assert "788" in first
    assert "98 events: birth before 37 weeks; 4 sites" in first
    assert "95 % interval" in first
    assert "How sure is this?" in first
    assert "What it may not be used for" in first
    assert "Made up for the tests" in first


def test_answer_is_in_the_first_kilobytes_of_the_body(html):
    body = html[html.index("<body>") :]
    assert body.index('class="answer"') < 1500


def test_external_block_comes_first_and_is_named_the_headline(reports):
    page = Page(reports["yes, external"])
    assert "It rests on 31 events among 187 people kept apart" in page.words("summary")
    assert "They come from one site" in page.words("summary")
    assert "Internal validation (each site left out in turn) gave" in page.words("summary")
    for section in ("performance", "added_value", "calibration", "sites", "validation"):
        words = page.words(section)
        assert words.index("Headline: on sites kept apart") < words.index("Within the study")
    assert "Headline" not in Page(reports["no"]).words()


def test_how_people_were_held_out_decides_the_words(reports):
    assert "Each of 4 sites was held out as a whole." in Page(reports["no"]).words("summary")
    words = Page(reports["worse, repeated"]).words("summary")
    assert "No site was held out as a whole" in words


def test_nothing_is_loaded_and_nothing_runs(html):
    check_loads_nothing(html)


def test_names_the_rows_that_were_chosen_and_prints_no_object(html):
    assert "Rows where arm iscontrol, drug" in Page(html).words("reproducibility")
    assert "built-in method" not in html


def test_is_small(html):
    assert len(html.encode()) < 1_000_000  # the limit for any run is 3 MB


def test_ids_are_unique_and_references_resolve(html):
    check_ids(html)


def test_is_accessible(html):
    tables, drawings = check_accessible(html)
    assert tables > 10
    assert drawings >= 10


def test_every_figure_has_its_numbers_below(html):
    assert check_figures(html) >= 10


def test_claims_nothing_it_has_not_shown(html):
    words = Page(html).words().lower().replace("immune-signature", "")
    assert "predictive" not in words
    assert "signature" not in words
    assert "describe the model, not nature" in words
    assert "not a cause" in words


def test_holds_no_person(tmp_path):
    """Row and person numbers are opaque, and still none of the page's business."""
    import pandas as pd

    folder = make_results(tmp_path / "opt_demo")
    for name, columns in {"predictions": ["row", "person"], "contributions": ["row"]}.items():
        path = folder / f"{name}.parquet"
        table = pd.read_parquet(path)
        table[columns] += 770_000_000
        table.to_parquet(path)
    assert not re.search(r"7700\d{5}", write_report(folder).read_text())


def test_text_from_files_is_shown_as_text(tmp_path):
    folder = make_results(tmp_path / "opt_demo")
    nasty = "<script>alert('x')</script> & \"co\" $y$"
    for name in ("launch.json", "evaluation.json"):
        path = folder / name
        text = path.read_text().replace("Interleukin-8", "@").replace("Best single marker", "@")
        text = text.replace("no serum sample", "@").replace("Preterm birth from serum", "@")
        path.write_text(text.replace("@", json.dumps(nasty)[1:-1]))
    html = write_report(folder).read_text()
    page = Page(html)  # also: the nasty text closes no tag
    assert not [t for t, _ in page.tags if t == "script"]
    assert nasty in page.words("panel")
    assert nasty in page.words("participants")
    assert nasty in page.words("performance")
    assert f"{nasty} markers" in page.words("head")


def test_is_the_same_every_time(tmp_path, reports):
    assert write_report(make_results(tmp_path / "opt_demo")).read_text() == reports["no"]


def test_sections_made_on_processes_are_the_same_page(tmp_path, reports):
    folder = make_results(tmp_path / "opt_demo")
    assert write_report(folder, jobs=2).read_text() == reports["no"]


def test_sections_are_found_in_order(html):
    found = discovery.load_all("pipelines.report.sections", SECTION_EXPORTS)
    assert len(found) >= 11
    order = sorted(found, key=lambda n: (found[n].ORDER, n))
    shown = [a["id"] for t, a in Page(html).tags if t == "section"]
    assert shown == order
    assert shown[0] == "summary"
    assert found["summary"].ORDER == 0


@pytest.mark.parametrize("name", discovery.names("pipelines.report.sections"))
def test_templates_hold_no_arithmetic(name):
    section = discovery.load("pipelines.report.sections", name, SECTION_EXPORTS)
    assert isinstance(section.TITLE, str)
    assert isinstance(section.ORDER, int)
    check_template(template_of(section))


@pytest.mark.parametrize("package", ["sections", "trial_sections"])
def test_sections_summarize_into_frozen_dataclasses(package):
    for section in discovery.load_all(f"pipelines.report.{package}", SECTION_EXPORTS).values():
        told = get_type_hints(section.summarize)["return"]
        (summary,) = (t for t in get_args(told) or (told,) if t is not type(None))
        assert summary.__dataclass_params__.frozen, section.__name__


def test_a_section_may_leave_itself_out(tmp_path, monkeypatch):
    import pandas as pd

    keep_sections(monkeypatch, "summary", "markers")
    folder = make_results(tmp_path / "opt_demo")
    path = folder / "contributions.parquet"
    pd.read_parquet(path).iloc[:0].to_parquet(path)
    page = Page(write_report(folder).read_text())
    assert "summary" in page.text
    assert "markers" not in page.text


def test_missing_folder_names_the_command(tmp_path):
    with pytest.raises(ResultsError, match=r"python -m pipelines.train experiments/x.toml"):
        write_report(tmp_path / "x")


def test_command_fails_in_one_line(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.report", str(tmp_path / "x")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: there is no results folder")
    assert len(done.stderr.splitlines()) == 1


def test_help_imports_nothing_heavy():
    code = (
        "import sys, runpy; sys.argv = ['report', '--help']\n"
        "try: runpy.run_module('pipelines.report', run_name='__main__')\n"
        "except SystemExit as e: assert not e.code\n"
        "heavy = {'pandas', 'matplotlib', 'sklearn', 'mlflow', 'shap'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_figures_are_files_too(folders):
    import xml.etree.ElementTree as ET

    folder = folders["no"]
    names = {f.stem for f in (folder / "figures").glob("*.svg")}
    assert {"performance-internal", "calibration-internal", "markers-swarm"} <= names
    for file in (folder / "figures").glob("*.svg"):
        assert ET.fromstring(file.read_text(encoding="utf-8")).tag.endswith("}svg")


def test_a_section_that_fails_costs_itself_and_is_named(tmp_path, monkeypatch, capsys):
    from pipelines.report.sections import calibration

    def broken(results):
        raise ValueError("yerr of a person: 73.123")

    monkeypatch.setattr(calibration, "summarize", broken)
    keep_sections(monkeypatch, "summary", "calibration")
    text = write_report(make_results(tmp_path / "opt_demo")).read_text(encoding="utf-8")
    said = capsys.readouterr().err
    assert "This section could not be made (ValueError)" in text
    assert "report, Calibration: This section could not be made (ValueError)" in said
    assert "73.123" not in text + said
    check_accessible(text)


@pytest.mark.parametrize("n", range(1, 400))
def test_an_interval_holds_its_share_also_at_the_ends(n):
    from pipelines.report.sections.calibration import _wilson

    for share in (0.0, 1.0):
        low, high = _wilson(share, n)
        assert 0 <= low <= share <= high <= 1
