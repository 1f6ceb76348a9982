"""How a block of the evaluation is called in every section."""

from __future__ import annotations

from dataclasses import dataclass

from signature.records.results import Block, Evaluation

TITLES = {
    "internal": "within the study",
    "site-out": "leaving each site out",
    "external": "on sites kept apart",
}


@dataclass(frozen=True, kw_only=True)
class BlockWords:
    """The name and title of a block; what a section says of a block extends it.

    Parameters
    ----------
    name : str
        As in `BLOCKS`.
    title : str
        In words, for headings and captions.
    headline : bool
        Whether it is set apart as the headline; a single block has nothing to be set apart from.
    """

    name: str
    title: str
    headline: bool


def words_of(block: Block, evaluation: Evaluation) -> BlockWords:
    """Return how a block is called.

    A section that extends `BlockWords` takes it in with ``**vars(words_of(block, evaluation))``.
    """
    return BlockWords(
        name=block.name,
        title=TITLES[block.name],
        headline=len(evaluation.blocks) > 1 and block.name == evaluation.headline.name,
    )
