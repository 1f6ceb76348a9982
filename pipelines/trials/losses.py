"""How far from random the lost outcomes would have to be before the trial's answers change."""

from __future__ import annotations

from pipelines.trials.claim import LEVEL
from pipelines.trials.study import TrialStudy
from signature.effect.interaction.arm_by_score import ArmByScore
from signature.effect.interaction.deciding_test import DecidingTest
from signature.effect.trial.tipping_point import ArmLosses, Side, TippingPoint, tipping_point
from signature.effect.trial_record import ArmEffect, Losses, NamedMarker, Tipping


def losses_of(
    study: TrialStudy,
    average: list[ArmEffect],
    named: list[NamedMarker],
    decided: DecidingTest | None,
) -> Losses | None:
    """Say it of the average benefit, of markers named beforehand, and of the learned score.

    Parameters
    ----------
    study : TrialStudy
    average : list of ArmEffect
        With that of the compared arm.
    named : list of NamedMarker
    decided : DecidingTest or None

    Returns
    -------
    Losses or None
        None where no outcome of the two arms was lost.
    """
    trial = study.trial
    treated, control = (_arm(study, code) for code in (study.treated, 0))
    effect = next(one for one in average if one.arm == trial.arms[study.treated])
    benefit = effect.adjusted or effect.unadjusted
    points = {
        "average": tipping_point(
            benefit.value,
            benefit.low,
            benefit.high,
            treated=treated,
            control=control,
            found=benefit.p is not None and benefit.p <= LEVEL,
        )
    }
    points |= {one.marker: _of_test(one.test, study, treated, control) for one in named}
    if decided is not None and decided.score is not None:
        points["score"] = _of_test(decided.score, study, treated, control)
    told = [
        Tipping(what=what, shift=point.shift, found=point.found)
        for what, point in points.items()
        if point is not None
    ]
    if not told:
        return None
    known = trial.outcome[(trial.code == study.treated) & trial.known]
    continuous = trial.endpoint.kind == "continuous"
    return Losses(
        lost={trial.arms[study.treated]: treated.lost, trial.arms[0]: control.lost},
        sd=float(known.std(ddof=1)) if continuous else None,
        answers=told,
    )


def _arm(study: TrialStudy, code: int) -> ArmLosses:
    trial = study.trial
    own = trial.code == code
    told = (int((own & ~trial.known).sum()), int(own.sum()))
    if trial.endpoint.kind == "continuous":
        return ArmLosses(*told)
    event = float(trial.outcome[own & trial.known].mean())
    bad = 1 - event if trial.endpoint.higher_is_better else event
    return ArmLosses(*told, worse=1 - bad, better=bad)


def _of_test(
    test: ArmByScore, study: TrialStudy, treated: ArmLosses, control: ArmLosses
) -> TippingPoint | None:
    """Of additional benefit per standard deviation; None on the scale of log-odds."""
    if test.scale != "outcome" or test.estimate is None or test.low is None or test.high is None:
        return None
    interval, side = (test.estimate, test.low, test.high), test.side
    if not study.trial.endpoint.higher_is_better:
        interval = (-test.estimate, -test.high, -test.low)
        turned: dict[str, Side] = {"greater": "less", "less": "greater"}
        side = turned.get(test.side, test.side)
    return tipping_point(
        *interval,
        treated=treated,
        control=control,
        found=test.p <= LEVEL,
        side=side,
        slope=True,
    )
