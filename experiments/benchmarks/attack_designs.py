"""Studies in which no marker says more of the outcome than the covariates do, made to look else.

Markers and outcome follow the covariates, along curves, steps and products; or markers spread
differently between classes; or along a covariate; or they are few values, heavy tails, visits of
the same people. Whoever selects a marker here is wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import expit

from signature.prepare.censored_normal import CensoredNormal
from signature.select.panel_rows import PanelRows
from signature.study.schema import BELOW


@dataclass(frozen=True, eq=False)
class Study:
    """One draw of a design.

    Parameters
    ----------
    markers : ndarray of shape (n_rows, n_markers)
    covariates : ndarray of shape (n_rows, n_covariates)
    outcome : ndarray of shape (n_rows,)
        1 is the event.
    person : ndarray of shape (n_rows,)
    site : ndarray of shape (n_rows,), optional
    """

    markers: np.ndarray
    covariates: np.ndarray
    outcome: np.ndarray
    person: np.ndarray
    site: np.ndarray | None = None

    def panel(self) -> list[str]:
        """Names of the markers."""
        return [f"m{i}" for i in range(self.markers.shape[1])]

    def table(self) -> pd.DataFrame:
        """Markers and covariates."""
        names = [*self.panel(), *(f"z{i}" for i in range(self.covariates.shape[1]))]
        return pd.DataFrame(np.hstack([self.markers, self.covariates]), columns=names)

    def read(self) -> PanelRows:
        """Read it as a selector does."""
        table = self.table()
        return PanelRows.read(
            table,
            table.to_numpy(),
            self.outcome,
            self.panel(),
            groups=self.person,
            sites=self.site,
        )


@dataclass(frozen=True)
class Design:
    """How studies are drawn.

    Parameters
    ----------
    what : str
        As a table prints it.
    draw : callable
        From a Generator to a `Study`.
    promised : bool
        Whether the error rate is promised here: it is exact, or right for many people.
    """

    what: str
    draw: Callable[[np.random.Generator], Study]
    promised: bool = True


def _study(
    markers: np.ndarray, covariates: np.ndarray, outcome: np.ndarray, visits: int = 1
) -> Study:
    person = np.repeat(np.arange(len(outcome) // visits), visits)
    return Study(markers, covariates, outcome.astype("float64"), person)


def _alike(rng: np.random.Generator, n: int, p: int, loading: float = 0.5) -> np.ndarray:
    """Markers with one factor through all of them, variance 1."""
    common = rng.normal(size=(n, 1))
    return loading * common + np.sqrt(1 - loading**2) * rng.normal(size=(n, p))


def _follows(
    shape: Callable[[np.ndarray], np.ndarray], n: int, on_markers: float, on_outcome: float
) -> Callable[[np.random.Generator], Study]:
    """Markers and outcome that follow the same function of age and BMI, both covariates."""

    def draw(rng: np.random.Generator) -> Study:
        z = rng.normal(size=(n, 2))
        f = shape(z)
        markers = _alike(rng, n, 100, 0.0) + on_markers * f[:, None]
        return _study(markers, z, rng.random(n) < expit(on_outcome * f))

    return draw


def _squared(z: np.ndarray) -> np.ndarray:
    f: np.ndarray = (z[:, 0] ** 2 - 1) / np.sqrt(2)
    return f


def _above(z: np.ndarray) -> np.ndarray:
    """1 above a threshold that a quarter of people pass."""
    return (z[:, 1] > 0.6745).astype("float64")


def _product(z: np.ndarray) -> np.ndarray:
    f: np.ndarray = z[:, 0] * z[:, 1]
    return f


def _both(z: np.ndarray) -> np.ndarray:
    return (z.min(axis=1) > 0.6745).astype("float64")


def _classes(
    n: int,
    events: int,
    p: int,
    values: Callable[[np.random.Generator, tuple[int, int]], np.ndarray],
) -> Callable[[np.random.Generator], Study]:
    """Markers of one distribution beside two covariates that do nothing."""

    def draw(rng: np.random.Generator) -> Study:
        y = np.zeros(n)
        y[:events] = 1
        return _study(values(rng, (n, p)), rng.normal(size=(n, 2)), y)

    return draw


def _wider(n: int, events: int, ratio: float) -> Callable[[np.random.Generator], Study]:
    """Events spread more, around the same mean."""

    def values(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
        made = rng.normal(size=shape)
        made[:events] *= ratio
        return made

    return _classes(n, events, 100, values)


def _fans_out(n: int, by: float) -> Callable[[np.random.Generator], Study]:
    """Spread grows with a covariate, and so does the chance of an event."""

    def draw(rng: np.random.Generator) -> Study:
        z = rng.normal(size=(n, 1))
        markers = rng.normal(size=(n, 100)) * np.exp(by * z)
        return _study(markers, z, rng.random(n) < expit(z[:, 0] - 2))

    return draw


def _plain(n: int, p: int, covariates: int = 2, visits: int = 1) -> Design:
    """Markers with a common factor; two covariates lead to both, along straight lines."""

    def draw(rng: np.random.Generator) -> Study:
        people = n // visits
        z = rng.normal(size=(people, covariates))
        lead = z[:, :2].sum(axis=1) / np.sqrt(2)
        markers = _alike(rng, people, p) + 0.5 * lead[:, None]
        y = rng.random(people) < expit(lead)
        if visits > 1:
            z, y = np.repeat(z, visits, axis=0), np.repeat(y, visits)
            markers = np.repeat(markers, visits, axis=0) + 0.5 * rng.normal(size=(n, p))
        return _study(markers, z, y, visits)

    what = f"{n // visits} people × {p} markers, a common factor, {covariates} covariates"
    return Design(what + (f", {visits} visits each" if visits > 1 else ""), draw)


def _floored(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Four values of five are the detection limit."""
    return np.maximum(rng.normal(size=shape), 0.8416)


def _lognormal(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    return np.exp(rng.normal(size=shape))


def _heavy(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    return rng.standard_t(2, size=shape)


def _one_factor(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    return _alike(rng, *shape)


def _lots(n: int, p: int) -> Callable[[np.random.Generator], Study]:
    """Two lots detect 58 and 27 % of values; the second holds 70 % of events and 30 % of others.

    Markers are as a model sees them: values below a limit replaced, and columns that say so.
    """

    def draw(rng: np.random.Generator) -> Study:
        y = rng.random(n) < 0.4
        second = rng.random(n) < np.where(y, 0.7, 0.3)
        values = rng.normal(size=(n, p))
        limit = np.where(second, 0.6128, -0.2019)[:, None]
        low, names = values < limit, [f"m{i}" for i in range(p)]
        table = pd.DataFrame(np.where(low, np.nan, values), columns=names)
        limits = pd.DataFrame(np.where(low, limit, np.nan), columns=[m + BELOW for m in names])
        step = CensoredNormal(names, detected_above=None)
        seen = step.fit_transform(pd.concat([table, limits], axis=1))
        return _study(seen.to_numpy(), rng.normal(size=(n, 2)), y)

    return draw


def _sites(n: int, p: int) -> Callable[[np.random.Generator], Study]:
    """Three sites with their own event rates, and their own levels and spread of each marker."""

    def draw(rng: np.random.Generator) -> Study:
        site = rng.choice(3, size=n, p=[0.5, 0.3, 0.2])
        y = rng.random(n) < np.array([0.2, 0.4, 0.7])[site]
        level = rng.normal(size=(3, p))[site]
        markers = level + np.array([1.0, 1.5, 2.0])[site][:, None] * _alike(rng, n, p)
        return replace(_study(markers, rng.normal(size=(n, 2)), y), site=site)

    return draw


def _with_carriers(
    draw: Callable[[np.random.Generator], Study],
) -> Callable[[np.random.Generator], Study]:
    """Make the last ten markers 0/1, with one to three people above a limit."""

    def drawn(rng: np.random.Generator) -> Study:
        study = draw(rng)
        markers = study.markers.copy()
        n = len(markers)
        for column in range(1, 11):
            markers[:, -column] = 0.0
            markers[rng.choice(n, 1 + column % 3, replace=False), -column] = 1.0
        return replace(study, markers=markers)

    return drawn


DESIGNS: dict[str, Design] = {
    "age_squared": Design(
        "age acts U-shaped on markers and outcome, n = 200", _follows(_squared, 200, 0.7, 1.0)
    ),
    "age_squared_half": Design("half as strong, n = 200", _follows(_squared, 200, 0.35, 0.5)),
    "bmi_above": Design(
        "a quarter above a BMI have higher markers and risk, n = 400",
        _follows(_above, 400, 0.5, 1.0),
    ),
    "product": Design(
        "the product of age and BMI acts, n = 400", _follows(_product, 400, 0.5, 0.5)
    ),
    "both_above": Design(
        "who is above a quarter in age and in BMI has more of all, n = 400",
        _follows(_both, 400, 0.7, 1.5),
        promised=False,
    ),
    "wider_93_1.5": Design("16 of 93 events, SD 1.5 × in events", _wider(93, 16, 1.5), False),
    "wider_93_2": Design("16 of 93 events, SD 2 × in events", _wider(93, 16, 2.0), False),
    "wider_150_2": Design("26 of 150 events, SD 2 × in events", _wider(150, 26, 2.0)),
    "wider_300_2": Design("50 of 300 events, SD 2 × in events", _wider(300, 50, 2.0)),
    "fans_200_.3": Design("spread grows with a covariate as e^.3z, n = 200", _fans_out(200, 0.3)),
    "fans_200_.7": Design("spread grows with a covariate as e^.7z, n = 200", _fans_out(200, 0.7)),
    "fans_400_.7": Design("spread grows with a covariate as e^.7z, n = 400", _fans_out(400, 0.7)),
    "lots": Design("lots that detect 58 and 27 %, 70:30 by outcome, n = 200", _lots(200, 40)),
    "sites_200": Design(
        "three sites with their own levels, spread and event rates, n = 200", _sites(200, 100)
    ),
    "floor": Design("80 % of values at the limit, 16 of 93", _classes(93, 16, 100, _floored)),
    "skew": Design("lognormal markers, 16 of 93", _classes(93, 16, 100, _lognormal)),
    "heavy": Design("t markers with 2 degrees of freedom, 30 of 93", _classes(93, 30, 100, _heavy)),
    "carriers": Design(
        "ten of 100 columns have one to three carriers, 26 of 150 events",
        _with_carriers(_classes(150, 26, 100, _one_factor)),
    ),
    "eight": Design("8 of 93 events", _classes(93, 8, 100, _one_factor)),
    "visits": _plain(180, 100, visits=3),
    **{f"covariates_{n}_{k}": _plain(n, 100, k) for n, k in ((200, 20), (150, 40))},
    **{f"plain_{n}_{p}": _plain(n, p) for n in (60, 150, 400) for p in (20, 200, 1500)},
}
"""By name; a study's seed is its design's name and its number."""


def _one_true(n: int, p: int, slope: float) -> Callable[[np.random.Generator], Study]:
    """One marker matters, beside two covariates of which one does."""

    def draw(rng: np.random.Generator) -> Study:
        z, markers = rng.normal(size=(n, 2)), rng.normal(size=(n, p))
        y = rng.random(n) < expit(slope * markers[:, 0] + 0.5 * z[:, 0])
        return _study(markers, z, y)

    return draw


def _one_higher(n: int, events: int, p: int, by: float) -> Callable[[np.random.Generator], Study]:
    """One marker is higher in events."""

    def values(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
        made = rng.normal(size=shape)
        made[:events, 0] += by
        return made

    return _classes(n, events, p, values)


POWER: dict[str, Design] = {
    "true_150": Design("150 people, log-odds .8 per SD", _one_true(150, 200, 0.8)),
    "true_400": Design("400 people, log-odds .5 per SD", _one_true(400, 200, 0.5)),
    "higher_93": Design("16 of 93 events, 1.2 SD higher", _one_higher(93, 16, 200, 1.2)),
    "true_carriers": Design(
        "150 people, log-odds .8 per SD, ten columns with one to three carriers",
        _with_carriers(_one_true(150, 200, 0.8)),
    ),
    "higher_60": Design("30 of 60 events, 1.2 SD higher", _one_higher(60, 30, 200, 1.2)),
}
"""Where one marker of 200 matters, and ought to pass."""
