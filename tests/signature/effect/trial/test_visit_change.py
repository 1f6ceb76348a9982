"""Change between visits: differences, bounds, and nothing larger than the data show."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from signature.datasets.simulate import Design, simulate
from signature.effect.trial.visit_change import change, count_changes
from signature.exceptions import CohortError, SchemaError
from signature.prepare.procedures import linear_steps, procedure
from signature.study.cohort import Cohort
from signature.study.schema import BELOW, Column, FeatureSchema, Role, Scale, censored

NAN = np.nan

AGE = Column("age", Role.CLINICAL, "demographics", "Age", "years", low=0, high=120)
IL6 = Column("IL6", Role.MARKER, "cytokine", "IL-6", "pg/mL", Scale.LOG2, 0.25, 1024)
TNF = Column("TNF", Role.MARKER, "cytokine", unit="NPX", low=-2.0, high=10.0)
CELLS = Column("monocytes", Role.MARKER, "blood count", unit="10^9/L", low=0.0, high=20.0)
SMOKER = Column("smoker", Role.CLINICAL, "smoking", scale=Scale.YES_NO)
SCHEMA = FeatureSchema((AGE, *censored(IL6), *censored(TNF), *censored(CELLS), SMOKER))


def pair(marker, start, end):
    """Return a cohort of one marker; ("<", 2.0) is below 2, None is not measured."""
    table = {marker: [], marker + BELOW: []}
    people = [*((f"p{i}", "T1", cell) for i, cell in enumerate(start))]
    people += [(f"p{i}", "T2", cell) for i, cell in enumerate(end)]
    for _, _, cell in people:
        below = isinstance(cell, tuple)
        table[marker].append(NAN if below or cell is None else cell)
        table[marker + BELOW].append(cell[1] if below else NAN)
    n = len(people)
    X = pd.DataFrame({name: table.get(name, [NAN] * n) for name in SCHEMA.names}, dtype=float)
    return Cohort(
        name="two visits",
        citation="",
        schema=SCHEMA,
        X=X.assign(age=np.arange(n, dtype=float)),
        records=pd.DataFrame({"x": range(n)}),
        subject=pd.Series([p for p, _, _ in people]),
        visit=pd.Series([v for _, v, _ in people]),
        plate=pd.Series([f"plate {v}" for _, v, _ in people]),
    )


def changed(cohort, **more):
    return change(cohort, start="T1", end="T2", **more)


RULES = [
    # marker, start, end, change, change is below, how it is known
    ("IL6", 2.0, 8.0, 2.0, NAN, "measured"),
    ("IL6", 8.0, ("<", 2.0), NAN, -2.0, "at most"),
    ("IL6", 2.0, ("<", 8.0), NAN, 2.0, "at most"),
    ("IL6", ("<", 2.0), 8.0, 2.0, NAN, "at least"),
    ("IL6", ("<", 8.0), 8.0, 0.0, NAN, "at least"),
    ("IL6", ("<", 8.0), 2.0, NAN, NAN, "direction not known"),
    ("IL6", ("<", 2.0), ("<", 2.0), NAN, NAN, "below the limit at both visits"),
    ("IL6", None, 2.0, NAN, NAN, "not measured at both visits"),
    ("IL6", ("<", 2.0), None, NAN, NAN, "not measured at both visits"),
    ("IL6", 0.0, 2.0, NAN, NAN, "no logarithm of such numbers"),
    ("IL6", 2.0, 0.0, NAN, NAN, "no logarithm of such numbers"),
    ("IL6", 0.0, 0.0, NAN, NAN, "no logarithm of such numbers"),
    ("IL6", -1.0, 2.0, NAN, NAN, "no logarithm of such numbers"),
    ("TNF", -1.0, 2.5, 3.5, NAN, "measured"),
    ("TNF", 2.0, ("<", -1.0), NAN, -3.0, "at most"),
    ("TNF", ("<", -1.0), 2.0, 3.0, NAN, "at least"),
    ("TNF", ("<", 1.0), 0.5, NAN, NAN, "direction not known"),
    ("monocytes", 0.5, 0.0, -0.5, NAN, "measured"),
    ("monocytes", 0.5, ("<", 0.1), -0.4, NAN, "at most"),
    ("monocytes", 0.1, ("<", 0.5), NAN, NAN, "direction not known"),
    ("monocytes", ("<", 0.1), 0.5, 0.4, NAN, "at least"),
]


@pytest.mark.parametrize(("marker", "start", "end", "value", "below", "kind"), RULES)
def test_every_case_follows_its_rule(marker, start, end, value, below, kind):
    cohort = pair(marker, [start], [end])
    X = changed(cohort).X
    assert X[f"{marker}_change"].tolist() == pytest.approx([value], nan_ok=True)
    if marker != "monocytes":
        found = X[f"{marker}_change__below"].tolist()
        assert found == pytest.approx([below], nan_ok=True)
    counts = count_changes(cohort, start="T1", end="T2").loc[marker]
    assert counts[counts > 0].to_dict() == {kind: 1}


def test_new_columns_say_what_they_are():
    schema = changed(pair("IL6", [1.0], [2.0])).schema
    assert schema.names[: len(SCHEMA)] == SCHEMA.names
    assert schema.names[len(SCHEMA) :] == (
        "IL6_change", "IL6_change__below", "TNF_change", "TNF_change__below", "monocytes_change",
    )  # fmt: skip
    il6, tnf, cells = (schema[f"{m}_change"] for m in ("IL6", "TNF", "monocytes"))
    assert (il6.group, il6.label) == ("cytokine change", "IL-6, change T1 to T2")
    assert [c.unit for c in (il6, tnf, cells)] == ["log2 ratio", "log2 ratio", "10^9/L"]
    assert [(c.low, c.high) for c in (il6, tnf, cells)] == [(-12, 12), (-12, 12), (-20, 20)]
    assert {c.scale for c in (il6, tnf, cells)} == {Scale.LINEAR}
    assert schema.choose(baseline=["demographics"], panel=["cytokine change"]).panel == (
        "IL6_change",
        "TNF_change",
    )


def test_the_start_row_is_kept_and_the_rest_is_counted():
    cohort = pair("IL6", [1.0, 2.0, 4.0], [8.0, 8.0])
    extra = cohort.visit.mask(cohort.subject == "p1", "T3").where(cohort.visit == "T2", "T1")
    cohort = replace(cohort, visit=extra)
    out = changed(cohort)
    assert out.subject.tolist() == ["p0"]
    assert out.visit.tolist() == ["T1"]
    assert out.records["x"].tolist() == [0]
    assert out.X["age"].tolist() == [0.0]
    assert out.X["IL6"].tolist() == [1.0]
    assert [(s.reason, s.removed, s.left) for s in out.flow] == [
        ("visit is T1 or T2", 1, 4),
        ("seen at T1 and at T2", 2, 2),
        ("one row per person, T2 as change since T1", 1, 1),
    ]


def test_the_plate_of_the_end_visit_is_recorded():
    out = changed(pair("IL6", [1.0], [2.0]))
    assert (out.plate.tolist(), out.records["end_plate"].tolist()) == (["plate T1"], ["plate T2"])
    without = replace(pair("IL6", [1.0], [2.0]), plate=None)
    assert "end_plate" not in changed(without).records


def test_visits_in_any_row_order_give_the_same_change():
    cohort = pair("IL6", [1.0, 2.0, 4.0], [8.0, 2.0, 1.0])
    order = [5, 0, 4, 2, 1, 3]
    parts = {p: getattr(cohort, p).iloc[order] for p in ("X", "records", "subject", "visit")}
    shuffled = replace(cohort, **parts, plate=cohort.plate.iloc[order])
    there = changed(shuffled)
    found = there.X["IL6_change"].set_axis(there.subject).sort_index().tolist()
    assert found == [3.0, 0.0, -2.0]
    assert change(cohort, start="T2", end="T1").X["IL6_change"].tolist() == [-3.0, 0.0, 2.0]


def test_named_markers_alone_are_followed():
    out = changed(pair("IL6", [1.0], [2.0]), markers=["TNF", "age"])
    assert out.schema.names[len(SCHEMA) :] == ("TNF_change", "TNF_change__below", "age_change")
    assert out.X["age_change"].tolist() == [1.0]


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"end": "T9"}, CohortError, "no row has visit 'T9'; there are: 'T1', 'T2'"),
        ({"end": "T1"}, CohortError, "needs two visits, got 'T1' twice"),
        ({"markers": ["smoker"]}, CohortError, "'smoker' cannot be followed"),
        ({"markers": ["IL6__below"]}, CohortError, "'IL6__below' cannot be followed"),
        ({"markers": ["IL99"]}, SchemaError, "no column 'IL99'"),
    ],
)
def test_what_cannot_be_asked(arguments, error, words):
    cohort = pair("IL6", [1.0], [2.0])
    for ask in (change, count_changes):
        with pytest.raises(error, match=words):
            ask(cohort, **{"start": "T1", "end": "T2", **arguments})


def test_a_cohort_needs_visits_and_people_with_both():
    cohort = pair("IL6", [1.0], [2.0])
    with pytest.raises(CohortError, match="needs visits, and this cohort has none"):
        changed(replace(cohort, subject=pd.Series(["a", "b"]), visit=None))
    with pytest.raises(CohortError, match="0 rows are left after 'seen at T1 and at T2'"):
        changed(replace(cohort, subject=pd.Series(["a", "b"])))


amounts = st.floats(0.3, 1000)
cells = st.tuples(amounts, amounts, amounts, amounts)


@settings(max_examples=40)
@given(st.lists(cells, min_size=1, max_size=6), st.sampled_from(["IL6", "TNF", "monocytes"]))
def test_no_change_is_larger_than_the_truth(people, marker):
    """With the truth at hand: a value lies between nothing and the truth, a bound above it."""
    start, end, limit_start, limit_end = np.array(people).T
    seen_a = [("<", lim) if x < lim else x for x, lim in zip(start, limit_start, strict=True)]
    seen_b = [("<", lim) if x < lim else x for x, lim in zip(end, limit_end, strict=True)]
    cohort = pair(marker, seen_a, seen_b)
    X = changed(cohort).X
    true = np.log2(end / start) if marker == "IL6" else end - start
    value = X[f"{marker}_change"].to_numpy()
    known = ~np.isnan(value)
    slack = 1e-9 * (1 + np.abs(true))
    assert (np.abs(value) <= np.abs(true) + slack)[known].all()
    assert (value * true >= -slack)[known].all()
    both = (start >= limit_start) & (end >= limit_end)
    np.testing.assert_allclose(value[both], true[both], atol=1e-9)
    if marker != "monocytes":
        bound = X[f"{marker}_change__below"].to_numpy()
        bounded = ~np.isnan(bound)
        assert (bounded == ((start >= limit_start) & (end < limit_end))).all()
        assert (bound >= true - slack)[bounded].all()
    counts = count_changes(cohort, start="T1", end="T2")
    assert (counts.sum(axis=1) == len(people)).all()


# Simulated truth

TWO_VISITS = Design(
    n_people=1500,
    n_markers=8,
    n_visits=2,
    noise_sd=0.0,
    below_limit=0.3,
    missing_rate=0.1,
    treatment_shift={"TNF": -1.0},
    predictive={},
)


def test_changes_of_a_simulated_cohort_are_true():
    """One plate per person, no noise: shifts cancel, and a measured change is the true one."""
    drawn = simulate(TWO_VISITS, seed=31)
    out = change(drawn.cohort, start="V1", end="V2")
    x, n = drawn.truth.log2_value, TWO_VISITS.n_people
    true = x[n:].set_axis(x.index[:n]) - x[:n]
    counts = count_changes(drawn.cohort, start="V1", end="V2")
    for marker in TWO_VISITS.markers:
        value, bound = out.X[f"{marker}_change"], out.X[f"{marker}_change__below"]
        exact = (value - true[marker]).abs() < 1e-9
        assert exact.sum() == counts.loc[marker, "measured"] > 400
        at_least = value.notna() & ~exact
        assert at_least.sum() == counts.loc[marker, "at least"] > 50
        assert (value < true[marker])[at_least].all()
        assert (value >= 0)[at_least].all()
        assert (bound > true[marker])[bound.notna()].all()
        assert bound.notna().sum() == counts.loc[marker, "at most"] > 100
        # one limit per person: the direction is always known
        assert counts.loc[marker, "direction not known"] == 0


def test_the_effect_of_treatment_is_found_in_changes_and_bounds_understate_it():
    clean = replace(TWO_VISITS, below_limit=0.0, missing_rate=0.0)

    def effect(design, marker):
        out = change(simulate(design, seed=32).cohort, start="V1", end="V2")
        by_arm = out.X[f"{marker}_change"].groupby(out.arm).mean()
        return by_arm["treatment"] - by_arm["control"]

    se = np.sqrt(2 * (1 - clean.stability) * 4 / clean.n_people)
    assert effect(clean, "TNF") == pytest.approx(-1.0, abs=4 * se)
    assert effect(clean, "IL6") == pytest.approx(0.0, abs=4 * se)
    assert -0.95 < effect(TWO_VISITS, "TNF") < -0.3


def test_changes_can_be_learned_from():
    drawn = simulate(replace(TWO_VISITS, n_people=200), seed=33)
    out = change(drawn.cohort, start="V1", end="V2")
    schema = out.schema.choose(baseline=["demographics"], panel=["cytokine change"])
    model = procedure(linear_steps(schema, random_state=0), LogisticRegression())
    X = out.X[list(schema.names)]
    fitted = model.fit(X, out.records["event"].astype(int))
    assert np.isfinite(fitted.decision_function(X)).all()
    # what stands in for a fall below the limit is a fall below the limit
    limits = fitted["limits"].transform(X)
    falls = X["TNF_change__below"].notna()
    assert (limits.loc[falls, "TNF_change"] < fitted["limits"].common_["TNF_change"]).all()


# Real data


def test_three_hospitals_have_148_people_with_two_samples(cohort_of):
    cohort = cohort_of("covid_olink_three_sites")
    out = change(cohort, start="T1", end="T2")
    assert len(out) == out.n_people == 148
    assert out.flow[-2].removed == 104
    counts = count_changes(cohort, start="T1", end="T2")
    assert (counts.sum(axis=1) == 148).all()
    # regenerate: count_changes(load(), start="T1", end="T2").sum()
    assert counts.sum().loc[["measured", "at most", "at least"]].tolist() == [9209, 43, 52]
    # against a plain loop over people
    for marker in ("IL7", "CCL28", "leukocytes"):
        table = cohort.X[[marker]].assign(who=cohort.subject, when=cohort.visit)
        for who, found in out.X[f"{marker}_change"].set_axis(out.subject).items():
            mine = table[table["who"] == who].set_index("when")[marker]
            a, b = mine["T1"], mine["T2"]
            if marker == "leukocytes":
                a, b = np.log2(a), np.log2(b)
            if not np.isnan(a) and not np.isnan(b):
                assert found == pytest.approx(b - a)
    # samples of one person mostly lie on two plates
    assert (out.records["end_plate"] == out.plate).mean() < 0.2


def test_a_change_on_the_asinh_scale_may_start_at_zero():
    signal = replace(IL6, unit="MFI", scale=Scale.ASINH, cofactor=10.0, low=-50.0, high=9999.0)
    cohort = pair("IL6", [0.0, 4000.0], [10.0, 8000.0])
    columns = tuple(signal if c.name == "IL6" else c for c in cohort.schema.columns)
    followed = change(replace(cohort, schema=FeatureSchema(columns)), start="T1", end="T2")
    found = followed.X["IL6_change"].to_numpy()
    np.testing.assert_allclose(found, [np.arcsinh(1) / np.log(2), 1.0], atol=1e-5)
    assert followed.schema["IL6_change"].scale is Scale.LINEAR
