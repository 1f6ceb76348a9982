"""``for_whom.json``: beyond which confounders predictions tell something, for whom, and where."""

from __future__ import annotations

from typing import Literal

from signature.records.base import Record
from signature.records.estimates import Estimate


class BeyondConfounders(Record):
    """What `signature.validation.confounding.confounder_test` found.

    ``alone`` is the change of the outcome's log-odds per standard deviation of the prediction's
    log-odds, ``given`` the same with the confounders, and the site where there is one, held fixed;
    without a value where classes are separated. The p-value is one-sided, of permuted people; its
    interval is over more permutations. ``explained`` is the share of the variance of the
    prediction's log-odds that confounders predict in held-out people.
    """

    alone: Estimate
    given: Estimate
    p_value: float
    p_low: float
    p_high: float
    permutations: int
    explained: float | None
    columns: int
    squares: bool
    people: int
    events: int
    fixed: int
    """People who trade places with nobody."""


class Confounding(Record):
    """Whether the procedure's predictions say more than the named confounders.

    Either ``found`` or, where nothing can be tested, ``reason``.
    """

    block: str
    confounders: tuple[str, ...]
    """As a report prints them."""
    within_site: bool
    """Whether the site is one more, and people trade places within it."""
    found: BeyondConfounders | None = None
    reason: str | None = None


class SubgroupLine(Record):
    """Held-out metrics in some of the people; none where these are too few, which says why.

    ``events`` are people with an event in any row; null where the line is suppressed.
    """

    column: str
    level: str
    people: int
    events: int | None
    suppressed: str | None
    metrics: dict[str, Estimate]
    """Names: ``signature.validation.subgroup_performance.METRICS``."""


class SubgroupGap(Record):
    """One level minus the level of its column that has most people, on shared draws."""

    column: str
    level: str
    against: str
    metrics: dict[str, Estimate]


class BlockSubgroups(Record):
    """Subgroups of the people held out in one way.

    ``alike`` are columns that tell nobody apart there.
    """

    block: str
    everybody: SubgroupLine
    lines: tuple[SubgroupLine, ...]
    gaps: tuple[SubgroupGap, ...]
    alike: tuple[str, ...]
    draws: int


class MarkerHere(Record):
    """One marker at one site: counts, and how it differs from the other sites."""

    site: str
    people: int
    """With a value, measured or below a limit."""
    missing: float
    """Share of the site's people without one, 0 to 1."""
    shift: float | None
    """Mean here minus mean elsewhere, in standard deviations within sites; null where values are
    too few, here or elsewhere, or do not differ."""
    log_odds_ratio: float | None
    """Of the event, per standard deviation within sites; null where too few have either outcome, or
    the marker separates them."""
    standard_error: float | None


class MarkerLine(Record):
    """One marker over all sites; p-values are corrected for the number of markers (Holm 1979)."""

    name: str
    label: str
    shift_p: float | None
    association_p: float | None
    sites: tuple[MarkerHere, ...]


class Drift(Record):
    """Markers that differ between sites, in values or in their association with the outcome.

    ``shifted`` of ``shift_tested`` markers differ in values, ``differing`` of
    ``association_tested`` in association, at a corrected p below 0.05. ``worst`` lists those that
    differ in association first, and then by their largest shift.
    """

    sites: tuple[str, ...]
    people: int
    markers: int
    shift_tested: int
    shifted: int
    association_tested: int
    differing: int
    worst: tuple[MarkerLine, ...]


class ForWhom(Record):
    """All of ``for_whom.json``: counts and estimates, never a person's value."""

    version: Literal[1] = 1
    experiment: str
    confounding: Confounding
    subgroups: tuple[BlockSubgroups, ...]
    """The headline last, as in the evaluation; empty where the experiment names none."""
    labels: dict[str, str]
    """How a report prints the columns that form subgroups."""
    drift: Drift | None
    """None where the experiment names no sites, or one."""
