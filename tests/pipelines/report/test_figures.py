"""Figures: labelled, self-contained, the same in every run, and able to share a page."""

import re
import xml.etree.ElementTree as ET

import pytest

from pipelines.report.figures import MAIN, canvas, to_svg
from pipelines.report.plots import forest
from signature.records.estimates import Estimate


def _draw(key: str = "one", label: str = "a", points: int = 3) -> str:
    with canvas(2.0) as (figure, axes):
        axes.plot(range(points), range(points), "o", color=MAIN, label=label)
        axes.scatter(range(points), range(points), rasterized=points > 100)
        axes.set_title(label)
        axes.fill_between([0, 1], [0, 1], clip_on=True)
        axes.legend()
        return to_svg(figure, key=key, title="T < & >", description='says "it"')


def test_is_well_formed_and_says_what_it_shows():
    svg = _draw()
    root = ET.fromstring(svg)
    ids = {e.get("id"): e for e in root.iter() if e.get("id")}
    assert root.get("role") == "img"
    title, description = (ids[i] for i in root.get("aria-labelledby").split())
    assert (title.tag, title.text) == ("title", "T < & >")
    assert (description.tag, description.text) == ("desc", 'says "it"')


def test_ids_of_two_figures_never_meet_and_all_references_resolve():
    one, two = _draw("one"), _draw("two")
    ids = [set(re.findall(r'\bid="([^"]+)"', svg)) for svg in (one, two)]
    assert len(ids[0]) > 2
    assert not ids[0] & ids[1]
    for svg, known in zip((one, two), ids, strict=True):
        used = set(re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', svg))
        used = {a or b for a, b in used}
        assert used
        assert used <= known


def test_same_input_gives_the_same_bytes():
    assert _draw() == _draw()


def test_carries_no_address_no_date_and_no_style_sheet():
    svg = _draw()
    assert "http" not in svg
    assert "metadata" not in svg
    assert "<style" not in svg
    assert "DejaVu" not in svg  # the page's type is used, none is asked for


def test_text_is_text_and_a_dollar_is_a_dollar():
    svg = _draw(label="$x$ <script>alert(1)</script> & co")
    assert "<script>" not in svg
    texts = [e.text for e in ET.fromstring(svg).iter("text")]
    assert "$x$ <script>alert(1)</script> & co" in texts


def test_colours_follow_the_page():
    assert f"var(--main, {MAIN})" in _draw()


def test_dense_scatter_is_small_when_rasterised():
    svg = _draw(points=20_000)
    # 20 000 vector circles of the line are the control; the scatter adds one picture only
    assert svg.count("<image") == 1


def test_leaves_the_global_style_alone():
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    _draw()
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize("value", [None, 0.5])
def test_forest_keeps_a_line_for_what_is_undefined(value):
    nothing = Estimate(value=value)
    with canvas(2.0) as (_, axes):
        forest(axes, ["a", "b"], [Estimate(value=0.7, low=0.6, high=0.8), nothing])
        assert [t.get_text() for t in axes.get_yticklabels()] == ["a", "b"]
        points = [line for line in axes.lines if line.get_marker() == "o"]
        assert len(points) == (1 if value is None else 2)
        assert axes.get_ylim()[0] > axes.get_ylim()[1]  # the first on top
