"""From an experiment to the rows, columns and outer folds it asks for."""

from __future__ import annotations

from dataclasses import replace

from pipelines.question.experiment import Experiment
from pipelines.question.handling import handling_of, reference_rows
from pipelines.question.people_groups import people_groups
from pipelines.question.study import CANDIDATE_EXPORTS, AssembledStudy, lay_out
from signature.discovery import load
from signature.exceptions import DefinitionError, ExperimentError, SchemaError
from signature.study.batch_codes import with_batch

DATASET_EXPORTS = ("CITATION", "load")
OUTCOME_EXPORTS = ("OUTCOME", "derive")


def assemble(experiment: Experiment) -> AssembledStudy:
    """Load the data, attach the outcome, keep the features and lay out the folds.

    Raises
    ------
    ExperimentError
        When the experiment names a data set, outcome, feature, candidate or subgroup that does
        not exist, or a baseline or panel of which nothing is left.
    CohortError, OutcomeError, TableError, DataFolderNotSetError
        When the data cannot answer the question; see their documentation.
    """
    try:
        dataset = load("signature.datasets", experiment.data.dataset, DATASET_EXPORTS)
        outcome = load("signature.outcomes", experiment.data.outcome, OUTCOME_EXPORTS)
        candidates = {
            name: load("models", name, CANDIDATE_EXPORTS) for name in experiment.candidates.all
        }
    except DefinitionError as error:
        raise ExperimentError(f"experiment {experiment.name!r}: {error}") from None
    of_benefit = [n for n, m in candidates.items() if getattr(m, "PREDICTS", "event") == "benefit"]
    if of_benefit:
        raise ExperimentError(
            f"experiment {experiment.name!r}: candidates must predict the probability of an event, "
            f"and {', '.join(map(repr, of_benefit))} predict benefit of a treatment, which only a "
            "trial's arms can teach; leave them out of [candidates]"
        )
    described = dataset.read() if hasattr(dataset, "read") else None
    whole = dataset.load() if described is None else described.cohort
    if experiment.assay.batch is not None:
        whole = with_batch(whole, experiment.assay.batch)
    cohort = whole.where(experiment.data.where)
    validation = experiment.validation
    if validation.site is not None:
        cohort = cohort.at_sites(validation.site)
    if validation.develop_on:
        cohort = cohort.where({validation.site or "": validation.develop_on + validation.test_on})
    try:
        values = outcome.derive(cohort.records)
        left_out = outcome.ineligible(cohort.records) if hasattr(outcome, "ineligible") else None
    except KeyError as error:
        raise ExperimentError(
            f"experiment {experiment.name!r}: outcome {experiment.data.outcome!r} asks for the "
            f"record {error}; {cohort.name} has: {', '.join(sorted(cohort.records))}"
        ) from None
    cohort = cohort.with_outcome(experiment.data.outcome, values, left_out)
    try:
        schema = cohort.schema.choose(**experiment.features.model_dump())
    except SchemaError as error:
        raise ExperimentError(f"experiment {experiment.name!r}, features: {error}") from None
    cohort, dropped = cohort.with_features(schema).without_empty_features()
    for part, left in (("baseline", cohort.schema.baseline), ("panel", cohort.schema.panel)):
        if not left:
            raise ExperimentError(
                f"experiment {experiment.name!r}: nothing is left of the {part}; "
                + "; ".join(f"{name} is {why}" for name, why in dropped.items())
            )
    references = reference_rows(whole, cohort, experiment.assay)
    handling = handling_of(experiment.assay, cohort.schema, references, experiment.name)
    cohort = cohort.with_features(replace(cohort.schema, handling=handling))
    people_groups(cohort, experiment)  # what it cannot find is said before the first fit
    folds = lay_out(experiment, cohort, references)
    return AssembledStudy(
        experiment, cohort, outcome.OUTCOME, dropped, folds, candidates, references, described
    )
