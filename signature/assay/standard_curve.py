"""Standard curves: from signals to concentrations, within the range that the standards support."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from signature.assay.curve_fit import Fit, fit_logistic
from signature.assay.curve_range import (
    CurveRules,
    Level,
    judge_levels,
    log_error,
    longest_run,
    saturation,
)
from signature.assay.logistic import ASYMMETRY, INFINITY, MIDDLE, SLOPE, ZERO, inverse, response
from signature.exceptions import CurveError

LEVELS = {"4PL": 5, "5PL": 6}
"""Distinct concentrations that each shape needs: one more than it has parameters."""


@dataclass(frozen=True, eq=False)
class Curve:
    """A usable standard curve of one marker on one plate; made by `fit_curve`.

    Parameters
    ----------
    shape : {"4PL", "5PL"}
    weighting : {"log", "constant"}
    fit : Fit
        Parameters, their covariance, and the residual variance of a well.
    lloq, uloq : float
        Lowest and highest concentration that can be quantified: the ends of the longest run of
        neighbouring standards that pass.
    levels : tuple of Level
        Standards above zero, ascending.
    """

    shape: Literal["4PL", "5PL"]
    weighting: Literal["log", "constant"]
    fit: Fit
    lloq: float
    uloq: float
    levels: tuple[Level, ...]

    @property
    def parameters(self) -> dict[str, float]:
        """Zero (signal at 0), infinity (signal at ∞), middle, slope and asymmetry."""
        return _named(self.fit.theta)

    @property
    def falls(self) -> bool:
        """Whether the signal falls with the concentration, as in a competitive assay."""
        return bool(self.fit.theta[ZERO] > self.fit.theta[INFINITY])

    def signal(self, concentration: ArrayLike) -> np.ndarray:
        """Return the signal that the curve expects."""
        return response(_log(concentration), self.fit.theta)

    def concentration(self, signal: ArrayLike) -> np.ndarray:
        """Return back-calculated concentrations: 0 and ∞ beyond the asymptotes, no limits applied.

        Parameters
        ----------
        signal : array_like

        Returns
        -------
        ndarray
            In the unit of the standards, shape of `signal`.
        """
        return np.exp(inverse(np.asarray(signal, dtype="float64"), self.fit.theta))

    def relative_error(self, signal: ArrayLike, wells: ArrayLike = 1) -> np.ndarray:
        """Return the standard error of the log of a back-calculated concentration.

        By the delta method, from the uncertainty of the parameters and the scatter of a sample's
        own wells, which is taken to be that of the standards' wells. Times 100 it is about the CV
        in %. Infinite beyond the asymptotes.

        Parameters
        ----------
        signal : array_like
            Mean signal of a sample.
        wells : array_like
            Wells that it is the mean of.
        """
        y, m = np.broadcast_arrays(
            np.asarray(signal, dtype="float64"), np.asarray(wells, dtype="float64")
        )
        return log_error(y.ravel(), m.ravel(), self.fit, self.weighting == "log").reshape(y.shape)

    def interval(
        self, signal: ArrayLike, wells: ArrayLike = 1, coverage: float = 0.95
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the bounds of the concentration: symmetric on the log scale, Student's t."""
        t = stats.t.ppf(0.5 + coverage / 2, self.fit.spare)
        log_x = inverse(np.asarray(signal, dtype="float64"), self.fit.theta)
        reach = t * self.relative_error(signal, wells)
        known = np.isfinite(log_x)
        safe = np.where(known, log_x, 0.0)
        with np.errstate(over="ignore"):
            low = np.where(known, np.exp(safe - np.where(known, reach, 0.0)), 0.0)
            high = np.where(known, np.exp(safe + np.where(known, reach, 0.0)), np.inf)
        return low, high


def fit_curve(
    concentration: ArrayLike,
    signal: ArrayLike,
    rules: CurveRules | None = None,
    *,
    fixed: Mapping[str, float] | None = None,
    where: str = "standard curve",
) -> Curve:
    """Fit a standard curve and find the range in which it may be used.

    Least squares on single wells, from several starts (scipy's trust region with bounds, after
    Branch, Coleman and Li 1999). A standard passes when the curve finds it again: recovery within
    the bounds, its wells agreeing, and the fit's own uncertainty small enough. Limits of
    quantification are standards, never beyond.

    Parameters
    ----------
    concentration : array_like, shape (n,)
        Expected concentration of each standard well, zero allowed.
    signal : array_like, shape (n,)
        What was read; wells without a number are left out.
    rules : CurveRules, optional
    fixed : mapping of str to float, optional
        Asymptotes or asymmetry that are known beforehand: ``zero``, ``infinity``, ``asymmetry``.
    where : str
        File, plate and marker, for messages.

    Returns
    -------
    Curve

    Raises
    ------
    CurveError
        When there are too few standards, the signal does not depend on them, no start converges, or
        too few neighbouring standards pass.

    References
    ----------
    Rodbard D (1974) Clin Chem 20:1255; Gottschalk PG, Dunn JR (2005) Anal Biochem 343:54;
    Davidian M, Giltinan DM (1995), ch. 10, for the uncertainty of a back-calculated concentration.

    Examples
    --------
    >>> x = np.repeat([1.0, 4, 16, 64, 256, 1024], 2)
    >>> y = 20 + 8000 * x / (x + 200) * np.tile([0.98, 1.02], 6)
    >>> curve = fit_curve(x, y)
    >>> curve.shape, curve.lloq, curve.uloq
    ('4PL', 1.0, 1024.0)
    >>> curve.concentration([500.0, 2000.0]).round(0).tolist()
    [13.0, 66.0]
    """
    rules = rules or CurveRules()
    x, y = _standards(concentration, signal, rules, where)
    known = _fixed(fixed or {}, rules)
    log_x, log_scale = _log(x), rules.weighting == "log"
    best: tuple[float, Literal["4PL", "5PL"], Fit] | None = None
    for shape in _shapes(np.unique(x).size, len(y), len(known), rules, where):
        held = known if shape == "5PL" else {ASYMMETRY: 0.0} | known
        fit = fit_logistic(log_x, y, log_scale=log_scale, fixed=held)
        if fit is not None and (best is None or fit.aicc < best[0]):
            best = (fit.aicc, shape, fit)
    if best is None:
        raise CurveError(
            f"{where}: no logistic curve could be fitted to {len(y)} wells at "
            f"{np.unique(x).size} concentrations; look at the standards for swapped or failed wells"
        )
    _, shape, fit = best
    _refuse_flat(log_x, fit, log_scale, where)
    levels = judge_levels(x, y, fit, rules)
    first, last = longest_run(levels)
    if last - first < rules.fewest_levels:
        raise CurveError(
            f"{where}: {max(last - first, 0)} neighbouring standards of {len(levels)} are found "
            f"again within {rules.lowest_recovery:g}–{rules.highest_recovery:g} % and a CV of "
            f"{rules.largest_cv:g} %, at least {rules.fewest_levels} are needed"
            + saturation(x, y, fit)
            + "; use signals instead of concentrations for this marker, or repeat the plate"
        )
    return Curve(
        shape,
        rules.weighting,
        fit,
        levels[first].concentration,
        levels[last - 1].concentration,
        levels,
    )


def _standards(
    concentration: ArrayLike, signal: ArrayLike, rules: CurveRules, where: str
) -> tuple[np.ndarray, np.ndarray]:
    x = np.asarray(concentration, dtype="float64").ravel()
    y = np.asarray(signal, dtype="float64").ravel()
    if x.shape != y.shape:
        raise CurveError(f"{where}: {x.size} concentrations for {y.size} signals")
    read = np.isfinite(y)
    x, y = x[read], y[read]
    wrong = int((~np.isfinite(x) | (x < 0)).sum())
    if wrong:
        raise CurveError(
            f"{where}: {wrong} of {x.size} standard wells have no expected concentration, or one "
            "below zero; name the concentration of each standard in the study dictionary"
        )
    dark = int((y <= 0).sum())
    if dark and rules.weighting == "log":
        raise CurveError(
            f"{where}: {dark} of {y.size} standard wells have a signal of zero or less, which has "
            "no logarithm; use signals before background subtraction, or weighting 'constant'"
        )
    different = np.unique(x).size
    if different < LEVELS["4PL"] or np.unique(x[x > 0]).size < 2:
        raise CurveError(
            f"{where}: {different} different standards with a signal; a 4-parameter curve needs "
            f"{LEVELS['4PL']}, a 5-parameter curve {LEVELS['5PL']}"
        )
    if np.ptp(y) == 0:
        raise CurveError(f"{where}: all {y.size} standard wells have the same signal")
    return x, y


def _shapes(
    different: int, wells: int, known: int, rules: CurveRules, where: str
) -> list[Literal["4PL", "5PL"]]:
    wanted: list[Literal["4PL", "5PL"]] = ["4PL", "5PL"] if rules.shape == "auto" else [rules.shape]
    free = {"4PL": 4 - known, "5PL": 5 - known}
    able = [s for s in wanted if different >= LEVELS[s] - known and wells > free[s]]
    if not able:
        raise CurveError(
            f"{where}: {different} different standards in {wells} wells; a {wanted[0]} curve needs "
            f"{LEVELS[wanted[0]]} standards"
        )
    return able


def _fixed(fixed: Mapping[str, float], rules: CurveRules) -> dict[int, float]:
    places = {"zero": ZERO, "infinity": INFINITY, "asymmetry": ASYMMETRY}
    unknown = sorted(set(fixed) - set(places))
    if unknown:
        raise CurveError(f"cannot fix {', '.join(unknown)}; there are: {', '.join(places)}")
    held = {}
    for name, value in fixed.items():
        logarithmic = name == "asymmetry" or rules.weighting == "log"
        if logarithmic and value <= 0:
            raise CurveError(f"cannot fix {name} at a value that has no logarithm")
        held[places[name]] = float(np.log(value)) if logarithmic else float(value)
    return held


def _refuse_flat(log_x: np.ndarray, fit: Fit, log_scale: bool, where: str) -> None:
    ends = response(np.array([log_x.min(), log_x.max()]), fit.theta)
    rise = float(np.abs(np.diff(np.log(ends) if log_scale else ends))[0])
    scatter = float(np.sqrt(fit.residual_variance))
    if rise <= 3 * scatter:
        raise CurveError(
            f"{where}: the signal hardly depends on the concentration: from the lowest to the "
            f"highest standard it changes by {rise:.2g}, and wells scatter by {scatter:.2g}"
            + (" (natural logs)" if log_scale else "")
            + "; are the standards named in the right order?"
        )


def _log(concentration: ArrayLike) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(np.asarray(concentration, dtype="float64")))


def _named(theta: np.ndarray) -> dict[str, float]:
    return {
        "zero": float(theta[ZERO]),
        "infinity": float(theta[INFINITY]),
        "middle": float(np.exp(theta[MIDDLE])),
        "slope": float(np.exp(theta[SLOPE])),
        "asymmetry": float(np.exp(theta[ASYMMETRY])),
    }
