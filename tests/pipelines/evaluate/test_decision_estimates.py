"""Thresholds and conformal sets counted again one person at a time."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from pipelines.evaluate.decision_estimates import (
    FLAGGING,
    Fitted,
    final_thresholds,
    rules_of,
    sets_record,
    threshold_records,
)
from pipelines.evaluate.held_out_estimates import WeightedPredictions, overlap, widened_shares
from pipelines.question.experiment import Decision

DRAWS = 60
DECISION = Decision(act_from=0.25, indeterminate=0.3, error_rate=0.15)
ACT_FROM = 0.25


def _fitted(*, times=1.0, bias=0.0, n=30, per_training_set=40, seed=0):
    """Two repeats of two folds; `bias` makes the held-out probabilities wrong."""
    rng = np.random.default_rng(seed)
    outcome = np.arange(n) % 3 == 0
    weights = np.vstack([np.ones((1, n)), rng.multinomial(n, np.full(n, 1 / n), size=DRAWS)])
    inner, parts, folds = {}, [], []
    for repeat in range(2):
        p = 1 / (1 + np.exp(-(1.5 * outcome - 1 - bias + rng.normal(size=n))))
        parts.append((outcome.astype(int), p.round(3), weights))
        folds.append(rng.permutation(n) % 2)
        for fold in range(2):
            y = np.arange(per_training_set) % 3 == 1
            q = 1 / (1 + np.exp(-(1.5 * y - 1 + rng.normal(size=len(y)))))
            table = {
                "outcome": y.astype(int),
                "probability": q.round(3),
                "person": np.arange(len(y)),
            }
            inner[repeat, fold] = pd.DataFrame(table)
    first = rng.integers(0, 2, DRAWS)
    shares = np.vstack([[0.5, 0.5], np.column_stack([first, 1 - first])])
    return Fitted(WeightedPredictions(parts, shares, times), folds, inner)


def _cut(rule, table):
    """Try every place between two neighbouring probabilities."""
    if rule.kind == "probability":
        return rule.at
    p = sorted(set(table["probability"]))
    cuts = [0.0, *((a + b) / 2 for a, b in pairwise(p)), 2.0]
    events, others = table[table["outcome"] == 1], table[table["outcome"] == 0]
    if rule.kind == "sensitivity":
        return max(c for c in cuts if (events["probability"] >= c).mean() >= rule.at)
    return min(c for c in cuts if (others["probability"] < c).mean() >= rule.at)


def _ratio(above, below):
    return above / below if below else None


def _over_repeats(fitted, draw, one_repeat):
    """Mean of what is defined, weighted by the shares of the repeats in a draw."""
    total = weight = 0.0
    for repeat, share in enumerate(fitted.held_out.shares[draw]):
        value = one_repeat(repeat, draw)
        if value is not None:
            total, weight = total + share * value, weight + share
    return total / weight if weight else np.nan


def _counted(fitted, rule):
    """Sensitivity, specificity, ppv, npv and share flagged in each draw, person by person."""

    cuts = {key: _cut(rule, table) for key, table in fitted.inner.items()}

    def of(what):
        def one_repeat(repeat, draw):
            y, p, w = fitted.held_out.parts[repeat]
            n = {(flag, event): 0.0 for flag in (True, False) for event in (0, 1)}
            for i in range(len(y)):
                cut = cuts[repeat, fitted.folds[repeat][i]]
                n[bool(p[i] >= cut), int(y[i])] += w[draw, i]
            tp, fp, fn, tn = n[True, 1], n[True, 0], n[False, 1], n[False, 0]
            return {
                "sensitivity": _ratio(tp, tp + fn),
                "specificity": _ratio(tn, tn + fp),
                "ppv": _ratio(tp, tp + fp),
                "npv": _ratio(tn, tn + fn),
                "flagged": _ratio(tp + fp, tp + fp + fn + tn),
            }[what]

        return np.array([_over_repeats(fitted, d, one_repeat) for d in range(DRAWS + 1)])

    return {what: of(what) for what in FLAGGING}


def _same(found, values):
    assert found.value == pytest.approx(values[0], abs=1e-12)
    draws = values[1:][np.isfinite(values[1:])]
    if len(draws) < 0.9 * DRAWS:
        assert (found.low, found.high) == (None, None)
        return
    assert [found.low, found.high] == pytest.approx(np.quantile(draws, [0.025, 0.975]), abs=1e-12)


def _apart(values, times):
    """Odds of a draw over those of the value, to the power of the factor."""
    own = values[0] / (1 - values[0])

    def moved(share):
        if share == 1:
            return 1.0
        odds = own * (share / (1 - share) / own) ** times
        return odds / (1 + odds)

    return np.array([moved(share) for share in values])


@pytest.mark.parametrize("folds", [1, 2])
def test_every_rule_is_judged_person_by_person(folds):
    times = overlap(folds)
    procedure, reference = _fitted(times=times), _fitted(times=times, bias=0.7, seed=1)
    records = threshold_records(procedure, reference, DECISION)
    assert [r.rule for r in records] == [
        "sensitivity of at least 90 %",
        "specificity of at least 90 %",
        "probability of at least 25 %",
    ]
    for record, rule in zip(records, rules_of(DECISION).values(), strict=True):
        cuts = [_cut(rule, table) for table in procedure.inner.values()]
        assert [record.lowest, record.middle, record.highest] == pytest.approx(
            [min(cuts), np.median(cuts), max(cuts)]
        )
        assert record.folds == 4
        own, other = _counted(procedure, rule), _counted(reference, rule)
        for what in FLAGGING:
            _same(getattr(record, what), _apart(own[what], times))
        for change, what in ((record.events, "sensitivity"), (record.non_events, "specificity")):
            gain = own[what] - other[what]
            _same(change, gain[0] + times * (gain - gain[0]))


def _sets(fitted, repeat, i):
    """Whether no event and event are in the set: count the training people as unlike or more."""
    table = fitted.inner[repeat, fitted.folds[repeat][i]]
    p = fitted.held_out.parts[repeat][1][i]
    q, y = table["probability"], table["outcome"]
    no_event = (1 + ((y == 0) & (q >= p)).sum()) / (1 + (y == 0).sum())
    event = (1 + ((y == 1) & (q <= p)).sum()) / (1 + (y == 1).sum())
    return no_event > DECISION.error_rate, event > DECISION.error_rate


def _counted_sets(fitted):
    """Numerator and denominator of everything that is measured of sets, person by person."""
    odds = ACT_FROM / (1 - ACT_FROM)
    sets = {
        (repeat, i): _sets(fitted, repeat, i)
        for repeat, folds in enumerate(fitted.folds)
        for i in range(len(folds))
    }

    def tally(repeat, draw):
        y, p, w = fitted.held_out.parts[repeat]
        names = ("events", "others", "held1", "held0", "open", "none", "said1", "right1", "said0")
        n = dict.fromkeys((*names, "right0", "deciding", "decided"), 0.0)
        for i in range(len(y)):
            weight, (no_event, event) = w[draw, i], sets[repeat, i]
            n["events" if y[i] else "others"] += weight
            n["held1"] += weight * (event and y[i] == 1)
            n["held0"] += weight * (no_event and y[i] == 0)
            n["open"] += weight * (no_event == event)
            n["none"] += weight * (not no_event and not event)
            n["deciding"] += weight * _error(y[i], p[i] >= ACT_FROM, odds)
            if no_event != event:
                side = "1" if event else "0"
                n[f"said{side}"] += weight
                n[f"right{side}"] += weight * (y[i] == event)
                n["decided"] += weight * _error(y[i], event, odds)
        return n

    def series(value):
        return np.array(
            [
                _over_repeats(fitted, d, lambda repeat, draw: value(tally(repeat, draw)))
                for d in range(DRAWS + 1)
            ]
        )

    def everybody(n):
        return n["events"] + n["others"]

    return {
        "coverage_event": series(lambda n: _ratio(n["held1"], n["events"])),
        "coverage_no_event": series(lambda n: _ratio(n["held0"], n["others"])),
        "indeterminate": series(lambda n: _ratio(n["open"], everybody(n))),
        "none": series(lambda n: _ratio(n["none"], everybody(n))),
        "right_event": series(lambda n: _ratio(n["right1"], n["said1"])),
        "right_no_event": series(lambda n: _ratio(n["right0"], n["said0"])),
        "cost_deciding": series(lambda n: n["deciding"] / everybody(n)),
        "cost_decided": series(lambda n: n["decided"] / everybody(n)),
        "cost_abstaining": series(lambda n: (n["decided"] + 0.3 * n["open"]) / everybody(n)),
        "break_even": series(lambda n: _ratio(n["deciding"] - n["decided"], n["open"])),
    }


def _error(event, said, odds):
    return 0.0 if said == bool(event) else (1.0 if event else odds)


@pytest.mark.parametrize("folds", [1, 2])
def test_sets_and_costs_are_counted_person_by_person(folds):
    fitted = _fitted(times=overlap(folds), bias=0.4)
    found = sets_record(fitted, DECISION, ACT_FROM)
    assert (found.folds, found.abstaining_folds, found.abstains) == (4, 0, "")
    for name, values in _counted_sets(fitted).items():
        if name == "break_even":
            draws = values[0] + overlap(folds) * (values - values[0])
        elif name.startswith("cost"):
            draws = np.maximum(values[0] + overlap(folds) * (values - values[0]), 0)
        elif 0 < values[0] < 1:
            draws = _apart(values, overlap(folds))
        else:
            draws = np.clip(values[0] + overlap(folds) * (values - values[0]), 0, 1)
        _same(getattr(found, name), draws)


def test_with_too_few_calibration_people_everybody_is_left_open():
    fitted = _fitted(per_training_set=9)
    found = sets_record(fitted, DECISION.model_copy(update={"error_rate": 0.1}), ACT_FROM)
    assert (found.folds, found.abstaining_folds) == (4, 4)
    assert "9 calibration people of each class are needed" in found.abstains
    assert found.indeterminate.value == found.coverage_event.value == 1
    assert found.right_event.value is None
    assert found.cost_decided.value == 0
    assert found.cost_abstaining.value == pytest.approx(0.3)


def test_no_declared_cost_of_leaving_open_is_no_cost_that_was_measured():
    found = sets_record(_fitted(), Decision(), ACT_FROM)
    assert found.declared_cost is None
    assert found.cost_abstaining is None


def test_a_share_is_widened_on_its_odds_by_hand():
    """Odds of 4; doubled on the log scale, .25 times them becomes .0625 times, and so on."""
    values = np.array([0.8, 0.5, 0.8, 0.9, 1.0, 0.0, np.nan])
    expected = [0.8, 0.25 / 1.25, 0.8, 20.25 / 21.25, 1.0, 0.0, np.nan]
    assert widened_shares(values, 2.0) == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize("value", [0.0, 0.01, 0.5, 0.97, 1.0])
def test_a_widened_share_stays_a_share_on_its_side_of_the_value(value):
    draws = np.r_[value, np.linspace(0, 1, 101)]
    found = widened_shares(draws, overlap(2))
    assert found[0] == value
    assert ((found >= 0) & (found <= 1)).all()
    assert (np.diff(found[1:]) >= 0).all()
    # never nearer to the value than before, but where 0 or 1 stops it
    assert (np.abs(found - value) >= np.abs(draws - value) - 1e-12).all()
    assert widened_shares(draws, 1.0) is draws


def test_intervals_of_shared_people_are_wider_and_those_of_others_are_not_touched():
    def records(times):
        fitted = _fitted(times=times)
        return threshold_records(fitted, _fitted(times=times, seed=1), DECISION)[0]

    apart, shared = records(1.0), records(overlap(2))
    for name in (*FLAGGING, "events", "non_events"):
        before, after = getattr(apart, name), getattr(shared, name)
        assert before.value == after.value
        assert after.low < before.low < before.high < after.high or after.high == before.high == 1
    # with one fold nobody trains and is tested: percentiles of the draws as they are
    values = _counted(_fitted(), rules_of(DECISION)["sensitivity of at least 90 %"])
    _same(apart.specificity, values["specificity"])


def test_the_models_own_thresholds_are_put_on_its_own_inner_rows():
    table = _fitted().inner[0, 0]
    found = {t.rule: t.threshold for t in final_thresholds(table, DECISION)}
    assert found == pytest.approx(
        {name: _cut(rule, table) for name, rule in rules_of(DECISION).items()}
    )
