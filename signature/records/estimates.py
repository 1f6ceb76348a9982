"""Numbers with their intervals, as kept in ``evaluation.json`` and ``trial.json``."""

from __future__ import annotations

from signature.records.base import Record


class Estimate(Record):
    """A number with its 95 % interval; null where it is undefined."""

    value: float | None
    low: float | None = None
    high: float | None = None


class EffectEstimate(Estimate):
    """An estimate that also says how sure it is, and whether it differs from no effect.

    Where the value is undefined all others are null. Where no spread was seen, which is not
    certainty, the standard error, the interval and p are.
    """

    standard_error: float | None = None
    p: float | None = None
    """Two-sided, of the value that no effect would give: 0 unless a function says otherwise."""


class CalibrationRecord(Record):
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


class DecisionCurve(Record):
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


class SiteEstimate(Record):
    """The procedure at one held-out site."""

    site: str
    n: int
    events: int
    auroc: Estimate


class PooledSites(Record):
    """AUROC over sites by random effects on the logit scale (`signature.validation.pooled_auroc`).

    ``prediction`` is where a further site of this kind may lie; none below three sites.
    """

    sites: list[SiteEstimate]
    left_out: dict[str, str]
    """Reason by site."""
    auroc: Estimate
    prediction: Estimate
    tau2: float | None
    i2: float | None


class HeldOutTest(Record):
    """AUROC of one model on one held-out set, and against the reference, by person.

    DeLong, DeLong and Clarke-Pearson 1988; with several rows of a person, Obuchowski 1997.
    """

    auroc: Estimate
    difference: Estimate
    p_value: float | None
    """Of no difference, two-sided."""


class FoldMeans(Record):
    """Means over repeated folds, with intervals that allow for the folds' overlap.

    Nadeau and Bengio 2003. They are of the procedure on other samples of this size; the bootstrap's
    are of the models that were fitted.
    """

    auroc: Estimate
    difference: Estimate
    folds: int
    undefined: int
    """Folds without an AUROC, which are in neither mean nor interval."""


class BestInHindsight(Record):
    """The contender with the highest AUROC on held-out rows, before and after correction.

    Bias-corrected bootstrap cross-validation (Tsamardinos 2018). The procedure itself needs no
    correction: its contender was chosen on inner folds.
    """

    best: str
    contenders: int
    naive: float
    corrected: Estimate
    chosen: dict[str, float]
    """Share of the draws in which each was the best."""


class Weighted(Record):
    """The same with survey weights: for the population that was sampled from.

    Intervals are of weighted people drawn one by one; strata and sampling units are not in them.
    """

    effective_people: float
    """Kish's number: as many people of equal weight would be as informative."""
    event_rate: float
    procedure: dict[str, Estimate]
    reference: dict[str, Estimate]
    difference: dict[str, Estimate]
