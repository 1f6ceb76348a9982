"""What a trial experiment found, as kept in ``trial.json``."""

from __future__ import annotations

from typing import Any, Literal

from signature.effect.benefit.advised_groups import Advice
from signature.effect.benefit.benefit_calibration import BenefitCalibration
from signature.effect.benefit.benefit_quantiles import EffectByGroup
from signature.effect.benefit.c_for_benefit import CForBenefit
from signature.effect.benefit.enrichment import Enrichment
from signature.effect.benefit.prognosis import Prognosis
from signature.effect.benefit.rule_value import RuleValue
from signature.effect.benefit.targeting import Targeting
from signature.effect.interaction.arm_by_score import ArmByScore
from signature.effect.interaction.deciding_test import DecidingTest
from signature.effect.interaction.interaction_table import InteractionTable
from signature.effect.interaction.line_or_step import LineOrStep
from signature.effect.interaction.moderators import Moderator
from signature.effect.trial.allocation import AllocationCheck
from signature.effect.trial.small_trial import SmallTrial
from signature.effect.trial.trial import ArmFlow
from signature.effect.visits.early_change import EarlyChange
from signature.effect.visits.engagement import Engagement
from signature.effect.visits.visit_lines import VisitLine
from signature.records.base import Record
from signature.records.estimates import EffectEstimate
from signature.records.results import FlowLine


class TrialCheck(Record):
    """One rule, and what was measured."""

    rule: str
    measured: str
    passed: bool


class TrialClaim(Record):
    """Which of the two words the result has earned."""

    predictive: bool | None
    """Tells who gains more from treatment: by the test that decides alone; None: not tested."""
    rule: bool
    """Whether predicted benefit itself was shown to go with benefit, and not only the panel."""
    prognostic: bool | None
    """Foretells the outcome whatever the arm, beyond the baseline; None: not tested."""
    checks: list[TrialCheck]
    sentence: str
    advice: str


class ArmEffect(Record):
    """Average effect of one arm over control, among all who were randomised to either."""

    arm: str
    unadjusted: EffectEstimate
    """Benefit: positive where the arm does better, in units of the endpoint."""
    adjusted: EffectEstimate | None
    """The same by AIPW with held-out outcome predictions; None in a small trial."""


class SecondaryEffect(Record):
    """Average effect on a further endpoint; no claim is made of it."""

    endpoint: dict[str, Any]
    known: dict[str, int]
    """People whose outcome is known, by arm."""
    benefit: EffectEstimate
    """Positive where the arm does better, in units of this endpoint; not adjusted."""
    p_family: float | None
    """Corrected for the number of further endpoints (Holm 1979)."""


class BenefitResult(Record):
    """What held-out predicted benefit of one candidate is worth."""

    candidate: str
    label: str
    headline: bool
    constant: bool
    """The same benefit is predicted for all; the rest is then None."""
    groups: EffectByGroup | None
    targeting: Targeting | None
    calibration: BenefitCalibration | None
    c_for_benefit: CForBenefit | None
    rule: RuleValue | None
    """Of treating those of whom benefit is predicted, against all and none."""
    advice: Advice | None
    number_needed: str | None
    """Among those whom the rule treats; None unless the endpoint is an event."""


class FamilyShare(Record):
    """What the features of one family do to predicted benefit together."""

    family: str
    features: int
    mean: float
    """Mean absolute part over held-out people, in units of the endpoint."""


class LevelPart(Record):
    """What a feature adds to the predicted benefit of people with such values."""

    level: str
    """As "below limit", "lowest quarter", or "no"."""
    mean: float
    """Signed."""


class FeatureShare(Record):
    """What one feature does to predicted benefit."""

    feature: str
    family: str
    panel: bool
    mean: float
    """As of its family."""
    ends: list[LevelPart]
    """Of the lowest and of the highest values of which there are enough people; else empty."""


class BenefitExplained(Record):
    """What the headline's held-out predicted benefit goes by, by interventional Shapley values."""

    families: list[FamilyShare]
    features: list[FeatureShare]
    """The largest first, those without any part left out."""


class Tipping(Record):
    """How far from random losses would have to be to change an answer."""

    what: str
    """"average", "score", or a marker that was named beforehand."""
    shift: float | None
    """How much worse the lost under treatment, and better those under control, would have had to
    do, in units of the endpoint, per standard deviation unless of the average; below 0 the other
    way round; None where they could not."""
    found: bool
    """Whether the answer is that there is something."""


class Losses(Record):
    """Whose outcome was lost in the two arms, and what that may have done."""

    lost: dict[str, int]
    sd: float | None
    """Of the known outcomes in the treated arm; None of events."""
    answers: list[Tipping]


class NamedMarker(Record):
    """Interaction of one marker that was named beforehand."""

    marker: str
    test: ArmByScore


class NamedModerator(Record):
    """Effect by level of one moderator that was named beforehand."""

    column: str
    label: str
    found: Moderator
    shape: LineOrStep | None
    """Of a number with one cut: whether benefit rises or steps; None where it cannot be told."""


class MarkerVisits(Record):
    """One marker at baseline and at the early visit, on the scale of the change."""

    marker: str
    better: str
    """What counts as having done better later."""
    lines: list[VisitLine]


class TrialRecord(Record):
    """Everything that a trial experiment found; nothing in it is of a person."""

    version: Literal[3] = 3
    experiment: dict[str, Any]
    endpoint: dict[str, Any]
    citation: str
    arms: list[str]
    """The control first."""
    treated: str
    """The arm that the headline compares with the control."""
    labels: dict[str, str]
    """How a report prints features."""
    exclusions: list[FlowLine]
    flow: list[ArmFlow]
    allocation: AllocationCheck
    notes: list[str]
    dropped_features: dict[str, str]
    size: SmallTrial
    claim: TrialClaim
    average: list[ArmEffect]
    secondary: list[SecondaryEffect]
    decided: DecidingTest | None
    """The test that decides about the word predictive; None in a small trial."""
    control_score: ArmByScore | None
    """Arm × prognosis: whether risk alone tells who gains."""
    prognosis: Prognosis | None
    named: list[NamedMarker]
    moderators: list[NamedModerator]
    markers: InteractionTable | None
    candidates: list[BenefitResult]
    explained: BenefitExplained | None
    """None where the headline predicts the same for all."""
    losses: Losses | None
    """None where no outcome of the two arms was lost."""
    risk_groups: EffectByGroup | None
    """Effect by quantile of prognosis."""
    best_arm: RuleValue | None
    """With three arms or more: giving everybody the arm of the largest predicted benefit."""
    engagement: Engagement | None
    early: EarlyChange | None
    visits: list[MarkerVisits]
    next_trial: Enrichment | None
    """None where nothing predictive was found: then there is nobody to enrich with."""
    fingerprint: str
    code_version: str
    environment: dict[str, str]
    started: str
    seconds: float
