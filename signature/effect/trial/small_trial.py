"""What a small trial can say, what it cannot, and why: decided by its size alone.

Few people give effect sizes with wide intervals for one or two markers that were chosen beforehand,
and show whether treatment moved its target. A model, a threshold or an area under the curve from
them would mostly be chance, however well it was validated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtri

from signature.effect.trial.interaction_power import interaction_power
from signature.exceptions import AllocationError, ExperimentError

MOST_PEOPLE = 40
"""People up to whom a trial is small."""

FEWEST_IN_ARM = 15
"""People below whom an arm makes a trial small, whatever the others."""

MOST_MARKERS = 2
"""Markers that a small trial may test for a different effect."""

MOST_EXACT_PAIRS = 2_500
"""People with the event times people without, up to which chance is counted exactly."""


@dataclass(frozen=True)
class NotReported:
    """Something that is withheld, and the reason."""

    what: str
    why: str


@dataclass(frozen=True)
class SmallTrial:
    """What is said of a trial of this size.

    Parameters
    ----------
    people : dict of int
        By arm.
    small : bool
    markers : tuple of str
        Named beforehand, to be tested for a different effect.
    detectable_interaction : float
        Smallest difference in effect, in standard deviations of the outcome per one of the score,
        that is found in four of five trials of this size at a level of 5 %.
    chance_auroc : float
        Area under the ROC curve that a score of pure chance reaches or exceeds in at most one of
        twenty samples, if as many people have the event as there are in the smallest arm.
    reported : tuple of str
    not_reported : tuple of NotReported
        Empty when the trial is not small.
    """

    people: dict[str, int]
    small: bool
    markers: tuple[str, ...]
    detectable_interaction: float
    chance_auroc: float
    reported: tuple[str, ...]
    not_reported: tuple[NotReported, ...]


def small_trial(
    people: Mapping[str, int],
    markers: Sequence[str],
    *,
    control: str,
    groups: Sequence[str] = (),
    early: str | None = None,
) -> SmallTrial:
    """Decide what a trial of this size reports.

    Parameters
    ----------
    people : mapping of int
        Analysed, by arm; two arms or more.
    markers : sequence of str
        Named in the experiment as those whose interaction with the arm is tested.
    control : str
        Arm that the others are compared with.
    groups : sequence of str
        Ways to divide people that the experiment names.
    early : str, optional
        An early visit, whose change is described.

    Returns
    -------
    SmallTrial

    Raises
    ------
    ExperimentError
        When a small trial names more than `MOST_MARKERS` markers.
    AllocationError
        When there are fewer than two arms, the control is none of them, or an arm has fewer than
        four people.

    Examples
    --------
    >>> found = small_trial({"placebo": 12, "il2": 24}, ["Treg"], control="placebo")
    >>> found.small, round(found.detectable_interaction, 2), round(found.chance_auroc, 2)
    (True, 1.13, 0.67)
    >>> small_trial({"a": 300, "b": 300}, [], control="a").not_reported
    ()
    """
    if control not in people or len(people) < 2 or min(people.values()) < 4:
        raise AllocationError(
            f"expected two or more arms of four people or more, one of them the control "
            f"{control!r}; got " + ", ".join(f"{n} in {name!r}" for name, n in people.items())
        )
    total, fewest = sum(people.values()), min(people.values())
    small = total <= MOST_PEOPLE or fewest < FEWEST_IN_ARM
    named = tuple(dict.fromkeys(markers))
    if small and len(named) > MOST_MARKERS:
        raise ExperimentError(
            f"a trial of {total} people, {fewest} in its smallest arm, tests at most "
            f"{MOST_MARKERS} markers for a different effect, and the experiment names "
            f"{len(named)}; keep those that were chosen before the data were seen"
        )
    detectable = min(
        detectable_interaction(n, people[control]) for a, n in people.items() if a != control
    )
    chance = chance_auroc(fewest, total - fewest)
    shown = ["people by arm and their flow", "change of each marker by arm, with intervals"]
    if named or not small:
        shown.append("effect of treatment by " + (" and by ".join(named) or "score"))
    if groups:
        shown.append("effect of treatment by " + " and by ".join(groups) + ", which describes")
    if early is not None:
        shown.append(f"the outcome by the change up to {early} within each arm, which describes")
    return SmallTrial(
        people=dict(people),
        small=small,
        markers=named,
        detectable_interaction=detectable,
        chance_auroc=chance,
        reported=tuple(shown),
        not_reported=_withheld(total, detectable, chance) if small else (),
    )


def detectable_interaction(treated: int, control: int, power: float = 0.8) -> float:
    """Smallest interaction that a trial of this size finds with the power asked for.

    Parameters
    ----------
    treated, control : int
        People, four or more.
    power : float
        Between 0.05 and 1.

    Returns
    -------
    float
        Difference of slopes in residual standard deviations of the outcome per standard deviation
        of the score, for a two-sided t test at 5 % of two straight lines.

    Examples
    --------
    >>> round(detectable_interaction(500, 500), 3)
    0.178
    """
    if min(treated, control) < 4 or not 0.05 < power < 1:
        raise ValueError(
            "an interaction needs four people or more in both arms and a power between 0.05 and 1; "
            f"got {treated}, {control} and {power!r}"
        )
    low = high = 0.0
    while interaction_power(high, treated, control) < power:
        low, high = high, high + 1 / sqrt(min(treated, control))
    return float(
        brentq(
            lambda effect: interaction_power(effect, treated, control) - power, low, high, xtol=1e-5
        )
    )


def chance_auroc(events: int, others: int) -> float:
    """Smallest area under the ROC curve that chance reaches in at most one of twenty samples.

    Parameters
    ----------
    events, others : int
        People with and without the event, one or more.

    Returns
    -------
    float
        From the distribution of the Mann–Whitney statistic without ties, exact up to
        `MOST_EXACT_PAIRS` pairs and normal with a correction for continuity beyond; 1 where nothing
        smaller is that rare.

    Examples
    --------
    >>> round(chance_auroc(12, 24), 3)
    0.674
    """
    if min(events, others) < 1:
        raise ValueError(f"a curve needs both classes; got {events} and {others}")
    pairs = events * others
    if pairs > MOST_EXACT_PAIRS:
        spread = sqrt(pairs * (events + others + 1) / 12)
        return min(1.0, 0.5 + (float(ndtri(0.95)) * spread + 0.5) / pairs)
    tail = np.cumsum(_pairs_won(events, others)[::-1])[::-1]
    rare = np.flatnonzero(tail <= 0.05)
    return float(rare[0]) / pairs if len(rare) else 1.0


def _pairs_won(few: int, many: int) -> np.ndarray:
    """Probability of each Mann–Whitney statistic, 0 to few × many: drawn without replacement.

    The statistic is the sum of `few` different ranks; `ways[k]` holds in how many ways k of the
    ranks so far reach each sum, less its smallest.
    """
    ways = np.zeros((few + 1, few * many + 1))
    ways[0, 0] = 1.0
    for rank in range(few + many):
        for k in range(min(rank + 1, few), 0, -1):
            step = rank - (k - 1)  # above the smallest rank that the k-th can have
            if step <= few * many:
                ways[k, step:] += ways[k - 1, : few * many + 1 - step]
    return ways[few] / ways[few].sum()


def _withheld(total: int, detectable: float, chance: float) -> tuple[NotReported, ...]:
    chance_says = (
        f"in samples of {total} people a score of pure chance reaches an AUROC of {chance:.2f} in "
        "one of twenty, and the best of many candidates more"
    )
    return (
        NotReported("area under the ROC curve of a model", chance_says),
        NotReported(
            "threshold, or advice for single people",
            f"a cut-off chosen among {total} people moves from sample to sample",
        ),
        NotReported(
            "the word predictive",
            f"only differences in effect of {detectable:.1f} standard deviations per standard "
            "deviation of the score, or larger, would be found in four of five such trials; what "
            "reaches significance overstates them",
        ),
        NotReported(
            "held-out gain of an early change",
            f"{total} people leave too few of an arm in a fold to learn from, and to be held out",
        ),
        NotReported(
            "the size of a next trial that chooses people",
            "nothing was learned to choose them by",
        ),
        NotReported(
            "table of all markers by arm",
            f"no more than {MOST_MARKERS} interactions, named beforehand, are tested in so few "
            "people; others are hypotheses for a larger trial",
        ),
    )
