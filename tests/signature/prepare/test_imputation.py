"""Imputation of missing values without the outcome: draws in training, means at prediction."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from signature.learn.calibration import CalibratedProcedure
from signature.prepare.columns import TakeColumns
from signature.prepare.imputation import OutcomeFreeImputer
from signature.serve.persistence import load_procedure, save_procedure

NAN = float("nan")


def _table(rows=300, seed=0, missing=0.3, columns=("IL6", "CRP", "age")):
    """A table with values missing at random, and its complete values; correlations .7."""
    rng = np.random.default_rng(seed)
    p = len(columns)
    z = rng.multivariate_normal(np.zeros(p), np.full((p, p), 0.7) + 0.3 * np.eye(p), size=rows)
    gone = rng.random(z.shape) < missing
    complete = pd.DataFrame(z, columns=list(columns))
    return complete.mask(gone), complete


def test_draws_keep_spread_and_correlation_and_means_do_not():
    table, complete = _table(4000)
    step = OutcomeFreeImputer()
    drawn = step.fit_transform(table)
    np.testing.assert_allclose(drawn.std(), complete.std(), atol=0.03)
    np.testing.assert_allclose(drawn.corr(), complete.corr(), atol=0.03)
    expected = step.transform(table)
    assert (expected.std() < 0.97).all()


def test_means_are_those_of_the_regression():
    table, complete = _table(4000, missing=0.2)
    new = complete.head(200).assign(IL6=NAN)
    found = OutcomeFreeImputer().fit(table).transform(new)["IL6"]
    truth = 0.7 * (new["CRP"] + new["age"]) / 1.7
    np.testing.assert_allclose(found, truth, atol=0.15)


def test_two_missing_cells_of_a_row_agree_with_each_other():
    table, complete = _table(4000, missing=0.2)
    new = complete.head(200).assign(IL6=NAN, CRP=NAN)
    found = OutcomeFreeImputer().fit(table).transform(new)
    for name in ("IL6", "CRP"):
        np.testing.assert_allclose(found[name], 0.7 * new["age"], atol=0.15)


@pytest.mark.parametrize("method", ["fit_transform", "transform"])
def test_the_outcome_is_never_used(method):
    table, complete = _table(80)
    y = (complete["IL6"] > 0).astype(int)
    shuffled = y.sample(frac=1, random_state=0).to_numpy()
    found = []
    for outcome in (None, y, shuffled):
        step = OutcomeFreeImputer(rounds=3)
        drawn = step.fit_transform(table, outcome)
        found.append(drawn if method == "fit_transform" else step.transform(table))
    pd.testing.assert_frame_equal(found[0], found[1], check_exact=True)
    pd.testing.assert_frame_equal(found[0], found[2], check_exact=True)


def test_the_same_seed_gives_the_same_bits():
    table, _ = _table(60)
    first, again, other = (
        OutcomeFreeImputer(rounds=3, random_state=s).fit_transform(table) for s in (1, 1, 2)
    )
    pd.testing.assert_frame_equal(first, again, check_exact=True)
    assert not first.equals(other)


def test_a_column_complete_in_training_may_be_missing_later():
    table, complete = _table(200)
    table["age"] = complete["age"]
    found = OutcomeFreeImputer().fit(table).transform(complete.head(5).assign(age=NAN))["age"]
    assert found.notna().all()
    assert found.nunique() == 5


def test_a_table_complete_in_training_teaches_as_well():
    _, complete = _table(500)
    step = OutcomeFreeImputer()
    pd.testing.assert_frame_equal(step.fit_transform(complete), complete)
    found = step.transform(complete.head(50).assign(IL6=NAN))["IL6"]
    assert np.corrcoef(found, complete["IL6"].head(50))[0, 1] > 0.6


def test_a_column_never_observed_is_kept_as_zero():
    table, _ = _table(50)
    table["TNF"] = NAN
    step = OutcomeFreeImputer(rounds=2)
    assert (step.fit_transform(table)["TNF"] == 0).all()
    out = step.transform(table.head(2).assign(TNF=[NAN, 3.0]))
    assert list(out["TNF"]) == [0.0, 3.0]
    assert list(out) == list(table)


def test_the_indicator_is_added_where_training_rows_miss_a_value():
    table, complete = _table(50)
    table = table.assign(age=complete["age"], TNF=NAN)
    step = OutcomeFreeImputer(rounds=2, add_indicator=True)
    out = step.fit_transform(table)
    assert list(out) == ["IL6", "CRP", "age", "TNF", "IL6__missing", "CRP__missing"]
    assert list(out) == list(step.get_feature_names_out())
    np.testing.assert_array_equal(out["IL6__missing"], table["IL6"].isna())


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame({"a": [1.0, NAN, 3.0]}),
        pd.DataFrame({"a": [NAN, NAN]}),
        pd.DataFrame({"a": [1.0, NAN, 1.0], "b": [2.0, 2.0, NAN]}),
        pd.DataFrame({"a": [1.0, NAN], "b": [NAN, 2.0]}),
        _table(12, columns=[f"m{j}" for j in range(30)])[0],
    ],
    ids=["one column", "nothing", "constants", "no complete row", "more columns than rows"],
)
def test_awkward_tables_are_borne(table):
    step = OutcomeFreeImputer(rounds=3)
    for out in (step.fit_transform(table), step.transform(table)):
        assert np.isfinite(out).all(axis=None)
        assert list(out) == list(table)


def test_means_do_not_leave_the_range_of_training():
    table, _ = _table(100)
    step = OutcomeFreeImputer().fit(table)
    out = step.transform(pd.DataFrame({"IL6": [NAN], "CRP": [1e6], "age": [1e6]}))
    assert out["IL6"][0] == table["IL6"].max()


@given(st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=1, max_size=8))
@settings(max_examples=30, deadline=None)
def test_a_row_does_not_see_the_others_and_keeps_what_was_measured(gaps):
    table, complete = _table(60)
    step = OutcomeFreeImputer(rounds=2).fit(table)
    new = complete.head(len(gaps)).mask(np.array(gaps))
    out = step.transform(new)
    alone = pd.concat([step.transform(new.iloc[[i]]) for i in range(len(new))])
    pd.testing.assert_frame_equal(out, alone, rtol=1e-12)
    seen = new.notna().to_numpy()
    np.testing.assert_array_equal(out.to_numpy()[seen], new.to_numpy()[seen])
    assert out.notna().all(axis=None)


def test_it_works_in_a_procedure_and_comes_back_from_a_file(tmp_path):
    table, complete = _table(120)
    y = (complete["IL6"] + np.random.default_rng(0).normal(size=120) > 0).astype(int)
    pipeline = Pipeline(
        [
            ("columns", TakeColumns(list(table))),
            ("impute", OutcomeFreeImputer(rounds=3, add_indicator=True)),
            ("standardise", StandardScaler().set_output(transform="pandas")),
            ("model", LogisticRegression()),
        ]
    )
    fitted = CalibratedProcedure(pipeline, folds=3).fit(table, y)
    save_procedure(fitted, tmp_path / "model.skops")
    loaded = load_procedure(tmp_path / "model.skops")
    np.testing.assert_array_equal(loaded.predict_proba(table), fitted.predict_proba(table))
