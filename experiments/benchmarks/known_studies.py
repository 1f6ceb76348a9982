"""Studies whose truth is known, each with the intervals that a run's evaluation would give it.

A study is drawn from ``experiments.benchmarks.known_cohorts`` and gives lines of truth, value and
both ends of the interval. A test holds `bootstrapped` against
`pipelines.evaluate.evaluation.evaluate`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from experiments.benchmarks.known_cohorts import (
    EVENT_RATE,
    POPULATIONS,
    as_table,
    cross_validate,
    draw_people,
    scored_people,
    scored_sites,
)
from pipelines.evaluate import held_out_estimates
from signature.randomness import generator
from signature.records.estimates import Estimate
from signature.validation import metrics
from signature.validation.binormal import binormal
from signature.validation.delong import delong
from signature.validation.draws import estimate_of_draws
from signature.validation.repeated_folds import corrected_interval

SEED = 20261126
SIZES = (60, 150, 400)
AREAS = (0.6, 0.75, 0.9)
SITES, SITE_AUROC, BETWEEN = 6, 0.75, (0.0, 0.3)
FOLDS, REPEATS = 5, 4

Line = list[float | None]
"""Truth, value, and both ends of the interval."""

Design = Callable[[np.random.Generator, int], dict[str, Line]]
"""From a generator and a number of bootstrap draws to what one study found."""


def external(
    people: int, auroc: float, visits: int, rng: np.random.Generator, draws: int
) -> dict[str, Line]:
    """Test a fixed score on new people."""
    outcome, probability, person = scored_people(auroc, people, visits, rng)
    ends = delong(outcome, probability, person).interval()
    (found,), _ = bootstrapped([as_table(outcome, probability, person)], draws, rng)
    eta, share, event = binormal(auroc, EVENT_RATE)
    truth = {
        "auroc": auroc,
        "calibration_slope": 1.0,
        "calibration_intercept": 0.0,
        "brier": float(share @ (event - expit(eta)) ** 2),
    }
    lines = {f"{m}, bootstrap": _line(true, estimate(found, m)) for m, true in truth.items()}
    area = float(found["auroc"][0])
    return {"auroc, DeLong": [auroc, area, *(ends or (None, None))], **lines}


def internal(people: int, name: str, rng: np.random.Generator, draws: int) -> dict[str, Line]:
    """Cross-validate a model and a smaller one on the same folds."""
    population = POPULATIONS[name]
    shift, known = np.array(population.shift), list(population.known)
    X, outcome = draw_people(population, people, rng)
    how = {"folds": FOLDS, "repeats": REPEATS, "seed": int(rng.integers(2**31))}
    own = cross_validate(X, outcome, shift, **how)
    other = cross_validate(X[:, known], outcome, shift[known], **how)
    (mine, theirs), by_fold = bootstrapped([own.table, other.table], draws, rng)
    gain = {m: mine[m] - theirs[m] for m in ("auroc", "brier")}
    area, more = own.auroc.mean(), own.auroc.mean() - other.auroc.mean()
    test = people / FOLDS

    def corrected(values: np.ndarray) -> Estimate:
        found = corrected_interval(values, people - test, test)
        return Estimate(value=found.value, low=found.low, high=found.high)

    return {
        "auroc, bootstrap": _line(area, estimate(mine, "auroc")),
        "auroc, corrected t": _line(area, corrected(by_fold[0])),
        "auroc difference, bootstrap": _line(more, estimate_of_draws(gain["auroc"])),
        "auroc difference, corrected t": _line(more, corrected(by_fold[0] - by_fold[1])),
        "calibration_slope, bootstrap": _line(own.slope, estimate(mine, "calibration_slope")),
        "brier, bootstrap": _line(own.brier, estimate(mine, "brier")),
        "brier difference, bootstrap": _line(
            own.brier - other.brier, estimate_of_draws(gain["brier"])
        ),
    }


def sites(people: int, between: float, rng: np.random.Generator, draws: int) -> dict[str, Line]:
    """Hold out six sites one by one, and ask for a middle and for a next one."""
    table, _ = scored_sites(SITE_AUROC, between, SITES, people, rng)
    following = float(expit(logit(SITE_AUROC) + between * rng.normal()))
    pooled = held_out_estimates.pooled_sites(table)
    assert pooled is not None
    return {
        "auroc of a middle site": _line(SITE_AUROC, pooled.auroc),
        "auroc of a next site, prediction": _line(following, pooled.prediction),
    }


def estimate(found: dict[str, np.ndarray], metric: str) -> Estimate:
    """Give a metric the interval that a candidate's has in an evaluation."""
    return estimate_of_draws(found[metric], held_out_estimates.SHAPES.get(metric, "percentile"))


def bootstrapped(
    tables: list[pd.DataFrame], draws: int, rng: np.random.Generator
) -> tuple[list[dict[str, np.ndarray]], list[np.ndarray]]:
    """Measure candidates under shared draws of people and of repeats.

    Returns
    -------
    measured : list of dict of ndarray, shape (draws + 1,)
        By candidate and metric; the first value is of the data as they are.
    by_fold : list of ndarray of shape (n_repeats · n_folds,)
        AUROC in each fold; NaN where undefined.
    """
    rows = tables[0].drop_duplicates("row").sort_values("row")
    counts = metrics.person_counts(rows["person"].to_numpy(), rows["site"].to_numpy(), draws, rng)
    weights = np.vstack([np.ones((1, len(rows)), dtype=counts.dtype), counts])
    repeats, folds = (tables[0][key].nunique() for key in ("repeat", "fold"))
    shares = np.full((draws + 1, repeats), 1 / repeats)
    if repeats > 1:
        even = np.full(repeats, 1 / repeats)
        shares[1:] = rng.multinomial(repeats - 1, even, size=draws) / (repeats - 1)
    measured, by_fold = [], []
    for table in tables:
        areas = np.full((repeats, folds, draws + 1), np.nan)
        pooled: dict[str, list[np.ndarray]] = {m: [] for m in POOLED}
        for at, repeat in table.groupby("repeat", sort=True):
            y, p, w, fold = _columns(repeat, weights)
            for k in range(folds):
                areas[at, k] = metrics.auroc(y[fold == k], p[fold == k], w[:, fold == k])
            for name, metric in POOLED.items():
                pooled[name].append(metric(y, p, w))
        by_repeat = {"auroc": _mean(areas, 1)} | {m: np.stack(v) for m, v in pooled.items()}
        measured.append(
            {
                m: held_out_estimates.widened(
                    _mean(v, 0, shares.T), held_out_estimates.overlap(folds)
                )
                for m, v in by_repeat.items()
            }
        )
        by_fold.append(areas[:, :, 0].ravel())
    return measured, by_fold


POOLED = {m: metrics.POOLED[m] for m in ("brier", "calibration_slope", "calibration_intercept")}


def _columns(
    repeat: pd.DataFrame, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    y, p, row, fold = (repeat[c].to_numpy() for c in ("outcome", "probability", "row", "fold"))
    return y, p, weights[:, row], fold


def _mean(parts: np.ndarray, axis: int, shares: np.ndarray | None = None) -> np.ndarray:
    """Weighted mean of what is defined."""
    used = np.isfinite(parts) * (1.0 if shares is None else shares)
    total = (np.nan_to_num(parts) * used).sum(axis=axis)
    of = used.sum(axis=axis)
    return np.divide(total, of, out=np.full(of.shape, np.nan), where=of > 0)


def _line(truth: float, found: Estimate) -> Line:
    return [float(truth), found.value, found.low, found.high]


def designs() -> dict[str, tuple[dict[str, Any], Design]]:
    """Every kind of study by a name for its file, with what tells it from others."""
    found: dict[str, tuple[dict[str, Any], Design]] = {}
    for n in SIZES:
        for auroc in AREAS:
            # people with two rows at one AUROC only: the dearest, and no different
            for visits in (1, 2) if auroc == 0.75 else (1,):
                facts = {"part": "external", "people": n, "auroc": auroc, "rows_each": visits}
                name = f"external_{n}_{round(100 * auroc)}_{visits}"
                found[name] = facts, partial(external, n, auroc, visits)
        for population in POPULATIONS:
            facts = {"part": "internal", "people": n, "population": population}
            name = f"internal_{n}_{population.replace(' ', '_')}"
            found[name] = facts, partial(internal, n, population)
        for between in BETWEEN:
            facts = {"part": "sites", "people": n, "sites": SITES, "between": between}
            name = f"sites_{n}_{round(100 * between)}"
            found[name] = facts, partial(sites, n, between)
    return found


def simulate(name: str, design: Design, simulation: int, draws: int) -> dict[str, Line]:
    """Draw and evaluate one study; the same whenever it is drawn."""
    return design(generator(SEED, "interval coverage", name, simulation), draws)
