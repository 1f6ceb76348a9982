"""What the simulated laboratory does to true values: plates, shifts, limits and losses.

The equations stand in `signature.datasets.simulate`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, logit
from scipy.stats import norm

from signature.datasets._design import Design
from signature.randomness import generator


def level(slope: np.ndarray, rate: float) -> float:
    """Return the intercept at which the mean probability is `rate`."""
    if not len(slope):
        return float("nan")
    reach = float(np.abs(slope).max()) + abs(float(logit(rate))) + 1
    return float(brentq(lambda a: expit(a + slope).mean() - rate, -reach, reach, xtol=1e-12))


def assign_plates(d: Design, site: np.ndarray, event: np.ndarray, seed: int) -> np.ndarray:
    """Return each person's plate, numbered through the sites."""
    by_outcome = generator(seed, "plate by outcome").random(d.n_people) < d.plate_confounding
    where = generator(seed, "plate").random(d.n_people)
    k, half = d.plates_per_site, d.plates_per_site // 2
    sorted_out = np.where(event, where * half, half + where * (k - half))
    return site * k + np.where(by_outcome, sorted_out, where * k).astype(int)


@dataclass(frozen=True)
class Laboratory:
    """Shifts, stretches and limits (log2); plates are numbered through the sites."""

    plates: list[str]
    site_shift: np.ndarray
    plate_shift: np.ndarray
    plate_scale: np.ndarray
    limits: np.ndarray
    share_below: np.ndarray


def laboratory(d: Design, seed: int) -> Laboratory:
    """Draw what differs between sites and plates."""
    k = d.plates_per_site
    own = [(s, p) for s in range(d.n_sites) for p in range(k)]

    def per_marker(kind: str, *where: int) -> np.ndarray:
        draws = [generator(seed, kind, *where, m).standard_normal() for m in d.markers]
        return np.array(draws)

    site_shift = d.site_shift_sd * np.array([per_marker("site shift", s) for s in range(d.n_sites)])
    plate_shift = d.plate_shift_sd * np.array([per_marker("plate shift", s, p) for s, p in own])
    stretch = [generator(seed, "plate scale", s, p).standard_normal() for s, p in own]
    scale = np.exp(d.plate_scale_sd * np.array(stretch))
    share = np.array([d.share_below(m) for m in d.markers])
    spread = d.limit_spread * np.array([per_marker("limit", s, p) for s, p in own])
    below = np.where(share > 0, expit(logit(np.where(share > 0, share, 0.5)) + spread), np.nan)
    sd = np.sqrt((scale * d.log2_sd) ** 2 + d.noise_sd**2)[:, None]
    middle = d.log2_median + site_shift[[s for s, _ in own]] + plate_shift
    return Laboratory(
        plates=[f"site {s + 1} plate {p + 1}" for s, p in own],
        site_shift=site_shift,
        plate_shift=plate_shift,
        plate_scale=scale,
        limits=middle + sd * norm.ppf(below),
        share_below=below,
    )


def measure(
    d: Design,
    lab: Laboratory,
    x: np.ndarray,
    u: np.ndarray,
    age: np.ndarray,
    site: np.ndarray,
    plate: np.ndarray,
    seed: int,
    visit: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return values, limits that apply, and what is missing, each of shape (n, n_markers)."""

    def draw(kind: str, marker: str) -> np.random.Generator:
        return generator(seed, kind, visit, marker)

    n = len(x)
    noise = np.column_stack([draw("noise", m).standard_normal(n) for m in d.markers])
    log2 = (
        d.log2_median
        + lab.site_shift[site]
        + lab.plate_shift[plate]
        + lab.plate_scale[plate][:, None] * (x - d.log2_median)
        + d.noise_sd * noise
    )
    low = log2 < lab.limits[plate]
    lost = np.zeros(x.shape, dtype=bool)
    for j, marker in enumerate(d.markers if d.missing_rate else ()):
        by = {"MCAR": 0 * age, "MAR": age, "MNAR": u[:, j]}[d.missing_mechanism] * d.missing_slope
        chance = expit(level(by, d.missing_rate) + by)
        lost[:, j] = draw("missing", marker).random(n) < chance
    values = np.where(low | lost, np.nan, np.exp2(log2))
    below = np.where(low & ~lost, np.exp2(lab.limits[plate]), np.nan)
    return values, below, lost
