"""Every estimator of the wheel passes scikit-learn's own checks."""

import importlib
import inspect

import pytest
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.utils.estimator_checks import estimator_checks_generator

from signature import discovery
from signature.learn.calibration import CalibratedProcedure

ROOMS = ("signature.prepare", "signature.learn", "signature.select")


def _estimators() -> list[BaseEstimator]:
    found = {}
    for room in ROOMS:
        for module in discovery.names(room):
            loaded = importlib.import_module(f"{room}.{module}")
            found |= {
                name: thing
                for name, thing in inspect.getmembers(loaded, inspect.isclass)
                if issubclass(thing, BaseEstimator)
                and thing.__module__ == loaded.__name__
                and hasattr(thing, "fit")  # not a base class
            }
    return [
        cls(LogisticRegression(), folds=2) if cls is CalibratedProcedure else cls()
        for _, cls in sorted(found.items())
    ]


ESTIMATORS = _estimators()


def test_the_list_is_not_empty():
    assert len(ESTIMATORS) >= 15


@pytest.mark.parametrize(
    ("estimator", "check"),
    [
        pytest.param(estimator, check, id=f"{type(estimator).__name__}-{check.func.__name__}")
        for each in ESTIMATORS
        for estimator, check in estimator_checks_generator(each)
    ],
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)
