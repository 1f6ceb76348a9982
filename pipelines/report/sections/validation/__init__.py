"""How people were held out, read from the predictions themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from pipelines.evaluate.fold_facts import (
    HeldOutFold,
    folds_of_first_repeat,
    people_in_two_folds,
    whole_sites,
)
from pipelines.fit.results_folder import Results
from pipelines.words.blocks import BlockWords, words_of
from signature.records.results import Block

if TYPE_CHECKING:
    import pandas as pd

TITLE = "How people were held out"
ORDER = 30


@dataclass(frozen=True, kw_only=True)
class DrawnFold(HeldOutFold):
    """A fold and its place among the block's rows, from `start` up to `stop`.

    ``trained`` are the rows that its model was trained on.
    """

    start: int
    stop: int
    trained: int


@dataclass(frozen=True, kw_only=True)
class BlockDesign(BlockWords):
    """How one block holds people out.

    Parameters
    ----------
    external : bool
        Whether those held out took no part in the development.
    scheme : str
    repeats : int
    rows, outside : int
        Of the drawing: all rows, and those of the development where the block is external.
    folds : tuple of DrawnFold
        Of the first repeat.
    whole_sites : int
        Sites that were held out as a whole; 0 unless all were.
    people_in_two_folds : int
        The number that must be 0.
    """

    external: bool
    scheme: str
    repeats: int
    rows: int
    outside: int
    folds: tuple[DrawnFold, ...]
    whole_sites: int
    people_in_two_folds: int


@dataclass(frozen=True)
class HeldOutDesign:
    """How people were held out.

    Parameters
    ----------
    blocks : tuple of BlockDesign
        The headline first.
    tested_outside : bool
        Whether a block is external.
    people_in_two_blocks : int
        People of the development who were also tested outside it; must be 0.
    """

    blocks: tuple[BlockDesign, ...]
    tested_outside: bool
    people_in_two_blocks: int


def summarize(results: Results) -> HeldOutDesign:
    """Describe every block: its folds, their sizes, and who could have leaked."""
    held_out = {block.name: results.procedure_predictions(block.name) for block in results.blocks}
    # Outside folds were trained on the development rows, which the internal block holds.
    developed = int(held_out["internal"]["row"].nunique()) if "internal" in held_out else 0
    outside = held_out.get("external")
    return HeldOutDesign(
        blocks=tuple(
            _design(block, held_out[block.name], developed, results) for block in results.blocks
        ),
        tested_outside=outside is not None,
        people_in_two_blocks=0
        if outside is None
        else len(set(held_out["internal"]["person"]) & set(outside["person"])),
    )


def _design(
    block: Block, predictions: pd.DataFrame, developed: int, results: Results
) -> BlockDesign:
    external = block.name == "external"
    outside = developed if external else 0
    folds = folds_of_first_repeat(predictions)
    n = sum(fold.n for fold in folds)
    return BlockDesign(
        **vars(words_of(block, results.evaluation)),
        external=external,
        scheme=block.scheme,
        repeats=block.n_repeats,
        rows=outside + n,
        outside=outside,
        folds=tuple(
            DrawnFold(
                **vars(fold),
                start=start,
                stop=start + fold.n,
                trained=outside if external else n - fold.n,
            )
            for fold, start in zip(folds, _starts(folds, outside), strict=True)
        ),
        whole_sites=whole_sites(predictions),
        people_in_two_folds=people_in_two_folds(predictions),
    )


def _starts(folds: list[HeldOutFold], first: int) -> list[int]:
    return [first + sum(fold.n for fold in folds[:i]) for i in range(len(folds))]


def draw(summary: HeldOutDesign) -> dict[str, Markup]:
    """Draw one line per fold: which rows train, which are tested."""
    from pipelines.report.sections.validation.drawing import rows_by_fold

    return {block.name: rows_by_fold(block) for block in summary.blocks}
