"""``plan.json`` of a trial: power and sizes, reckoned before there are data."""

from __future__ import annotations

from signature.records.base import Record


class PlannedTest(Record):
    """One way to tell who gains more."""

    what: str
    effect: float
    """Difference in benefit, SD of the outcome per SD of what is tested, as far as it is true."""
    power: list[float]
    """At each number of people."""
    people_needed: int | None
    """To randomise, for the power that is asked for; None where that is out of reach."""


class TrialPlanRecord(Record):
    """What a trial of this shape can show."""

    experiment: str
    people: list[int]
    """Randomised; the planned number, half, twice and four times as many."""
    power_asked: float
    alpha: float
    treated_share: float
    lost: float
    correlation: float
    """Of a marker as measured with what it is."""
    tests: list[PlannedTest]
    benefit: float
    """On average, in SD of the outcome."""
    difference: float
    chosen: float
    """Share of people that an enriched trial would choose."""
    benefit_of_chosen: float
    all_comers: int | None
    enriched: int | None

    @property
    def screened(self) -> int | None:
        """People to screen for an enriched trial."""
        return None if self.enriched is None else round(self.enriched / self.chosen)
