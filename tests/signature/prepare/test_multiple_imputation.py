"""A linear model averaged over imputed tables: what is pooled, and that it explains itself."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from signature.learn.calibration import CalibratedProcedure
from signature.learn.contributions import contributions
from signature.prepare.columns import TakeColumns
from signature.prepare.imputation import OutcomeFreeImputer
from signature.prepare.multiple_imputation import PooledOverImputations
from signature.randomness import seed_for
from signature.serve.persistence import load_procedure, save_procedure

NAN = float("nan")


def _trial(rows=250, seed=0, missing=0.3):
    rng = np.random.default_rng(seed)
    z = rng.multivariate_normal(np.zeros(3), np.full((3, 3), 0.5) + 0.5 * np.eye(3), size=rows)
    y = (z[:, 0] + rng.logistic(size=rows) > 0).astype(int)
    table = pd.DataFrame(z, columns=["IL6", "CRP", "age"])
    return table.mask(rng.random(z.shape) < missing), y


def _model(m=3):
    return PooledOverImputations(imputer=OutcomeFreeImputer(rounds=3), m=m)


def test_coefficients_are_the_mean_over_imputed_tables():
    table, y = _trial()
    pooled = _model().fit(table, y)
    single = []
    for k in range(3):
        imputer = OutcomeFreeImputer(rounds=3, random_state=seed_for(0, "imputed table", k))
        fitted = LogisticRegression().fit(imputer.fit_transform(table).to_numpy(), y)
        single.append(np.append(fitted.coef_[0], fitted.intercept_))
    np.testing.assert_allclose(pooled.coef_[0], np.mean(single, axis=0)[:3])
    np.testing.assert_allclose(pooled.intercept_, np.mean(single, axis=0)[3:])
    np.testing.assert_allclose(pooled.between_, np.var(single, axis=0, ddof=1))
    assert (pooled.between_ > 0).all()


def test_more_tables_depend_less_on_the_seed():
    table, y = _trial()
    spread = [
        np.std([_model(m).set_params(random_state=s).fit(table, y).coef_ for s in range(6)], axis=0)
        for m in (1, 8)
    ]
    assert spread[1].mean() < 0.7 * spread[0].mean()


def test_without_missing_values_it_is_the_estimator_itself():
    table, y = _trial(missing=0.0)
    pooled, plain = _model().fit(table, y), LogisticRegression().fit(table.to_numpy(), y)
    np.testing.assert_allclose(pooled.coef_, plain.coef_)
    np.testing.assert_allclose(pooled.predict_proba(table), plain.predict_proba(table.to_numpy()))
    assert (pooled.between_ < 1e-20).all()


def test_an_imputer_that_changes_the_columns_is_refused():
    table, y = _trial()
    model = PooledOverImputations(imputer=OutcomeFreeImputer(rounds=1, add_indicator=True))
    with pytest.raises(ValueError, match="OutcomeFreeImputer changes the columns"):
        model.fit(table, y)


def test_it_explains_itself_and_comes_back_from_a_file(tmp_path):
    table, y = _trial()
    pipeline = Pipeline(
        [
            ("columns", TakeColumns(list(table))),
            ("standardise", StandardScaler().set_output(transform="pandas")),
            ("model", _model()),
        ]
    )
    fitted = CalibratedProcedure(pipeline, folds=3).fit(table, y)
    parts = contributions(fitted, table)
    np.testing.assert_allclose(parts.sum(axis=1), fitted.decision_function(table))
    assert parts.notna().all(axis=None)
    save_procedure(fitted, tmp_path / "model.skops")
    loaded = load_procedure(tmp_path / "model.skops")
    np.testing.assert_array_equal(loaded.predict_proba(table), fitted.predict_proba(table))
