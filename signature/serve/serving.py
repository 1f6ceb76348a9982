"""Score rows that a partner sends: what is expected of them, and what comes back."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from signature.exceptions import ModelInputError
from signature.learn.adaptation import (
    adapt_procedure,
    harmonises,
    known_batches,
    unseen_rows,
)
from signature.learn.calibration import CalibratedProcedure
from signature.learn.contributions import BASE, contributions
from signature.prepare.columns import TakeColumns, values_of
from signature.serve.compiled import compile_procedure
from signature.serve.incoming import check_rows
from signature.serve.persistence import load_model
from signature.serve.scores import Scores, ServedColumns, joined
from signature.study.schema import BATCH, CARRIERS, FeatureSchema


def serving_schema(schema: FeatureSchema, procedure: CalibratedProcedure) -> FeatureSchema:
    """Return the columns that a fitted procedure takes, and which of them a row must have.

    A baseline feature is required, since everybody has it at hand and leaving it out is a
    mistake; its value may still be null. Panel markers are optional, since laboratories measure
    different panels and the procedure knows what to do without one. So are detection limits, and
    the batch, which a partner leaves out: its own batches are none of the training batches. A level
    that the procedure has no adjustment for is blank.

    Parameters
    ----------
    schema : FeatureSchema
        The experiment's columns.
    procedure : CalibratedProcedure
        Fitted on them.
    """
    pipeline = procedure.estimator_
    first = pipeline[0]
    if not isinstance(first, TakeColumns):
        raise TypeError(f"a procedure begins with TakeColumns, this one with {type(first)}")
    taken, known = set(first.columns_), known_batches(procedure)
    return FeatureSchema.narrowed(
        replace(
            c,
            required=not c.in_panel and c.role not in CARRIERS,
            levels=tuple(name if i in known else "" for i, name in enumerate(c.levels)),
        )
        for c in schema.columns
        if c.name in taken
    )


class Scorer:
    """A saved model, ready to score.

    Parameters
    ----------
    folder : Path
        As `signature.serve.persistence.save_model` wrote it.
    digest : str, optional
        What the model must be, by the digest of its manifest.

    Attributes
    ----------
    card : ModelCard
        What the model is and where it comes from.
    schema : FeatureSchema
        The columns of a row.

    Raises
    ------
    ModelFileError
        When the folder does not hold a model that can be trusted, as it was written.
    """

    def __init__(self, folder: Path, digest: str | None = None) -> None:
        self._procedure, self.card = load_model(folder, digest=digest)
        self.schema = self.card.schema_
        self._own_batch: float | None = None
        self._served = ServedColumns.of(self.schema)
        self._compiled = compile_procedure(self._procedure, self.schema.names)

    def adapted(self, reference: pd.DataFrame) -> Scorer:
        """Return a scorer that also knows the sender's own batch, by its reference samples.

        Nothing is learned but where the batch lies: a shift and a scale for each harmonised marker.

        Parameters
        ----------
        reference : DataFrame
            Rows as for `score`, of one batch; people of the kind that the model was trained on, or
            material of known kind, whose outcome nobody has looked at. Columns that reference
            material does not have may be null.

        Returns
        -------
        Scorer
            Takes rows without a batch to be of the new one.

        Raises
        ------
        ModelInputError
            When the rows could not be scored either.
        AssayError
            When the model was not declared ``unseen = "adapted"``, or the rows are too few.
        """
        rows = check_rows(reference.drop(columns=BATCH, errors="ignore"), self.schema)
        own = copy.copy(self)
        own._own_batch = float(len(self.schema[BATCH].levels)) if BATCH in self.schema else 0.0
        rows = rows.assign(**{BATCH: own._own_batch})
        own._procedure = adapt_procedure(self._procedure, rows, own._own_batch)
        own._compiled = compile_procedure(own._procedure, self.schema.names)
        return own

    def score(
        self, table: pd.DataFrame, *, explain: bool = False, top_k: int | None = None
    ) -> pd.DataFrame:
        """Return the probability of the event for each row, and why.

        Parameters
        ----------
        table : DataFrame
            Rows as sent; see `signature.serve.incoming.check_rows` for what is refused.
        explain : bool
            Add what each feature contributes to the log-odds.
        top_k : int, optional
            With `explain`: only the k largest contributions of each row, at least 1.

        Returns
        -------
        DataFrame
            On the index of `table`, nothing missing, whatever the rows hold:

            ``probability``
                Calibrated probability of the event.
            ``log_odds``
                The same on the log-odds scale.
            ``out_of_range``
                Names of the columns whose value lies outside the plausible range, joined by
                semicolons; usually empty. Such a row is scored all the same.
            ``not_measured``
                Names of the panel markers without value or limit, joined likewise. The model does
                without them as it learned to; the more there are, the less it knows.
            ``batch_not_seen``
                1 where the model harmonises assay batches and has no adjustment for the row's
                own, so that its values were taken as measured; else 0.
            ``contribution_<feature>``, ``contribution_base``
                With `explain`. The base is what a row starts from; base and features add up to
                ``log_odds``.
            ``top_<i>_feature``, ``top_<i>_contribution``, ``contribution_rest``, \
            ``contribution_base``
                Instead, with `top_k`, for i from 1 to k or to the number of features. Largest
                first by absolute value, ties in the schema's order; the rest is the sum of the
                features not shown, so that contributions, rest and base add up to ``log_odds``.

        Raises
        ------
        ModelInputError
            For rows that cannot be scored, a `top_k` below 1, or one without `explain`.
        """
        check_top_k(top_k, explain)
        rows = check_rows(table, self.schema)
        scored = self.score_values(values_of(rows, self.schema.names), explain=explain)
        return pd.DataFrame(scored.columns(top_k), index=rows.index)

    def score_values(self, values: np.ndarray, *, explain: bool = False) -> Scores:
        """Score rows that were checked.

        Parameters
        ----------
        values : ndarray of float64, shape (n_rows, n_columns)
            The schema's columns, NaN where nothing was measured.
        explain : bool
            Whether to take the log-odds apart.

        Raises
        ------
        ModelInputError
            When a row holds nothing of the panel, or its batch is refused.
        """
        if self._own_batch is not None and BATCH in self.schema:
            values = values.copy(order="F")
            batch = values[:, self.schema.names.index(BATCH)]
            batch[np.isnan(batch)] = self._own_batch
        measured = self._served.measured(values)
        nothing = int((~measured.any(axis=1)).sum()) if measured.shape[1] else 0
        if nothing:
            raise ModelInputError(
                f"{nothing} of {len(values)} rows hold no value and no limit of any panel marker; "
                "without the panel this model has nothing to say"
            )
        log_odds, sources, parts = self._log_odds(values, explain)
        return Scores(
            log_odds=log_odds,
            out_of_range=joined(self._served.names, self._served.outside(values)),
            not_measured=joined(self._served.panel, ~measured),
            batch_not_seen=self._unseen(values),
            sources=sources,
            parts=parts,
        )

    def _log_odds(
        self, values: np.ndarray, explain: bool
    ) -> tuple[np.ndarray, tuple[str, ...], np.ndarray | None]:
        """Score by the compiled procedure, or table by table where none could be compiled."""
        compiled = self._compiled
        if compiled is not None:
            if not explain:
                return compiled.log_odds(values), (), None
            log_odds, parts = compiled.explained(values)
            return log_odds, compiled.sources, parts
        rows = pd.DataFrame(values, columns=self.schema.names)
        log_odds = np.asarray(self._procedure.decision_function(rows), dtype="float64")
        if not explain:
            return log_odds, (), None
        found = contributions(self._procedure, rows).drop(columns=BASE)
        return log_odds, tuple(found.columns), found.to_numpy()

    def _unseen(self, values: np.ndarray) -> np.ndarray:
        """Flag rows of a batch without adjustment, shape (n_rows,)."""
        if BATCH not in self.schema or not harmonises(self._procedure):
            return np.zeros(len(values))
        batch = pd.DataFrame({BATCH: values[:, self.schema.names.index(BATCH)]})
        return unseen_rows(self._procedure, batch).astype("float64")


def check_top_k(top_k: int | None, explain: bool) -> None:
    """Refuse a `top_k` below 1, or one without an explanation.

    Raises
    ------
    ModelInputError
    """
    if top_k is not None and not explain:
        raise ModelInputError("'top_k' limits an explanation; it needs 'explain' = true")
    if top_k is not None and top_k < 1:
        raise ModelInputError("'top_k' must be 1 or more, or left out for all features")
