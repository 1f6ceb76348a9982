"""Evaluation from the predictions table: by hand where it can be done by hand."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

from pipelines.evaluate import weighings
from pipelines.evaluate.evaluation import evaluate, headline_verdict
from pipelines.question.experiment import load_experiment
from signature.exceptions import PredictionsError
from signature.records.decision import SetsRecord, ThresholdRecord
from signature.records.estimates import Estimate
from signature.records.inner_table import FINAL_BLOCK
from signature.records.results import PREDICTION_COLUMNS, PROCEDURE, REFERENCE
from tests.made import held_out_factory as made_up
from tests.made.checkout import EXPERIMENTS


def _with(experiment, **changes):
    validation = experiment.validation.model_copy(update=changes)
    return experiment.model_copy(update={"validation": validation}, deep=True)


# estimates do not depend on the number of resamples; how wide an interval is, hardly
EXPERIMENT = _with(load_experiment(EXPERIMENTS / "opt_preterm_birth.toml"), bootstraps=400)
NAMES = [PROCEDURE, REFERENCE, *EXPERIMENT.candidates.all]
LABELS = {name: name.title() for name in NAMES}


def _table(n=300, repeats=3, signal=1.0, luck=0.0, seed=0):
    """Predictions of people at three sites; `luck` moves the procedure from repeat to repeat."""
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.4).astype(int)
    site = np.arange(n) % 3
    known = rng.normal(size=n) + y
    parts = []
    for repeat in range(repeats):
        better = signal + luck * rng.normal()
        for name in NAMES:
            gain = better if name in (PROCEDURE, "elastic_net") else 0.0
            score = known + gain * y + 0.01 * rng.normal(size=n)
            p = np.full(n, 0.3 + 0.05 * site) if name == "intercept_only" else score
            parts.append(
                pd.DataFrame(
                    {
                        "experiment": "toy",
                        "block": "internal",
                        "candidate": name,
                        "repeat": repeat,
                        "fold": site,
                        "fold_label": [f"site {s}" for s in site],
                        "row": np.arange(n),
                        "person": np.arange(n),
                        "site": [f"site {s}" for s in site],
                        "arm": "",
                        "plate": -1,
                        "weight": 1.0,
                        "outcome": y,
                        "probability": p
                        if name == "intercept_only"
                        else 1 / (1 + np.exp(-(score - 0.9))),
                        "chosen": "elastic_net" if name == PROCEDURE else "",
                    }
                )
            )
    return pd.concat(parts, ignore_index=True).astype(PREDICTION_COLUMNS)


def _evaluate(table, experiment=EXPERIMENT):
    return evaluate(table, experiment, LABELS, parameters=12)


@pytest.fixture(scope="module")
def plain():
    """The evaluation of the table as it is."""
    return _evaluate(_table())


def test_auroc_is_the_mean_over_folds_and_repeats(plain):
    table, block = _table(), plain.headline
    own = table[table["candidate"] == PROCEDURE]
    by_fold = [
        roc_auc_score(part["outcome"], part["probability"])
        for _, part in own.groupby(["repeat", "fold"])
    ]
    result = block.candidate(PROCEDURE)
    assert result.metrics["auroc"].value == pytest.approx(np.mean(by_fold), abs=1e-12)
    assert [f.auroc for f in result.folds] == pytest.approx(by_fold)
    brier = ((own["outcome"] - own["probability"]) ** 2).groupby(own["repeat"]).mean().mean()
    assert result.metrics["brier"].value == pytest.approx(brier)


def test_differences_are_paired():
    """Two candidates that share their noise differ with far less doubt than each has alone."""
    evaluation = _evaluate(_table(signal=0.3))
    auroc, difference = evaluation.verdict.auroc, evaluation.verdict.difference
    assert difference.high - difference.low < 0.7 * (auroc.high - auroc.low)
    assert evaluation.verdict.adds == "yes"
    assert evaluation.verdict.sentence.startswith("Yes: the panel adds")


def test_no_difference_is_said_in_words():
    evaluation = _evaluate(_table(signal=0.0))
    assert evaluation.verdict.adds == "no"
    assert evaluation.verdict.sentence.startswith("No: the panel does not demonstrably add")
    assert not evaluation.gate_passed


def test_a_worse_model_is_said_to_be_worse():
    assert _evaluate(_table(signal=-0.6)).verdict.adds == "worse"


@pytest.mark.parametrize("table", [_table(), _table(signal=0.0, seed=1), _table(repeats=1, n=61)])
def test_the_verdict_alone_is_that_of_the_whole_evaluation(table):
    alone = headline_verdict(table, EXPERIMENT, LABELS[REFERENCE])
    assert alone == _evaluate(table).verdict


def test_luck_between_repeats_widens_the_interval():
    steady = _evaluate(_table(repeats=4, signal=0.3)).verdict.difference
    lucky = _evaluate(_table(repeats=4, signal=0.3, luck=0.5)).verdict.difference
    assert lucky.high - lucky.low > 2 * (steady.high - steady.low)


def test_one_probability_per_fold_has_no_slope_and_ranks_by_chance(plain):
    metrics = plain.headline.candidate("intercept_only").metrics
    assert metrics["calibration_slope"].value is None
    assert metrics["auroc"].value == 0.5


def test_a_fold_with_one_class_is_counted_and_not_averaged():
    table = _table()
    table.loc[table["fold"] == 0, "outcome"] = 0
    result = _evaluate(table).headline.candidate(PROCEDURE)
    assert result.folds_without_auroc == 3
    defined = [f.auroc for f in result.folds if f.auroc is not None]
    assert result.metrics["auroc"].value == pytest.approx(np.mean(defined))


def test_the_same_table_gives_the_same_file(plain):
    assert _evaluate(_table()).model_dump_json() == plain.model_dump_json()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.assign(probability=t["probability"] * 3), "outside"),
        (lambda t: t.assign(probability=np.nan), "are missing"),
        (lambda t: t.assign(outcome=2), "must be 0 or 1"),
        (lambda t: pd.concat([t, t.tail(3)]), "3 rows are predicted twice"),
        (lambda t: t.drop(columns="person"), "lacks 'person'"),
        (lambda t: t[t["candidate"] != REFERENCE], "has no 'reference'"),
        (
            lambda t: t[(t["candidate"] != REFERENCE) | (t["row"] > 9)],
            "30 held-out rows are not predicted by every candidate",
        ),
    ],
)
def test_a_table_that_cannot_be_evaluated_says_why(change, words):
    with pytest.raises(PredictionsError, match=words):
        _evaluate(change(_table()))


def test_ninety_five_percent_intervals_cover_the_truth():
    """A small twin of the coverage benchmark that belongs to the validation layer."""
    asked = EXPERIMENT.candidates.model_copy(
        update={"contenders": ("elastic_net",), "references": ("clinical_only",), "baselines": ()}
    )
    small = _with(EXPERIMENT.model_copy(update={"candidates": asked}), bootstraps=200)
    # equal-variance normal scores one apart: AUROC = Phi(1 / sqrt 2)
    truth = 0.7602
    hits = 0
    for seed in range(40):
        table = _table(n=150, repeats=1, seed=seed)
        found = _evaluate(table[table["candidate"].isin([PROCEDURE, REFERENCE, *asked.all])], small)
        auroc = found.headline.candidate(REFERENCE).metrics["auroc"]
        hits += auroc.low <= truth <= auroc.high
    assert hits >= 34


def _evaluate_made_up(people, experiment=made_up.EXPERIMENT, **changes):
    table = made_up.held_out(people)
    told = {"inner": made_up.inner_of(table)} | changes
    return evaluate(table, experiment, made_up.LABELS, made_up.PARAMETERS, **told)


@pytest.mark.parametrize(
    ("people", "rung", "exported"),
    [(60, "none", 0), (200, "exploratory", 0), (400, "internally validated", 3)],
)
def test_thresholds_are_exported_from_internally_validated_on(people, rung, exported):
    found = _evaluate_made_up(people)
    assert found.claim.rung == rung
    assert len(found.final_thresholds) == exported
    # what was measured of the folds' thresholds is told in any case
    assert len(found.headline.thresholds) == 3


def test_a_design_that_is_capped_exports_no_threshold():
    capped = made_up.EXPERIMENT.model_copy(
        update={"claim": made_up.EXPERIMENT.claim.model_copy(update={"design": "case-control"})}
    )
    assert _evaluate_made_up(400, capped).final_thresholds == []


def test_a_claim_without_inner_predictions_exports_no_threshold():
    found = _evaluate_made_up(400, inner=None)
    assert found.claim.rung == "internally validated"
    assert found.final_thresholds == []
    assert found.headline.thresholds == []
    assert found.headline.sets is None


def test_exported_thresholds_are_put_on_the_final_models_own_inner_rows():
    table = made_up.held_out(400)
    inner = made_up.inner_of(table)
    found = {t.rule: t.threshold for t in _evaluate_made_up(400, inner=inner).final_thresholds}
    own = inner[(inner["block"] == FINAL_BLOCK) & (inner["candidate"] == PROCEDURE)]
    assert len(own) == 400
    false, true, at = roc_curve(own["outcome"], own["probability"], drop_intermediate=False)
    p = np.sort(own["probability"].to_numpy())

    def below(threshold):
        """Half way to the next lower probability."""
        return (threshold + p[p < threshold].max()) / 2

    expected = {
        "sensitivity of at least 90 %": below(at[true >= 0.9].max()),
        "specificity of at least 90 %": below(at[1 - false >= 0.9].min()),
        "probability of at least 30 %": 0.3,
    }
    assert found == pytest.approx(expected)


def test_inner_predictions_of_other_people_are_refused():
    with pytest.raises(PredictionsError, match="rows of the inner predictions are not in"):
        _evaluate_made_up(60, inner=made_up.inner_of(made_up.held_out(80)))


def _with_external():
    """People of the study, and 150 others on whom the model is tested once."""
    table = made_up.held_out(200)
    others = made_up.held_out(150, folds=1, repeats=1, seed=9)
    others = others.assign(block="external", row=others["row"] + 1000)
    others["person"] += 1000
    inner = made_up.inner_of(table)
    first = (inner["block"] == "internal") & (inner["repeat"] == 0) & (inner["fold"] == 0)
    development = inner[first].assign(block="external")
    return (
        pd.concat([table, others], ignore_index=True),
        pd.concat([inner, development], ignore_index=True),
    )


def _intervals(block):
    records: list[ThresholdRecord | SetsRecord] = [*block.thresholds, block.sets]
    return {
        (getattr(record, "rule", "sets"), name): value
        for record in records
        for name, value in record
        if isinstance(value, Estimate)
    }


def test_intervals_are_widened_inside_and_not_where_nobody_had_trained(monkeypatch):
    table, inner = _with_external()

    def evaluated(times):
        # whatever the number of folds: of the external test, nobody had trained
        monkeypatch.setattr(weighings, "overlap", lambda folds: times)
        told = (made_up.EXPERIMENT, made_up.LABELS, made_up.PARAMETERS)
        return evaluate(table, *told, inner=inner)

    before, now = evaluated(1.0), evaluated(1.2)
    assert [block.name for block in now.blocks] == ["internal", "external"]
    inside, outside = zip(*(map(_intervals, e.blocks) for e in (before, now)), strict=True)
    assert outside[0] == outside[1]
    assert len(inside[0]) == 3 * 7 + 10
    for key, plain in inside[0].items():
        wide = inside[1][key]
        assert wide.value == plain.value
        if plain.low is not None and plain.low < plain.high:
            assert wide.low <= plain.low <= plain.high <= wide.high
            assert wide.high - wide.low > plain.high - plain.low, key
        if key[1] not in ("events", "non_events", "break_even") and wide.low is not None:
            assert 0 <= wide.low <= wide.high <= 1
