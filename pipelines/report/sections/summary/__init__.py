"""The first screen: what was asked, on whom, the answer, how sure, and what not to do with it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from pipelines.evaluate.fold_facts import whole_sites
from pipelines.fit.results_folder import Results
from signature.records.results import PROCEDURE, Block, Estimate

TITLE = "The answer"
ORDER = 0

EVENTS_ASKED = 100
"""In the rarer group; what a validation is commonly asked to have (Collins 2016)."""

WIDTHS = ((0.05, "narrow"), (0.10, "moderately wide"), (0.20, "wide"))
"""How wide the interval of a difference in AUROC may be to be called so; beyond: very wide."""

UNDEFINED = Estimate(value=None)


@dataclass(frozen=True)
class HeldOut:
    """The people of the headline block.

    Parameters
    ----------
    external : bool
        Whether they were kept apart from the development.
    once : bool
        Whether folds were drawn at random, and only once.
    people, events : int
    rarer : int
        Rows with the event, or rows without it, whichever are fewer.
    few_events : bool
        Whether these are fewer than `EVENTS_ASKED`.
    sites, whole_sites : int
        Sites that people come from, and those held out as a whole; 0 unless all were.
    """

    external: bool
    once: bool
    people: int
    events: int
    rarer: int
    few_events: bool
    sites: int
    whole_sites: int


@dataclass(frozen=True)
class OtherBlock:
    """Procedure minus reference, in AUROC, on people held out in another way."""

    name: str
    scheme: str
    difference: Estimate


@dataclass(frozen=True)
class Answer:
    """What a reader has to know who reads no further.

    Parameters
    ----------
    question, caution : str
        By the experiment.
    adds, answer, sentence : str
        The verdict: as recorded, as "Yes" or "No", and in words.
    claim : str
        What may be claimed, in a sentence.
    outcome : str
    people, rows, events, sites : int
        That were analysed.
    site_word : str
        What a site is called.
    site_named : bool
        Whether the experiment names sites.
    reference_label : str
    auroc, reference_auroc, difference : Estimate
        Of the procedure, of the reference, and between them, on held-out people.
    width : float, optional
        Of the interval of the difference; None where it is undefined.
    width_words : str
    held_out : HeldOut
    events_asked : int
        `EVENTS_ASKED`.
    other_blocks : tuple of OtherBlock
    exported : bool
        Whether the registered model has thresholds.
    checks, checks_failed : int
        Conditions of the gate, and those that are not met.
    """

    question: str
    caution: str
    adds: Literal["yes", "no", "worse"]
    answer: str
    sentence: str
    claim: str
    outcome: str
    people: int
    rows: int
    events: int
    sites: int
    site_word: str
    site_named: bool
    reference_label: str
    auroc: Estimate
    reference_auroc: Estimate
    difference: Estimate
    width: float | None
    width_words: str
    held_out: HeldOut
    events_asked: int
    other_blocks: tuple[OtherBlock, ...]
    exported: bool
    checks: int
    checks_failed: int


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


def summarize(results: Results) -> Answer:
    """Collect the answer and what it rests on."""
    evaluation, launch, experiment = results.evaluation, results.launch, results.experiment
    verdict = evaluation.verdict
    reference = evaluation.headline.candidate(evaluation.reference)
    width = _width(verdict.difference)
    return Answer(
        question=experiment.question,
        caution=experiment.caution,
        adds=verdict.adds,
        answer="Yes" if verdict.adds == "yes" else "No",
        sentence=_plain(verdict.sentence),
        claim=evaluation.claim.sentence,
        outcome=launch.outcome["label"],
        people=launch.n_people,
        rows=launch.n_rows,
        events=launch.n_events,
        sites=len(launch.sites),
        site_word=(experiment.validation.site or "site").replace("_", " "),
        site_named=experiment.validation.site is not None,
        reference_label=reference.label,
        auroc=verdict.auroc,
        reference_auroc=reference.metrics.get("auroc", UNDEFINED),
        difference=verdict.difference,
        width=width,
        width_words=width_in_words(width),
        held_out=_held_out(results),
        events_asked=EVENTS_ASKED,
        other_blocks=tuple(_other(block, evaluation.reference) for block in results.blocks[1:]),
        exported=bool(evaluation.final_thresholds),
        checks=len(evaluation.gate),
        checks_failed=sum(not check.passed for check in evaluation.gate),
    )


def _width(difference: Estimate) -> float | None:
    low, high = difference.low, difference.high
    return None if low is None or high is None else high - low


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


def _held_out(results: Results) -> HeldOut:
    block = results.evaluation.headline
    predictions = results.procedure_predictions(block.name)
    # One person may have several rows, so these are counted in rows and rows only.
    rarer = min(block.n_events, block.n_rows - block.n_events)
    return HeldOut(
        external=block.name == "external",
        once=block.name == "internal" and block.n_repeats == 1,
        people=block.n_people,
        events=block.n_events,
        rarer=rarer,
        few_events=rarer < EVENTS_ASKED,
        sites=int(predictions["site"].nunique(dropna=False)),
        whole_sites=whole_sites(predictions),
    )


def _other(block: Block, reference: str) -> OtherBlock:
    found = [d for d in block.differences if (d.candidate, d.reference) == (PROCEDURE, reference)]
    difference = found[0].metrics.get("auroc", UNDEFINED) if found else UNDEFINED
    return OtherBlock(block.name, block.scheme, difference)
