"""Which words the result has earned: the rules of the ladder, and what the next rung lacks."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.fit.results_folder import Results
from signature.records.claim import RUNGS, Claim, ClaimCheck

TITLE = "What may be claimed"
ORDER = 5

_DESIGNS = {
    "prospective": "prospective: the outcome comes after the predictors",
    "diagnostic": "diagnostic: the outcome is the state at the time of the sample",
    "cross-sectional proxy": "cross-sectional proxy: the state at the time of the sample stands "
    "for what comes later",
    "case-control": "case-control: people were chosen by their outcome",
}


@dataclass(frozen=True)
class RungRules:
    """One rung and the rules that it needs beyond those of the rungs below."""

    name: str
    reached: bool
    checks: tuple[ClaimCheck, ...]


@dataclass(frozen=True)
class Ladder:
    """The rung that was reached, the rules of all rungs, and what the next one lacks."""

    claim: Claim
    design: str
    capped: str | None
    """The highest rung that the design can earn, where that is not the highest of all."""
    next: str | None
    rungs: tuple[RungRules, ...]


def summarize(results: Results) -> Ladder:
    """Collect the rung, the rules of all rungs, and what the next one lacks."""
    claim = results.evaluation.claim
    above = RUNGS[RUNGS.index(claim.rung) + 1 :]
    return Ladder(
        claim=claim,
        design=_DESIGNS[claim.design],
        capped=claim.highest if claim.highest != RUNGS[-1] else None,
        next=above[0] if above else None,
        rungs=tuple(
            RungRules(
                name=rung,
                reached=claim.at_least(rung),
                checks=tuple(check for check in claim.checks if check.rung == rung),
            )
            for rung in RUNGS[1:]
        ),
    )
