"""Which words a result has earned: the ladder of claims, as kept in ``evaluation.json``."""

from __future__ import annotations

from typing import Literal, get_args

from signature.records.base import Record

Rung = Literal["none", "exploratory", "internally validated", "externally validated"]
"""From nothing to claim to a signature that held elsewhere."""

RUNGS: tuple[Rung, ...] = get_args(Rung)
"""From the lowest up."""

Design = Literal["prospective", "diagnostic", "cross-sectional proxy", "case-control"]
"""How predictors and outcome were collected.

``prospective``: the outcome comes after the predictors. ``diagnostic``: the outcome is the state at
the time of the sample, and that state is what was asked about. ``cross-sectional proxy``: the state
at the time of the sample stands for something that comes later. ``case-control``: people were
chosen by their outcome, so that event rate and probabilities are the sampling's.
"""

HIGHEST: dict[Design, Rung] = {
    "prospective": "externally validated",
    "diagnostic": "externally validated",
    "cross-sectional proxy": "exploratory",
    "case-control": "exploratory",
}
"""What a design can earn at most."""


class ClaimCheck(Record):
    """One rule of the ladder.

    ``passed`` is None where the rule does not apply; `measured` then says why.
    """

    rung: Rung
    """The rung that needs it."""
    rule: str
    measured: str
    passed: bool | None


class Claim(Record):
    """The highest rung whose rules, and those of all rungs below, are met."""

    rung: Rung
    design: Design
    highest: Rung
    """What the design can earn at most."""
    checks: list[ClaimCheck]
    sentence: str
    missing: list[str]
    """What the next rung lacks, in words; empty on the highest."""

    def at_least(self, rung: Rung) -> bool:
        """Whether the claim stands on a rung or above."""
        return RUNGS.index(self.rung) >= RUNGS.index(rung)
