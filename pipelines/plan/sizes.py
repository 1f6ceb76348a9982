"""How many people an experiment needs, by its own numbers, and what more of them would buy."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pipelines.fit.candidate_parameters import candidate_parameters
from pipelines.plan.curve_points import SHARES, CurvePoints, Setting
from pipelines.question.folds import development_rows
from pipelines.question.study import AssembledStudy
from signature.randomness import generator
from signature.records.plan import (
    Curve,
    DevelopmentPlan,
    ExpectedPrecision,
    MorePeople,
    TrainingSize,
    ValidationPlan,
)
from signature.records.results import Estimate
from signature.validation.binormal import cox_snell_from_auroc
from signature.validation.learning_curve import CurvePoint, learning_curve
from signature.validation.sample_size import (
    development_size,
    expected_shrinkage,
    parameters_within,
)
from signature.validation.validation_precision import validation_precision

MORE = (100, 200, 500)
"""Further people that are asked about."""


def development_plan(study: AssembledStudy, auroc: float | None = None) -> DevelopmentPlan:
    """Apply the criteria of Riley and others to the development rows.

    Parameters
    ----------
    study : AssembledStudy
    auroc : float, optional
        Anticipated in new people; what the experiment's gate demands, when left out.
    """
    rows = development_rows(study.cohort, study.experiment.validation)
    anticipated = study.experiment.gate.auroc_at_least if auroc is None else auroc
    event_rate, people = _counted(study, rows)
    parameters = candidate_parameters(study)
    r2 = cox_snell_from_auroc(anticipated, event_rate)
    size = development_size(parameters, event_rate, r2)
    return DevelopmentPlan(
        people=people,
        event_rate=event_rate,
        parameters=parameters,
        auroc=anticipated,
        auroc_from="gate" if auroc is None else "option",
        cox_snell=r2,
        nagelkerke=size.nagelkerke,
        criteria=size.criteria,
        people_needed=size.n,
        enough=people >= size.n,
        shrinkage=expected_shrinkage(people, parameters, r2),
        parameters_within=parameters_within(people, event_rate, r2),
    )


def validation_plan(
    study: AssembledStudy, auroc: float | None = None, threshold: float | None = None
) -> ValidationPlan:
    """Say how precise the headline's test will be: everybody held out once, or the test sites."""
    anticipated = study.experiment.gate.auroc_at_least if auroc is None else auroc
    last = study.folds[-1]
    external = last.block == "external"
    rows = (
        last.held_out if external else development_rows(study.cohort, study.experiment.validation)
    )
    event_rate, people = _counted(study, rows)
    found = validation_precision(people, event_rate, anticipated, threshold=threshold)
    return ValidationPlan(
        block="external" if external else "internal",
        people=people,
        event_rate=event_rate,
        threshold=threshold,
        measures=tuple(
            ExpectedPrecision(
                measure=p.measure,
                expected=Estimate(value=p.anticipated, low=p.low, high=p.high),
                target_width=p.target_width,
                people_needed=p.n_needed,
            )
            for p in found
        ),
    )


def curve_record(
    study: AssembledStudy, settings: Mapping[str, Setting], points: CurvePoints, *, tuned: bool
) -> Curve:
    """Fit the curve and ask it about more people.

    Parameters
    ----------
    study : AssembledStudy
    settings : mapping of str to Setting
        That `points` were measured with.
    points : CurvePoints
    tuned : bool
        Whether each fold chose its own settings.

    Raises
    ------
    LearningCurveError
        When the sizes lie too close together.
    """
    rows = development_rows(study.cohort, study.experiment.validation)
    now = _counted(study, rows)[1]
    found = learning_curve(
        points.people,
        points.auroc,
        points.covariance,
        start=now,
        at=[now, *(now + more for more in MORE)],
        rng=generator(study.experiment.seed, "learning_curve", "extrapolation"),
    )
    errors = np.sqrt(np.diag(points.covariance))
    return Curve(
        settings="chosen in each fold" if tuned else "as built",
        candidates=tuple(sorted({s.candidate for s in settings.values()})),
        repetitions=points.repetitions,
        fits=points.fits,
        sizes=tuple(
            TrainingSize(share=share, people=float(n), auroc=float(a), standard_error=float(e))
            for share, n, a, e in zip(SHARES, points.people, points.auroc, errors, strict=True)
        ),
        ceiling=found.ceiling,
        gap=found.gap,
        rate=found.rate,
        misfit=found.misfit,
        now=_level(found.points[0]),
        more=tuple(
            MorePeople(
                more=more,
                people=now + more,
                auroc=_level(point),
                gain=Estimate(value=point.gain, low=point.gain_low, high=point.gain_high),
            )
            for more, point in zip(MORE, found.points[1:], strict=True)
        ),
    )


def _level(point: CurvePoint) -> Estimate:
    return Estimate(value=point.value, low=point.low, high=point.high)


def _counted(study: AssembledStudy, rows: np.ndarray) -> tuple[float, int]:
    """Share of rows with the event, and number of people."""
    event_rate = float(study.cohort.outcome.to_numpy()[rows].mean())
    return event_rate, len(np.unique(study.cohort.person.to_numpy()[rows]))
