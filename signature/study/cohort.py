"""The people of a study: what was measured on them, and what became of them.

Identity lives here only. Nothing below this module sees a subject's identifier; models, logs and
artifacts get row numbers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import pandas as pd

from signature.exceptions import CohortError, OutcomeError
from signature.study._cohort_checks import ROW_PARTS, check_rows
from signature.study.schema import BELOW, FeatureSchema

FEWEST_PER_SITE = 3
"""People per site, on average, below which a column holds values rather than sites."""


@dataclass(frozen=True)
class FlowStep:
    """One line of the flow table: why rows left the analysis, and how many remain."""

    reason: str
    removed: int
    left: int


@dataclass(frozen=True, eq=False, repr=False)
class Cohort:
    """A study's rows, one per subject and visit.

    A value below a detection limit is not a number. It is carried as "censored at L": the marker
    is missing and ``<marker>__below`` holds L. A marker that was not measured is missing in both.

    Parameters
    ----------
    name : str
        Name of the data set.
    citation : str
        What to cite.
    schema : FeatureSchema
        Describes every column of `X`.
    X : DataFrame of float64, shape (n_rows, n_columns)
        Features and detection limits, missing as NaN, never infinite.
    records : DataFrame, shape (n_rows, any)
        What the study recorded besides: columns to filter by, sites, follow-up from which an
        outcome is derived. Never seen by a model.
    subject : Series of str
        Who the row belongs to.
    visit : Series of str, optional
        When it was taken; subject and visit together are unique.
    plate, arm : Series of str, optional
        Assay plate or lot; treatment arm.
    weight : Series of float, optional
        Survey weight, positive.
    site : Series of str, optional
        Set by `at_sites`.
    flow : tuple of FlowStep
        Every exclusion so far.

    Raises
    ------
    CohortError
        On duplicated subject–visit rows, infinite values, a value together with its limit, a
        weight that is not positive, or parts that do not match the schema or each other's rows.
    """

    name: str
    citation: str
    schema: FeatureSchema
    X: pd.DataFrame
    records: pd.DataFrame
    subject: pd.Series
    visit: pd.Series | None = None
    plate: pd.Series | None = None
    arm: pd.Series | None = None
    weight: pd.Series | None = None
    site: pd.Series | None = None
    flow: tuple[FlowStep, ...] = field(default=())

    def __post_init__(self) -> None:
        check_rows(self.name, self.schema, self.X, self._parts())

    def __len__(self) -> int:
        return len(self.X)

    def __repr__(self) -> str:
        # The default would print rows and subjects into logs and stack traces.
        size = f"{len(self)} rows, {self.n_people} people, {len(self.schema)} columns"
        return f"{type(self).__name__}({self.name!r}, {size})"

    @cached_property
    def person(self) -> pd.Series:
        """Opaque number of each row's subject, by order of appearance."""
        return pd.Series(pd.factorize(self.subject)[0], index=self.X.index, name="person")

    @property
    def n_people(self) -> int:
        """Number of distinct subjects."""
        return int(self.subject.nunique())

    @property
    def digest(self) -> str:
        """SHA-256 over everything that can change a result, independent of the row index."""
        h = hashlib.sha256()
        h.update(repr((self.schema.columns, self.schema.handling)).encode())
        h.update(np.ascontiguousarray(self.X.to_numpy()).tobytes())
        h.update(self.person.to_numpy().tobytes())
        parts = (self.site, self.plate, self.arm, self.visit, self.weight, outcome_of(self))
        for part in parts:
            h.update(b"-" if part is None else "\x1f".join(map(str, part)).encode())
        return h.hexdigest()

    def keep(self, rows: pd.Series | np.ndarray, reason: str) -> Self:
        """Keep the rows where `rows` is true and count the others under `reason`.

        Raises
        ------
        CohortError
            When no row is left.
        """
        mask = np.asarray(rows, dtype=bool)
        step = FlowStep(reason, int((~mask).sum()), int(mask.sum()))
        flow = (*self.flow, step)
        if not mask.any():
            raise CohortError(
                f"{self.name}: 0 rows are left after '{reason}' (of {len(self)}); "
                + "; ".join(f"{s.reason}: −{s.removed}" for s in flow if s.removed)
            )

        parts: dict[str, Any] = {
            name: None if part is None else part[mask] for name, part in self._parts().items()
        }
        return replace(self, X=self.X[mask], flow=flow, **parts)

    def where(self, conditions: Mapping[str, Sequence[str | float]]) -> Self:
        """Keep the rows whose recorded columns hold one of the allowed values.

        Parameters
        ----------
        conditions : mapping of column name to allowed values
            Columns of `records`.
        """
        cohort = self
        for column, allowed in conditions.items():
            values = cohort._recorded(column, "filter by")
            wanted = {str(a) for a in allowed}
            unknown = sorted(wanted - set(values.dropna().astype(str)))
            if unknown:
                raise CohortError(
                    f"{self.name}: no row has {column} = {', '.join(map(repr, unknown))}"
                )
            reason = f"{column} is {' or '.join(sorted(wanted))}"
            cohort = cohort.keep(values.astype(str).isin(wanted), reason)
        return cohort

    def at_sites(self, column: str) -> Self:
        """Use a recorded column as the site of each row; rows without one are counted and left.

        Raises
        ------
        CohortError
            When the column has so many different values that it holds measurements, not sites.
        """
        cohort = self.keep(self._recorded(column, "use as site").notna(), f"{column} is known")
        different = int(cohort.records[column].nunique())
        if different > max(2, cohort.n_people / FEWEST_PER_SITE):
            raise CohortError(
                f"{self.name}: {column!r} has {different} different values in {cohort.n_people} "
                "people; a site is shared by many people, so name another column"
            )
        return replace(cohort, site=cohort.records[column].astype(str).rename("site"))

    def with_outcome(
        self, name: str, values: pd.Series, ineligible: pd.Series | None = None
    ) -> CohortWithOutcome:
        """Attach an outcome; rows that have none are counted and left.

        Parameters
        ----------
        name : str
            Name of the outcome.
        values : Series of float, shape (n_rows,)
            1 event, 0 no event, missing where it is not known.
        ineligible : Series of str, optional
            A reason on each row that the definition leaves out, missing elsewhere.

        Raises
        ------
        OutcomeError
            When a value is neither 0 nor 1, or only one class is present.
        """
        cohort = self
        if ineligible is not None:
            for reason in sorted(set(ineligible.dropna())):
                cohort = cohort.keep(ineligible.loc[cohort.X.index] != reason, f"not: {reason}")
            values = values.loc[cohort.X.index]
        cohort = cohort.keep(values.notna(), f"{name} is known")
        known = values[values.notna()]
        odd = int((~known.isin([0, 1])).sum())
        if odd:
            raise OutcomeError(f"{self.name}: {name} must be 0 or 1, but {odd} rows hold otherwise")
        outcome = known.astype("int64").rename("outcome")
        if outcome.nunique() < 2:
            raise OutcomeError(
                f"{self.name}: {name} has one class only ({int(outcome.sum())} events in "
                f"{len(outcome)} rows); nothing can be learned from it"
            )
        rest = {f.name: getattr(cohort, f.name) for f in fields(Cohort)}
        return CohortWithOutcome(**rest, outcome=outcome, outcome_name=name)

    def with_features(self, schema: FeatureSchema) -> Self:
        """Keep the columns of a narrower schema."""
        return replace(self, schema=schema, X=self.X[list(schema.names)])

    def without_empty_features(self) -> tuple[Self, dict[str, str]]:
        """Leave out features that hold one value or none, and say which.

        A censored value counts as a value: a marker that is below its limit in some rows and
        measured in others is kept.

        Returns
        -------
        cohort : Cohort
        dropped : dict of feature name to reason
        """
        dropped: dict[str, str] = {}
        for name in self.schema.features:
            kinds = int(self.X[name].nunique())
            below = name + BELOW in self.schema and bool(self.X[name + BELOW].notna().any())
            if kinds == 0:
                dropped[name] = "never above its limit" if below else "never measured"
            elif kinds == 1 and not below:
                dropped[name] = "the same in every row"
        if len(dropped) == len(self.schema.features):
            raise CohortError(f"{self.name}: every feature is empty or constant")
        kept = self.schema.only(n for n in self.schema.features if n not in dropped)
        return self.with_features(kept), dropped

    def _parts(self) -> dict[str, Any]:
        """Return what has a line per row beside `X`, by name."""
        return {part: getattr(self, part) for part in ROW_PARTS}

    def _recorded(self, column: str, purpose: str) -> pd.Series:
        if column not in self.records:
            raise CohortError(
                f"{self.name}: no recorded column {column!r} to {purpose}; there are: "
                + ", ".join(sorted(map(str, self.records.columns)))
            )
        return self.records[column]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class CohortWithOutcome(Cohort):
    """A study's rows with what became of them, as `Cohort.with_outcome` makes it.

    Whatever keeps rows or columns of it keeps the outcome beside them.

    Parameters
    ----------
    outcome : Series of int, shape (n_rows,)
        1 is the event.
    outcome_name : str
        Name of the outcome.
    """

    outcome: pd.Series
    outcome_name: str

    def _parts(self) -> dict[str, Any]:
        return super()._parts() | {"outcome": self.outcome}


def outcome_of(cohort: Cohort) -> pd.Series | None:
    """Return what became of a cohort's rows; None where that is not attached."""
    return cohort.outcome if isinstance(cohort, CohortWithOutcome) else None
