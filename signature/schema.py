"""What each column of a study means: the single truth for loading, serving and labelling."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum
from functools import cached_property
from typing import Any

from signature.exceptions import SchemaError
from signature.handling import Handling

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
    levels : tuple of str
        What the codes 0, 1, … of a batch column mean.
    over : tuple of two tuples of str, optional
        For a ratio: columns whose product is divided by the product of the second tuple's columns.
        `signature.ratios` computes it.
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
        if self.over is not None:
            object.__setattr__(self, "over", _ratio(self.name, self.over))

    @property
    def parts(self) -> tuple[str, ...]:
        """Columns that a ratio is made of, numerators first; empty for any other column."""
        return () if self.over is None else (*self.over[0], *self.over[1])


@dataclass(frozen=True)
class FeatureSchema:
    """The columns that a procedure receives, in order.

    Parameters
    ----------
    columns : tuple of Column
        Unique names; a detection limit ``<marker>__below`` needs its marker beside it.
    handling : Handling
        How a procedure is to treat limits, batches and missing values.

    Raises
    ------
    SchemaError
        On duplicate names, a detection limit without its marker, or a ratio without its parts.

    Examples
    --------
    >>> il6 = Column("IL6", Role.MARKER, "cytokine", unit="pg/mL", scale=Scale.LOG2)
    >>> schema = FeatureSchema((Column("age", Role.CLINICAL, "demographics"),) + censored(il6))
    >>> schema.names
    ('age', 'IL6', 'IL6__below')
    >>> schema.choose(baseline=["demographics"], panel=["cytokine"]).panel
    ('IL6',)
    >>> schema.choose(baseline=["demographics"], panel=["cytokin"])
    Traceback (most recent call last):
        ...
    signature.exceptions.SchemaError: no group or column named 'cytokin'; groups are: cytokine, ...
    """

    columns: tuple[Column, ...]
    handling: Handling = field(default_factory=Handling)

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for column in self.columns:
            if column.name in seen:
                raise SchemaError(f"column {column.name!r} is described twice")
            seen.add(column.name)
        for limit in self.limits:
            if source_of(limit) not in seen:
                raise SchemaError(f"detection limit {limit!r} has no marker {source_of(limit)!r}")
        for column in self.columns:
            for part in column.parts:
                if part not in seen or self[part].over or self[part].role is Role.LIMIT:
                    raise SchemaError(
                        f"ratio {column.name!r}: its part {part!r} must be a measured column of "
                        "the schema, and no ratio or detection limit"
                    )

    @classmethod
    def narrowed(cls, columns: Iterable[Column], handling: Handling | None = None) -> FeatureSchema:
        """Return a schema of some of another's columns.

        A ratio whose parts are not all among them stays, as a column that can only be given.
        """
        kept = tuple(columns)
        names = {c.name for c in kept}
        whole = (c if names.issuperset(c.parts) else replace(c, over=None) for c in kept)
        return cls(tuple(whole), handling or Handling())

    def __len__(self) -> int:
        return len(self.columns)

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __getitem__(self, name: str) -> Column:
        try:
            return self._by_name[name]
        except KeyError:
            raise SchemaError(f"no column {name!r}; columns are: {', '.join(self.names)}") from None

    @cached_property
    def _by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all columns, detection limits included, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def limits(self) -> tuple[str, ...]:
        """Names of the detection-limit columns."""
        return tuple(c.name for c in self.columns if c.role is Role.LIMIT)

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the columns that hold values a model may learn from: no limits, no batch."""
        return tuple(c.name for c in self.columns if c.role not in CARRIERS)

    @property
    def panel(self) -> tuple[str, ...]:
        """Names of the features that the experiment counts as the panel."""
        return tuple(c.name for c in self.columns if c.in_panel and c.role not in CARRIERS)

    @property
    def baseline(self) -> tuple[str, ...]:
        """Names of the features that the panel must add to."""
        return tuple(c.name for c in self.columns if not c.in_panel and c.role not in CARRIERS)

    @property
    def groups(self) -> tuple[str, ...]:
        """Names of the groups, sorted."""
        return tuple(sorted({c.group for c in self.columns if c.role not in CARRIERS}))

    def on_scale(self, scale: Scale) -> tuple[str, ...]:
        """Names of the features with this scale."""
        return tuple(c.name for c in self.columns if c.scale is scale and c.role not in CARRIERS)

    def only(self, names: Iterable[str]) -> FeatureSchema:
        """Keep the named features, in the schema's order, each with its limit; and the batch."""
        wanted = set(names)
        for name in wanted:
            self[name]
        kept = (c for c in self.columns if source_of(c.name) in wanted or c.role is Role.PLATE)
        return FeatureSchema.narrowed(kept, self.handling)

    def choose(
        self, *, baseline: Iterable[str], panel: Iterable[str], exclude: Iterable[str] = ()
    ) -> FeatureSchema:
        """Keep the features of an experiment and mark which of them are the panel.

        Parameters
        ----------
        baseline, panel, exclude : iterable of str
            Names of groups or of single columns. A column named on its own wins over its group;
            named twice in the same way, exclusion wins.

        Raises
        ------
        SchemaError
            When a name is neither a group nor a column, or a column is both baseline and panel.
        """
        in_baseline, in_panel = self._expand(baseline), self._expand(panel)
        both = sorted(n for n in in_baseline if in_panel.get(n) == in_baseline[n])
        if both:
            raise SchemaError(f"both in the baseline and in the panel: {', '.join(both)}")
        excluded = self._expand(exclude)
        chosen = []
        for column in self.columns:
            name = source_of(column.name)
            if column.role is Role.PLATE:
                chosen.append(column)
                continue
            wanted = max(in_baseline.get(name, 0), in_panel.get(name, 0))
            if wanted == 0 or excluded.get(name, 0) >= wanted:
                continue
            as_panel = in_panel.get(name, 0) > in_baseline.get(name, 0)
            chosen.append(replace(column, in_panel=as_panel))
        return FeatureSchema.narrowed(chosen, self.handling)

    def _expand(self, names: Iterable[str]) -> dict[str, int]:
        """Map each feature that is meant to how closely it was named: 1 by group, 2 by itself."""
        found: dict[str, int] = {}
        for name in names:
            if name in self._by_name:
                found[source_of(name)] = 2
                continue
            members = [c.name for c in self.columns if c.group == name and c.role not in CARRIERS]
            if not members:
                raise SchemaError(
                    f"no group or column named {name!r}; groups are: {', '.join(self.groups)}"
                )
            for member in members:
                found.setdefault(member, 1)
        return found

    def to_list(self) -> list[dict[str, Any]]:
        """Plain rows for JSON; `from_list` reads them back."""
        return [asdict(c) for c in self.columns]

    @classmethod
    def from_list(cls, rows: Iterable[Mapping[str, Any]]) -> FeatureSchema:
        """Build a schema from what `to_list` wrote."""
        known = {f.name for f in fields(Column)}
        columns = []
        for row in rows:
            unknown = set(row) - known
            if unknown:
                raise SchemaError(f"unknown keys in a column: {', '.join(sorted(unknown))}")
            told = {**row, "role": Role(row["role"]), "scale": Scale(row["scale"])}
            told |= {"levels": tuple(row.get("levels", ()))}
            columns.append(Column(**told))
        return cls(tuple(columns))


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
