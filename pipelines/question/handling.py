"""From an experiment's assay block to what every candidate does about the assay."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pipelines.question.folds import Fold
from signature.exceptions import CohortError, ExperimentError, SchemaError
from signature.prepare.harmonisation import FEWEST_REFERENCE_ROWS, SMALLEST_BATCH
from signature.prepare.reference_shift import Shifts, reference_shifts
from signature.prepare.scaling import asinh2
from signature.study.batch_codes import code_of
from signature.study.cohort import Cohort
from signature.study.handling import Handling
from signature.study.schema import (
    BATCH,
    BELOW,
    CARRIERS,
    Column,
    FeatureSchema,
    Role,
    Scale,
    source_of,
)

if TYPE_CHECKING:
    from pipelines.question.experiment import Assay


def reference_rows(whole: Cohort, analysed: Cohort, assay: Assay) -> pd.DataFrame | None:
    """Return the rows that may place a batch: declared, with a batch, and not analysed.

    Parameters
    ----------
    whole : Cohort
        All rows of the data set.
    analysed : Cohort
        The rows of the experiment; its columns are returned.
    assay : Assay

    Raises
    ------
    CohortError
        When the filter leaves none.
    """
    if assay.harmonise != "reference_shift" and assay.unseen != "adapted":
        return None
    others = np.asarray(~whole.X.index.isin(analysed.X.index))
    try:
        kept = whole.keep(others, "not analysed").where(assay.references)
        kept = kept.keep(kept.X[BATCH].notna(), "batch is known")
    except CohortError as error:
        raise CohortError(
            f"assay.references, among the {int(others.sum())} rows that are not analysed: {error}"
        ) from None
    return kept.X[list(analysed.schema.names)]


def handling_of(
    assay: Assay, schema: FeatureSchema, references: pd.DataFrame | None, name: str
) -> Handling:
    """Translate the block; shifts are computed here, from reference rows alone.

    Raises
    ------
    ExperimentError
        When it names a column or batch that is not there, or reference rows place no batch.
    """
    try:
        for column in (*assay.columns, *assay.residualise):
            if schema[column].role in CARRIERS:
                raise SchemaError(f"{column!r} tells how others were measured, and is no feature")
        reference = None if assay.reference is None else code_of(schema, assay.reference)
    except (SchemaError, CohortError) as error:
        raise ExperimentError(f"experiment {name!r}, assay: {error}") from None
    _fit_for(assay, schema, name)
    harmonised = assay.columns or tuple(
        n for n in schema.panel if schema[n].scale is not Scale.YES_NO
    )
    shifts: Shifts = {}
    if assay.harmonise == "reference_shift":
        assert references is not None
        assert reference is not None
        if not (references[BATCH] == reference).any():
            raise ExperimentError(
                f"experiment {name!r}, assay: none of the {len(references)} reference rows is of "
                f"the reference batch {assay.reference!r}; 'references' chooses them among the "
                "rows that are not analysed"
            )
        found, not_known = placed(references, schema, harmonised, reference)
        # a batch none of whose markers can be placed is one that nobody knows
        shifts = {
            code: by
            for code, by in found.items()
            if code == reference or len(not_known.get(code, ())) < len(by)
        }
        if len(shifts) < 2:
            raise ExperimentError(
                f"experiment {name!r}, assay: {len(references)} reference rows place no batch on "
                f"{assay.reference!r}: a marker needs {FEWEST_REFERENCE_ROWS} values or limits in "
                "both; widen references, or take harmonise = 'combat'"
            )
    return Handling(
        limits=assay.limits,
        detected_above=assay.detected_above,
        harmonise=assay.harmonise,
        harmonised=harmonised if assay.harmonise != "none" else (),
        reference=reference,
        unseen=assay.unseen,
        shifts=shifts,
        missing=assay.missing,
        residualise=assay.residualise,
    )


def check_batches(
    cohort: Cohort, folds: list[Fold], references: pd.DataFrame | None, name: str
) -> None:
    """Say before the first fit what a later one would be refused for.

    Raises
    ------
    ExperimentError
        When a training set has too little of the reference batch, or rows are of a batch that the
        experiment's policy for unseen batches does not let pass.
    """
    told = cohort.schema.handling
    if told.harmonise == "none":
        return
    codes, levels = cohort.X[BATCH].to_numpy(), cohort.schema[BATCH].levels
    shifted = told.harmonise == "reference_shift"
    for fold in folds:
        where = f"experiment {name!r}, assay: when {fold.label!r} is held out, "
        train, held_out = codes[fold.train], codes[fold.held_out]
        found, sizes = np.unique(train[~np.isnan(train)], return_counts=True)
        known = np.array(list(told.shifts)) if shifted else found[sizes >= SMALLEST_BATCH]
        if told.reference is not None and told.reference not in known:
            raise ExperimentError(
                f"{where}fewer than {SMALLEST_BATCH} rows of the reference batch "
                f"{levels[int(told.reference)]!r} are left to train on; take out 'reference', or "
                "name a batch that no fold holds out"
            )
        if told.unseen == "frozen":
            continue
        unplaced = [("to train on", train)]
        unplaced += [("held out", held_out if told.unseen == "refused" else _unknown(held_out))]
        for which, of in unplaced:
            strange = int((~np.isin(of, known)).sum())
            if strange:
                raise ExperimentError(
                    f"{where}{strange} of the rows {which} are of a batch that is not known, new "
                    f"or too small, which unseen = {told.unseen!r} does not let pass; leave them "
                    "out with [data] where, or let them pass with unseen = 'frozen'"
                )
        if told.unseen == "adapted":
            assert references is not None
            for code in np.setdiff1d(held_out, known):
                own = int((references[BATCH] == code).sum())
                if own < FEWEST_REFERENCE_ROWS:
                    raise ExperimentError(
                        f"{where}{levels[int(code)]!r} is to be placed by its reference rows, and "
                        f"has {own} of the {FEWEST_REFERENCE_ROWS} that are needed; widen "
                        "references, or let it pass with unseen = 'frozen'"
                    )


def _unknown(codes: np.ndarray) -> np.ndarray:
    return codes[np.isnan(codes)]


def _fit_for(assay: Assay, schema: FeatureSchema, name: str) -> None:
    """Refuse columns that cannot be harmonised, and confounders that are under question."""
    for key, wrong, why in (
        ("columns", lambda c: c.role is not Role.MARKER, "no markers"),
        ("residualise", lambda c: c.in_panel, "part of the panel, not known confounders"),
    ):
        found = [n for n in getattr(assay, key) if wrong(schema[n])]
        if found:
            raise ExperimentError(
                f"experiment {name!r}, assay.{key}: {', '.join(map(repr, found))} are {why}"
            )


def placed(
    references: pd.DataFrame, schema: FeatureSchema, columns: tuple[str, ...], reference: float
) -> tuple[Shifts, dict[float, list[str]]]:
    """Compute each batch's shift from reference rows, on the scale on which it will be applied.

    Returns
    -------
    shifts, not_known
        As `signature.prepare.reference_shift.reference_shifts`.
    """
    with_limits = [n for c in columns for n in (c, c + BELOW) if n in schema]
    values = pd.DataFrame({n: _scaled(references[n], schema[source_of(n)]) for n in with_limits})
    return reference_shifts(values, references[BATCH], reference=reference)


def _scaled(values: pd.Series, column: Column) -> pd.Series:
    """Logarithms where a procedure takes them; a limit has its marker's scale."""
    if column.scale is Scale.ASINH:
        assert column.cofactor is not None
        return asinh2(values, column.cofactor)
    return np.log2(values.where(values > 0)) if column.scale is Scale.LOG2 else values
