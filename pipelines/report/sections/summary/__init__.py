"""The first screen: what was asked, on whom, the answer, how sure, and what not to do with it."""

from __future__ import annotations

import re
from typing import Any

from pipelines.evaluate.fold_facts import whole_sites
from pipelines.fit.results_folder import Results
from signature.records.results import PROCEDURE, Block, Estimate

TITLE = "The answer"
ORDER = 0

EVENTS_ASKED = 100
"""In the rarer group; what a validation is commonly asked to have (Collins 2016)."""

WIDTHS = ((0.05, "narrow"), (0.10, "moderately wide"), (0.20, "wide"))
"""How wide the interval of a difference in AUROC may be to be called so; beyond: very wide."""


def width_in_words(width: float | None) -> str:
    """Say how wide the interval of a difference in AUROC is.

    Examples
    --------
    >>> width_in_words(0.04), width_in_words(0.3), width_in_words(None)
    ('narrow', 'very wide', 'undefined')
    """
    if width is None:
        return "undefined"
    return next((word for limit, word in WIDTHS if width <= limit), "very wide")


def _plain(sentence: str) -> str:
    """Keep the verdict's first sentence without its "Yes" or "No".

    The page says both the answer and the numbers itself, once.

    Examples
    --------
    >>> _plain("No: nothing is added. AUROC 0.61 against 0.62.")
    'nothing is added.'
    >>> _plain("Nothing is added")
    'Nothing is added.'
    """
    first = re.split(r"(?<=\.)\s", sentence.strip(), maxsplit=1)[0].rstrip(".") + "."
    return re.sub(r"^(yes|no)\s*[:,.;–—]\s*", "", first, flags=re.IGNORECASE)


def _difference(block: Block, reference: str) -> dict[str, float | None]:
    found = [d for d in block.differences if (d.candidate, d.reference) == (PROCEDURE, reference)]
    none = Estimate(value=None)
    return (found[0].metrics.get("auroc", none) if found else none).model_dump()


def summarize(results: Results) -> dict[str, Any]:
    """Collect the answer and what it rests on."""
    evaluation, launch, experiment = results.evaluation, results.launch, results.experiment
    block, verdict, reference = evaluation.headline, evaluation.verdict, evaluation.reference
    held_out = results.procedure_predictions(block.name)
    low, high = verdict.difference.low, verdict.difference.high
    width = None if low is None or high is None else high - low
    people_sites = held_out["site"].nunique(dropna=False)
    # One person may have several rows, so these are counted in rows and rows only.
    rarer = min(block.n_events, block.n_rows - block.n_events)
    undefined = Estimate(value=None)
    auroc_of_reference = block.candidate(reference).metrics.get("auroc", undefined)
    return {
        "question": experiment.question,
        "adds": verdict.adds,
        "answer": "Yes" if verdict.adds == "yes" else "No",
        "sentence": _plain(verdict.sentence),
        "claim": evaluation.claim.sentence,
        "outcome": launch.outcome["label"],
        "event": launch.outcome["event"],
        "people": launch.n_people,
        "rows": launch.n_rows,
        "events": launch.n_events,
        "sites": len(launch.sites),
        "site_word": (experiment.validation.site or "site").replace("_", " "),
        "site_named": experiment.validation.site is not None,
        "once": block.name == "internal" and block.n_repeats == 1,
        "external": block.name == "external",
        "scheme": block.scheme,
        "tested_people": block.n_people,
        "tested_events": block.n_events,
        "tested_sites": int(people_sites),
        "whole_sites": whole_sites(held_out),
        "rarer": rarer,
        "events_asked": EVENTS_ASKED,
        "few_events": rarer < EVENTS_ASKED,
        "auroc": verdict.auroc.model_dump(),
        "reference_label": block.candidate(reference).label,
        "reference_auroc": auroc_of_reference.model_dump(),
        "difference": verdict.difference.model_dump(),
        "width": width,
        "width_words": width_in_words(width),
        "other_blocks": [
            {"name": b.name, "scheme": b.scheme, "difference": _difference(b, reference)}
            for b in results.blocks[1:]
        ],
        "caution": experiment.caution,
        "exported": bool(evaluation.final_thresholds),
        "checks": len(evaluation.gate),
        "checks_failed": sum(not check.passed for check in evaluation.gate),
    }
