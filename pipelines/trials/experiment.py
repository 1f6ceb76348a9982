"""A trial experiment as data: one TOML file with a ``[trial]`` table."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from pipelines.question.experiment import Assay, Features, Name, read_experiment
from signature.declared import Declared, validated
from signature.effect.interaction.deciding_test import Test
from signature.exceptions import ExperimentError

Missing = Literal["complete", "inverse probability", "multiple imputation"]


class TrialDesign(Declared):
    """Which trial, which endpoint, and how people were randomised.

    Parameters
    ----------
    dataset, endpoint : str
        Files of ``signature/datasets`` and ``signature/endpoints``.
    control, treated : str
        Arms that the one headline test compares.
    ratio : dict of float
        Declared shares of all arms that are analysed, as 1 and 3.
    arms : dict of tuple of str
        New names for recorded arms, several of which may be pooled; arms as recorded when empty.
        Recorded arms that are not named are left out and counted.
    strata : tuple of str
        Recorded columns within which people were randomised.
    where : dict
        Filters on recorded columns.
    missing : {"complete", "inverse probability", "multiple imputation"}
        What is done about people whose outcome is not known.
    markers : tuple of str
        Features whose interaction with the arm was named before the data were seen. In a small
        trial these alone are tested, at most two.
    test : {"score", "markers", "joint", "minimum of these"}, optional
        What decides about the word predictive: the learned score, the strongest feature of the
        panel, all of them together, or the least likely of the three. When left out, the strongest
        feature for panels of up to `FEW_MARKERS`, and else the minimum.
    secondary : tuple of str
        Further endpoints, files of ``signature/endpoints``: average effects, and no claim.
    gains_more : dict of str
        By feature, whether people in whom it is "higher", or "lower", were said beforehand to gain
        more from treatment: then only this side is tested.
    """

    dataset: Name
    endpoint: Name
    control: str
    treated: str
    ratio: dict[str, Annotated[float, Field(gt=0)]]
    arms: dict[str, Annotated[tuple[str, ...], Field(min_length=1)]] = Field(default_factory=dict)
    strata: tuple[str, ...] = ()
    where: dict[str, tuple[str | float, ...]] = Field(default_factory=dict)
    missing: Missing = "complete"
    markers: tuple[str, ...] = ()
    test: Test | None = None
    secondary: tuple[Name, ...] = ()
    gains_more: dict[str, Literal["higher", "lower"]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _consistent(self) -> TrialDesign:
        if self.control == self.treated:
            raise ValueError("control and treated are two arms")
        for arm in (self.control, self.treated):
            if arm not in self.ratio:
                raise ValueError(f"ratio does not say the share of {arm!r}")
        if self.endpoint in self.secondary:
            raise ValueError("secondary endpoints are others than the endpoint")
        if self.arms and set(self.arms) != set(self.ratio):
            raise ValueError("arms and ratio name the same arms, or arms is left out")
        return self


class EffectCandidates(Declared):
    """What predicts benefit. The headline is named beforehand; others are for orientation."""

    headline: Name = "effect_modified_covariate"
    others: tuple[Name, ...] = (
        "effect_r_learner",
        "effect_dr_learner",
        "effect_r_learner_xgboost",
        "effect_dr_learner_xgboost",
        "effect_predictive_signature",
    )

    @property
    def all(self) -> tuple[str, ...]:
        """The headline first."""
        return (self.headline, *(n for n in self.others if n != self.headline))


class CrossFitting(Declared):
    """How held-out people are chosen, and how the arms are dealt anew.

    `rearrangements` of the arms, in each of which the headline's score is learned again, give its
    p-value; where chance could still move it to the other side of 5 %, `most_rearrangements` are
    drawn. `groups` are quantiles of predicted benefit.
    """

    folds: Annotated[int, Field(ge=2, le=20)] = 5
    repeats: Annotated[int, Field(ge=1, le=50)] = 3
    rearrangements: Annotated[int, Field(ge=99, le=9999)] = 199
    most_rearrangements: Annotated[int, Field(ge=99, le=9999)] = 999
    draws: Annotated[int, Field(ge=200, le=20_000)] = 1000
    groups: Annotated[int, Field(ge=2, le=10)] = 4


class Early(Declared):
    """An early visit: a change by then, added to what was known at baseline.

    Parameters
    ----------
    label : str
        As "week 1".
    day : float
        Counted from randomisation; the endpoint's must be later.
    later : dict of str
        Feature at baseline to the recorded column that holds it at the visit.
    scale : {"difference", "log2 ratio"}
    """

    label: str
    day: Annotated[float, Field(gt=0)]
    later: Annotated[dict[str, str], Field(min_length=1)]
    scale: Literal["difference", "log2 ratio"] = "difference"


class NextTrial(Declared):
    """What the next trial would have to be like."""

    power: Annotated[float, Field(gt=0.05, lt=1)] = 0.8
    alpha: Annotated[float, Field(gt=0, lt=0.5)] = 0.05


class TrialPlan(Declared):
    """What a trial is planned for, before there are data; effects in SD of the outcome.

    Parameters
    ----------
    people : int
        To be randomised to the two arms.
    benefit : float
        Average benefit.
    difference : float
        Difference in benefit per standard deviation of what a marker stands for.
    lost : float
        Share whose outcome will not be known.
    below_limit, reliability : float
        Share of people below a marker's detection limit, and share of a value's variance that a
        second sample would repeat.
    accuracy : float
        Correlation of a learned score with benefit.
    chosen : float
        Share of people that an enriched trial would choose.
    """

    people: Annotated[int, Field(ge=16)] = 100
    benefit: float = 0.3
    difference: Annotated[float, Field(gt=0)] = 0.35
    lost: Annotated[float, Field(ge=0, lt=1)] = 0.2
    below_limit: Annotated[float, Field(ge=0, lt=1)] = 0.0
    reliability: Annotated[float, Field(gt=0, le=1)] = 0.8
    accuracy: Annotated[float, Field(gt=0, le=1)] = 0.5
    chosen: Annotated[float, Field(gt=0, lt=1)] = 0.5


class TrialExperiment(Declared):
    """One question put to one randomised trial, with everything that decides the answer.

    Read it with `load_trial`; the file's name is the experiment's name. `moderators` are named
    hypotheses: a column with its cut points, with levels, or with nothing for all levels.
    """

    name: Name
    title: str
    question: str
    caution: Annotated[str, Field(min_length=20)]
    seed: Annotated[int, Field(ge=0, lt=2**32)]
    trial: TrialDesign
    features: Features
    assay: Assay = Assay()
    candidates: EffectCandidates = EffectCandidates()
    crossfitting: CrossFitting = CrossFitting()
    moderators: dict[str, tuple[float | str, ...]] = Field(default_factory=dict)
    early: Early | None = None
    next_trial: NextTrial = NextTrial()
    plan: TrialPlan = TrialPlan()

    @property
    def digest(self) -> str:
        """SHA-256 over what decides held-out predictions."""
        decisive = self.model_dump(
            mode="json",
            include={"seed": True, "trial": True, "features": True, "assay": True,
                     "crossfitting": {"folds", "repeats"}},
        )  # fmt: skip
        return hashlib.sha256(repr(decisive).encode()).hexdigest()


def is_trial(path: Path) -> bool:
    """Whether an experiment file has a ``[trial]`` table.

    Raises
    ------
    ExperimentError
        When the file is missing, badly named or no TOML.
    """
    return "trial" in read_experiment(path)


def load_trial(path: Path) -> TrialExperiment:
    """Read and check the experiment file of a trial.

    Raises
    ------
    ExperimentError
        As of `pipelines.question.experiment.load_experiment`.
    """
    text: dict[str, Any] = read_experiment(path)
    if "trial" not in text:
        raise ExperimentError(f"{path} has no [trial] table; run it with pipelines.train")
    return validated({**text, "name": path.stem}, TrialExperiment, ExperimentError, where=str(path))
