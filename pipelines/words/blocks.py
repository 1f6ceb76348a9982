"""How a block of the evaluation is called in every section."""

from __future__ import annotations

from typing import Any

from signature.records.results import Block, Evaluation

TITLES = {
    "internal": "within the study",
    "site-out": "leaving each site out",
    "external": "on sites kept apart",
}


def block_words(block: Block, evaluation: Evaluation) -> dict[str, Any]:
    """Return the name and title of a block, and whether it is named as the headline.

    With a single block there is nothing to set it apart from.
    """
    return {
        "name": block.name,
        "title": TITLES[block.name],
        "headline": len(evaluation.blocks) > 1 and block.name == evaluation.headline.name,
    }
