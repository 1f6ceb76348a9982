"""Panels: markers with their units and ranges."""

import pytest

from signature import panels
from signature.exceptions import DefinitionError
from signature.study import markers
from signature.study.schema import BELOW, Role, Scale

PANELS = ["luminex_45plex", "nhanes_blood", "olink_target96_inflammation", "opt_serum"]


def test_the_list_of_panels_is_complete():
    with pytest.raises(DefinitionError, match=f"there are: {', '.join(PANELS)}"):
        panels.load("opt_serums")


@pytest.mark.parametrize("name", PANELS)
def test_every_marker_is_in_the_vocabulary_and_has_a_range(name):
    columns = panels.load(name)
    assert columns
    for column in columns:
        marker = column.name.removesuffix(BELOW)
        assert marker in markers.VOCABULARY
        assert column.low is not None
        assert column.high is not None
        assert column.source
        assert (column.role is Role.LIMIT) == column.name.endswith(BELOW)
        if column.scale is Scale.LOG2:
            assert column.low > 0, column.name


def test_olink_has_63_assays_with_limits_on_their_own_scale():
    columns = panels.load("olink_target96_inflammation")
    assert len(columns) == 126
    assert {c.unit for c in columns} == {"NPX"}
    assert {c.scale for c in columns} == {Scale.LINEAR}


@pytest.fixture
def panel(tmp_path, monkeypatch):
    """Return a function that loads a panel from a text."""

    def load(text):
        (tmp_path / "own.toml").write_text(text, encoding="utf-8")
        monkeypatch.setattr(panels.resources, "files", lambda _: tmp_path)
        return panels.load("own")

    return load


def test_defaults_of_a_panel_yield_to_its_markers(panel):
    il6, limit, crp = panel(
        'platform = "p"\nsource = "s"\nunit = "pg/mL"\nscale = "log2"\ncensored = true\n'
        '[markers]\nIL6 = {}\nCRP = { unit = "mg/L", censored = false, group = "immune" }\n'
    )
    assert (il6.name, il6.unit, il6.group, il6.label) == ("IL6", "pg/mL", "cytokine", "IL-6")
    assert (limit.name, limit.role) == ("IL6__below", Role.LIMIT)
    assert (crp.name, crp.unit, crp.group, crp.scale) == ("CRP", "mg/L", "immune", Scale.LOG2)


def test_an_unknown_key_is_named(panel):
    with pytest.raises(DefinitionError, match="'IL6': unknown keys hihg"):
        panel('platform = "p"\nsource = "s"\n[markers.IL6]\nhihg = 5.0\n')


def test_a_marker_outside_the_vocabulary_needs_a_group(panel):
    text = 'platform = "p"\nsource = "s"\n[markers]\nNOVEL1 = {}\n'
    with pytest.raises(DefinitionError, match="'NOVEL1' is not in the marker vocabulary"):
        panel(text)
    (column,) = panel(text.replace("{}", '{ group = "new" }'))
    assert column.group == "new"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("markers = {}", "lacks 'platform', 'source'"),
        ('platform = "p', "is not valid TOML"),
        ('platform="p"\nsource="s"\n[markers.IL6]\nscale="log"', "no scale 'log'; there are: 'lin"),
        ('platform="p"\nsource="s"\n[markers.IL6]\nlow="5"', "'low' must be a number"),
    ],
)
def test_a_broken_panel_file_names_file_marker_and_key(text, words, tmp_path, monkeypatch):
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(panels.resources, "files", lambda package: tmp_path)
    with pytest.raises(DefinitionError, match=words):
        panels.load("mine")
