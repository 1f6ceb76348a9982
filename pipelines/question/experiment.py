"""An experiment as data: one TOML file, read into a frozen and validated object."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, model_validator

from signature.declared import Declared, read_toml, validated
from signature.exceptions import ExperimentError
from signature.records.claim import Design, Rung
from signature.study.handling import Harmonise, Limits, Missing, Unseen

_NAME = r"[a-z][a-z0-9_]*"
Name = Annotated[str, Field(pattern=f"^{_NAME}$")]


class Data(Declared):
    """Which rows: a data set, an outcome, and filters on recorded columns."""

    dataset: Name
    outcome: Name
    where: dict[str, tuple[str | float, ...]] = {}


class Features(Declared):
    """Which columns, by group or by name: what is known anyway, and the panel under question.

    `confounders` are those of either that may explain both markers and outcome: age, sex, BMI,
    smoking, medication. ``models/confounders_only.py`` sees them alone.
    """

    baseline: Annotated[tuple[str, ...], Field(min_length=1)]
    panel: Annotated[tuple[str, ...], Field(min_length=1)]
    exclude: tuple[str, ...] = ()
    confounders: tuple[str, ...] = ()


class Assay(Declared):
    """What the assay does to the numbers, and what is done about it inside each fold.

    The keys `limits`, `detected_above`, `harmonise`, `reference`, `unseen`, `missing` and
    `residualise` are those of `signature.study.handling.Handling`; `reference` is named here by its
    level. `batch` is ``"plate"`` or a recorded column. `references` filters the data set's rows
    that are *not* analysed for those from which a batch may be placed: their outcomes are never
    read. `columns` are the markers that the batch matters to; the panel when left out.
    """

    limits: Limits = "substitute"
    detected_above: Annotated[float, Field(gt=0, le=1)] = 0.6
    batch: str | None = None
    harmonise: Harmonise = "none"
    columns: tuple[str, ...] = ()
    reference: str | None = None
    unseen: Unseen = "frozen"
    references: dict[str, tuple[str | float, ...]] = {}
    missing: Missing = "median"
    residualise: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Assay:
        if self.harmonise != "none" and self.batch is None:
            raise ValueError("harmonise needs batch: 'plate', or the recorded column to go by")
        if self.harmonise == "reference_shift" and self.reference is None:
            raise ValueError("harmonise = 'reference_shift' needs reference: the batch that stays")
        if self.harmonise == "none":
            idle = [n for n in ("references", "columns", "reference") if getattr(self, n)]
            if idle:
                raise ValueError(f"{idle[0]} does nothing without harmonise")
        adapted = self.unseen == "adapted"
        if adapted and not self.harmonise.startswith("combat"):
            raise ValueError("unseen = 'adapted' belongs to harmonise = 'combat'")
        if adapted and not self.references:
            raise ValueError(
                "unseen = 'adapted' needs references: which rows outside the analysis may place "
                "a new batch"
            )
        if self.references and not adapted and self.harmonise != "reference_shift":
            raise ValueError(
                "references are for harmonise = 'reference_shift' and for unseen = 'adapted'; "
                "nothing else reads them"
            )
        return self


class Candidates(Declared):
    """What is fitted.

    Contenders see baseline and panel and compete on the inner folds; the winner is the procedure.
    References see the baseline alone and compete in the same way; the winner is what the panel
    must add to. Baselines are there for orientation.
    """

    contenders: Annotated[tuple[Name, ...], Field(min_length=1)] = (
        "elastic_net",
        "shallow_xgboost",
        "stable_signature",
    )
    references: Annotated[tuple[Name, ...], Field(min_length=1)] = (
        "clinical_only",
        "clinical_xgboost",
    )
    baselines: tuple[Name, ...] = ("intercept_only", "best_single_marker")

    @model_validator(mode="after")
    def _consistent(self) -> Candidates:
        twice = sorted({n for n in self.all if self.all.count(n) > 1})
        if twice:
            raise ValueError(f"named twice: {', '.join(twice)}")
        return self

    @property
    def all(self) -> tuple[str, ...]:
        """Baselines, references, then contenders."""
        return (*self.baselines, *self.references, *self.contenders)


class Validation(Declared):
    """How held-out people are chosen.

    With `site` each site is left out in turn; without it, `folds` stratified folds that keep a
    subject together. Either is done `repeats` times: tuning is partly luck, and a result that
    another seed would not give is none. With `develop_on` and `test_on` the headline is external:
    the sites of the first develop the model (validated inside by repeated folds), the sites of the
    second test it once. `site_out` then leaves each of all sites out as well, to be read beside it.
    Repeated folds keep an assay plate whole where that leaves balanced folds, unless
    `whole_plates` is false.
    """

    site: str | None = None
    develop_on: tuple[str, ...] = ()
    test_on: tuple[str, ...] = ()
    site_out: bool = False
    whole_plates: bool = True
    folds: Annotated[int, Field(ge=2, le=20)] = 5
    repeats: Annotated[int, Field(ge=1, le=100)] = 5
    inner_folds: Annotated[int, Field(ge=2, le=20)] = 5
    bootstraps: Annotated[int, Field(ge=200, le=20_000)] = 2000

    @model_validator(mode="after")
    def _consistent(self) -> Validation:
        if bool(self.develop_on) != bool(self.test_on):
            raise ValueError("develop_on and test_on are given together or not at all")
        if self.develop_on and self.site is None:
            raise ValueError("develop_on and test_on name sites, so site must say which column")
        if self.site_out and not self.develop_on:
            raise ValueError(
                "site_out goes with develop_on and test_on; site alone leaves each site out"
            )
        both = sorted(set(self.develop_on) & set(self.test_on))
        if both:
            raise ValueError(f"both develop_on and test_on: {', '.join(both)}")
        return self


class Tuning(Declared):
    """How many parameter sets each candidate may try in each outer fold."""

    trials: Annotated[int, Field(ge=1, le=1000)] = 20


class Decision(Declared):
    """What would be decided by the model; thresholds are put inside each training fold.

    `sensitivity` and `specificity` are the least that a threshold is to reach there. `act_from` is
    the probability from which one would act; the share of events where nothing is said, which is
    seldom what is meant. `error_rate` is tolerated of conformal sets in either class.
    `indeterminate` is the cost of leaving a person open, where a missed event costs 1.
    """

    sensitivity: Annotated[float, Field(gt=0, le=1)] = 0.9
    specificity: Annotated[float, Field(gt=0, le=1)] = 0.9
    act_from: Annotated[float, Field(gt=0, lt=1)] | None = None
    error_rate: Annotated[float, Field(gt=0, lt=0.5)] = 0.1
    indeterminate: Annotated[float, Field(ge=0)] | None = None


class Claim(Declared):
    """What the study's design lets a result claim; the ladder of claims knows the cap."""

    design: Design


class Gate(Declared):
    """What the headline result must reach before the registered model is called champion.

    `claim` is the lowest rung of the ladder of claims.
    """

    claim: Rung = "internally validated"
    auroc_at_least: Annotated[float, Field(gt=0.5, lt=1)]
    adds_to_reference: bool = True
    calibration_slope: tuple[float, float] | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Gate:
        if self.calibration_slope and not self.calibration_slope[0] < self.calibration_slope[1]:
            raise ValueError("calibration_slope needs its lower bound first")
        return self


class Tracking(Declared):
    """What MLflow is given beside numbers of everybody together.

    `person_level` sends the tables with a row per person, under other row numbers.
    """

    person_level: bool = False


class Experiment(Declared):
    """One question, put to one data set, with everything that decides the answer.

    Read it with `load_experiment`; the file's name is the experiment's name. `subgroups` are
    columns with their cut points, with the levels to look at, or with nothing for all levels.
    """

    name: Name
    title: str
    question: str
    caution: Annotated[str, Field(min_length=20)]
    seed: Annotated[int, Field(ge=0, lt=2**32)]
    data: Data
    features: Features
    assay: Assay = Assay()
    candidates: Candidates = Candidates()
    validation: Validation = Validation()
    tuning: Tuning = Tuning()
    decision: Decision = Decision()
    claim: Claim
    gate: Gate
    tracking: Tracking = Tracking()
    subgroups: dict[str, tuple[float | str, ...]] = {}

    @property
    def digest(self) -> str:
        """SHA-256 over what decides a fitted fold: not over titles, gate or list of candidates."""
        decisive = self.model_dump(
            mode="json",
            include={"seed", "data", "features", "assay", "validation", "tuning"},
            exclude={"validation": {"bootstraps"}},
        )
        return hashlib.sha256(repr(decisive).encode()).hexdigest()


def load_experiment(path: Path) -> Experiment:
    """Read and check an experiment file.

    Parameters
    ----------
    path : Path
        A TOML file; its stem becomes the name.

    Raises
    ------
    ExperimentError
        When the file is missing, is not TOML, has an unknown key, lacks one, or holds a value
        that is not allowed. The message names the key.
    """
    text = read_experiment(path)
    if "trial" in text:
        raise ExperimentError(
            f"{path} is a trial's: it asks for whom treatment does better, and is run by "
            f"python -m pipelines.train {path} alone"
        )
    return validated({**text, "name": path.stem}, Experiment, ExperimentError, where=str(path))


def read_experiment(path: Path) -> dict[str, Any]:
    """Read an experiment file of either kind, unchecked but for its name.

    Raises
    ------
    ExperimentError
        When the file is missing, badly named, or no TOML.
    """
    if not path.is_file():
        raise ExperimentError(_no_file(path))
    text = read_toml(path, ExperimentError)
    if "name" in text:
        raise ExperimentError(f"{path}: take out 'name'; the file's name is the experiment's name")
    if not re.fullmatch(_NAME, path.stem):
        raise ExperimentError(
            f"{path}: rename the file: small letters, digits and underscores, a letter first"
        )
    return text


def _no_file(path: Path) -> str:
    folder = path.parent if path.parent.is_dir() else Path("experiments")
    names = sorted(p.name for p in folder.glob("*.toml"))
    return f"no experiment file {path}; {folder}/ has: {', '.join(names) or 'none'}"
