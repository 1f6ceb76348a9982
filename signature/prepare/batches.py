"""What the harmonising steps share: the batch column, and what becomes of a batch never seen."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from signature.exceptions import AssayError, ModelInputError
from signature.prepare.columns import ArrayFunction, TableTransformer

UNSEEN = ("frozen", "refused", "adapted")
"""What may become of rows whose batch has no adjustment; see `BatchStep`."""


Moved = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""From markers (n, k), codes (n,) and which rows have no adjustment to markers on one scale."""


class BatchStep(TableTransformer):
    """A step that reads the batch column, adjusts what it must, and drops the column.

    Parameters
    ----------
    batch : str
        Name of the batch column. A training table without it has no batches: the step then hands
        on what it gets.
    unseen : {"frozen", "refused", "adapted"}
        What becomes of a row whose batch has no adjustment, or is missing. ``frozen``: its values
        pass as they were measured, which assumes that its batch neither shifts nor stretches them.
        ``refused`` and ``adapted``: an error; with ``adapted``, a batch can be added to the fitted
        step from samples declared for that purpose.
    """

    batch: str
    unseen: str
    columns_: list[str]
    has_batch_: bool

    def _read(self, X: pd.DataFrame | np.ndarray) -> tuple[pd.DataFrame, np.ndarray]:
        """Split a training table into all other columns and the codes, NaN where not known."""
        if self.unseen not in UNSEEN:
            raise ValueError(f"unseen must be one of {', '.join(UNSEEN)}, got {self.unseen!r}")
        table = self._table_to_fit(X)
        self.has_batch_ = self.batch in table
        self.columns_ = [c for c in table.columns if c != self.batch]
        return table[self.columns_].astype("float64"), self._codes(table)

    def _codes(self, table: pd.DataFrame) -> np.ndarray:
        if not self.has_batch_:
            return np.full(len(table), np.nan)
        if self.batch not in table:
            raise ModelInputError(
                f"no column {self.batch!r}, which says on which assay batch a row was measured; "
                "add it, empty where the batch is not known"
            )
        return table[self.batch].to_numpy(dtype="float64")

    @property
    def known_batches(self) -> np.ndarray:
        """Codes of the batches that have an adjustment."""
        raise NotImplementedError

    def transform(self, X: pd.DataFrame | np.ndarray) -> pd.DataFrame:
        """Return the table with its batches on one scale, without the batch column.

        Each row's result depends on that row alone.

        Raises
        ------
        ModelInputError
            When a column is missing, the batch among them, or a row's batch is refused.
        """
        self._codes(self._table_to_transform(X))
        return super().transform(X)

    @property
    def inputs(self) -> list[str]:
        """Columns that the fitted step reads: the markers, then the batch if training had it."""
        return [*self.columns_, self.batch] if self.has_batch_ else self.columns_

    def on_arrays(self) -> ArrayFunction:
        """Return the step as a function of numbers; a batch that is refused raises."""
        n = len(self.columns_)
        known = self.known_batches
        moved = self._moved()

        def apply(values: np.ndarray) -> np.ndarray:
            codes = values[:, n] if self.has_batch_ else np.full(len(values), np.nan)
            unseen = ~np.isin(codes, known)
            self._refuse(unseen)
            return moved(values[:, :n], codes, unseen)

        return apply

    def _moved(self) -> Moved:
        """Return what puts markers, given codes and rows without adjustment, on one scale."""
        raise NotImplementedError

    def unseen_rows(self, X: pd.DataFrame | np.ndarray) -> np.ndarray:
        """Flag the rows whose batch has no adjustment, shape (n_rows,).

        Reads the batch column alone. Nothing is flagged where training had no batch column.
        """
        codes = self._codes(self._table_to_transform(X))
        return self.has_batch_ & ~np.isin(codes, self.known_batches)

    def _refuse(self, unseen: np.ndarray) -> None:
        if not self.has_batch_ or self.unseen == "frozen" or not unseen.any():
            return
        remedy = (
            "adapt the model to the batch with reference samples of it"
            if self.unseen == "adapted"
            else "score batches that training knew, or train with another policy for unseen batches"
        )
        raise ModelInputError(
            f"{int(unseen.sum())} of {len(unseen)} rows are of an assay batch (column "
            f"{self.batch!r}) that is missing, was too small in training or not in it; {remedy}"
        )

    def _check_adaptable(self, batch_code: float) -> None:
        if self.unseen != "adapted":
            raise AssayError(
                f"this model was declared {self.unseen!r} for unseen batches; only one declared "
                "'adapted' takes a new batch"
            )
        if not self.has_batch_:
            raise AssayError(
                f"training had no column {self.batch!r} to compare a new batch with; train with "
                "one, which may hold one code throughout"
            )
        if np.isin(batch_code, self.known_batches):
            raise AssayError(
                f"batch {batch_code:g} has an adjustment already; give new samples another code, "
                "or adapt the model as it was trained"
            )

    def get_feature_names_out(self, input_features: object = None) -> np.ndarray:
        """Names of the columns, less the batch."""
        check_is_fitted(self)
        return np.asarray(self.columns_, dtype=object)
