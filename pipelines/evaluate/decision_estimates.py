"""Thresholds and conformal sets, chosen on inner folds and judged on held-out rows.

Intervals are percentiles of draws that are widened where people train each other's models
(`pipelines.evaluate.held_out_estimates.overlap`): shares on the log-odds, so that they stay shares.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipelines.evaluate.held_out_estimates import (
    WeightedPredictions,
    widened,
    widened_shares,
)
from pipelines.question.experiment import Decision
from signature.records.decision import FinalThreshold, SetsRecord, ThresholdRecord
from signature.records.estimates import Estimate
from signature.validation.abstention import Costs, expected_costs
from signature.validation.classification import (
    Classification,
    ThresholdRule,
    choose_threshold,
    classify,
)
from signature.validation.conformal import calibrate, set_metrics
from signature.validation.draws import estimate_of_draws

FLAGGING = ("sensitivity", "specificity", "ppv", "npv", "flagged")

COSTS = ("deciding", "abstaining", "decided")
SIGNED_COSTS = ("break_even", "difference")
"""Of conformal sets, per person; what else is measured of them is a share."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """One candidate's held-out rows, and the inner predictions of the models that made them.

    Parameters
    ----------
    held_out : WeightedPredictions
    folds : list of ndarray
        Fold of each row, by repeat as in `held_out`.
    inner : dict of (int, int) to DataFrame
        Inner predictions by repeat, as counted in `held_out`, and fold.
    """

    held_out: WeightedPredictions
    folds: list[np.ndarray]
    inner: dict[tuple[int, int], pd.DataFrame]

    def thresholds(self, rule: ThresholdRule) -> dict[tuple[int, int], float]:
        """Put the threshold of each fold's model."""
        return {key: put_threshold(table, rule) for key, table in self.inner.items()}

    def per_row(self, by_fold: dict[tuple[int, int], float], repeat: int) -> np.ndarray:
        """Give each held-out row of a repeat the number of its fold."""
        return np.array([by_fold[repeat, fold] for fold in self.folds[repeat]])


def rules_of(decision: Decision) -> dict[str, ThresholdRule]:
    """Rules that an experiment declares, by what a report calls them."""
    rules = {
        f"sensitivity of at least {decision.sensitivity:.0%}": ThresholdRule(
            "sensitivity", decision.sensitivity
        ),
        f"specificity of at least {decision.specificity:.0%}": ThresholdRule(
            "specificity", decision.specificity
        ),
    }
    if decision.act_from is not None:
        rules[f"probability of at least {decision.act_from:.0%}"] = ThresholdRule(
            "probability", decision.act_from
        )
    return {name.replace("%", " %"): rule for name, rule in rules.items()}


def put_threshold(inner: pd.DataFrame, rule: ThresholdRule) -> float:
    """Put a threshold by a rule on the inner predictions of one training set."""
    return choose_threshold(inner["outcome"].to_numpy(), inner["probability"].to_numpy(), rule)


def threshold_records(
    procedure: Fitted, reference: Fitted, decision: Decision
) -> list[ThresholdRecord]:
    """Judge every declared rule on held-out rows, and against the reference under the same rule."""
    return [
        _threshold(name, rule, procedure, reference) for name, rule in rules_of(decision).items()
    ]


def _threshold(
    name: str, rule: ThresholdRule, procedure: Fitted, reference: Fitted
) -> ThresholdRecord:
    put = procedure.thresholds(rule)
    own, other = (_classified(f, f.thresholds(rule)) for f in (procedure, reference))
    lowest, middle, highest = np.quantile(list(put.values()), [0, 0.5, 1])
    times = procedure.held_out.overlap

    def gain(of: str) -> Estimate:
        return estimate_of_draws(np.clip(widened(own[of] - other[of], times), -1, 1))

    return ThresholdRecord(
        rule=name,
        lowest=float(lowest),
        middle=float(middle),
        highest=float(highest),
        folds=len(put),
        **{key: estimate_of_draws(widened_shares(own[key], times)) for key in FLAGGING},
        events=gain("sensitivity"),
        non_events=gain("specificity"),
    )


def _classified(fitted: Fitted, by_fold: dict[tuple[int, int], float]) -> dict[str, np.ndarray]:
    found: list[Classification] = [
        classify(*part, fitted.per_row(by_fold, repeat))
        for repeat, part in enumerate(fitted.held_out.parts)
    ]
    return {
        name: fitted.held_out.mean_where_defined([getattr(one, name) for one in found])
        for name in FLAGGING
    }


def sets_record(fitted: Fitted, decision: Decision, act_from: float) -> SetsRecord:
    """Judge conformal sets on held-out rows, and what leaving the indeterminate open would cost.

    Parameters
    ----------
    fitted : Fitted
        Of the procedure.
    decision : Decision
    act_from : float
        Probability from which everybody would be decided; it fixes the cost of a false alarm.
    """
    usual = {
        key: calibrate(
            table["outcome"].to_numpy(),
            table["probability"].to_numpy(),
            person=table["person"].to_numpy(),
        )
        for key, table in fitted.inner.items()
    }
    reasons = [r for r in (u.always_abstains(decision.error_rate) for u in usual.values()) if r]
    costs = Costs(act_from / (1 - act_from), 1.0, decision.indeterminate or 0.0)
    metrics: dict[str, list[np.ndarray]] = {}
    for repeat, (y, p, w) in enumerate(fitted.held_out.parts):
        sets = np.empty((len(y), 2), dtype=bool)
        for fold in np.unique(fitted.folds[repeat]):
            rows = fitted.folds[repeat] == fold
            sets[rows] = usual[repeat, int(fold)].sets(p[rows], decision.error_rate)
        found = {**set_metrics(y, sets, w), **expected_costs(y, p, sets, w, costs)}
        open_share = found["indeterminate"]
        found["decided"] = found["abstaining"] - costs.indeterminate * open_share
        for name, values in found.items():
            metrics.setdefault(name, []).append(values)
    times = fitted.held_out.overlap
    of = {
        name: _set_estimate(name, fitted.held_out.mean_where_defined(values), times)
        for name, values in metrics.items()
    }
    return SetsRecord(
        error_rate=decision.error_rate,
        folds=len(usual),
        abstaining_folds=len(reasons),
        abstains=reasons[0] if reasons else "",
        coverage_event=of["coverage_event"],
        coverage_no_event=of["coverage_no_event"],
        indeterminate=of["indeterminate"],
        none=of["none"],
        right_event=of["right_event"],
        right_no_event=of["right_no_event"],
        act_from=act_from,
        cost_deciding=of["deciding"],
        cost_decided=of["decided"],
        break_even=of["break_even"],
        declared_cost=decision.indeterminate,
        cost_abstaining=_cost(of, decision),
    )


def _set_estimate(name: str, values: np.ndarray, times: float) -> Estimate:
    if name in COSTS:
        # no error costs less than nothing
        return estimate_of_draws(np.maximum(widened(values, times), 0))
    if name in SIGNED_COSTS:
        return estimate_of_draws(widened(values, times))
    return estimate_of_draws(widened_shares(values, times))


def _cost(of: dict[str, Estimate], decision: Decision) -> Estimate | None:
    return None if decision.indeterminate is None else of["abstaining"]


def final_thresholds(inner: pd.DataFrame, decision: Decision) -> list[FinalThreshold]:
    """Put the registered model's thresholds on its own inner predictions."""
    return [
        FinalThreshold(rule=name, threshold=put_threshold(inner, rule))
        for name, rule in rules_of(decision).items()
    ]
