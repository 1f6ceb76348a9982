"""Which rung of the ladder of claims a result has reached, and what the next one lacks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from signature.page.numbers import estimate as in_words
from signature.records.claim import HIGHEST, RUNGS, Claim, ClaimCheck, Design, Rung
from signature.records.null_check import Comparison
from signature.records.results import PROCEDURE, REFERENCE, Block, Estimate
from signature.validation.binormal import cox_snell_from_auroc
from signature.validation.sample_size import development_size

SLOPE = (0.8, 1.2)
"""Calibration slopes that are called right; outside, probabilities are too extreme or too timid."""

EVENTS_ELSEWHERE = 100
"""In the rarer class of an external test (Vergouwe 2005; Collins 2016)."""

SHUFFLED_P = 0.05
"""Above it, shuffled outcomes do as well too often."""

_DESIGN = {
    "cross-sectional proxy": "predictors and outcome belong to one visit, and what the outcome "
    "stands for was not seen",
    "case-control": "people were chosen by their outcome, so probabilities are the sampling's",
}


@dataclass(frozen=True)
class Minimum:
    """How many people developing a model takes, and how many there were.

    Parameters
    ----------
    parameters : int
        That there are to learn, selected from or not.
    people, needed : int
    """

    parameters: int
    people: int
    needed: int


def riley_minimum(block: Block, parameters: int) -> Minimum | None:
    """Return Riley's minimum for the AUROC and the event rate of held-out people (Riley 2020).

    None where the procedure ranks no better than chance: then there is nothing to develop.
    """
    auroc = block.candidate(PROCEDURE).metrics["auroc"].value
    rate = block.n_events / block.n_rows
    if auroc is None or auroc <= 0.5 or not 0 < rate < 1:
        return None
    size = development_size(parameters, rate, cox_snell_from_auroc(min(auroc, 0.999), rate))
    return Minimum(parameters=parameters, people=block.n_people, needed=size.n)


def climb(
    blocks: Sequence[Block],
    design: Design,
    minimum: Minimum | None,
    failed_sentinels: Sequence[str] | None = None,
    reference: str = REFERENCE,
    shuffled: Comparison | None = None,
) -> Claim:
    """Climb until a rule is not met.

    Parameters
    ----------
    blocks : sequence of Block
        Of an evaluation: ``internal``, and ``external`` where there is one.
    design : str
        As the experiment declares it.
    minimum : Minimum, optional
        Riley's for developing a model; None where it is undefined.
    failed_sentinels : sequence of str, optional
        Leakage sentinels that failed, by name; None where none were run.
    reference : str
        The candidate that the panel must add to.
    shuffled : Comparison, optional
        With runs on shuffled outcomes, where there were any.
    """
    by_name = {block.name: block for block in blocks}
    external = by_name.get("external")
    internal = by_name.get("internal", external)
    assert internal is not None
    checks = [
        *_exploratory(internal, reference, failed_sentinels, shuffled),
        *_internally(internal, reference, minimum, external),
        *_externally(external, reference),
    ]
    highest = HIGHEST[design]
    rung: Rung = "none"
    for step in RUNGS[1:]:
        own = [check for check in checks if check.rung == step]
        if any(check.passed is False for check in own) or RUNGS.index(step) > RUNGS.index(highest):
            break
        rung = step
    missing = _missing(rung, design, checks)
    return Claim(
        rung=rung,
        design=design,
        highest=highest,
        checks=checks,
        sentence=_sentence(rung),
        missing=missing,
    )


def _exploratory(
    block: Block, reference: str, failed: Sequence[str] | None, shuffled: Comparison | None
) -> list[ClaimCheck]:
    auroc = block.candidate(PROCEDURE).metrics["auroc"]
    gain = block.difference(PROCEDURE, reference).metrics["auroc"]
    loss = block.difference(PROCEDURE, reference).metrics["log_loss"]
    leaks = "no leakage sentinel fails"
    return [
        _check(
            "exploratory",
            "with the panel, people are ranked better than by chance: the AUROC's interval lies "
            "above 0.5",
            auroc,
            auroc.low is not None and auroc.low > 0.5,
        ),
        _check(
            "exploratory",
            "the panel adds to the clinical features: the AUROC difference is above 0",
            gain,
            gain.value is not None and gain.value > 0,
            signed=True,
        ),
        _check(
            "exploratory",
            "its probabilities are better, too: the panel lowers the log-loss",
            loss,
            loss.value is not None and loss.value < 0,
            signed=True,
        ),
        ClaimCheck(
            rung="exploratory",
            rule=leaks,
            measured="none were run" if failed is None else (", ".join(failed) or "none failed"),
            passed=None if failed is None else not failed,
        ),
        ClaimCheck(
            rung="exploratory",
            rule=f"the whole procedure finds less in shuffled outcomes: p at most {SHUFFLED_P}",
            measured="none were run" if shuffled is None else f"p = {shuffled.p_value:.3f}",
            passed=None if shuffled is None else shuffled.p_value <= SHUFFLED_P,
        ),
    ]


def _adds(rung: Rung, block: Block, reference: str) -> list[ClaimCheck]:
    """Say whether the panel adds for certain and whether the probabilities are right."""
    where = "elsewhere, " if rung == "externally validated" else ""
    auroc = block.difference(PROCEDURE, reference).metrics["auroc"]
    slope = block.candidate(PROCEDURE).metrics["calibration_slope"]
    return [
        _check(
            rung,
            f"{where}the interval of the AUROC difference to the clinical features lies above 0",
            auroc,
            auroc.low is not None and auroc.low > 0,
            signed=True,
        ),
        _check(
            rung,
            f"{where}the calibration slope lies between {SLOPE[0]} and {SLOPE[1]}",
            slope,
            slope.value is not None and SLOPE[0] <= slope.value <= SLOPE[1],
        ),
    ]


def _internally(
    block: Block, reference: str, minimum: Minimum | None, external: Block | None
) -> list[ClaimCheck]:
    rule = "at least as many people as Riley's criteria ask for developing the model"
    elsewhere = _externally(external, reference)
    passed: bool | None
    if all(check.passed for check in elsewhere):
        # what the minimum guards against was then looked at itself
        measured, passed = "an external test was passed, which shows what the minimum is for", None
    elif minimum is None:
        measured, passed = "undefined: nothing to develop", False
    else:
        measured = f"{minimum.people} people; {minimum.needed} for {minimum.parameters} parameters"
        passed = minimum.people >= minimum.needed
    return [
        *_adds("internally validated", block, reference),
        ClaimCheck(rung="internally validated", rule=rule, measured=measured, passed=passed),
    ]


def _externally(block: Block | None, reference: str) -> list[ClaimCheck]:
    rung: Rung = "externally validated"
    if block is None:
        return [
            ClaimCheck(
                rung=rung,
                rule="tested on people of a site that took no part in the development",
                measured="no site was kept apart",
                passed=False,
            )
        ]
    rarer = min(block.n_events, block.n_rows - block.n_events)
    return [
        *_adds(rung, block, reference),
        ClaimCheck(
            rung=rung,
            rule=f"elsewhere, at least {EVENTS_ELSEWHERE} people in the rarer class",
            measured=str(rarer),
            passed=rarer >= EVENTS_ELSEWHERE,
        ),
    ]


def _check(
    rung: Rung, rule: str, estimate: Estimate, passed: bool, *, signed: bool = False
) -> ClaimCheck:
    return ClaimCheck(rung=rung, rule=rule, measured=in_words(estimate, 3, signed), passed=passed)


def _sentence(rung: Rung) -> str:
    return {
        "none": "No claim: this does not go beyond what is known without the panel.",
        "exploratory": "Exploratory: at most a hint, to be tested in other people.",
        "internally validated": "Internally validated: it held in held-out people of this study; "
        "whether it holds elsewhere is not known.",
        "externally validated": "Externally validated: it held at a site that took no part in its "
        "development.",
    }[rung]


def _missing(rung: Rung, design: Design, checks: Sequence[ClaimCheck]) -> list[str]:
    above = RUNGS[RUNGS.index(rung) + 1 :]
    if not above:
        return []
    own = [c for c in checks if c.rung == above[0] and c.passed is False]
    lacking = [f"{check.rule} (measured: {check.measured})" for check in own]
    if RUNGS.index(above[0]) > RUNGS.index(HIGHEST[design]):
        lacking.insert(0, f"another design: {_DESIGN[design]}")
    return lacking
