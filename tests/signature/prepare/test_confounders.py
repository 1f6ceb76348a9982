"""Residualising on confounders: what it removes, and what it leaves."""

import numpy as np
import pandas as pd
import pytest
import skops.io
from hypothesis import given, settings
from hypothesis import strategies as st

from signature.exceptions import ModelInputError
from signature.prepare.confounders import Residualise
from signature.serve.persistence import TRUSTED_TYPES

NAN = float("nan")


def _people(n=2000, *, seed=0, square=0.0):
    rng = np.random.default_rng(seed)
    age, bmi = rng.normal(50, 12, n), rng.normal(27, 5, n)
    crp = 2 + 0.12 * (bmi - 27) + 0.03 * (age - 50) + square * ((age - 50) / 12) ** 2
    crp += rng.normal(0, 0.5, n)
    return pd.DataFrame({"CRP": crp, "IL6": rng.normal(1, 1, n), "age": age, "bmi": bmi})


def _split(table):
    half = len(table) // 2
    return table.iloc[:half], table.iloc[half:]


def test_linear_confounding_is_gone_from_rows_that_were_held_out():
    train, new = _split(_people(8000))
    out = Residualise(["age", "bmi"]).fit(train).transform(new)
    assert np.corrcoef(new["CRP"], new["bmi"])[0, 1] > 0.6
    for confounder in ("age", "bmi"):
        assert abs(np.corrcoef(out["CRP"], new[confounder])[0, 1]) < 0.06
    assert out["CRP"].mean() == pytest.approx(2, abs=0.1)
    pd.testing.assert_frame_equal(out[["age", "bmi"]], new[["age", "bmi"]])


def test_what_is_not_linear_stays():
    """The weakness that the class states: a curve in age is not a line in age."""
    train, new = _split(_people(square=1.0))
    out = Residualise(["age", "bmi"]).fit(train).transform(new)
    curve = (new["age"] - 50) ** 2
    assert np.corrcoef(out["CRP"], curve)[0, 1] > 0.8
    # straight lines see nothing of it, so a check by correlation would not notice
    assert abs(np.corrcoef(out["CRP"], new["age"])[0, 1]) < 0.15


def test_coefficients_are_those_of_least_squares():
    table = _people(200)
    fitted = Residualise(["age", "bmi"], columns=["CRP"]).fit(table)
    design = np.column_stack([np.ones(200), table["age"], table["bmi"]])
    expected = np.linalg.lstsq(design, table["CRP"], rcond=None)[0][1:]
    np.testing.assert_allclose(fitted.coef_[:, 0], expected)
    out = fitted.transform(table)
    assert out["CRP"].mean() == pytest.approx(table["CRP"].mean())
    pd.testing.assert_series_equal(out["IL6"], table["IL6"])


def test_the_outcome_changes_nothing():
    table = _people(100)
    y = (table["CRP"] > 2).astype(int)
    with_, without = Residualise(["age"]).fit(table, y), Residualise(["age"]).fit(table)
    np.testing.assert_array_equal(with_.coef_, without.coef_)


def test_a_missing_confounder_counts_as_the_training_mean():
    train, new = _split(_people(100))
    fitted = Residualise(["age", "bmi"]).fit(train)
    known = new.assign(bmi=train["bmi"].mean())
    pd.testing.assert_frame_equal(
        fitted.transform(new.assign(bmi=NAN))[["CRP", "IL6"]],
        fitted.transform(known)[["CRP", "IL6"]],
    )


def test_a_marker_uses_the_rows_where_it_was_measured():
    table = _people(100)
    gaps = table.assign(CRP=table["CRP"].where(np.arange(100) % 3 > 0))
    rows = gaps["CRP"].notna()
    with_gaps = Residualise(["age"]).fit(gaps)
    np.testing.assert_allclose(
        with_gaps.coef_[0, 0], Residualise(["age"]).fit(gaps[rows]).coef_[0, 0]
    )
    assert list(with_gaps.transform(gaps)["CRP"].isna()) == list(~rows)


def test_flags_pass_and_nothing_happens_without_confounders():
    table = _people(50).assign(CRP__censored=(np.arange(50) % 2).astype(float))
    fitted = Residualise(["age"]).fit(table)
    assert fitted.residualised_ == ["CRP", "IL6", "bmi"]
    with_batch = table.assign(assay_batch=table["age"])
    assert Residualise(["age"]).fit(with_batch).residualised_ == ["CRP", "IL6", "bmi"]
    pd.testing.assert_frame_equal(Residualise().fit_transform(table), table)


def test_a_confounder_that_became_detected_or_not_still_counts():
    rng = np.random.default_rng(3)
    flag = (rng.random(80) < 0.7).astype(float)
    age = rng.normal(50, 10, 80)
    marker = 2 * flag + 0.1 * age + rng.normal(0, 0.1, 80)
    table = pd.DataFrame({"IL6": marker, "cotinine__censored": flag, "age": age})
    out = Residualise(["cotinine", "age"], columns=["IL6"]).fit_transform(table)
    assert np.corrcoef(out["IL6"], flag)[0, 1] == pytest.approx(0, abs=1e-9)
    assert np.corrcoef(out["IL6"], age)[0, 1] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    "degenerate",
    [
        {"age": NAN},
        {"age": 50.0},
        {"CRP": NAN},
        {"CRP": [1.0, 2.0, *[NAN] * 48]},
    ],
    ids=["confounder missing", "confounder constant", "marker missing", "two values"],
)
def test_where_there_is_no_line_the_marker_stays(degenerate):
    table = _people(50).assign(**degenerate)
    out = Residualise(["age"], columns=["CRP"]).fit_transform(table)
    pd.testing.assert_frame_equal(out, table)


@pytest.mark.parametrize(
    ("confounders", "columns", "message"),
    [
        (["height"], None, "missing columns to residualise on: 'height'"),
        (["age"], ["TNF"], "missing columns to residualise: 'TNF'"),
        (["age"], ["age"], "both a confounder and a column to residualise: 'age'"),
    ],
)
def test_impossible_wishes_are_named(confounders, columns, message):
    with pytest.raises(ModelInputError, match=message):
        Residualise(confounders, columns).fit(_people(20))


def test_a_new_table_must_have_the_columns():
    table = _people(20)
    with pytest.raises(ModelInputError, match="missing columns: 'bmi'"):
        Residualise(["bmi"]).fit(table).transform(table.drop(columns="bmi"))


TABLE = _people(60)
FITTED = Residualise(["age", "bmi"]).fit(TABLE)


@given(st.lists(st.integers(0, 59), min_size=1, max_size=10))
@settings(max_examples=30, deadline=None)
def test_a_row_depends_on_itself_alone(rows):
    whole = FITTED.transform(TABLE)
    pd.testing.assert_frame_equal(FITTED.transform(TABLE.iloc[rows]), whole.iloc[rows], rtol=1e-12)


def test_it_can_be_saved(tmp_path):
    skops.io.dump(FITTED, tmp_path / "step.skops")
    loaded = skops.io.load(tmp_path / "step.skops", trusted=list(TRUSTED_TYPES))
    pd.testing.assert_frame_equal(loaded.transform(TABLE), FITTED.transform(TABLE))
