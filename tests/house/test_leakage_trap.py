"""A marker that only tells the plate, with plates that tell the outcome, earns no credit.

Training has six plates of 40 people. The event rate climbs from plate to plate, and so does the
level of IL6, which has nothing to do with anybody's outcome otherwise.
"""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from signature.prepare.columns import TakeColumns
from signature.prepare.harmonisation import ComBat
from signature.prepare.reference_shift import ReferenceShift, reference_shifts

PLATES, PER_PLATE, SEEDS = 6, 40, 12
MARKERS = ["IL6", *(f"m{k}" for k in range(1, 12))]
RATES = np.linspace(0.15, 0.85, PLATES)
LEVELS = 4 * (RATES - 0.5)


def _people(rng, rates, levels, first, *, noise):
    plate = np.repeat(np.arange(len(rates)), PER_PLATE)
    y = (rng.random(len(plate)) < rates[plate]).astype(int)
    values = rng.normal(0, 1, (len(plate), len(MARKERS)))
    values += rng.normal(0, 0.3, (len(rates), len(MARKERS)))[plate]
    values[:, 0] = levels[plate] + noise * rng.normal(0, 1, len(plate))
    table = pd.DataFrame(values, columns=MARKERS)
    return table.assign(assay_batch=plate + float(first)), y


def _model(harmonise, markers=("IL6",)):
    return Pipeline(
        [
            ("harmonise", harmonise),
            ("columns", TakeColumns(list(markers))),
            ("standardise", StandardScaler()),
            ("model", LogisticRegression()),
        ]
    )


def _by_person(model, X, y, seed):
    folds = StratifiedKFold(5, shuffle=True, random_state=seed)
    return roc_auc_score(y, cross_val_predict(model, X, y, cv=folds, method="predict_proba")[:, 1])


@cache
def _aurocs(step, noise):
    """Mean AUROC of IL6 alone: the rows it was trained on, held-out people, new plates."""
    found = []
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        X, y = _people(rng, RATES, LEVELS, 0, noise=noise)
        same = np.full(PLATES, 0.5)
        X_new, y_new = _people(rng, same, rng.permutation(LEVELS), 100, noise=noise)
        model = _model(_harmoniser(step, seed))
        in_sample = model.fit(X, y).predict_proba(X)[:, 1]
        new = model.predict_proba(X_new)[:, 1]
        found.append(
            (
                roc_auc_score(y, in_sample),
                _by_person(_model(_harmoniser(step, seed)), X, y, seed),
                roc_auc_score(y_new, new),
            )
        )
    return dict(zip(("in sample", "people", "plates"), np.mean(found, axis=0), strict=True))


def _harmoniser(step, seed):
    if step == "reference samples":
        # 20 wells a plate of material that has no outcome
        rng = np.random.default_rng([seed, 1])
        plate = np.repeat(np.arange(float(PLATES)), 20)
        wells = pd.DataFrame({"IL6": np.repeat(LEVELS, 20) + 0.2 * rng.normal(0, 1, len(plate))})
        return ReferenceShift(shifts=reference_shifts(wells, plate, reference=0)[0])
    return {
        "none": "passthrough",
        "parametric": ComBat(),
        "nonparametric": ComBat(parametric=False),
        "reference": ComBat(reference=2),
    }[step]


@pytest.mark.parametrize("noise", [0.5, 0.0])
def test_without_harmonisation_the_trap_is_sprung(noise):
    """Otherwise the tests below could not fail."""
    found = _aurocs("none", noise)
    assert found["in sample"] > 0.65
    assert found["people"] > 0.65
    assert found["plates"] == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize(
    ("step", "noise"),
    [
        ("parametric", 0.5),
        ("parametric", 0.0),
        ("reference", 0.5),
        ("reference", 0.0),
        ("nonparametric", 0.0),
        # not at 0.0: constants carry the error of their reference samples, and a marker with no
        # other variance still tells plates by it
        ("reference samples", 0.5),
    ],
)
def test_a_marker_that_only_tells_the_plate_earns_nothing(step, noise):
    found = _aurocs(step, noise)
    assert found["people"] == pytest.approx(0.5, abs=0.03)
    assert found["plates"] == pytest.approx(0.5, abs=0.03)
    assert found["in sample"] < 0.55


def test_nonparametric_priors_of_a_small_panel_leave_the_trap_open():
    """The weakness that `ComBat` states: no marker is moved further than the others were."""
    assert _aurocs("nonparametric", 0.5)["people"] > 0.6


def _small_confounded(seed):
    """Fifty markers that tell nothing but the plate, on four plates of 25 people."""
    rng = np.random.default_rng(seed)
    rates = np.linspace(0.15, 0.85, 4)
    plate = np.repeat(np.arange(4), 25)
    y = (rng.random(100) < rates[plate]).astype(int)
    values = rng.normal(0, 1, (100, 50)) + rng.normal(0, 1, (4, 50))[plate]
    return pd.DataFrame(values).rename(columns="m{}".format).assign(assay_batch=plate + 0.0), y


def test_protecting_the_outcome_invents_a_signal():
    """Why `ComBat` never sees the outcome: Nygaard, Rødland and Hovig 2016."""
    protected, honest = [], []
    for seed in range(SEEDS):
        X, y = _small_confounded(seed)
        markers = [c for c in X if c != "assay_batch"]
        linear = make_pipeline(StandardScaler(), LogisticRegression(C=0.01))
        with_outcome = ComBat(columns=markers, covariates=["outcome"]).fit_transform(
            X.assign(outcome=y.astype(float))
        )
        protected.append(_by_person(linear, with_outcome[markers], y, seed))
        honest.append(_by_person(make_pipeline(ComBat(), linear), X, y, seed))
    assert np.mean(protected) > 0.6
    assert np.mean(honest) == pytest.approx(0.5, abs=0.05)


def test_with_shuffled_labels_nothing_is_found():
    found = []
    for seed in range(2 * SEEDS):
        rng = np.random.default_rng(seed)
        X, y = _people(rng, RATES, LEVELS, 0, noise=0.5)
        found.append(_by_person(_model(ComBat(), MARKERS), X, rng.permutation(y), seed))
    assert np.mean(found) == pytest.approx(0.5, abs=0.03)
