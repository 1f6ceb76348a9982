"""What the report says of clusters of markers."""

import html
import re

import pytest

from pipelines.fit.results_folder import Results
from pipelines.report.render import render_section
from pipelines.report.sections import clusters
from tests.made.results_clusters import no_cluster_found, one_cluster_found
from tests.made.results_factory import make_results


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_results(tmp_path_factory.mktemp("clusters") / "opt_demo", "yes")


def _text(folder, record):
    (folder / "clusters.json").write_text(record.model_dump_json())
    body = render_section("clusters", clusters, clusters.summarize(Results(folder))).body
    return " ".join(html.unescape(re.sub("<[^>]*>", " ", body)).split())


def test_nothing_found_is_said(folder):
    text = _text(folder, no_cluster_found())
    for said in (
        "The 8 markers fall into 3 clusters, found without the outcome.",
        "None of them demonstrably goes with whether a person",
        "Interleukin-6 no more events 0.040 Interleukin-8, TNF <α> cytokine 90 %",
        "C-reactive protein no more events 0.300 Fibrinogen cytokine 50 % may not belong together",
        "MMP-9 no fewer events 0.800 none cytokine –",
        "A cluster that is not found may matter all the same.",
    ):
        assert said in text
    assert "all markers share" not in text


def test_what_is_found_is_beyond_what_all_markers_share(folder):
    text = _text(folder, one_cluster_found())
    assert "1 of them goes with whether a person" in text
    assert "beyond what all markers share (1 factor taken out)" in text
    assert "Interleukin-6 yes more events" in text
    assert "at most 10 % are false in expectation" in text


def test_without_clusters_there_is_no_section(folder):
    assert clusters.summarize(Results(folder)) is not None
    (folder / "clusters.json").unlink()
    assert clusters.summarize(Results(folder)) is None
