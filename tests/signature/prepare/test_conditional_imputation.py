"""Imputation given the other markers: what it restores, what it must never do."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import truncnorm
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from signature.exceptions import ModelInputError
from signature.learn.calibration import CalibratedProcedure
from signature.learn.contributions import contributions
from signature.prepare.censoring import LimitSubstitution
from signature.prepare.columns import TakeColumns
from signature.prepare.conditional_imputation import ConditionalImputation
from signature.prepare.scaling import Log2Columns
from signature.serve.persistence import load_procedure, save_procedure

NAN = float("nan")
QUICK = {"burn_in": 3, "sweeps": 5}


def _table(values, limits):
    """Columns m0, m1, … and their limits, from values on the log2 scale."""
    names = [f"m{j}" for j in range(values.shape[1])]
    table = pd.DataFrame(np.exp2(values), columns=names)
    return table.join(pd.DataFrame(np.exp2(limits), columns=[f"{n}__below" for n in names]))


def _panel(rows, markers, seed=0, below=0.3, missing=0.0, factors=3):
    """A table, and its complete values on the log2 scale."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(rows, factors)) @ rng.normal(size=(factors, markers)) / np.sqrt(factors)
    z = z + 3 + 0.7 * rng.normal(size=z.shape)
    limit = (
        np.quantile(z, below, axis=0)
        + rng.normal(0, 0.3, size=(4, markers))[rng.integers(4, size=rows)]
    )
    low = z < limit
    gone = rng.random(z.shape) < missing
    values = np.where(low | gone, NAN, z)
    return _table(values, np.where(low & ~gone, limit, NAN)), z


def _two_markers(seed, rows):
    """The benchmark: sd 1, correlation .70, one marker censored at its 40th percentile."""
    rng = np.random.default_rng(seed)
    z = rng.multivariate_normal([0, 0], [[1, 0.7], [0.7, 1]], size=rows)
    low = z[:, 0] < np.quantile(z[:, 0], 0.4)
    limit = np.where(low, np.quantile(z[:, 0], 0.4), NAN)
    table = np.exp(pd.DataFrame({"IL6": np.where(low, NAN, z[:, 0]), "TNF": z[:, 1]}))
    return table.assign(IL6__below=np.exp(limit))


def _after(step, seeds=4, rows=20_000):
    """Mean sd of log IL6 and mean correlation with log TNF after a step."""
    found = []
    for seed in range(seeds):
        z = np.log(step.fit_transform(_two_markers(seed, rows))[["IL6", "TNF"]])
        found.append((z["IL6"].std(), z["IL6"].corr(z["TNF"])))
    return np.mean(found, axis=0)


def test_the_other_marker_restores_spread_and_correlation():
    sd, r = _after(ConditionalImputation(markers=["TNF"], burn_in=20, sweeps=20))
    assert sd == pytest.approx(1, abs=0.02)
    assert r == pytest.approx(0.7, abs=0.02)


def test_without_the_other_marker_the_correlation_is_lost():
    """What the benchmark reports of the simpler ways; the test above would catch them."""
    sd, r = _after(ConditionalImputation(burn_in=5, sweeps=5))
    assert (sd, r) == pytest.approx((1, 0.615), abs=0.02)
    sd, r = _after(LimitSubstitution())
    assert (sd, r) == pytest.approx((0.785, 0.649), abs=0.015)


def test_expected_values_in_training_would_not_do():
    table = _two_markers(0, 20_000)
    step = ConditionalImputation(markers=["TNF"]).fit(table)
    z = np.log(step.transform(table)[["IL6", "TNF"]])
    assert z["IL6"].std() < 0.97
    assert z["IL6"].corr(z["TNF"]) > 0.72


def test_several_censored_markers_keep_their_correlations():
    table, z = _panel(2000, 6, below=0.35, missing=0.1)
    out = ConditionalImputation().fit_transform(table)
    drawn = np.log2(out[[f"m{j}" for j in range(6)]])
    np.testing.assert_allclose(drawn.corr(), np.corrcoef(z.T), atol=0.05)
    np.testing.assert_allclose(drawn.std(), z.std(axis=0), rtol=0.06)
    np.testing.assert_allclose(drawn.mean(), z.mean(axis=0), atol=0.08)


def test_one_censored_cell_gets_its_exact_expected_value():
    table, _ = _panel(800, 2, below=0.0)
    table["m0__below"] = NAN
    table["m1__below"] = NAN
    step = ConditionalImputation(**QUICK).fit(table)
    new = pd.DataFrame({"m0": [NAN], "m1": [16.0], "m0__below": [6.0], "m1__below": [NAN]})
    step.highest_["m0"] = 10.0
    z = (4 - step.centre_[1]) / step.spread_[1]
    limit = (np.log2(6) - step.centre_[0]) / step.spread_[0]
    covariance = np.linalg.inv(step.precision_)
    slope = covariance[0, 1] / covariance[1, 1]
    mean = step.mean_[0] + slope * (z - step.mean_[1])
    sd = np.sqrt(covariance[0, 0] - slope * covariance[0, 1])
    oracle = truncnorm(-np.inf, (limit - mean) / sd, loc=mean, scale=sd).mean()
    found = (np.log2(step.transform(new)["m0"][0]) - step.centre_[0]) / step.spread_[0]
    assert found == pytest.approx(oracle, rel=1e-6)


def test_expected_values_are_the_average_of_draws():
    table, _ = _panel(300, 5, below=0.4, missing=0.1)
    step = ConditionalImputation(parameter_draws=0).fit(table)
    few = table.iloc[:12]
    names = [f"m{j}" for j in range(5)]
    many = np.log2(step.draw(few.loc[few.index.repeat(1500)])[names]).to_numpy()
    drawn = many.reshape(12, 1500, 5)
    error = drawn.std(axis=1) / np.sqrt(1500)
    expected = np.log2(step.transform(few)[names]).to_numpy()
    gaps = few[names].isna().to_numpy()
    assert gaps.sum() > 15
    assert (np.abs(drawn.mean(axis=1) - expected)[gaps] < 4 * error[gaps] + 0.01).all()


def test_draws_of_a_missing_cell_have_the_spread_of_the_regression():
    table, z = _panel(3000, 3, below=0.0)
    table[[c for c in table if c.endswith("__below")]] = NAN
    missing = np.arange(3000) % 2 == 0
    out = ConditionalImputation().fit_transform(table.assign(m0=table["m0"].mask(missing)))
    design = np.column_stack([np.ones(3000), z[:, 1:]])
    coefficients = np.linalg.lstsq(design, z[:, 0], rcond=None)[0]
    truth = np.std(z[:, 0] - design @ coefficients)
    rest = np.log2(out["m0"])[missing] - design[missing] @ coefficients
    assert rest.std() == pytest.approx(truth, rel=0.05)
    assert rest.mean() == pytest.approx(0, abs=0.05)


def test_a_covariate_informs():
    rng = np.random.default_rng(0)
    bmi = rng.normal(27, 4, 1000)
    z = 0.3 * (bmi - 27) + rng.normal(0, 0.4, 1000)
    low = z < np.quantile(z, 0.4)
    table = pd.DataFrame({"CRP": np.exp2(np.where(low, NAN, z)), "bmi": bmi})
    table["CRP__below"] = np.where(low, np.exp2(np.quantile(z, 0.4)), NAN)
    out = ConditionalImputation(covariates=["bmi"]).fit(table).transform(table)
    assert np.corrcoef(np.log2(out["CRP"][low]), z[low])[0, 1] > 0.75
    np.testing.assert_array_equal(out["bmi"], bmi)
    new = table.head(3).assign(bmi=NAN)
    filled = ConditionalImputation(covariates=["bmi"]).fit(table).transform(new)
    assert filled["bmi"].between(10, 45).all()


@pytest.mark.parametrize("method", ["fit_transform", "draw", "transform"])
def test_the_outcome_is_never_used(method):
    table, z = _panel(120, 4, missing=0.1)
    y = (z[:, 0] > 3).astype(int)
    shuffled = np.random.default_rng(0).permutation(y)
    found = []
    for outcome in (None, y, shuffled):
        step = ConditionalImputation(**QUICK)
        if method == "fit_transform":
            found.append(step.fit_transform(table, outcome))
        else:
            found.append(getattr(step.fit(table, outcome), method)(table))
    pd.testing.assert_frame_equal(found[0], found[1], check_exact=True)
    pd.testing.assert_frame_equal(found[0], found[2], check_exact=True)


def test_the_same_seed_gives_the_same_bits():
    table, _ = _panel(80, 4, missing=0.1)
    first, again, other = (
        ConditionalImputation(**QUICK, random_state=s).fit_transform(table) for s in (1, 1, 2)
    )
    pd.testing.assert_frame_equal(first, again, check_exact=True)
    assert not first.equals(other)


def test_completed_tables_differ_where_nothing_was_measured_and_only_there():
    table, _ = _panel(100, 4, missing=0.1)
    step = ConditionalImputation(**QUICK).fit(table)
    names = [f"m{j}" for j in range(4)]
    tables = step.impute(table, 6, random_state=3)
    spread = np.ptp([t[names].to_numpy() for t in tables], axis=0)
    assert ((spread > 0) == table[names].isna().to_numpy()).all()
    pd.testing.assert_frame_equal(
        tables[2], step.impute(table, 3, random_state=3)[2], check_exact=True
    )
    assert len({id(d) for d in step.draws_}) == 5
    assert not np.array_equal(step.draws_[0]["mean"], step.draws_[1]["mean"])


def test_missing_cells_stay_missing_when_asked():
    table, _ = _panel(100, 3, missing=0.2)
    out = ConditionalImputation(fill_missing=False, **QUICK).fit_transform(table)
    for j in range(3):
        gone = table[f"m{j}"].isna() & table[f"m{j}__below"].isna()
        assert gone.any()
        assert out[f"m{j}"].isna().equals(gone)
        assert out[f"m{j}__censored"].isna().equals(gone)
    filled = ConditionalImputation(**QUICK).fit_transform(table)
    assert not filled.isna().any(axis=None)
    assert set(np.unique(filled.filter(like="__censored"))) == {0.0, 1.0}


def test_a_limit_far_above_training_is_no_measurement():
    table, _ = _panel(100, 3)
    step = ConditionalImputation(fill_missing=False, **QUICK).fit(table)
    new = table.head(1).assign(m0=NAN, m0__below=4000.0)
    assert step.transform(new)[["m0", "m0__censored"]].isna().all(axis=None)
    filled = step.set_params(fill_missing=True)
    as_missing = filled.transform(new.assign(m0__below=NAN))["m0"][0]
    assert filled.transform(new)["m0"][0] == pytest.approx(as_missing, rel=0.01)
    assert filled.transform(new)["m0__censored"][0] == 0.0


def test_a_logarithmic_marker_is_not_logged_again():
    table, _ = _panel(200, 3)
    npx = np.log2(table)
    names = ["m0", "m1", "m2"]
    step = ConditionalImputation(logarithmic=names, **QUICK)
    found = step.fit_transform(npx)[names]
    np.testing.assert_allclose(
        np.exp2(found), ConditionalImputation(**QUICK).fit_transform(table)[names], rtol=1e-9
    )


def _awkward(rows):
    """A constant, one never seen, one always censored, one seen once, one that repeats another."""
    table, _ = _panel(rows, 3, missing=0.1)
    low = np.arange(rows) % 3 == 0
    return table.assign(
        constant=5.0,
        constant__below=NAN,
        never=NAN,
        never__below=NAN,
        always=NAN,
        always__below=2.0,
        once=[3.0] + [NAN] * (rows - 1),
        once__below=[NAN] + [1.0] * (rows - 1),
        twin=table["m0"],
        twin__below=table["m0__below"],
        zero=np.where(low, 0.0, 4.0 + np.arange(rows)),
        zero__below=NAN,
        nothing=np.where(low, NAN, 4.0),
        nothing__below=np.where(low, 0.0, NAN),
    )


@pytest.mark.parametrize("detected_above", [0.6, None])
@pytest.mark.parametrize("rows", [2, 5, 36])
def test_awkward_columns_are_borne(rows, detected_above):
    table = _awkward(rows)
    step = ConditionalImputation(detected_above=detected_above, **QUICK)
    for out in (step.fit_transform(table), step.transform(table), step.draw(table)):
        assert np.isfinite(out).all(axis=None)
        assert list(out["constant"]) == [5.0] * rows
        if detected_above is None:
            assert (out["always"] <= 2.0).all()
            assert (out["once"][1:] <= 1.0).all()
    unseen = table.assign(constant=NAN, constant__below=4.0, never=7.0)
    out = step.transform(unseen)
    assert (out["constant"] < 4).all()
    assert (out["never"] == 7).all()


@pytest.mark.parametrize(("rows", "markers"), [(36, 60), (20, 150)])
def test_more_markers_than_rows_keep_a_sane_spread(rows, markers):
    table, z = _panel(rows, markers, missing=0.05)
    out = ConditionalImputation(burn_in=10, sweeps=10, parameter_draws=0).fit_transform(table)
    names = [n for n in out if not n.endswith("__censored")]
    ratio = np.log2(out[names]).std() / z.std(axis=0)[[int(n[1:]) for n in names]]
    assert 0.85 < ratio.mean() < 1.2
    assert ratio.max() < 2.2


def test_no_marker_has_a_limit():
    table = pd.DataFrame({"age": [30.0, NAN], "bmi": [20.0, 25.0]})
    pd.testing.assert_frame_equal(ConditionalImputation().fit_transform(table), table)


def test_a_column_that_is_not_there_is_named():
    table, _ = _panel(20, 2)
    with pytest.raises(ModelInputError, match=r"lacks: 'bmi'"):
        ConditionalImputation(covariates=["bmi"]).fit(table)


def _cells(draw, rows, markers):
    kinds = draw(
        st.lists(
            st.sampled_from(["value", "value", "below", "missing"]),
            min_size=rows * markers,
            max_size=rows * markers,
        )
    )
    z = draw(st.lists(st.floats(-9, 9), min_size=rows * markers, max_size=rows * markers))
    kinds, z = np.array(kinds).reshape(rows, markers), np.array(z).reshape(rows, markers)
    return _table(np.where(kinds == "value", z, NAN), np.where(kinds == "below", z, NAN))


@st.composite
def _tables(draw):
    return _cells(draw, draw(st.integers(3, 9)), draw(st.integers(1, 4)))


@given(_tables(), st.sampled_from([0.6, None]), st.floats(-5, 5))
@settings(max_examples=40, deadline=None)
def test_what_holds_for_any_table(table, detected_above, shift):
    step = ConditionalImputation(detected_above=detected_above, **QUICK)
    drawn = step.fit_transform(table)
    expected = step.transform(table)
    scaled = ConditionalImputation(detected_above=detected_above, **QUICK)
    in_other_unit = scaled.fit(table * 2.0**shift).transform(table * 2.0**shift)
    for out in (drawn, expected, step.draw(table)):
        assert len(out) == len(table)
        assert out.index.equals(table.index)
        assert list(out) == list(step.get_feature_names_out())
        for name in [n for n in out if not n.endswith("__censored")]:
            limit, seen = table[f"{name}__below"], table[name].notna()
            assert (out[name][limit.notna()] <= limit.dropna()).all()
            assert (out[name] > 0).all()
            assert (out[name][seen] == table[name][seen]).all()
    for name in expected:
        unit = 1.0 if name.endswith("__censored") else 2.0**shift
        if name in step.modelled_:
            np.testing.assert_allclose(in_other_unit[name], expected[name] * unit, rtol=1e-4)


@given(_tables())
@settings(max_examples=40, deadline=None)
def test_a_row_does_not_see_the_others(new):
    train, _ = _panel(60, 4, missing=0.1)
    step = ConditionalImputation(**QUICK).fit(train)
    new = new.reindex(columns=train.columns)
    together = step.transform(new)
    alone = pd.concat([step.transform(new.iloc[[i]]) for i in range(len(new))])
    pd.testing.assert_frame_equal(together, alone, check_exact=True)


def _pipeline(schema_columns):
    return Pipeline(
        [
            ("columns", TakeColumns(schema_columns)),
            ("limits", ConditionalImputation(**QUICK)),
            ("log2", Log2Columns([c for c in schema_columns if "__" not in c])),
            ("standardise", StandardScaler().set_output(transform="pandas")),
            ("model", LogisticRegression()),
        ]
    )


def test_it_works_in_a_procedure_and_comes_back_from_a_file(tmp_path):
    table, z = _panel(120, 3, missing=0.1)
    y = (z[:, 0] + np.random.default_rng(0).normal(size=120) > 3).astype(int)
    fitted = CalibratedProcedure(_pipeline(list(table)), folds=3).fit(table, y)
    save_procedure(fitted, tmp_path / "model.skops")
    loaded = load_procedure(tmp_path / "model.skops")
    np.testing.assert_array_equal(loaded.predict_proba(table), fitted.predict_proba(table))
    parts = contributions(fitted, table)
    np.testing.assert_allclose(parts.sum(axis=1), fitted.decision_function(table))
    assert set(parts) >= {"m0", "m1", "m2"}
    step = loaded.estimator_["limits"]
    pd.testing.assert_frame_equal(step.draw(table), fitted.estimator_["limits"].draw(table))
