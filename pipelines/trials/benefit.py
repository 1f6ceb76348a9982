"""What held-out predicted benefit is worth: by quantile, as a ranking, and as a rule."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

import numpy as np

from pipelines.trials.crossfit import TrialPredictions
from pipelines.trials.study import TrialStudy
from signature.effect.benefit.advised_groups import Advice, advice
from signature.effect.benefit.benefit_calibration import benefit_calibration
from signature.effect.benefit.benefit_quantiles import (
    EffectByGroup,
    effect_by_group,
    quantile_groups,
)
from signature.effect.benefit.c_for_benefit import CForBenefit, c_for_benefit
from signature.effect.benefit.number_needed import number_needed
from signature.effect.benefit.rule_value import RuleValue, rule_value
from signature.effect.benefit.targeting import targeting
from signature.effect.benefit.treatment_rule import best_arm, treat_if
from signature.effect.trial.aipw import arm_scores, benefit_scores
from signature.effect.trial.estimate import mean_estimate
from signature.effect.trial.outcome_imputation import pooled
from signature.effect.trial.trial import Trial
from signature.effect.trial_record import ArmEffect, BenefitResult, SecondaryEffect
from signature.effect.visits.visit_lines import FEWEST
from signature.randomness import generator
from signature.records.estimates import EffectEstimate
from signature.validation.holm import holm


@dataclass(frozen=True, eq=False)
class Scored:
    """The people of the two arms whose outcome is known, and their doubly robust scores.

    Parameters
    ----------
    rows : ndarray of int
        Positions among all people.
    arm : ndarray of int
        1 in the treated arm, 0 in the control.
    outcome, weight : ndarray
    allocation, scores : ndarray of shape (n, 2)
        Control first.
    benefit : ndarray
        Positive where treatment does better.
    """

    rows: np.ndarray
    arm: np.ndarray
    outcome: np.ndarray
    weight: np.ndarray
    allocation: np.ndarray
    scores: np.ndarray
    benefit: np.ndarray


def scored(study: TrialStudy, arm: int, held_out: TrialPredictions | None) -> Scored:
    """Score the people of an arm and of the control, with outcome models where there are any."""
    return _scored(study.trial, arm, held_out)


def _scored(trial: Trial, arm: int, held_out: TrialPredictions | None) -> Scored:
    rows = np.flatnonzero(trial.known & np.isin(trial.code, (0, arm)))
    two = trial.allocation[rows][:, [0, arm]]
    allocation = two / two.sum(axis=1, keepdims=True)
    own = (trial.code[rows] == arm).astype(int)
    expected = None if held_out is None else held_out.expected[rows][:, [0, arm]]
    weight = trial.weight[rows]
    scores = arm_scores(trial.outcome[rows], own, allocation, expected, weight=weight)
    better = trial.endpoint.higher_is_better
    benefit = benefit_scores(scores, 1, 0, higher_is_better=better)
    return Scored(rows, own, trial.outcome[rows], weight, allocation, scores, benefit)


def average_effects(study: TrialStudy, held_out: TrialPredictions | None) -> list[ArmEffect]:
    """Estimate the average benefit of every arm over control."""
    found = []
    for arm in range(1, len(study.trial.arms)):
        adjusted: EffectEstimate | None = None
        if held_out is not None:
            adjusted = _adjusted(study.trial, arm, held_out)
        found.append(
            ArmEffect(
                arm=study.trial.arms[arm],
                unadjusted=_unadjusted(study.trial, arm),
                adjusted=adjusted,
            )
        )
    return found


def secondary_effects(study: TrialStudy) -> list[SecondaryEffect]:
    """Estimate the average benefit of the compared arm in every further endpoint."""
    treated = study.trial.arms[study.treated]
    found = []
    for trial in study.secondary.values():
        benefit = _unadjusted(trial, trial.arms.index(treated))
        known = {
            name: int((trial.known & (trial.code == trial.arms.index(name))).sum())
            for name in (trial.arms[0], treated)
        }
        found.append((trial, known, benefit))
    corrected = holm([benefit.p for _, _, benefit in found])
    return [
        SecondaryEffect(endpoint=asdict(trial.endpoint), known=known, benefit=benefit, p_family=p)
        for (trial, known, benefit), p in zip(found, corrected, strict=True)
    ]


def _adjusted(trial: Trial, arm: int, held_out: TrialPredictions) -> EffectEstimate:
    """Estimate it with outcome models; of imputed outcomes, pooled."""
    if trial.imputed is None:
        known = _scored(trial, arm, held_out)
        return mean_estimate(known.benefit, arm=known.arm, weight=known.weight)
    everybody = np.ones(len(trial.code))
    found = []
    for outcome in trial.imputed:
        drawn = replace(trial, outcome=outcome, known=everybody > 0, weight=everybody)
        people = _scored(drawn, arm, held_out)
        found.append(mean_estimate(people.benefit, arm=people.arm))
    means = np.array([one.value for one in found], dtype="float64")
    errors = np.array([one.standard_error or 0.0 for one in found])
    return pooled(means, errors**2, df=int(np.isin(trial.code, (0, arm)).sum()) - 2)


def _unadjusted(trial: Trial, arm: int) -> EffectEstimate:
    """Difference of means; of imputed outcomes, pooled."""
    if trial.imputed is None:
        plain = _scored(trial, arm, None)
        return mean_estimate(plain.benefit, arm=plain.arm, weight=plain.weight)
    sign = 1.0 if trial.endpoint.higher_is_better else -1.0
    treated, control = (trial.imputed[:, trial.code == k] for k in (arm, 0))
    means = sign * (treated.mean(axis=1) - control.mean(axis=1))
    variances = [part.var(axis=1, ddof=1) / part.shape[1] for part in (treated, control)]
    df = treated.shape[1] + control.shape[1] - 2
    return pooled(means, variances[0] + variances[1], df=df)


def benefit_results(study: TrialStudy, held_out: TrialPredictions) -> list[BenefitResult]:
    """Evaluate the predicted benefit of every candidate."""
    people = scored(study, study.treated, held_out)
    return [_result(study, held_out, people, name) for name in study.candidates]


def risk_groups(study: TrialStudy, held_out: TrialPredictions) -> EffectByGroup:
    """Estimate the benefit by quantile of prognosis (Kent 2020: the risk-based approach)."""
    people = scored(study, study.treated, held_out)
    return _by_quantile(study, people, held_out.prognosis[people.rows])


def best_arm_value(study: TrialStudy, held_out: TrialPredictions) -> RuleValue | None:
    """Value the rule that gives the arm of the largest predicted benefit; None with two arms."""
    trial = study.trial
    if len(trial.arms) < 3:
        return None
    rows = np.flatnonzero(trial.known)
    weight, code = trial.weight[rows], trial.code[rows]
    scores = arm_scores(
        trial.outcome[rows],
        code,
        trial.allocation[rows],
        held_out.expected[rows],
        weight=weight,
    )
    predicted = held_out.benefit[study.experiment.candidates.headline][rows]
    advised = best_arm(predicted, higher_is_better=True)
    return rule_value(
        scores,
        advised,
        higher_is_better=trial.endpoint.higher_is_better,
        arm=code,
        weight=weight,
    )


def _by_quantile(study: TrialStudy, people: Scored, predicted: np.ndarray) -> EffectByGroup:
    return effect_by_group(
        people.scores,
        people.arm,
        predicted,
        quantile_groups(predicted, study.experiment.crossfitting.groups),
        higher_is_better=study.trial.endpoint.higher_is_better,
        event=study.trial.endpoint.kind != "continuous",
        weight=people.weight,
    )


def _result(
    study: TrialStudy, held_out: TrialPredictions, people: Scored, name: str
) -> BenefitResult:
    trial, draws = study.trial, study.experiment.crossfitting.draws
    own = held_out.benefit[name][people.rows, study.treated]
    predicted = held_out.levelled[name][people.rows, study.treated]
    label = study.candidates[name].LABEL
    headline = name == study.experiment.candidates.headline
    if np.ptp(predicted) <= 1e-12 * (1 + np.abs(predicted).max()):
        return BenefitResult(
            candidate=name, label=label, headline=headline, constant=True, groups=None,
            targeting=None, calibration=None, c_for_benefit=None, rule=None, advice=None,
            number_needed=None,
        )  # fmt: skip
    better, event = trial.endpoint.higher_is_better, trial.endpoint.kind != "continuous"
    treat = treat_if(own)
    arm, weight = people.arm, people.weight
    advised = _of_enough(
        advice(people.benefit, treat, arm=arm, weight=weight, shift=own - predicted)
    )
    needed = number_needed(advised.treat.benefit) if event else None
    seed = study.experiment.seed
    return BenefitResult(
        candidate=name,
        label=label,
        headline=headline,
        constant=False,
        groups=_by_quantile(study, people, predicted),
        targeting=targeting(
            people.benefit,
            predicted,
            generator(seed, "targeting", name),
            draws=draws,
            arm=arm,
            weight=weight,
        ),
        calibration=benefit_calibration(people.benefit, predicted, arm=arm, weight=weight),
        c_for_benefit=_ordered(study, people, predicted, name),
        rule=rule_value(people.scores, treat, higher_is_better=better, arm=arm, weight=weight),
        advice=advised,
        number_needed=None if needed is None else str(needed),
    )


def _of_enough(advised: Advice) -> Advice:
    """Leave out what would be nearly one person's own."""
    nothing = EffectEstimate(value=None)
    treat, against = (
        group if group.people >= FEWEST else replace(group, benefit=nothing)
        for group in (advised.treat, advised.against)
    )
    both = min(treat.people, against.people) >= FEWEST
    return Advice(
        treat,
        against,
        advised.difference if both else nothing,
        advised.harm_p if against.people >= FEWEST else None,
    )


def _ordered(
    study: TrialStudy, people: Scored, predicted: np.ndarray, name: str
) -> CForBenefit | None:
    """Measure the c-for-benefit; None where the ratio differs between people, as pairs need one."""
    if np.ptp(people.allocation[:, 1]) > 1e-9:
        return None
    return c_for_benefit(
        people.outcome,
        people.arm == 1,
        predicted,
        generator(study.experiment.seed, "pairs", name),
        higher_is_better=study.trial.endpoint.higher_is_better,
        draws=min(500, study.experiment.crossfitting.draws),
    )
