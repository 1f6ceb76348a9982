"""The benchmarks of interval coverage and of the best of many: their truths, and small twins."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score

from docs.measured.validation import validation_tables
from experiments.benchmarks import (
    best_of_many,
    interval_coverage,
    kept,
    known_cohorts,
    known_studies,
)
from pipelines.evaluate.evaluation import evaluate
from pipelines.question.experiment import load_experiment
from signature.randomness import generator
from signature.records.results import PREDICTION_COLUMNS, PROCEDURE, REFERENCE
from tests.made.checkout import REPO

BENCHMARKS = REPO / "experiments" / "benchmarks"
STORED = {
    name: json.loads((BENCHMARKS / f"{name}.json").read_text("utf-8"))
    for name in ("interval_coverage", "best_of_many")
}


def _logistic_slope(outcome, probability):
    """Slope of a hardly penalised logistic regression on the log-odds."""
    fitted = LogisticRegression(C=1e6).fit(logit(probability)[:, None], outcome)
    return fitted.coef_[0, 0]


@pytest.mark.parametrize("visits", [1, 2])
def test_scored_people_have_the_auroc_and_the_calibration_that_are_claimed(visits):
    rng = np.random.default_rng(0)
    outcome, probability, person = known_cohorts.scored_people(0.75, 60_000, visits, rng)
    assert roc_auc_score(outcome, probability) == pytest.approx(0.75, abs=0.006)
    assert _logistic_slope(outcome, probability) == pytest.approx(1, abs=0.03)
    assert outcome.mean() == pytest.approx(probability.mean(), abs=0.006)
    assert len(np.unique(person)) == 60_000
    if visits == 2:
        score = logit(probability).reshape(-1, 2) - np.where(outcome[::2] == 1, 1, 0)[:, None]
        within = np.corrcoef(score[outcome[::2] == 0].T)[0, 1]
        assert within == pytest.approx(known_cohorts.ALIKE, abs=0.01)


def test_the_truth_of_linear_models_is_what_many_people_show():
    rng = np.random.default_rng(1)
    shift = np.array([0.6, 0.0, -0.3])
    models = np.array([[-1.0, 0.9, 0.2, 0.1], [-0.5, 1.5, -0.4, -0.8]])
    n = 150_000
    outcome = (rng.random(n) < known_cohorts.EVENT_RATE).astype(int)
    X = rng.normal(size=(n, 3)) + outcome[:, None] * shift
    predicted = [expit(b[0] + X @ b[1:]) for b in models]
    for b, p in zip(models, predicted, strict=True):
        assert known_cohorts.linear_auroc(b, shift) == pytest.approx(
            roc_auc_score(outcome, p), abs=0.005
        )
    slope, brier = known_cohorts.in_population(models, shift)
    both, twice = np.concatenate(predicted), np.tile(outcome, 2)
    assert slope == pytest.approx(_logistic_slope(twice, both), abs=0.01)
    assert brier == pytest.approx(brier_score_loss(twice, both), abs=0.002)


def test_the_learner_is_ridge_logistic_regression():
    rng = np.random.default_rng(2)
    X, outcome = known_cohorts.draw_people(known_cohorts.POPULATIONS["adds"], 120, rng)
    b = known_cohorts.ridge_logistic(X, outcome, penalty=2.0)
    other = LogisticRegression(C=0.5, tol=1e-10, max_iter=1000).fit(X, outcome)
    assert b == pytest.approx(np.r_[other.intercept_, other.coef_[0]], abs=1e-4)


def test_nobody_is_predicted_by_a_model_that_saw_them():
    """Mirrored people get the mirrored score of the same model: the two add up to 2 intercepts."""
    population = known_cohorts.POPULATIONS["no signal"]
    X, outcome = known_cohorts.draw_people(population, 50, np.random.default_rng(3))
    how = {"shift": np.array(population.shift), "folds": 5, "repeats": 2, "seed": 4}
    found = known_cohorts.cross_validate(X, outcome, **how)
    assert found.auroc == pytest.approx(np.full((2, 5), 0.5))
    one = found.table.query("repeat == 1 and fold == 2")
    mirrored = X.copy()
    mirrored[one["row"]] *= -1
    again = known_cohorts.cross_validate(mirrored, outcome, **how).table.loc[one.index]
    assert np.ptp(logit(one["probability"])) > 0.5
    assert np.ptp(logit(one["probability"]) + logit(again["probability"])) < 1e-6


@pytest.mark.parametrize("block", ["internal", "external"])
def test_intervals_are_those_that_a_run_would_report(block):
    """The benchmark measures what `evaluate` writes, to the last digit."""
    experiment = load_experiment(REPO / "experiments" / "opt_preterm_birth.toml")
    experiment = experiment.model_copy(
        update={"validation": experiment.validation.model_copy(update={"bootstraps": 200})}
    )
    rng = np.random.default_rng(5)
    if block == "internal":
        population = known_cohorts.POPULATIONS["adds"]
        X, outcome = known_cohorts.draw_people(population, 60, rng)
        shift, known = np.array(population.shift), list(population.known)
        how = {"folds": 3, "repeats": 2, "seed": 6}
        own = known_cohorts.cross_validate(X, outcome, shift, **how).table
        other = known_cohorts.cross_validate(X[:, known], outcome, shift[known], **how).table
    else:
        outcome, probability, person = known_cohorts.scored_people(0.75, 50, 2, rng)
        worse = expit(logit(probability) + rng.normal(size=100))
        own, other = (known_cohorts.as_table(outcome, p, person) for p in (probability, worse))
    names = [PROCEDURE, REFERENCE, *experiment.candidates.all]
    table = pd.concat(
        [
            (own if name == PROCEDURE else other).assign(
                experiment="toy", block=block, candidate=name, arm="", plate=-1, weight=1.0
            )
            for name in names
        ],
        ignore_index=True,
    )
    labels = {name: name for name in names}
    (found,) = evaluate(table.astype(PREDICTION_COLUMNS), experiment, labels, parameters=8).blocks
    (mine, theirs), by_fold = known_studies.bootstrapped(
        [own, other], 200, generator(experiment.seed, "bootstrap", block)
    )
    reported = found.candidate(PROCEDURE)
    for metric in ("auroc", "brier", "calibration_slope", "calibration_intercept"):
        assert known_studies.estimate(mine, metric) == reported.metrics[metric]
    gain = found.difference(PROCEDURE, REFERENCE).metrics["auroc"]
    assert known_studies.estimate_of_draws(mine["auroc"] - theirs["auroc"]) == gain
    assert by_fold[0] == pytest.approx([f.auroc for f in reported.folds])


def test_coverage_is_counted_by_hand():
    lines = [
        [0.7, 0.72, 0.6, 0.8],
        [0.5, 0.72, 0.6, 0.8],  # wholly above its truth
        [0.9, 0.72, 0.6, 0.8],  # wholly below
        [0.7, 0.75, 0.65, 0.85],
        [0.7, None, None, None],
    ]
    found = interval_coverage.summarise([{"auroc": line} for line in lines], "internal")["auroc"]
    assert found["own_truth"]["coverage"][0] == 0.5
    assert (found["own_truth"]["below"], found["own_truth"]["above"]) == (0.25, 0.25)
    assert found["mean_truth"]["coverage"][0] == 1.0  # of the mean truth, .7
    assert (found["undefined"], found["width"]) == (0.2, pytest.approx(0.2))
    assert found["bias"] == pytest.approx(np.mean([0.02, 0.22, -0.18, 0.05]), abs=1e-4)
    nothing = interval_coverage.summarise([{"auroc": lines[-1]}], "external")["auroc"]
    assert (nothing["own_truth"], nothing["bias"]) == (None, None)
    assert "mean_truth" not in nothing


def _small(name, simulations, draws=200):
    design = known_studies.designs()[name][1]
    studies = [known_studies.simulate(name, design, i, draws) for i in range(simulations)]
    return interval_coverage.summarise(studies, name.split("_")[0])


@pytest.mark.parametrize("name", ["external_60_75_1", "external_60_75_2", "sites_60_30"])
def test_few_studies_cover_as_the_stored_many_do(name):
    """Of 60 studies; where the intervals cover 95 % fewer than 52 is a matter of 1 in 400."""
    small = _small(name, 60)
    wanted = [m for m in small if "DeLong" in m or "auroc, bootstrap" in m or "middle" in m]
    assert wanted
    for measure in wanted:
        assert small[measure]["own_truth"]["coverage"][0] >= 52 / 60


def test_a_study_is_the_same_whenever_it_is_drawn():
    design = known_studies.designs()["internal_60_adds"][1]
    one, same, next_ = (
        known_studies.simulate("internal_60_adds", design, i, 200) for i in (3, 3, 4)
    )
    assert one == same
    assert one != next_


def test_guesses_are_worth_what_is_claimed():
    outcome, predictions, areas = best_of_many.guesses(
        40_000, np.array([0.5, 0.6, 0.75]), np.random.default_rng(7)
    )
    found = [roc_auc_score(outcome, p) for p in predictions.T]
    assert found == pytest.approx(areas, abs=0.01)


def test_fitted_configurations_are_as_good_as_their_models():
    """Held-out AUROC of each, averaged over studies, is the mean of its models' true AUROCs."""
    shift = np.r_[1.0, np.zeros(11)]
    held_out, truth = [], []
    for seed in range(12):
        outcome, predictions, areas = best_of_many.fitted(150, shift, np.random.default_rng(seed))
        held_out.append([roc_auc_score(outcome, p) for p in predictions.T])
        truth.append(areas)
    assert np.shape(truth) == (12, best_of_many.CONFIGURATIONS)
    # pooling folds with their own intercepts costs a little; columns without signal have .5
    assert np.mean(held_out, axis=0) == pytest.approx(np.mean(truth, axis=0), abs=0.05)
    assert np.max(np.mean(truth, axis=0)) > 0.74
    assert np.min(np.mean(truth, axis=0)) == pytest.approx(0.5)


def test_the_best_of_thirty_useless_configurations_is_corrected():
    """Small twin: 60 studies of 40 people, whose mean has a standard error of .008."""
    make = best_of_many.designs()["guesses_null_40"][1]
    studies = [best_of_many.simulate("guesses_null_40", make, i, 100) for i in range(60)]
    found = best_of_many.summarise(studies)
    assert found["truth"] == [0.5, 0.0]
    assert found["naive"][0] == pytest.approx(0.685, abs=0.02)
    assert found["corrected"][0] == pytest.approx(0.5, abs=0.03)
    assert found["corrected_minus_truth"][0] == pytest.approx(found["corrected"][0] - 0.5)


def test_correction_is_summarised_by_hand():
    found = best_of_many.summarise(
        [[0.5, 0.7, 0.5, 0.4, 0.6], [0.6, 0.8, 0.5, 0.3, 0.55], [0.7, 0.75, 0.8, 0.72, 0.9]]
    )
    assert found["naive_minus_truth"][0] == pytest.approx(0.15)
    assert found["corrected_minus_truth"] == pytest.approx([0.0, 0.0577], abs=1e-4)
    assert found["coverage"][0] == pytest.approx(1 / 3, abs=1e-4)
    assert (found["below"], found["above"]) == pytest.approx((1 / 3, 1 / 3), abs=1e-4)
    assert found["width"] == pytest.approx((0.2 + 0.25 + 0.18) / 3)


def test_the_tables_say_what_was_measured_and_what_was_not_reached():
    held = {"coverage": [0.951, 0.93, 0.97], "below": 0.02, "above": 0.03}
    short = held | {"coverage": [0.901, 0.87, 0.93]}
    most = held | {"coverage": [1.0, 0.99, 1.0]}
    found = {
        "interval_coverage": {
            "simulations": 500,
            "draws": 600,
            "aim": [0.92, 0.97],
            "designs": [
                {
                    "part": "external",
                    "people": n,
                    "measures": {"auroc, DeLong": {"own_truth": value}},
                }
                for n, value in ((60, held), (60, most), (150, short))
            ],
        },
        "best_of_many": {
            "configurations": 30,
            "designs": [
                {
                    "predictions": "guesses, null",
                    "people": 40,
                    "truth": [0.5, 0.0],
                    "naive": [0.687, 0.002],
                    "corrected": [0.497, 0.003],
                    "corrected_minus_truth": [-0.003, 0.003],
                    "coverage": [0.99, 0.98, 1.0],
                }
            ],
        },
    }
    table = "\n\n".join(validation_tables(found).values())
    line = "| AUROC, DeLong | of a fixed score in new people | 95.1–100 | 90.1 | 1 of 3 designs |"
    assert line in table
    assert "| guesses, null | 40 | 0.500 | 0.687 | 0.497 ± 0.003 | 99 |" in table
    assert "500 simulated studies" in table
    assert "calibration slope" not in table  # not measured
    assert validation_tables({}) == {}


def test_stored_results_are_of_these_designs_and_of_enough_studies():
    for name, module in (("interval_coverage", known_studies), ("best_of_many", best_of_many)):
        stored = STORED[name]
        assert stored["simulations"] >= 500
        for told, (facts, _) in zip(stored["designs"], module.designs().values(), strict=True):
            assert facts.items() <= told.items()


def test_the_tables_of_what_is_stored_have_a_line_for_every_measure():
    table = "\n\n".join(validation_tables(STORED).values())
    assert len(table.splitlines()) == 2 + 16 + 2 + 1 + 2 + 8


def test_the_digest_of_code_changes_with_what_it_does_only():
    said = 'def f(x):\n    """Add one."""\n    # by hand\n    return x + 1\n'
    same, other = "def f(x):\n    return x + 1\n", "def f(x):\n    return x + 2\n"
    assert kept._bare(said) == kept._bare(same) != kept._bare(other)
    here = kept.code_of(known_cohorts, known_cohorts.linear_auroc)
    assert len(here) == 12
    assert here != kept.code_of(known_cohorts, known_cohorts.ridge_logistic)
