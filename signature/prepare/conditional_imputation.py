"""Values below a limit, and missing ones, given the other markers of the same row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
import pandas as pd

from signature.exceptions import ModelInputError
from signature.prepare.censored_normal import GRAIN, fit_left_censored, on_log2
from signature.prepare.latent_normal import augment, draw, expect
from signature.prepare.limits import LimitTransformer
from signature.prepare.scaling import Log2Columns
from signature.randomness import generator
from signature.study.schema import BELOW, CENSORED

_SWEEPS_OF_A_DRAW = 30


class ConditionalImputation(LimitTransformer):
    """Impute values below a limit, and missing ones, from a multivariate normal of the markers.

    Concentrations enter as logarithms to base 2, each row with its own limits. Mean and covariance
    are learned from training rows by data augmentation (Tanner and Wong 1987; `latent_normal`),
    never from the outcome: `y` is ignored.

    `fit_transform`, which is what a Pipeline calls in training, gives **random draws**; `transform`
    gives the **expected value** (of the logarithm). They differ on purpose, as those of
    scikit-learn's ``TargetEncoder`` do. A model trained on expected values would see too little
    spread and too tight correlations, and its coefficients would be biased; a score that contained
    a draw would change from call to call for the same person.

    Expected values stay below the row's own limit, so that a marker's imputed values do follow the
    assay lot, unlike those of `LimitSubstitution`. Their mean over a lot is right where the normal
    is, so a linear model gains nothing from it; trees may, and are better off with
    `LimitSubstitution`. A limit far above what training rows had says "not measured" to the 0/1
    column and is otherwise respected.

    Parameters
    ----------
    logarithmic : sequence of str
        Markers whose values are logarithms to base 2 already, such as NPX.
    markers : sequence of str
        Markers without a limit column that join the model, on the scale of the others.
    covariates : sequence of str
        Further columns that join the model as they are, such as age or BMI.
    detected_above : float or None
        Share of the rows measured or below a limit, beyond which only the 0/1 column of a marker
        is left, and the marker stays out of the model; never, when None.
    fill_missing : bool
        Whether cells of the model's columns that are missing, without a limit, are imputed too.
        The 0/1 column then gets the commoner of its training values.
    burn_in, sweeps : int
        Rounds of data augmentation before and while parameters are averaged.
    parameter_draws : int
        How many single draws of the parameters to keep for `draw` and `impute`. Each takes
        8 × (number of columns)² bytes of a saved model; with 0 all draws share one set.
    random_state : int
        Seed of the draws of `fit` and `fit_transform`.

    Attributes
    ----------
    modelled_ : list of str
        Columns of the model: those with at least two different measured training values.
    centre_, spread_ : ndarray of shape (n_modelled,)
        What the model's columns were standardised by.
    mean_, precision_, residual_ : ndarray
        Mean, inverse covariance, and variance of each column given the others, standardised.
    draws_ : list of dict
        The same, for single draws of the parameters.
    constants_ : dict of str to float
        What stands for the incomplete cells of columns that could not be modelled: the measured
        value, else the limit / √2, else the logarithm 0.
    commoner_ : dict of str to float
        The commoner training value of each 0/1 column.
    floors_, highest_, flagged_, detected_only_
        As in `CensoredNormal`.

    Raises
    ------
    ModelInputError
        When a named column is not in the training table.

    Notes
    -----
    Shrinkage of the correlations lets the panel have more columns than rows, but with few rows
    little is then learned from the other markers.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> tnf = rng.normal(3, 1, 200)
    >>> il6 = np.exp2(tnf + rng.normal(0, 0.5, 200))
    >>> low = il6 < 6
    >>> table = pd.DataFrame({"IL6": np.where(low, np.nan, il6), "TNF": np.exp2(tnf)})
    >>> table["IL6__below"] = np.where(low, 6.0, np.nan)
    >>> step = ConditionalImputation(markers=["TNF"]).fit(table)
    >>> new = pd.DataFrame({"IL6": [np.nan] * 3, "TNF": [1.0, 4.0, 16.0], "IL6__below": [6.0] * 3})
    >>> step.transform(new).round(1)
       IL6   TNF  IL6__censored
    0  0.9   1.0            1.0
    1  3.5   4.0            1.0
    2  5.3  16.0            1.0
    """

    def __init__(
        self,
        logarithmic: Sequence[str] = (),
        markers: Sequence[str] = (),
        covariates: Sequence[str] = (),
        detected_above: float | None = 0.6,
        fill_missing: bool = True,
        burn_in: int = 50,
        sweeps: int = 100,
        parameter_draws: int = 5,
        random_state: int = 0,
    ) -> None:
        self.logarithmic = logarithmic
        self.markers = markers
        self.covariates = covariates
        self.detected_above = detected_above
        self.fill_missing = fill_missing
        self.burn_in = burn_in
        self.sweeps = sweeps
        self.parameter_draws = parameter_draws
        self.random_state = random_state

    def fit(self, X: pd.DataFrame | np.ndarray, y: object = None) -> Self:
        """Learn the model from training rows; the outcome is ignored."""
        self._fit(X)
        return self

    def fit_transform(self, X: pd.DataFrame | np.ndarray, y: object = None) -> pd.DataFrame:
        """Learn the model, and return the training rows with draws in their incomplete cells."""
        table, completed = self._fit(X)
        return self._filled(table, completed)

    def transform(self, X: pd.DataFrame | np.ndarray) -> pd.DataFrame:
        """Return rows with expected values in their incomplete cells, row by row."""
        table = self._table_to_transform(X)
        values, limits = self._standardised(table)
        return self._filled(table, expect(values, limits, self.mean_, self.precision_))

    def draw(self, X: pd.DataFrame | np.ndarray, random_state: int = 0) -> pd.DataFrame:
        """Return rows with draws in their incomplete cells: one completed table."""
        return self.impute(X, 1, random_state)[0]

    def impute(
        self, X: pd.DataFrame | np.ndarray, m: int = 5, random_state: int = 0
    ) -> list[pd.DataFrame]:
        """Return m completed tables, for estimates that are to be pooled by Rubin's rules.

        Parameters
        ----------
        X : rows to complete
        m : int
            Number of tables. Each is drawn with its own draw of the parameters as long as
            `parameter_draws` lasts.
        random_state : int
            Seed of the draws; they depend on which rows are drawn together.
        """
        table = self._table_to_transform(X)
        values, limits = self._standardised(table)
        own = {"mean": self.mean_, "precision": self.precision_, "residual": self.residual_}
        start = int(generator(random_state, "parameters").integers(max(len(self.draws_), 1)))
        tables = []
        for k in range(m):
            known = self.draws_[(start + k) % len(self.draws_)] if self.draws_ else own
            rng = generator(random_state, "draw", k)
            tables.append(
                self._filled(
                    table, draw(values, limits, **known, rng=rng, sweeps=_SWEEPS_OF_A_DRAW)
                )
            )
        return tables

    def _fit(self, X: pd.DataFrame | np.ndarray) -> tuple[pd.DataFrame, np.ndarray]:
        table = self._table_to_fit(X)
        self._learn_limits(table)
        self._learn_columns(table)
        self._learn_scales(table)
        values, limits = self._standardised(table)
        rng = generator(self.random_state, "conditional imputation")
        fitted, drawn, completed = augment(
            values, limits, rng, self.burn_in, self.sweeps, self.parameter_draws
        )
        self.mean_, self.residual_ = fitted.mean, fitted.residual
        self.precision_ = np.linalg.inv(fitted.covariance)
        self.draws_ = [
            {"mean": d.mean, "precision": np.linalg.inv(d.covariance), "residual": d.residual}
            for d in drawn
        ]
        flags = self._with_flags(table, self._values(table))
        self.commoner_ = {m: float(flags[m + CENSORED].mean() > 0.5) for m in self.flagged_}
        return table, completed

    def _learn_columns(self, table: pd.DataFrame) -> None:
        absent = [c for c in (*self.markers, *self.covariates) if c not in table]
        if absent:
            raise ModelInputError(
                f"the imputation model names columns that the table lacks: "
                f"{', '.join(map(repr, absent))}"
            )
        named = dict.fromkeys([*self._limited, *self.markers, *self.covariates])
        self.names_ = [c for c in named if c not in self.detected_only_]
        plain = {*self.logarithmic, *self.covariates}
        self.floors_ = Log2Columns([c for c in self.names_ if c not in plain]).fit(table).floors_

    def _learn_scales(self, table: pd.DataFrame) -> None:
        self.modelled_: list[str] = []
        self.constants_: dict[str, float] = {}
        scales = []
        for name in self.names_:
            values, limits = self._on_model_scale(table, name)
            grain = 0.0 if name in self.covariates else GRAIN
            scale = fit_left_censored(values, limits, grain)
            if scale is not None:
                self.modelled_.append(name)
                scales.append(scale)
            elif np.isfinite(values).any():
                self.constants_[name] = float(np.nanmedian(values))
            elif np.isfinite(limits).any():
                self.constants_[name] = float(np.nanmedian(limits)) - 0.5
            else:
                self.constants_[name] = 0.0
        self.centre_, self.spread_ = np.array(scales, dtype="float64").reshape(-1, 2).T

    def _on_model_scale(self, table: pd.DataFrame, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Return a column's measured values and, where it has none, its limits; else NaN."""
        values = table[name].to_numpy(dtype="float64")
        limits = np.full(len(values), np.nan)
        if name in self.highest_:
            low = self._is_below(table, name).to_numpy()
            values = np.where(low, np.nan, values)
            limits = np.where(np.isnan(values), table[name + BELOW].to_numpy("float64"), np.nan)
        floor = self.floors_.get(name)
        return on_log2(values, floor), on_log2(limits, floor)

    def _standardised(self, table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        pairs = [self._on_model_scale(table, name) for name in self.modelled_]
        shape = (len(self.modelled_), len(table))
        values = np.array([v for v, _ in pairs]).reshape(shape).T
        limits = np.array([v for _, v in pairs]).reshape(shape).T
        return (values - self.centre_) / self.spread_, (limits - self.centre_) / self.spread_

    def _filled(self, table: pd.DataFrame, completed: np.ndarray) -> pd.DataFrame:
        """Put the model's cells where the table has none, on the table's scale."""
        columns = {}
        latent = dict(zip(self.modelled_, (completed * self.spread_ + self.centre_).T, strict=True))
        for name in self.names_:
            values, limits = self._on_model_scale(table, name)
            found = latent.get(name)
            if found is None:
                found = np.fmin(np.full(len(values), self.constants_[name]), limits - 0.5)
            if name in self.floors_:
                found, limits = np.exp2(found), np.exp2(limits)
            found = np.fmin(found, limits)  # rounding
            low = np.zeros(len(values), dtype=bool)
            if name in self.highest_:
                low = self._is_below(table, name).to_numpy()
            wanted = np.isnan(values) & (low | self.fill_missing)
            columns[name] = np.where(wanted, found, table[name].to_numpy(dtype="float64"))
        out = self._with_flags(table, self._values(table).assign(**columns))
        if self.fill_missing:
            out = out.fillna({m + CENSORED: v for m, v in self.commoner_.items()})
        return out
