"""Bring assay batches onto one scale, learning from training rows only and never from outcomes."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Self

import numpy as np
import pandas as pd

from signature.exceptions import AssayError, ModelInputError
from signature.prepare.batches import BatchStep, Moved
from signature.prepare.columns import named_columns, standing_columns, values_of
from signature.prepare.combat import Frame, batch_effect, fit_frame
from signature.study.schema import BATCH, BELOW, CENSORED

FEWEST_REFERENCE_ROWS = 10
"""Reference samples that a new batch needs, unless said otherwise."""

SMALLEST_BATCH = 3
"""Training rows that a batch needs for an adjustment of its own, unless said otherwise."""


class ComBat(BatchStep):
    """Remove each batch's shift and scale from every marker, shrunk across markers.

    The empirical-Bayes method of Johnson, Li and Rabinovic (2007), split into fit and transform and
    with missing values allowed. Values must be on a scale where batches add, such as log2.

    The outcome takes no part: `fit` ignores ``y``, and the outcome must not be among the
    covariates. Protecting it makes groups that differ in their batches differ in their values
    (Nygaard, Rødland and Hovig 2016).

    Parameters
    ----------
    batch : str
        Column with the batch's code; dropped. Rows without a code teach nothing.
    columns : sequence of str, optional
        Markers to harmonise; one of which only ``<marker>__censored`` is left is passed over. All
        columns but the covariates and those derived from a detection limit when left out; name the
        markers where a table also holds clinical columns.
    covariates : sequence of str
        Numeric columns whose differences between batches are biology to be kept, such as age. A
        missing value counts as the training mean, and of a column that an earlier step has turned
        into "detected or not" that 0/1 column is used. What varies between batches only cannot be
        told from them, and is not kept.
    parametric : bool
        Normal and inverse-gamma priors; otherwise each marker's prior is the other markers.
    mean_only : bool
        Remove shifts and leave scales alone.
    reference : float, optional
        Code of a batch that stays exactly as it is; the others are moved onto it.
    unseen : {"frozen", "refused", "adapted"}
        What becomes of a row whose batch has no adjustment; see
        `signature.prepare.batches.BatchStep`.
    smallest_batch : int
        Training rows that a batch needs for an adjustment of its own. A smaller batch is treated as
        one that was never seen: an adjustment learned from one row would remove that person.

    Attributes
    ----------
    n_batches_ : int
        Batches that have an adjustment; 0 where training had none.
    batches_ : ndarray of shape (n_batches_,)
        Their codes, sorted, those adapted later at the end.
    harmonised_, covariates_ : list of str
    mean_, sd_ : ndarray of shape (n_harmonised,)
        Grand mean and root of the pooled variance.
    coef_ : ndarray of shape (n_covariates, n_harmonised)
    shift_, scale_ : ndarray of shape (n_batches_, n_harmonised)
        A row's distance from what is expected, in ``sd_``, is less its batch's shift and over the
        root of its scale.

    Raises
    ------
    AssayError
        When no row of the reference batch is in training.
    ModelInputError
        When a column is not there or has two parts to play, or by the policy for unseen batches.

    Notes
    -----
    On complete data equal to neuroCombat, its rule for stopping included, and so are its limits.
    With ``mean_only`` and parametric priors that rule weighs a batch as if it had one row, and
    leaves much of a small shift where it was. Without parametric priors a marker is moved within
    the range of the other markers' shifts only, so that in a small panel one marker's plate effect
    stays; use it for hundreds of markers. What any shrinkage leaves of a batch can still be learned
    by a model.

    A marker that is constant within every batch is moved in full, one that training never saw is
    left as it is, and so is a single batch.

    Examples
    --------
    >>> table = pd.DataFrame({
    ...     "IL6": [1.0, 2.0, 3.0, 5.0, 6.0, 7.0], "assay_batch": [1.0, 1, 1, 2, 2, 2]})
    >>> ComBat(reference=1).fit_transform(table).round(3)["IL6"].tolist()
    [1.0, 2.0, 3.0, 1.184, 2.0, 2.816]
    """

    def __init__(
        self,
        batch: str = BATCH,
        columns: Sequence[str] | None = None,
        covariates: Sequence[str] = (),
        parametric: bool = True,
        mean_only: bool = False,
        reference: float | None = None,
        unseen: str = "frozen",
        smallest_batch: int = SMALLEST_BATCH,
    ) -> None:
        self.batch = batch
        self.columns = columns
        self.covariates = covariates
        self.parametric = parametric
        self.mean_only = mean_only
        self.reference = reference
        self.unseen = unseen
        self.smallest_batch = smallest_batch

    def fit(self, X: pd.DataFrame | np.ndarray, y: object = None) -> Self:
        """Learn each batch's shift and scale; ``y`` is ignored."""
        table, codes = self._read(X)
        self.covariates_ = standing_columns(self.covariates, self.columns_, "to keep the effect of")
        derived = (CENSORED, BELOW)
        self.harmonised_ = (
            [c for c in table if c not in self.covariates_ and not str(c).endswith(derived)]
            if self.columns is None
            else named_columns(self.columns, self.columns_, "to harmonise")
        )
        both = [c for c in self.harmonised_ if c in self.covariates_]
        if both:
            raise ModelInputError(
                f"both a covariate and a column to harmonise: {', '.join(map(repr, both))}"
            )
        means = np.nan_to_num(table[self.covariates_].mean().to_numpy(dtype="float64"))
        self.covariate_means_ = means
        found, sizes = np.unique(codes[~np.isnan(codes)], return_counts=True)
        self.batches_ = found[sizes >= max(self.smallest_batch, 1)]
        self.n_batches_ = len(self.batches_)
        if self.has_batch_ and self.reference is not None and self.reference not in self.batches_:
            raise AssayError(
                f"reference batch {self.reference:g} has fewer than {self.smallest_batch} of the "
                f"{len(table)} training rows; name one of the {self.n_batches_} larger batches, or "
                "keep the reference batch in training"
            )
        self._learn(table[self.harmonised_].to_numpy(), self._centred(table), codes)
        return self

    def _learn(self, values: np.ndarray, covariates: np.ndarray, codes: np.ndarray) -> None:
        rows = np.isin(codes, self.batches_)
        n_markers = values.shape[1]
        self.shift_ = np.zeros((self.n_batches_, n_markers))
        self.scale_ = np.ones((self.n_batches_, n_markers))
        self.mean_, self.sd_ = np.zeros(n_markers), np.ones(n_markers)
        self.coef_ = np.zeros((covariates.shape[1], n_markers))
        self.flat_, self.unknown_ = np.zeros(n_markers, bool), np.ones(n_markers, bool)
        if not self.n_batches_ or not n_markers:
            return
        index = np.searchsorted(self.batches_, codes[rows])
        at = None if self.reference is None else int(np.searchsorted(self.batches_, self.reference))
        frame = fit_frame(values[rows], index, covariates[rows], at)
        self.mean_, self.sd_, self.coef_ = frame.mean, frame.sd, frame.coef
        self.flat_, self.unknown_ = frame.flat, frame.unknown
        if self.n_batches_ == 1:
            return
        standardised = frame.standardise(values[rows], covariates[rows])
        for k in range(self.n_batches_):
            if k != at:
                self.shift_[k], self.scale_[k] = self._effect(standardised[index == k], frame)

    def _effect(self, standardised: np.ndarray, frame: Frame) -> tuple[np.ndarray, np.ndarray]:
        return batch_effect(
            standardised, frame, parametric=self.parametric, mean_only=self.mean_only
        )

    def _centred(self, table: pd.DataFrame) -> np.ndarray:
        centred = table[self.covariates_].to_numpy(dtype="float64") - self.covariate_means_
        return np.nan_to_num(centred)

    def _frame(self) -> Frame:
        return Frame(self.mean_, self.sd_, self.coef_, self.flat_, self.unknown_)

    @property
    def known_batches(self) -> np.ndarray:
        """Codes of the batches that have an adjustment."""
        return self.batches_

    def _moved(self) -> Moved:
        own = np.array([self.columns_.index(str(c)) for c in self.harmonised_], dtype=int)
        covariates = np.array([self.columns_.index(c) for c in self.covariates_], dtype=int)
        reference = np.nan if self.reference is None else self.reference
        order = np.argsort(self.batches_)

        def moved(markers: np.ndarray, codes: np.ndarray, unseen: np.ndarray) -> np.ndarray:
            out = np.array(markers, order="F")
            rows = np.flatnonzero(~(unseen | (codes == reference)))
            if not len(rows) or not len(own):
                return out
            at = order[np.searchsorted(self.batches_, codes[rows], sorter=order)]
            values = markers[np.ix_(rows, own)]
            centred = np.nan_to_num(markers[np.ix_(rows, covariates)] - self.covariate_means_)
            expected = self._frame().expected(centred)
            distance = (values - expected) / self.sd_ - self.shift_[at]
            # a marker that was all batch must not keep its batch in the last bits of a sum
            distance[self.flat_ & (np.abs(distance) <= 1e-9 * (1 + np.abs(expected)))] = 0.0
            shifted = distance / np.sqrt(self.scale_[at]) * self.sd_ + expected
            # exactly what was measured where there is nothing to adjust
            touched = (self.shift_[at] != 0) | (self.scale_[at] != 1)
            out[np.ix_(rows, own)] = np.where(touched, shifted, values)
            return out

        return moved

    def adapt(
        self, X_reference: pd.DataFrame, *, batch_code: float, fewest: int = FEWEST_REFERENCE_ROWS
    ) -> Self:
        """Return a fitted copy that also knows a new batch, learned from its reference samples.

        The reference samples are declared as such beforehand, have no outcome, and are of the kind
        of people (or of the material) that training rows were: what distinguishes them from
        training rows is taken to be the batch. Grand mean, pooled variance, covariate effects and
        the other batches' adjustments stay; as for a training batch, the new one's estimates are
        shrunk towards its own mean over markers.

        Parameters
        ----------
        X_reference : DataFrame
            As for `transform`; the batch column may be left out.
        batch_code : float
            The new batch's code.
        fewest : int
            Reference rows needed.

        Raises
        ------
        AssayError
            When ``unseen`` is not ``"adapted"``, training had no batch to measure against, the
            batch is known already, the rows are of another batch, or they are too few.
        """
        self._check_adaptable(batch_code)
        reference = X_reference.drop(columns=self.batch, errors="ignore")
        rows = values_of(self._table_to_transform(reference), self.columns_)
        table = pd.DataFrame(rows, columns=self.columns_)
        if not self.n_batches_:
            raise AssayError(
                "training had no assay batch large enough to measure a new one against; its column "
                f"{self.batch!r} may hold one code throughout"
            )
        if self.batch in X_reference:
            codes = X_reference[self.batch]
            other = int((codes.notna() & (codes != batch_code)).sum())
            if other:
                raise AssayError(
                    f"{other} of {len(codes)} reference rows are of another batch than "
                    f"{batch_code:g}; adapt to one batch at a time"
                )
        if len(table) < fewest:
            raise AssayError(
                f"{len(table)} reference rows for batch {batch_code:g}, at least {fewest} are "
                "needed; measure more reference samples on it"
            )
        adapted = copy.deepcopy(self)
        frame = self._frame()
        values = table[self.harmonised_].to_numpy()
        shift, scale = self._effect(frame.standardise(values, self._centred(table)), frame)
        adapted.batches_ = np.append(self.batches_, float(batch_code))
        adapted.n_batches_ = self.n_batches_ + 1
        adapted.shift_ = np.vstack([self.shift_, shift])
        adapted.scale_ = np.vstack([self.scale_, scale])
        return adapted
