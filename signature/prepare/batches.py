"""What the harmonising steps share: the batch column, and what becomes of a batch never seen."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from signature.exceptions import AssayError, ModelInputError
from signature.prepare.columns import TableTransformer

UNSEEN = ("frozen", "refused", "adapted")
"""What may become of rows whose batch has no adjustment; see `BatchStep`."""


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

    def _read_new(
        self, X: pd.DataFrame | np.ndarray
    ) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
        """Split a new table, and say which rows have no adjustment."""
        table = self._table_to_transform(X)
        absent = [c for c in self.columns_ if c not in table]
        if absent:
            raise ModelInputError(f"missing columns: {', '.join(map(repr, absent))}")
        codes = self._codes(table)
        return table[self.columns_].astype("float64"), codes, ~np.isin(codes, self.known_batches)

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
