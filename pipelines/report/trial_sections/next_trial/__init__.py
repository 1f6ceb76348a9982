"""The next trial: randomise everybody, or those whom the signature picks."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from pipelines.report.trial_results import TrialResults
from pipelines.report.trial_words import decimals, unit_of_difference
from signature.effect.benefit.enrichment import TrialSize

TITLE = "The next trial"
ORDER = 90


def summarize(results: TrialResults) -> dict[str, Any] | None:
    """Collect both designs; None in a small trial, which has learned nothing to enrich with."""
    record = results.record
    found = record.next_trial
    if record.size.small:
        return None
    if found is None:
        return {"designs": [], "predictive": record.claim.predictive}
    return {
        "predictive": record.claim.predictive,
        "unit": unit_of_difference(record),
        "digits": decimals(record),
        "power": found.power,
        "alpha": found.alpha,
        "positive": found.positive,
        "power_of_all_comers": found.power_of_all_comers,
        "enriched": found.enriched.randomised,
        "randomised_ratio": found.randomised_ratio,
        "screened_ratio": found.screened_ratio,
        "designs": [
            _design("all comers", found.all_comers),
            _design("only those whom the signature picks", found.enriched),
            _design("the same, if they gain no more than the interval’s lower end", found.cautious),
        ],
    }


def _design(name: str, size: TrialSize) -> dict[str, Any]:
    return {"name": name, **asdict(size)}
