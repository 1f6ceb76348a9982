"""How far from random the lost outcomes would have to be before the trial's answers change."""

from __future__ import annotations

from pipelines.trials.study import TrialStudy
from signature.effect.interaction.arm_by_score import ArmByScore
from signature.effect.interaction.deciding_test import DecidingTest
from signature.effect.trial.tipping_point import tipping_point
from signature.effect.trial_record import ArmEffect, NamedMarker, Tipping


def tipping_points(
    study: TrialStudy,
    average: list[ArmEffect],
    named: list[NamedMarker],
    decided: DecidingTest | None,
) -> list[Tipping]:
    """Say it of the average benefit, of markers named beforehand, and of the learned score.

    Parameters
    ----------
    study : TrialStudy
    average : list of ArmEffect
        With that of the compared arm.
    named : list of NamedMarker
    decided : DecidingTest or None
    """
    trial = study.trial
    own = trial.code == study.treated
    outcome = trial.outcome[own & trial.known]
    lost, people = int((own & ~trial.known).sum()), int(own.sum())
    sd = most = None
    if trial.endpoint.kind == "continuous":
        sd = float(outcome.std(ddof=1))
    else:
        bad = outcome.mean() if not trial.endpoint.higher_is_better else 1 - outcome.mean()
        most = (1 - float(bad), float(bad))
    effect = next(one for one in average if one.arm == trial.arms[study.treated])
    benefit = effect.adjusted or effect.unadjusted
    asked = [("average", (benefit.value, benefit.low, benefit.high))]
    asked += [(one.marker, _benefit(one.test, study)) for one in named]
    if decided is not None and decided.score is not None:
        asked.append(("score", _benefit(decided.score, study)))
    found = []
    for what, interval in asked:
        whole = what == "average"
        point = tipping_point(
            *interval, lost=lost, people=people, slope=not whole, most=most if whole else None
        )
        if point is not None:
            found.append(Tipping(what=what, sd=sd, **vars(point)))
    return found


def _benefit(
    test: ArmByScore, study: TrialStudy
) -> tuple[float | None, float | None, float | None]:
    """Additional benefit per standard deviation with its interval, in units of the outcome."""
    if test.scale != "outcome" or test.estimate is None or test.low is None or test.high is None:
        return None, None, None
    if study.trial.endpoint.higher_is_better:
        return test.estimate, test.low, test.high
    return -test.estimate, -test.high, -test.low
