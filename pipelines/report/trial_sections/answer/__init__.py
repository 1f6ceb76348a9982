"""The first screen of a trial: which word the result has earned, how sure, what not to do."""

from __future__ import annotations

from typing import Any

from pipelines.report.trial_results import TrialResults
from pipelines.report.trial_words import decimals, good, shown, unit_of_difference

TITLE = "The answer"
ORDER = 0


def summarize(results: TrialResults) -> dict[str, Any]:
    """Collect the answer and what it rests on."""
    record = results.record
    claim, size = record.claim, record.size
    overall = next(one for one in record.average if one.arm == record.treated)
    return {
        "question": record.experiment["question"],
        "caution": record.experiment["caution"],
        "sentence": claim.sentence,
        "advice": claim.advice,
        "verdict": "yes" if claim.predictive else "no",
        "predictive": claim.predictive,
        "prognostic": claim.prognostic,
        "checks": [check.model_dump() for check in claim.checks],
        "small": size.small,
        "withheld": [one.what for one in size.not_reported],
        "randomised": sum(arm.randomised for arm in record.flow),
        "arms": [{"arm": arm.arm, "randomised": arm.randomised} for arm in record.flow],
        "known": sum(arm.known for arm in record.flow),
        "endpoint": record.endpoint["label"],
        "good": good(record),
        "treated": record.treated,
        "control": record.arms[0],
        "unit": unit_of_difference(record),
        "digits": decimals(record),
        "benefit": shown(overall.adjusted or overall.unadjusted),
        "adjusted": overall.adjusted is not None,
        "headline": None
        if record.headline is None
        else {
            "p": record.headline.p,
            "p_low": record.headline.p_low,
            "p_high": record.headline.p_high,
            "how": record.headline.how,
            "people": sum(record.headline.people.values()),
        },
        "folds": record.experiment["crossfitting"]["folds"],
        "repeats": record.experiment["crossfitting"]["repeats"],
    }
