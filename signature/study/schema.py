"""What each column of a study means: the single truth for loading, serving and labelling."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cached_property
from typing import Any

from signature.exceptions import SchemaError
from signature.study.column import (
    BATCH,
    BELOW,
    CARRIERS,
    CENSORED,
    LOG2_UNITS,
    Column,
    Role,
    Scale,
    batch_column,
    censored,
    source_of,
)
from signature.study.handling import Handling

__all__ = [
    "BATCH",
    "BELOW",
    "CARRIERS",
    "CENSORED",
    "LOG2_UNITS",
    "Column",
    "FeatureSchema",
    "Role",
    "Scale",
    "batch_column",
    "censored",
    "source_of",
]


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
    def confounders(self) -> tuple[str, ...]:
        """Names of the features that the experiment names as confounders, panel or not."""
        return tuple(c.name for c in self.columns if c.confounder and c.role not in CARRIERS)

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
        self,
        *,
        baseline: Iterable[str],
        panel: Iterable[str],
        exclude: Iterable[str] = (),
        confounders: Iterable[str] = (),
    ) -> FeatureSchema:
        """Keep the features of an experiment; mark which are the panel, and which confounders.

        Parameters
        ----------
        baseline, panel, exclude : iterable of str
            Names of groups or of single columns. A column named on its own wins over its group;
            named twice in the same way, exclusion wins.
        confounders : iterable of str
            Groups or columns, some of which are in the baseline or in the panel.

        Raises
        ------
        SchemaError
            When a name is neither a group nor a column, a column is both baseline and panel, or a
            confounder is neither.
        """
        confounding = self._confounding(confounders, (*baseline, *panel))
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
            chosen.append(replace(column, in_panel=as_panel, confounder=name in confounding))
        return FeatureSchema.narrowed(chosen, self.handling)

    def _confounding(self, names: Iterable[str], chosen: Iterable[str]) -> set[str]:
        """Columns that are meant by the names of confounders, each name by a chosen column."""
        among = self._expand(chosen)
        found: set[str] = set()
        for name in names:
            own = [n for n in self._expand([name]) if n in among]
            if not own:
                raise SchemaError(
                    f"confounder {name!r} is neither in the baseline nor in the panel; add it to "
                    "the baseline"
                )
            found.update(own)
        return found

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
