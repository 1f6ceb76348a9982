"""Score rows that a partner sends: what is expected of them, and what comes back."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from signature.exceptions import ModelInputError
from signature.learn.adaptation import adapt_procedure, known_batches, unseen_rows
from signature.learn.binary import both_columns
from signature.learn.calibration import CalibratedProcedure
from signature.learn.contributions import BASE, contributions
from signature.prepare.columns import TakeColumns
from signature.serve.incoming import check_rows
from signature.serve.persistence import load_model
from signature.study.schema import BATCH, BELOW, CARRIERS, FeatureSchema

PART = "contribution_"
"""Prefix of the output columns that add up to the log-odds."""


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

    Attributes
    ----------
    card : ModelCard
        What the model is and where it comes from.
    schema : FeatureSchema
        The columns of a row.

    Raises
    ------
    ModelFileError
        When the folder does not hold a model that can be trusted.
    """

    def __init__(self, folder: Path) -> None:
        self._procedure, self.card = load_model(folder)
        self.schema = self.card.schema_
        self._own_batch: float | None = None

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
        if top_k is not None and not explain:
            raise ModelInputError("'top_k' limits an explanation; it needs 'explain' = true")
        if top_k is not None and top_k < 1:
            raise ModelInputError("'top_k' must be 1 or more, or left out for all features")
        rows = check_rows(table, self.schema)
        if self._own_batch is not None:
            rows[BATCH] = rows[BATCH].fillna(self._own_batch)
        measured = _measured(rows, self.schema)
        nothing = int((~measured.any(axis=1)).sum()) if measured.shape[1] else 0
        if nothing:
            raise ModelInputError(
                f"{nothing} of {len(rows)} rows hold no value and no limit of any panel marker; "
                "without the panel this model has nothing to say"
            )
        log_odds = np.asarray(self._procedure.decision_function(rows), dtype="float64")
        out = pd.DataFrame(
            {
                "probability": both_columns(log_odds)[:, 1],
                "log_odds": log_odds,
                "out_of_range": _out_of_range(rows, self.schema),
                "not_measured": _joined(~measured),
                "batch_not_seen": unseen_rows(self._procedure, rows).astype("float64"),
            },
            index=rows.index,
        )
        if not explain:
            return out
        parts = contributions(self._procedure, rows)
        # trees add up in single precision; what their rounding leaves goes to the base
        base = (log_odds - parts.drop(columns=BASE).sum(axis=1)).rename(f"{PART}base")
        features = parts.drop(columns=BASE)
        if top_k is None:
            return pd.concat([out, features.add_prefix(PART), base], axis=1)
        return pd.concat([out, _largest(features, top_k), base], axis=1)


def _measured(rows: pd.DataFrame, schema: FeatureSchema) -> pd.DataFrame:
    """Whether each panel marker has a value or a limit, by row."""
    out = rows[list(schema.panel)].notna()
    for name in schema.panel:
        if name + BELOW in schema:
            out[name] |= rows[name + BELOW].notna()
    return out


def _joined(holds: pd.DataFrame) -> pd.Series:
    """Names of the columns that hold, by row, joined by semicolons."""
    names = np.asarray(holds.columns, dtype=object)
    return pd.Series(
        [";".join(names[row]) for row in holds.to_numpy(dtype=bool)], index=holds.index
    )


def _out_of_range(rows: pd.DataFrame, schema: FeatureSchema) -> pd.Series:
    outside = pd.DataFrame(
        {
            c.name: (rows[c.name] < (-np.inf if c.low is None else c.low))
            | (rows[c.name] > (np.inf if c.high is None else c.high))
            for c in schema.columns
        },
        index=rows.index,
    )
    return _joined(outside)


def _largest(features: pd.DataFrame, k: int) -> pd.DataFrame:
    values = features.to_numpy()
    order = np.argsort(-np.abs(values), axis=1, kind="stable")[:, :k]
    shown = np.take_along_axis(values, order, axis=1)
    names = features.columns.to_numpy(dtype=object)[order]
    out: dict[str, np.ndarray] = {}
    for i in range(order.shape[1]):
        out[f"top_{i + 1}_feature"] = names[:, i]
        out[f"top_{i + 1}_contribution"] = shown[:, i]
    out[f"{PART}rest"] = values.sum(axis=1) - shown.sum(axis=1)
    return pd.DataFrame(out, index=features.index)
