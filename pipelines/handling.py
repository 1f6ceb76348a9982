"""From an experiment's assay block to what every candidate does about the assay."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pipelines.experiment import Assay
from signature.batch_codes import code_of
from signature.cohort import Cohort
from signature.exceptions import CohortError, ExperimentError, SchemaError
from signature.handling import Handling
from signature.reference_shift import Shifts, reference_shifts
from signature.scaling import asinh2
from signature.schema import BATCH, BELOW, Column, FeatureSchema, Scale, source_of


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
    if assay.harmonise == "none" or not (assay.references or assay.harmonise == "reference_shift"):
        return None
    others = np.asarray(~whole.X.index.isin(analysed.X.index))
    kept = whole.keep(others, "not analysed").where(assay.references)
    kept = kept.keep(kept.X[BATCH].notna(), "batch is known")
    return kept.X[list(analysed.schema.names)]


def handling_of(
    assay: Assay, schema: FeatureSchema, references: pd.DataFrame | None, name: str
) -> Handling:
    """Translate the block; shifts are computed here, from reference rows alone.

    Raises
    ------
    ExperimentError
        When it names a column or batch that is not there, or a batch has no shift to go by.
    """
    try:
        for column in (*assay.columns, *assay.residualise):
            schema[column]
        reference = None if assay.reference is None else code_of(schema, assay.reference)
    except (SchemaError, CohortError) as error:
        raise ExperimentError(f"experiment {name!r}, assay: {error}") from None
    harmonised = assay.columns or tuple(
        n for n in schema.panel if schema[n].scale is not Scale.YES_NO
    )
    shifts: Shifts = {}
    if assay.harmonise == "reference_shift":
        assert references is not None
        assert reference is not None
        shifts, _ = placed(references, schema, harmonised, reference)
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


def placed(
    references: pd.DataFrame, schema: FeatureSchema, columns: tuple[str, ...], reference: float
) -> tuple[Shifts, dict[float, list[str]]]:
    """Compute each batch's shift from reference rows, on the scale on which it will be applied.

    Returns
    -------
    shifts, not_known
        As `signature.reference_shift.reference_shifts`.
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
