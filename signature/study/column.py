"""One column of a study: what it is, in which unit and on which scale."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from signature.exceptions import SchemaError

BELOW = "__below"
"""Suffix of the column that carries a detection limit: ``IL6__below = 1.2`` reads "IL6 < 1.2"."""

CENSORED = "__censored"
"""Suffix of the 0/1 column that a transformer derives from a detection limit."""

LOG2_UNITS = frozenset({"NPX", "log2 ratio"})
"""Units that are logarithms to base 2 already."""

BATCH = "assay_batch"
"""Column that carries the assay batch (plate, lot, laboratory, assay era) of each row as a code."""


class Role(StrEnum):
    """What a column is to the study."""

    MARKER = "marker"
    CLINICAL = "clinical"
    CONFOUNDER = "confounder"
    LIMIT = "detection limit"
    PLATE = "plate"
    SITE = "site"
    ARM = "arm"


CARRIERS = frozenset({Role.LIMIT, Role.PLATE})
"""Roles of columns that tell a step how to treat others; no model learns from them."""


class Scale(StrEnum):
    """The scale on which a linear model should see a column."""

    LINEAR = "linear"
    LOG2 = "log2"
    ASINH = "asinh"
    YES_NO = "yes/no"


@dataclass(frozen=True)
class Column:
    """One column of a study.

    Parameters
    ----------
    name : str
        Canonical name: the HGNC symbol for a protein (``IL6``), else a plain snake_case name.
    role : Role
        What the column is to the study.
    group : str
        Family of related columns, e.g. ``"cytokine"``; experiments choose features by group.
    label : str
        How a report prints the column; defaults to the name.
    unit : str
        Unit of the values, empty when there is none.
    scale : Scale
        Scale on which a linear model sees the values.
    low, high : float or None
        Plausible range, bounds included.
    required : bool
        Whether a row sent for prediction must have the column (a value in it may still be null).
    source : str
        Who measured it, with what.
    in_panel : bool
        Whether the experiment counts the column as panel (True) or as baseline (False).
    confounder : bool
        Whether the experiment names it as one: it may explain both markers and outcome.
    cofactor : float, optional
        With ``Scale.ASINH``: the value up to which that scale is about linear, in `unit`.
    levels : tuple of str
        What the codes 0, 1, … of a batch column mean.
    over : tuple of two tuples of str, optional
        For a ratio: columns whose product is divided by the product of the second tuple's columns.
        `signature.prepare.ratios` computes it.
    """

    name: str
    role: Role
    group: str
    label: str = ""
    unit: str = ""
    scale: Scale = Scale.LINEAR
    low: float | None = None
    high: float | None = None
    required: bool = False
    source: str = ""
    in_panel: bool = False
    confounder: bool = False
    cofactor: float | None = None
    levels: tuple[str, ...] = ()
    over: tuple[tuple[str, ...], tuple[str, ...]] | None = None

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise SchemaError(
                f"column name {self.name!r} must be letters, digits and underscores, "
                "not beginning with a digit"
            )
        if self.role is not Role.LIMIT and "__" in self.name:
            raise SchemaError(
                f"column name {self.name!r} holds a double underscore, which is kept for columns "
                f"derived from another (such as 'IL6{BELOW}')"
            )
        if self.low is not None and self.high is not None and not self.low < self.high:
            raise SchemaError(
                f"column {self.name!r}: plausible range needs low < high, "
                f"got {self.low} and {self.high}"
            )
        if not self.label:
            object.__setattr__(self, "label", self.name)
        if (self.scale is Scale.ASINH) != (self.cofactor is not None and self.cofactor > 0):
            raise SchemaError(
                f"column {self.name!r}: scale 'asinh' and a cofactor above 0 belong together, got "
                f"scale {self.scale.value!r} and cofactor {self.cofactor}"
            )
        if self.over is not None:
            object.__setattr__(self, "over", _ratio(self.name, self.over))

    @property
    def parts(self) -> tuple[str, ...]:
        """Columns that a ratio is made of, numerators first; empty for any other column."""
        return () if self.over is None else (*self.over[0], *self.over[1])


def _ratio(name: str, over: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Check the two sides of a ratio; JSON and TOML give them as lists."""
    sides = tuple(over) if isinstance(over, list | tuple) else ()
    if (
        len(sides) != 2
        or any(not isinstance(side, list | tuple) or not side for side in sides)
        or any(not isinstance(part, str) for side in sides for part in side)
    ):
        raise SchemaError(
            f"ratio {name!r}: 'over' must be two lists of column names, numerators and "
            'denominators, such as [["neutrophils"], ["lymphocytes"]]'
        )
    return tuple(sides[0]), tuple(sides[1])


def source_of(name: str) -> str:
    """Return the feature that a derived column stems from.

    Examples
    --------
    >>> source_of("IL6__below"), source_of("IL6__censored"), source_of("IL6")
    ('IL6', 'IL6', 'IL6')
    """
    return name.split("__", 1)[0]


def censored(marker: Column) -> tuple[Column, Column]:
    """Pair a marker with the column that carries its detection limit."""
    limit = Column(
        name=marker.name + BELOW,
        role=Role.LIMIT,
        group=marker.group,
        label=f"{marker.label} is below",
        unit=marker.unit,
        low=marker.low,
        high=marker.high,
        source=marker.source,
        in_panel=marker.in_panel,
        confounder=marker.confounder,
    )
    return marker, limit


def batch_column(levels: Iterable[str], label: str = "Assay batch") -> Column:
    """Describe the column that carries each row's assay batch.

    Parameters
    ----------
    levels : iterable of str
        The batches; row code i means the i-th.
    label : str
        How a report prints it.
    """
    return Column(BATCH, Role.PLATE, "assay", label, levels=tuple(levels))
