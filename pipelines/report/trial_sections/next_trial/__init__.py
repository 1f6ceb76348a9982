"""The next trial: randomise everybody, or those whom the signature picks."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.report.trial_results import TrialResults
from pipelines.report.trial_words import decimals, unit_of_difference
from signature.effect.benefit.enrichment import Enrichment, TrialSize

TITLE = "The next trial"
ORDER = 90


@dataclass(frozen=True)
class Design:
    """One way to choose people, and how many it takes."""

    name: str
    size: TrialSize


@dataclass(frozen=True)
class NextTrial:
    """Designs of the next trial; `found` is None where there is nobody to enrich with."""

    predictive: bool
    unit: str
    digits: int
    found: Enrichment | None
    designs: tuple[Design, ...]
    useless: str
    """Why choosing people would not help; empty where it would."""


def summarize(results: TrialResults) -> NextTrial | None:
    """Collect both designs; None in a small trial, which has learned nothing to enrich with."""
    record = results.record
    if record.size.small:
        return None
    return NextTrial(
        predictive=record.claim.rule,
        unit=unit_of_difference(record),
        digits=decimals(record),
        found=record.next_trial,
        designs=() if record.next_trial is None else _designs(record.next_trial),
        useless="" if record.next_trial is None else _useless(record.next_trial),
    )


def _useless(found: Enrichment) -> str:
    chosen, everybody = found.enriched.randomised, found.all_comers.randomised
    if everybody is None:
        return ""
    if chosen is None:
        return "those whom it picks could not be shown to gain, and all comers could."
    if chosen >= everybody:
        return f"it takes {chosen:,} people, and all comers {everybody:,}."
    return ""


def _designs(found: Enrichment) -> tuple[Design, ...]:
    cautious = "the same, if they gain no more than the interval’s lower end"
    return (
        Design("all comers", found.all_comers),
        Design("only those whom the signature picks", found.enriched),
        Design(cautious, found.cautious),
    )
