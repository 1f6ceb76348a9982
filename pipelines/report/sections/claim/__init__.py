"""Which words the result has earned: the rules of the ladder, and what the next rung lacks."""

from __future__ import annotations

from typing import Any

from pipelines.fit.results_folder import Results
from signature.records.claim import RUNGS

TITLE = "What may be claimed"
ORDER = 5

_DESIGNS = {
    "prospective": "prospective: the outcome comes after the predictors",
    "diagnostic": "diagnostic: the outcome is the state at the time of the sample",
    "cross-sectional proxy": "cross-sectional proxy: the state at the time of the sample stands "
    "for what comes later",
    "case-control": "case-control: people were chosen by their outcome",
}
_RESULTS = {True: "met", False: "not met", None: "does not apply"}


def summarize(results: Results) -> dict[str, Any]:
    """Collect the rung, the rules of all rungs, and what the next one lacks."""
    claim = results.evaluation.claim
    above = RUNGS[RUNGS.index(claim.rung) + 1 :]
    return {
        "rung": claim.rung,
        "sentence": claim.sentence,
        "design": _DESIGNS[claim.design],
        "capped": claim.highest if claim.highest != RUNGS[-1] else None,
        "next": above[0] if above else None,
        "missing": claim.missing,
        "rungs": [
            {
                "name": rung,
                "reached": claim.at_least(rung),
                "checks": [
                    {
                        "rule": check.rule,
                        "measured": check.measured,
                        "result": _RESULTS[check.passed],
                        "passed": check.passed,
                    }
                    for check in claim.checks
                    if check.rung == rung
                ],
            }
            for rung in RUNGS[1:]
        ],
    }
