"""The statistic behind every test of this package for a treatment effect that differs.

The null hypothesis is no interaction, with a main effect of treatment of any size: the outcome is
first fitted without the interaction, and what is left of each person goes along when the arms are
rearranged (Freedman and Lane 1983). For a continuous outcome that is Fisher's test of an effect
that is the same for all, the effect estimated and put in (Ding, Feller and Miratrix 2016). The
statistic is divided by a standard error that allows for arms that spread differently, so that a
difference in spread is not taken for an interaction (Janssen 1997; Wu and Ding 2021).

For an event the null model is logistic, and Pearson's residuals are rearranged, which spread alike
whatever the risk. Residuals of plain risks would make the test timid where treatment works.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from signature.effect.interaction._penalised_logistic import penalised_logistic
from signature.exceptions import OutcomeError, PredictionsError

_CELLS_AT_ONCE = 200_000
"""People times rearrangements that are worked on together: few enough for the cache."""

FEWEST_LEFT = 5
"""Degrees of freedom that the coefficients must leave."""


@dataclass(frozen=True)
class NullFit:
    """The outcome fitted without interaction.

    Parameters
    ----------
    residual : ndarray of shape (n,)
        Of the fit: in units of the outcome, or for an event divided by its standard deviation;
        times the root of the person's weight.
    root : ndarray of shape (n,)
        What a person's line is multiplied by: that root, and for an event that standard deviation.
    weight : ndarray of shape (n,)
        1 where nothing is weighted.
    spread_known : bool
        Whether the fit says how much its own residuals spread: that of an event without weights.
    """

    residual: np.ndarray
    root: np.ndarray
    weight: np.ndarray
    spread_known: bool


def is_binary(outcome: np.ndarray) -> bool:
    """Whether all outcomes are 0 or 1."""
    return bool(np.isin(outcome, (0, 1)).all())


def as_outcome(outcome: np.ndarray) -> np.ndarray:
    """Return outcomes in floating point, shape (n,).

    Raises
    ------
    OutcomeError
        When one is missing or infinite, or all are the same.
    """
    y = np.asarray(outcome, dtype="float64")
    if y.ndim != 1:
        raise OutcomeError(f"the outcome must be one number per person; got shape {y.shape}")
    odd = int((~np.isfinite(y)).sum())
    if odd:
        raise OutcomeError(
            f"the outcome is missing or infinite in {odd} of {len(y)} people; impute it, weight by "
            "the chance to be seen, or leave these people out and say so"
        )
    if not len(y) or np.ptp(y) == 0:
        raise OutcomeError(
            f"the outcome is the same in all {len(y)} people; nothing can be told from it"
        )
    return y


def fixed_columns(n: int, strata: np.ndarray | None, covariates: np.ndarray | None) -> np.ndarray:
    """Strata and covariates as full-rank columns, the intercept among them, shape (n, k).

    Raises
    ------
    PredictionsError
        When there is not one finite covariate value per person.
    """
    where = np.zeros(n) if strata is None else np.asarray(strata)
    parts = [(where[:, None] == np.unique(where)).astype("float64")]
    if covariates is not None:
        x = np.asarray(covariates, dtype="float64")
        x = x[:, None] if x.ndim == 1 else x
        if x.ndim != 2 or len(x) != n:
            raise PredictionsError(
                f"covariates must have one row for each of {n} people; got shape {x.shape}"
            )
        odd = int((~np.isfinite(x)).any(axis=1).sum())
        if odd:
            raise PredictionsError(
                f"covariates are missing or infinite in {odd} of {n} people; impute them before, "
                "without the outcome"
            )
        spread = x.std(axis=0)
        moving = spread > 1e-12 * (1 + np.abs(x).max(axis=0, initial=0.0))
        parts.append((x[:, moving] - x[:, moving].mean(axis=0)) / spread[moving])
    return full_rank(np.hstack(parts))


def check_room(n: int, columns: int) -> None:
    """Refuse more coefficients than people can tell.

    Raises
    ------
    PredictionsError
    """
    if n - columns < FEWEST_LEFT:
        raise PredictionsError(
            f"{n} people are too few for {columns} coefficients of strata, covariates, arms and "
            "score; use fewer strata or covariates"
        )


def dummies(code: np.ndarray) -> np.ndarray:
    """Indicate the arms after the first, shape (..., n_arms - 1)."""
    return (code[..., None] == np.arange(1, int(code.max()) + 1)).astype("float64")


def null_fit(
    outcome: np.ndarray,
    columns: np.ndarray,
    offset: np.ndarray | float = 0.0,
    weight: np.ndarray | None = None,
) -> NullFit:
    """Fit the outcome on columns without interaction, shape (n, k); `offset` for events only."""
    w = np.ones(len(outcome)) if weight is None else weight
    if is_binary(outcome):
        p = penalised_logistic(columns, outcome, offset, w)[2]
        spread = np.sqrt(np.maximum(p * (1 - p), 1e-12))
        left = (outcome - p) / spread
        return NullFit(np.sqrt(w) * left, np.sqrt(w) * spread, w, weight is None)
    root = np.sqrt(w)
    q = np.linalg.qr(columns * root[:, None])[0]
    y = outcome * root
    return NullFit(y - q @ (q.T @ y), root, w, False)


def studentised(
    fit: NullFit, fixed: np.ndarray, scores: np.ndarray, arms: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Test the interaction of arms and scores in each rearrangement.

    Parameters
    ----------
    fit : NullFit
    fixed : ndarray of shape (n, k)
        Without the scores.
    scores : ndarray of shape (n, m)
    arms : ndarray of int, shape (n_arrangements, n)

    Returns
    -------
    estimate : ndarray of shape (n_arrangements,)
        Of the last interaction, given all others: the interaction where there is only one.
    standard_error : ndarray of shape (n_arrangements,)
        Of `estimate`; NaN for several interactions.
    statistic : ndarray of shape (n_arrangements,)
        Estimate over standard error for one interaction; Wald's chi-squared for several. NaN where
        an interaction is not told apart from the rest.
    """
    columns = full_rank(np.hstack([fixed, scores]))
    at_once = max(1, _CELLS_AT_ONCE // arms.shape[1])
    parts = [
        _studentised(fit, columns, scores, arms[at : at + at_once])
        for at in range(0, len(arms), at_once)
    ]
    estimate, error, statistic = (np.concatenate(part) for part in zip(*parts, strict=True))
    return estimate, error, statistic


def _studentised(
    fit: NullFit, columns: np.ndarray, scores: np.ndarray, arms: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    q = np.linalg.qr(columns * fit.root[:, None])[0]
    arm = dummies(arms)
    main = [arm[..., k].T for k in range(arm.shape[-1])]
    both = [one * scores[:, [j]] for one in main for j in range(scores.shape[1])]
    left = fit.residual[:, None] - (q @ (q.T @ fit.residual))[:, None]
    leverage = np.repeat((q**2).sum(axis=1)[:, None], len(arms), axis=1)
    defined = np.ones(len(arms), dtype=bool)
    ready: list[np.ndarray] = []  # orthonormal to everything before them
    lengths = np.ones(len(arms))
    for k, column in enumerate([*main, *both]):
        x = column * fit.root[:, None]
        size = (x * x).sum(axis=0)
        x = x - q @ (q.T @ x)
        for before in ready:
            x = x - before * (before * x).sum(axis=0)
        length = (x * x).sum(axis=0)
        defined &= length > 1e-10 * np.maximum(size, 1e-300)
        lengths = np.sqrt(np.where(length > 0, length, 1.0))
        x = x / lengths
        ready.append(x)
        if k < len(main):
            left = left - x * (x * left).sum(axis=0)
            leverage = leverage + x * x
    tested = ready[len(main) :]
    gain = np.stack([(x * left).sum(axis=0) for x in tested])
    if fit.spread_known:
        # Rao's score test: the null model says how much its own residuals spread
        last = np.ones(len(arms))
        statistic = gain[0] if len(tested) == 1 else (gain**2).sum(axis=0)
    else:
        error = left - sum(x * g for x, g in zip(tested, gain, strict=True))
        room = np.maximum(1 - leverage - sum(x * x for x in tested), 1e-6)
        with np.errstate(divide="ignore", invalid="ignore"):
            if len(tested) == 1:
                last = np.sqrt(_variance(tested[0], error, room, arms.T, fit.weight[:, None]))
                statistic = gain[0] / last
            else:
                # HC3 (MacKinnon and White 1985)
                size = (error / room) ** 2
                spread = np.array([[(x * z * size).sum(axis=0) for z in tested] for x in tested])
                last = np.sqrt(spread[-1, -1])
                statistic = _quadratic(gain, spread)
    defined &= np.isfinite(statistic)
    alone = defined & (len(tested) == 1)
    return (
        np.where(defined, gain[-1] / lengths, np.nan),
        np.where(alone, last / lengths, np.nan),
        np.where(defined, statistic, np.nan),
    )


def _variance(
    tested: np.ndarray, error: np.ndarray, room: np.ndarray, arms: np.ndarray, weight: np.ndarray
) -> np.ndarray:
    """Variance of one interaction: the larger of two estimates.

    One takes the spread to be the same within each arm, and is the steadier in small trials. The
    other, HC2 (MacKinnon and White 1985), lets it also differ with the score, arm by arm.
    """
    square = tested**2
    by_arm = np.zeros(tested.shape[1])
    for code in (0, 1):
        there = arms == code
        spread = (error**2 * there).sum(axis=0) / (weight * room * there).sum(axis=0)
        by_arm += spread * (weight * square * there).sum(axis=0)
    return np.maximum(by_arm, (square * error**2 / room).sum(axis=0))


def _quadratic(gain: np.ndarray, spread: np.ndarray) -> np.ndarray:
    g, s = gain.T, np.moveaxis(spread, -1, 0)
    whole = np.isfinite(s).all(axis=(1, 2)) & (np.linalg.matrix_rank(s) == s.shape[1])
    out = np.full(len(g), np.nan)
    out[whole] = np.einsum(
        "bi,bi->b", g[whole], np.linalg.solve(s[whole], g[whole][..., None])[..., 0]
    )
    return out


def full_rank(columns: np.ndarray) -> np.ndarray:
    """Keep what spans the columns; those that others already span are left out."""
    kept: list[np.ndarray] = []
    basis = np.empty((len(columns), 0))
    for column in columns.T:
        rest = column - basis @ (basis.T @ column)
        rest = rest - basis @ (basis.T @ rest)
        length = np.linalg.norm(rest)
        if length > 1e-8 * max(float(np.linalg.norm(column)), 1e-300):
            kept.append(column)
            basis = np.column_stack([basis, rest / length])
    return np.column_stack(kept)
