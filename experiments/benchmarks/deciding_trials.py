"""Simulated trials for the test that decides: without an interaction, and with one.

Twenty markers; the first foretells the outcome. Without an interaction, something else makes it
look as if there were one: arms that spread differently, a prognosis along a curve, outcomes that
are lost more often in one arm at one end of a marker.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import expit

MARKERS = 20


@dataclass(frozen=True, eq=False)
class SimulatedTrial:
    """One trial, those whose outcome is known.

    Parameters
    ----------
    outcome : ndarray of shape (n,)
    arm : ndarray of str, shape (n,)
        "active", "control", and "other" where there are three.
    markers : ndarray of shape (n, 20)
    strata, weight : ndarray of shape (n,), or None
    """

    outcome: np.ndarray
    arm: np.ndarray
    markers: np.ndarray
    strata: np.ndarray | None = None
    weight: np.ndarray | None = None


NULLS = {
    "normal": "normal",
    "wide": "control arm twice as wide",
    "skewed": "skewed",
    "event": "event, four in ten",
    "rare": "event, one in ten",
    "curved": "prognosis along a curve",
    "two to one": "two to one",
    "strata": "dealt within four strata",
    "three arms": "three arms, two of them compared",
    "sites": "dealt within sites that differ",
    "rare features": "six of the features yes or no, three in a hundred yes",
    "studies": "no effect at all, four studies that differ",
    "lost a little": "22 and 14 % of outcomes lost, by arm and marker",
    "lost a lot": "42 and 17 % of outcomes lost, by arm and marker",
}
"""What is simulated without an interaction, as a table prints it."""

POWERS = {
    "one": ("one marker", 1, 0.35),
    "one, strong": ("one marker", 1, 0.6),
    "four": ("four markers", 4, 0.35),
    "eight": ("eight markers", 8, 0.35),
}
"""Number of markers that change the effect, and by how many SD per SD of each."""


def null_trial(kind: str, n: int, rng: np.random.Generator) -> SimulatedTrial:
    """Draw a trial whose effect is the same for everybody."""
    markers, error = rng.normal(size=(n, MARKERS)), rng.normal(size=n)
    shares = {"two to one": (2, 1), "three arms": (1, 1, 1)}.get(kind, (1, 1))
    names = np.repeat(["active", "control", "other"][: len(shares)], shares)
    arm = np.resize(names, n)
    treated = arm == "active"
    base = markers[:, 0]
    if kind in ("event", "rare"):
        level = -0.9 if kind == "event" else -3.0
        risk = expit(level + 0.7 * treated + base)
        return SimulatedTrial((rng.random(n) < risk).astype("float64"), arm, markers)
    strata = None
    effect = 0 if kind == "studies" else 2
    if kind == "rare features":
        markers[:, -6:] = rng.random(size=(n, 6)) < 0.03
    if kind == "strata":
        strata = np.repeat(np.arange(4), -(-n // 4))[:n]
        base = base + 0.5 * strata
    places = {"sites": 6, "studies": 4}.get(kind)
    if places is not None:
        strata = rng.integers(places, size=n)
        base = base + rng.normal(size=places)[strata]
        markers = markers + 0.5 * rng.normal(size=(places, MARKERS))[strata]
    if kind == "wide":
        error = error * np.where(treated, 1, 2)
    if kind == "skewed":
        error = rng.exponential(size=n) ** 1.5
    if kind in ("curved", "lost a little", "lost a lot"):
        base = base + 0.5 * markers[:, 0] ** 2
    trial = SimulatedTrial(effect * treated + base + error, arm, markers, strata)
    if not kind.startswith("lost"):
        return trial
    lot = kind == "lost a lot"
    lost = np.where(
        treated,
        expit(1.6 * markers[:, 0] - 0.5) if lot else expit(markers[:, 0] - 1.4),
        expit(-1.6) if lot else expit(-1.9),
    )
    known = rng.random(n) >= lost
    return replace(
        trial, outcome=np.where(known, trial.outcome, np.nan), weight=known.astype("float64")
    )


def trial_with_interactions(kind: str, n: int, rng: np.random.Generator) -> SimulatedTrial:
    """Draw a trial in which some markers change the effect, half of them downwards."""
    _, number, size = POWERS[kind]
    markers = rng.normal(size=(n, MARKERS))
    arm = np.resize(["active", "control"], n)
    centred = (arm == "active") - 0.5
    signs = np.resize([1.0, -1.0], number)
    y = 2 * centred + markers[:, -1] + rng.normal(size=n)
    y = y + size * centred * (markers[:, :number] @ signs)
    return SimulatedTrial(y, arm, markers)
