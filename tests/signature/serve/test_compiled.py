"""A compiled procedure says what the procedure says, step by step and whatever the handling."""

import numpy as np
import pytest
from sklearn.preprocessing import FunctionTransformer

from models import best_single_marker, elastic_net, intercept_only, shallow_xgboost
from signature.learn.calibration import CalibratedProcedure
from signature.learn.contributions import BASE, contributions
from signature.prepare.columns import values_of
from signature.prepare.procedures import procedure
from signature.serve.compiled import compile_procedure
from signature.study.handling import Handling
from signature.study.schema import BATCH, FeatureSchema, batch_column

pytest_plugins = ["tests.made.serving_fixtures"]

PANEL = ("IL1B", "IL6", "CRP")
HANDLINGS = {
    "substitute": Handling(),
    "detected": Handling(detected_above=0.3),
    "normal": Handling(limits="normal"),
    "conditional": Handling(limits="conditional"),
    "regression": Handling(missing="regression"),
    "residualised": Handling(residualise=("age", "bmi")),
    "combat": Handling(harmonise="combat", harmonised=PANEL),
    "shifted": Handling(
        harmonise="reference_shift", harmonised=PANEL, shifts={0.0: {}, 1.0: {"IL6": 0.5}}
    ),
}


def _compare(fitted, X):
    compiled = compile_procedure(fitted, list(X.columns))
    values = values_of(X, list(X.columns))
    log_odds, parts = compiled.explained(values.copy())
    np.testing.assert_allclose(log_odds, fitted.decision_function(X), rtol=0, atol=1e-12)
    np.testing.assert_array_equal(compiled.log_odds(values.copy()), log_odds)
    expected = contributions(fitted, X).drop(columns=BASE)
    assert compiled.sources == tuple(expected.columns)
    np.testing.assert_allclose(parts, expected, rtol=0, atol=1e-12)
    return compiled


def test_every_candidate_compiles_to_the_same_numbers(procedures, trial):
    X, _ = trial
    for fitted in procedures.values():
        _compare(fitted, X)


@pytest.mark.parametrize("model", [elastic_net, best_single_marker, shallow_xgboost])
@pytest.mark.parametrize("name", HANDLINGS)
def test_every_handling_compiles_to_the_same_numbers(name, model, trial, trial_schema):
    X, y = trial
    handling = HANDLINGS[name]
    columns = list(trial_schema.columns)
    if handling.harmonise != "none":
        columns.append(batch_column(("first", "second")))
        lots = np.where(np.arange(len(X)) % 3, 0.0, 1.0)
        lots[::7] = np.nan
        X = X.assign(**{BATCH: lots})
    schema = FeatureSchema(tuple(columns), handling)
    X = X[list(schema.names)].head(300)
    if model is shallow_xgboost and handling.missing == "regression":
        pytest.skip("trees take gaps as they are")
    pipeline = model.build(schema, random_state=0)
    if model is shallow_xgboost:
        pipeline.set_params(model__n_rounds=10)
    _compare(CalibratedProcedure(pipeline, folds=2).fit(X, y[:300]), X)


def test_a_row_alone_gives_what_it_gives_among_others(procedures, trial):
    X, _ = trial
    for fitted in procedures.values():
        compiled = compile_procedure(fitted, list(X.columns))
        values = values_of(X.head(20), list(X.columns))
        whole = compiled.log_odds(values.copy())
        alone = [compiled.log_odds(values[[i]].copy())[0] for i in range(20)]
        np.testing.assert_allclose(alone, whole, rtol=0, atol=1e-12)


def test_the_order_of_columns_does_not_matter(procedures, trial):
    X, _ = trial
    turned = X[X.columns[::-1]]
    compiled = compile_procedure(procedures["elastic_net"], list(turned.columns))
    found = compiled.log_odds(values_of(turned, list(turned.columns)))
    np.testing.assert_allclose(found, procedures["elastic_net"].decision_function(X), atol=1e-12)


def test_a_step_of_another_kind_is_scored_table_by_table(trial, trial_schema):
    X, y = trial
    steps = intercept_only.build(trial_schema, random_state=0).steps
    odd = procedure([*steps[:-1], ("same", FunctionTransformer())], steps[-1][1])
    fitted = CalibratedProcedure(odd, folds=2).fit(X, y)
    assert compile_procedure(fitted, list(X.columns)) is None


def test_the_panel_may_hold_nothing_of_a_limit(procedures, trial):
    X, _ = trial
    without = X.assign(**{c: np.nan for c in X if c.endswith("__below")})
    _compare(procedures["elastic_net"], without)
