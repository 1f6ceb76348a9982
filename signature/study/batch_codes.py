"""Carry each row's assay batch into the table that a procedure reads."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from signature.exceptions import CohortError
from signature.study.cohort import Cohort
from signature.study.schema import BATCH, FeatureSchema, batch_column

PLATE = "plate"
"""Name by which an experiment asks for the cohort's own plate."""


def with_batch(cohort: Cohort, column: str) -> Cohort:
    """Add the column `BATCH` with a code for each row's batch; missing where it is not known.

    Parameters
    ----------
    cohort : Cohort
        The whole data set, before rows are chosen, so that codes do not depend on the choice.
    column : str
        ``"plate"``, or a recorded column such as the hospital or the assay.

    Raises
    ------
    CohortError
        When there is no such column, it names fewer than two batches, or as many as rows.
    """
    if column == PLATE and cohort.plate is not None:
        named: pd.Series = cohort.plate
    elif column in cohort.records:
        named = cohort.records[column]
    else:
        known = [*([PLATE] if cohort.plate is not None else []), *map(str, cohort.records.columns)]
        raise CohortError(
            f"{cohort.name}: no column {column!r} to take the batch from; there are: "
            + ", ".join(sorted(known))
        )
    # a lot may be recorded as a number, and a level is a word
    named = named.astype(str).where(named.notna())
    levels = sorted(named.dropna().unique())
    if len(levels) < 2 or len(levels) > len(cohort) / 2:
        raise CohortError(
            f"{cohort.name}: {column!r} names {len(levels)} batches in {len(cohort)} rows; a batch "
            "is shared by many rows, and one alone has nothing to be harmonised with"
        )
    codes = named.map({level: float(i) for i, level in enumerate(levels)}).astype("float64")
    schema = FeatureSchema(
        (*cohort.schema.columns, batch_column(levels, label=column)), cohort.schema.handling
    )
    return replace(cohort, schema=schema, X=cohort.X.assign(**{BATCH: codes}))


def code_of(schema: FeatureSchema, level: str) -> float:
    """Return the code of a batch.

    Raises
    ------
    CohortError
        When the schema has no such batch.
    """
    levels = schema[BATCH].levels
    if level not in levels:
        raise CohortError(f"no batch {level!r}; there are: {', '.join(levels)}")
    return float(levels.index(level))
