"""How a procedure treats what an assay does to its numbers: limits, batches, gaps, confounders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Limits = Literal["substitute", "normal", "conditional"]
Harmonise = Literal["none", "combat", "combat_nonparametric", "reference_shift"]
Unseen = Literal["frozen", "adapted", "refused"]
Missing = Literal["median", "regression"]


@dataclass(frozen=True)
class Handling:
    """Choices that every candidate of an experiment shares; it travels with the feature schema.

    Parameters
    ----------
    limits : {"substitute", "normal", "conditional"}
        Values below a limit: one substitute per marker (`LimitSubstitution`), the mean of a
        censored normal (`CensoredNormal`), or conditional on the other markers
        (`ConditionalImputation`). Trees take the substitute whatever is said here: they see no
        more than an order.
    detected_above : float
        A marker of which a larger share than this is below its limit in training becomes
        detected / not detected; 1 never does that.
    harmonise : {"none", "combat", "combat_nonparametric", "reference_shift"}
        What is done about batches: nothing, `ComBat` learned from training rows, or
        `ReferenceShift` with the `shifts` given here.
    harmonised : tuple of str
        Columns that are harmonised; all markers of the panel when empty.
    reference : float or None
        Code of the batch that stays as it is.
    unseen : {"frozen", "adapted", "refused"}
        What happens to a batch that training did not see.
    shifts : mapping of batch code to mapping of marker to shift
        For ``"reference_shift"``; from samples outside the analysis.
    missing : {"median", "regression"}
        Gaps: the training median, or regression on the other columns (`OutcomeFreeImputer`). Trees
        take gaps as they are.
    residualise : tuple of str
        Confounders that are regressed out of the panel, linear models only; see `Residualise` for
        what that cannot do.
    """

    limits: Limits = "substitute"
    detected_above: float = 1.0
    harmonise: Harmonise = "none"
    harmonised: tuple[str, ...] = ()
    reference: float | None = None
    unseen: Unseen = "frozen"
    shifts: Mapping[float, Mapping[str, float]] = field(default_factory=dict)
    missing: Missing = "median"
    residualise: tuple[str, ...] = ()
