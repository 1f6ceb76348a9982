"""Numbers with their intervals, as kept in ``evaluation.json``."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Estimate(_Record):
    """A number with its 95 % interval; null where it is undefined."""

    value: float | None
    low: float | None = None
    high: float | None = None


class CalibrationRecord(_Record):
    """How far predicted probabilities are from what was observed, smoothed over all rows.

    ``ici``, ``e50`` and ``e90`` are the mean, the median and the 90th percentile of the distance
    (Austin and Steyerberg 2019). Distances are never negative: `expected` is the index's median,
    `expected_high` its 95th percentile if every probability were exactly right, and `p_value` how
    often noise alone gives an index as large.
    """

    ici: float | None
    e50: float | None
    e90: float | None
    expected: float | None
    expected_high: float | None
    p_value: float | None
    reliability: float
    resolution: float
    uncertainty: float
    """Parts of the Brier score over bins by quantile (Murphy 1973; Stephenson 2008)."""
    scaled_brier: Estimate
    """1 perfect, 0 no better than the event rate for everybody."""
    at: list[float]
    """Predicted probabilities at which the curve is given."""
    curve: list[Estimate]
    """Event rate there; the band is pointwise."""


class DecisionCurve(_Record):
    """Net benefit of deciding by a model, over thresholds (Vickers and Elkin 2006).

    In events found per person, with the harm of each false alarm at the threshold's odds taken
    off. Treating nobody is 0 everywhere. Intervals are pointwise.
    """

    thresholds: list[float]
    procedure: list[Estimate]
    reference: list[Estimate]
    everybody: list[Estimate]
    over_defaults: list[Estimate]
    """Procedure minus the better of everybody and nobody."""
    over_reference: list[Estimate]


class SiteEstimate(_Record):
    """The procedure at one held-out site."""

    site: str
    n: int
    events: int
    auroc: Estimate


class PooledSites(_Record):
    """AUROC over sites by random effects on the logit scale (REML; Hartung and Knapp 2001).

    ``prediction`` is where a further site of this kind may lie; none below three sites.
    """

    sites: list[SiteEstimate]
    left_out: dict[str, str]
    """Reason by site."""
    auroc: Estimate
    prediction: Estimate
    tau2: float | None
    i2: float | None
