"""Ratios and indices: declared in a panel, computed row by row, honest about limits."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from signature import panels
from signature.exceptions import DefinitionError, ModelInputError, SchemaError, UnitError
from signature.learn.calibration import CalibratedProcedure
from signature.prepare.columns import TakeColumns
from signature.prepare.ratios import fill
from signature.serve.incoming import check_rows
from signature.serve.serving import serving_schema
from signature.study.schema import BELOW, Column, FeatureSchema, Role, Scale, censored

NAN = np.nan


def marker(name, **more):
    return Column(name, Role.MARKER, "blood", **more)


PARTS = ("platelets", "neutrophils", "lymphocytes")
SII = marker("sii", over=(("platelets", "neutrophils"), ("lymphocytes",)))
BLOOD = FeatureSchema((*map(marker, PARTS), SII))

IL6, IL10 = marker("IL6", unit="pg/mL"), marker("IL10", unit="pg/mL")
QUOTIENT = marker("IL6_IL10", over=(("IL6",), ("IL10",)))
CYTOKINES = FeatureSchema((*censored(IL6), *censored(IL10), *censored(QUOTIENT)))
NPX = FeatureSchema(tuple(replace(c, unit="NPX") for c in CYTOKINES.columns))


def rows(schema, **columns):
    n = len(next(iter(columns.values())))
    return pd.DataFrame({name: columns.get(name, [NAN] * n) for name in schema.names}, dtype=float)


# Schema


def test_a_ratio_survives_json_and_old_cards_still_load():
    stored = json.loads(json.dumps(CYTOKINES.to_list()))
    assert FeatureSchema.from_list(stored) == CYTOKINES
    for row in stored:
        del row["over"]
    assert FeatureSchema.from_list(stored)["IL6_IL10"].over is None


def test_a_ratio_knows_its_parts():
    assert SII.parts == PARTS
    assert BLOOD["platelets"].parts == ()


@pytest.mark.parametrize(
    "over",
    [[], [["a"]], [["a"], []], [["a"], ["b"], ["c"]], ["a", "b"], [["a"], [1]], "ab", {"a": "b"}],
)
def test_a_malformed_ratio_is_refused(over):
    with pytest.raises(SchemaError, match="ratio 'r': 'over' must be two lists"):
        marker("r", over=over)


@pytest.mark.parametrize("part", ["absent", "r", "other", "IL6__below"])
def test_parts_must_be_measured_columns(part):
    columns = (*censored(IL6), IL10, marker("other", over=(("IL6",), ("IL10",))))
    with pytest.raises(SchemaError, match=f"ratio 'r': its part '{part}' must be a measured"):
        FeatureSchema((*columns, marker("r", over=(("IL6",), (part,)))))


def test_a_ratio_without_its_parts_can_only_be_given():
    assert CYTOKINES.only(["IL6", "IL6_IL10"])["IL6_IL10"].over is None
    assert CYTOKINES.only(["IL6", "IL10", "IL6_IL10"])["IL6_IL10"].over == QUOTIENT.over
    chosen = CYTOKINES.choose(baseline=[], panel=["blood"], exclude=["IL10"])
    assert chosen["IL6_IL10"].over is None
    assert chosen["IL6_IL10"].in_panel


def test_a_model_of_the_ratio_alone_is_served_without_its_parts():
    X = pd.DataFrame({"platelets": NAN, "neutrophils": NAN, "lymphocytes": NAN, "sii": range(40)})
    model = make_pipeline(TakeColumns(["sii"]), LogisticRegression())
    fitted = CalibratedProcedure(model, folds=2).fit(X, np.arange(40) % 2)
    served = serving_schema(BLOOD, fitted)
    assert served.names == ("sii",)
    assert served["sii"].over is None


# Panel


@pytest.fixture
def panel(tmp_path, monkeypatch):
    def load(text):
        header = 'platform = "p"\nsource = "s"\nunit = "pg/mL"\n'
        (tmp_path / "own.toml").write_text(header + text, encoding="utf-8")
        monkeypatch.setattr(panels.resources, "files", lambda _: tmp_path)
        return panels.load("own")

    return load


DECLARED = """
[markers.kynurenine_tryptophan_ratio]
over = [["kynurenine"], ["tryptophan"]]
unit = ""
[markers.IL6_IL10]
group = "cytokine ratio"
over = [["IL6"], ["IL10"]]
censored = true
unit = ""
[markers]
kynurenine = { unit = "umol/L" }
tryptophan = { unit = "umol/L" }
IL6 = { censored = true }
IL10 = { censored = true }
"""


def test_a_panel_declares_ratios_in_any_order(panel):
    schema = FeatureSchema(panel(DECLARED))
    assert schema["kynurenine_tryptophan_ratio"].over == (("kynurenine",), ("tryptophan",))
    assert schema["kynurenine_tryptophan_ratio"].label == "Kynurenine–tryptophan ratio"
    assert "IL6_IL10__below" in schema
    X = rows(schema, kynurenine=[2.0], tryptophan=[50.0], IL6__below=[1.5], IL10=[3.0])
    filled = fill(X, schema)
    assert filled.loc[0, "kynurenine_tryptophan_ratio"] == pytest.approx(0.04)
    assert filled.loc[0, "IL6_IL10__below"] == 0.5


@pytest.mark.parametrize(
    ("over", "words"),
    [
        ('[["IL6"], ["IL99"]]', "'IL6_IL10': 'over' names 'IL99'; the parts"),
        ('[["IL6"], ["IL6_IL10"]]', "'over' names 'IL6_IL10'"),
        ('["IL6", "IL10"]', "panel 'own': ratio 'IL6_IL10': 'over' must be two lists"),
        ("3", "must be two lists"),
    ],
)
def test_a_panel_with_a_broken_ratio_says_where(panel, over, words):
    with pytest.raises(DefinitionError, match=words):
        panel(DECLARED.replace('[["IL6"], ["IL10"]]', over))


# Rules


def test_an_index_multiplies_and_divides():
    X = rows(BLOOD, platelets=[250.0, 200.0], neutrophils=[4.0, 3.0], lymphocytes=[2.0, 1.5])
    assert fill(X, BLOOD)["sii"].tolist() == [500.0, 400.0]
    assert X["sii"].isna().all()


def test_ratios_of_logarithms_are_differences():
    X = rows(NPX, IL6=[5.0, NAN, -1.0], IL6__below=[NAN, -2.0, NAN], IL10=[3.0, 1.0, -4.0])
    filled = fill(X, NPX)
    assert filled["IL6_IL10"].tolist()[::2] == [2.0, 3.0]
    assert filled["IL6_IL10__below"].tolist()[1] == -3.0


def test_logarithms_and_amounts_do_not_mix():
    columns = (replace(IL6, unit="NPX"), IL10, QUOTIENT)
    schema = FeatureSchema(columns)
    X = rows(schema, IL6=[1.0], IL10=[2.0])
    with pytest.raises(UnitError, match="ratio 'IL6_IL10': some of its parts are logarithms"):
        fill(X, schema)


CASES = pd.DataFrame(
    [
        # IL6, below, IL10, below, ratio, below -> what comes of it
        (6.0, NAN, 2.0, NAN, NAN, NAN, "computed"),
        (6.0, NAN, 2.0, NAN, 9.0, NAN, "given"),
        (6.0, NAN, 2.0, NAN, NAN, 7.0, "given"),
        (0.0, NAN, 2.0, NAN, NAN, NAN, "computed"),
        (NAN, 1.0, 2.0, NAN, NAN, NAN, "below a limit"),
        (NAN, 0.0, 2.0, NAN, NAN, NAN, "no ratio of such numbers"),
        (6.0, NAN, NAN, 1.0, NAN, NAN, "a denominator is below its limit"),
        (NAN, 1.0, NAN, 1.0, NAN, NAN, "a denominator is below its limit"),
        (6.0, NAN, 0.0, NAN, NAN, NAN, "no ratio of such numbers"),
        (NAN, 1.0, 0.0, NAN, NAN, NAN, "no ratio of such numbers"),
        (-6.0, NAN, 2.0, NAN, NAN, NAN, "no ratio of such numbers"),
        (6.0, NAN, -2.0, NAN, NAN, NAN, "no ratio of such numbers"),
        (-6.0, NAN, -2.0, NAN, NAN, NAN, "no ratio of such numbers"),
        (1e38, NAN, 1e-9, NAN, NAN, NAN, "no ratio of such numbers"),
        (NAN, NAN, 2.0, NAN, NAN, NAN, "a part is not measured"),
        (6.0, NAN, NAN, NAN, NAN, NAN, "a part is not measured"),
        (NAN, NAN, 0.0, NAN, NAN, NAN, "a part is not measured"),
    ],
    columns=[*CYTOKINES.names, "kind"],
)


def test_every_case_ends_as_the_rules_say():
    X = CASES[list(CYTOKINES.names)]
    filled = fill(X, CYTOKINES)
    assert (filled["IL6_IL10"].notna() & filled["IL6_IL10__below"].notna()).sum() == 0
    computed, below = CASES["kind"] == "computed", CASES["kind"] == "below a limit"
    assert filled.loc[computed, "IL6_IL10"].tolist() == [3.0, 0.0]
    assert filled.loc[below, "IL6_IL10__below"].tolist() == [0.5]
    others = ~(computed | below)
    pd.testing.assert_frame_equal(filled[others], X[others])


def test_a_bound_without_a_column_stays_missing():
    schema = FeatureSchema((*censored(IL6), *censored(IL10), QUOTIENT))
    X = rows(schema, IL6__below=[1.0], IL10=[2.0])
    pd.testing.assert_frame_equal(fill(X, schema), X)


def test_a_schema_without_ratios_changes_nothing():
    schema = FeatureSchema((IL6,))
    X = rows(schema, IL6=[1.0])
    assert fill(X, schema).equals(X)


amounts = st.floats(0.01, 1e4)


@given(
    st.lists(st.tuples(amounts, amounts, amounts, amounts), min_size=1, max_size=8),
    st.booleans(),
)
def test_what_is_filled_in_is_true(cells, logarithmic):
    """Whatever is censored: a filled value is the true ratio, a filled bound is above it."""
    schema = NPX if logarithmic else CYTOKINES
    six, limit_six, ten, limit_ten = np.array(cells).T
    if logarithmic:
        six, limit_six, ten, limit_ten = map(np.log2, (six, limit_six, ten, limit_ten))
    X = rows(
        schema,
        IL6=np.where(six < limit_six, NAN, six),
        IL6__below=np.where(six < limit_six, limit_six, NAN),
        IL10=np.where(ten < limit_ten, NAN, ten),
        IL10__below=np.where(ten < limit_ten, limit_ten, NAN),
    )
    filled = fill(X, schema)
    true = six - ten if logarithmic else six / ten
    value, bound = filled["IL6_IL10"].to_numpy(), filled["IL6_IL10__below"].to_numpy()
    known, bounded = ~np.isnan(value), ~np.isnan(bound)
    np.testing.assert_allclose(value[known], true[known], rtol=1e-12)
    assert (bound[bounded] > true[bounded]).all()
    assert (known == ((six >= limit_six) & (ten >= limit_ten))).all()
    assert (bounded == ((six < limit_six) & (ten >= limit_ten))).all()
    # a second time changes nothing, and a row does not depend on the others
    assert fill(filled, schema).equals(filled)
    one = pd.concat([fill(X.iloc[[i]], schema) for i in range(len(X))])
    pd.testing.assert_frame_equal(one, filled)


def test_the_survey_s_ratios_are_those_of_its_parts(cohort_of):
    """They come as columns, rounded to three decimals and then to five digits."""
    cohort = cohort_of("nhanes_antidepressant")
    ratios = [c.name for c in cohort.schema.columns if c.over]
    assert len(ratios) == 4
    emptied = cohort.X.assign(**dict.fromkeys(ratios, NAN))
    filled = fill(emptied, cohort.schema)
    for name in ratios:
        rounded = [float(f"{value:.5g}") for value in filled[name].round(3)]
        assert np.array_equal(rounded, cohort.X[name], equal_nan=True), name


# Rows that a partner sends


def test_a_ratio_that_a_partner_leaves_out_is_computed():
    sent = pd.DataFrame({"platelets": [250.0, 250.0], "neutrophils": [4, 4], "lymphocytes": [2, 2]})
    assert check_rows(sent, BLOOD)["sii"].tolist() == [500.0, 500.0]
    assert check_rows(sent.assign(sii=[123.0, None]), BLOOD)["sii"].tolist() == [123.0, 500.0]


def test_a_ratio_that_a_partner_cannot_bound_stays_missing():
    sent = pd.DataFrame({"IL6": [None, 5.0], "IL6__below": [1.0, None], "IL10": [2.0, None]})
    out = check_rows(sent.assign(IL10__below=[None, 1.0]), CYTOKINES)
    assert out["IL6_IL10"].isna().all()
    assert out["IL6_IL10__below"].tolist()[0] == 0.5
    assert out["IL6_IL10__below"].isna().tolist() == [False, True]


def test_a_required_ratio_may_be_left_out_when_its_parts_are_sent():
    required = FeatureSchema((*map(marker, PARTS), replace(SII, required=True)))
    sent = pd.DataFrame({"platelets": [250.0], "neutrophils": [4.0], "lymphocytes": [2.0]})
    assert check_rows(sent, required)["sii"].tolist() == [500.0]
    with pytest.raises(ModelInputError, match="missing required column 'sii'"):
        check_rows(sent.drop(columns="lymphocytes"), required)


def test_the_scale_of_a_ratio_is_its_own():
    column = marker("r", scale=Scale.LOG2, over=(("IL6",), ("IL10",)))
    assert censored(column)[1].over is None
    assert column.name + BELOW == censored(column)[1].name
