"""The feature schema: names, limits, and the choice of baseline and panel."""

import json
from dataclasses import FrozenInstanceError

import pytest

from signature.exceptions import SchemaError
from signature.study.schema import Column, FeatureSchema, Role, Scale, censored, source_of

AGE = Column("age", Role.CLINICAL, "demographics", unit="years", low=0, high=120)
SEX = Column("female", Role.CLINICAL, "demographics", scale=Scale.YES_NO)
IL6 = Column("IL6", Role.MARKER, "cytokine", "IL-6", "pg/mL", Scale.LOG2, 0.1, 1000)
TNF = Column("TNF", Role.MARKER, "cytokine", scale=Scale.LOG2)
CRP = Column("CRP", Role.MARKER, "acute phase")
SCHEMA = FeatureSchema((AGE, SEX, *censored(IL6), TNF, CRP))


def test_limits_are_not_features():
    assert SCHEMA.names == ("age", "female", "IL6", "IL6__below", "TNF", "CRP")
    assert SCHEMA.features == ("age", "female", "IL6", "TNF", "CRP")
    assert SCHEMA.limits == ("IL6__below",)
    assert SCHEMA.on_scale(Scale.LOG2) == ("IL6", "TNF")
    assert SCHEMA.on_scale(Scale.YES_NO) == ("female",)


def test_a_limit_inherits_what_its_marker_says():
    marker, limit = censored(IL6)
    assert marker is IL6
    assert (limit.name, limit.role, limit.unit) == ("IL6__below", Role.LIMIT, "pg/mL")
    assert (limit.low, limit.high, limit.group) == (0.1, 1000, "cytokine")
    assert source_of(limit.name) == "IL6"


def test_a_label_defaults_to_the_name():
    assert (IL6.label, TNF.label) == ("IL-6", "TNF")


def test_columns_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        AGE.unit = "months"


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Column("IL-6", Role.MARKER, "x"), "'IL-6' must be letters, digits and under"),
        (lambda: Column("4EBP1", Role.MARKER, "x"), "must be letters, digits"),
        (lambda: Column("", Role.MARKER, "x"), "must be letters, digits"),
        (lambda: Column("IL6__raw", Role.MARKER, "x"), "holds a double underscore"),
        (lambda: Column("age", Role.CLINICAL, "x", low=5, high=5), "needs low < high, got 5 and 5"),
        (lambda: FeatureSchema((AGE, AGE)), "'age' is described twice"),
        (lambda: FeatureSchema(censored(IL6)[1:]), "'IL6__below' has no marker 'IL6'"),
        (lambda: SCHEMA["agee"], "no column 'agee'; columns are: age, female"),
        (lambda: SCHEMA.only(["agee"]), "no column 'agee'"),
    ],
)
def test_inconsistent_schemas_are_refused(build, message):
    with pytest.raises(SchemaError, match=message):
        build()


def test_only_keeps_the_order_and_the_limits():
    assert SCHEMA.only(["TNF", "IL6"]).names == ("IL6", "IL6__below", "TNF")


def test_choose_marks_panel_and_baseline():
    chosen = SCHEMA.choose(baseline=["demographics"], panel=["cytokine"])
    assert chosen.baseline == ("age", "female")
    assert chosen.panel == ("IL6", "TNF")
    assert chosen["IL6__below"].in_panel
    assert "CRP" not in chosen


def test_a_single_column_wins_over_its_group():
    chosen = SCHEMA.choose(baseline=["demographics", "TNF"], panel=["cytokine"])
    assert chosen.baseline == ("age", "female", "TNF")
    assert chosen.panel == ("IL6",)


def test_exclude_takes_groups_columns_and_limits_along():
    chosen = SCHEMA.choose(baseline=["demographics"], panel=["cytokine", "CRP"], exclude=["IL6"])
    assert chosen.names == ("age", "female", "TNF", "CRP")
    chosen = SCHEMA.choose(baseline=["age"], panel=["cytokine", "CRP"], exclude=["cytokine"])
    assert chosen.names == ("age", "CRP")


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"baseline": ["demografics"], "panel": ["cytokine"]}, "named 'demografics'; groups are"),
        ({"baseline": ["age"], "panel": ["IL8"]}, "no group or column named 'IL8'"),
        ({"baseline": ["cytokine"], "panel": ["cytokine"]}, "both .* panel: IL6, TNF"),
        ({"baseline": ["age", "TNF"], "panel": ["TNF"]}, "both .* panel: TNF"),
        ({"baseline": ["age"], "panel": ["TNF"], "exclude": ["x"]}, "no group or column named 'x'"),
        ({"baseline": ["age"], "panel": ["TNF"], "confounders": ["CRP"]}, "'CRP' is neither in"),
    ],
)
def test_choices_that_contradict_themselves_are_refused(choice, message):
    with pytest.raises(SchemaError, match=message):
        SCHEMA.choose(**choice)


def test_confounders_are_named_within_what_was_chosen():
    chosen = SCHEMA.choose(
        baseline=["age"], panel=["cytokine"], confounders=["demographics", "IL6"]
    )
    assert chosen.confounders == ("age", "IL6")
    assert chosen.only(["IL6", "TNF"]).confounders == ("IL6",)


def test_a_schema_survives_json():
    chosen = SCHEMA.choose(baseline=["demographics"], panel=["cytokine"])
    assert FeatureSchema.from_list(json.loads(json.dumps(chosen.to_list()))) == chosen


def test_unknown_keys_in_a_stored_column_are_named():
    rows = SCHEMA.to_list()
    rows[0]["colour"] = "red"
    with pytest.raises(SchemaError, match="unknown keys in a column: colour"):
        FeatureSchema.from_list(rows)


def test_a_column_named_on_its_own_survives_the_exclusion_of_its_group():
    columns = (
        Column("age", Role.CLINICAL, "demographics"),
        Column("IL6", Role.MARKER, "cytokine"),
        Column("TNF", Role.MARKER, "cytokine"),
    )
    schema = FeatureSchema(columns)
    named = schema.choose(baseline=["demographics"], panel=["IL6"], exclude=["cytokine"])
    assert named.panel == ("IL6",)
    grouped = schema.choose(baseline=["demographics"], panel=["cytokine"], exclude=["TNF"])
    assert grouped.panel == ("IL6",)
    both = schema.choose(baseline=["demographics"], panel=["cytokine"], exclude=["cytokine"])
    assert both.panel == ()
