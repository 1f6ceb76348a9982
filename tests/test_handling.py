"""What an experiment says of its assay reaches every candidate, and nothing held out teaches it."""

import json

import numpy as np
import pandas as pd
import pytest

from pipelines.assay_facts import assay_record
from pipelines.experiment import Experiment, load_experiment
from pipelines.fitting import Rows, Task, fit_task
from pipelines.store import FoldStore
from pipelines.study import assemble
from signature.adaptation import harmonises, unseen_rows
from signature.contributions import contributions
from signature.discovery import load
from signature.exceptions import CohortError, ExperimentError, ModelInputError
from signature.handling import Handling
from signature.procedures import linear_steps
from signature.schema import BATCH, Column, FeatureSchema, Role, Scale, censored

TEXT = """
title = "t"
question = "q?"
caution = "Simulated people; nothing here is real."
seed = 3
[data]
dataset = "simulate"
outcome = "simulated_response"
where = {{ arm = ["control"] }}
[features]
baseline = ["demographics"]
panel = ["cytokine", "acute phase"]
{assay}
[validation]
site = "site"
repeats = 1
inner_folds = 2
[tuning]
trials = 1
[gate]
auroc_at_least = 0.7
"""

PLATES = '[assay]\nbatch = "plate"\n'
SHIFT = (
    '[assay]\nbatch = "site"\nharmonise = "reference_shift"\nreference = "site 1"\n'
    'references = { arm = ["treatment"] }\n'
)
ADAPTED = (
    '[assay]\nbatch = "site"\nharmonise = "combat"\nunseen = "adapted"\n'
    'references = { arm = ["treatment"] }\n'
)


@pytest.fixture
def study_of(tmp_path):
    """Return a function that assembles the experiment with an assay block."""

    def make(assay=""):
        path = tmp_path / "mine.toml"
        path.write_text(TEXT.format(assay=assay))
        return assemble(load_experiment(path))

    return make


def _fit(study, tmp_path, candidate="elastic_net"):
    """Fit one fold and return its store, its task and the held-out probabilities."""
    fold = study.folds[0]
    task = Task(candidate, fold.key, fold.train, fold.held_out)
    store = FoldStore(tmp_path, "0" * 16)
    fit_task(task, Rows.of(study.cohort, study.references), study.experiment, store)
    return store.procedure(candidate, fold.key), task, store.load(candidate, fold.key).probability


@pytest.mark.parametrize("candidate", ["elastic_net", "shallow_xgboost", "best_single_marker"])
@pytest.mark.parametrize(
    "assay",
    [
        '[assay]\nlimits = "conditional"\nmissing = "regression"\n',
        '[assay]\nlimits = "normal"\ndetected_above = 0.2\n',
        PLATES + 'harmonise = "combat"\ndetected_above = 0.2\nresidualise = ["age"]\n',
        SHIFT,
        ADAPTED,
    ],
    ids=["conditional", "detected", "combat", "shift", "adapted"],
)
def test_every_handling_is_fitted_saved_and_explained(study_of, tmp_path, assay, candidate):
    study = study_of(assay)
    procedure, task, probability = _fit(study, tmp_path, candidate)
    held_out = study.cohort.X.reset_index(drop=True).iloc[task.held_out]
    np.testing.assert_array_equal(procedure.predict_proba(held_out)[:, 1], probability)
    parts = contributions(procedure, held_out)
    np.testing.assert_allclose(parts.sum(axis=1), procedure.decision_function(held_out), atol=1e-5)
    assert BATCH not in parts


@pytest.mark.parametrize("candidate", ["elastic_net", "clinical_only", "best_single_marker"])
def test_draws_in_training_follow_the_seed(study_of, candidate):
    study = study_of('[assay]\nlimits = "conditional"\nmissing = "regression"\n')
    X = study.cohort.X.assign(age=study.cohort.X["age"].mask(np.arange(len(study.cohort)) < 9))

    def drawn(seed):
        pipeline = load("models", candidate, ["build"]).build(
            study.cohort.schema, random_state=seed
        )
        return pipeline[:-1].fit_transform(X)

    np.testing.assert_array_equal(drawn(1), drawn(1))
    assert not np.array_equal(drawn(1), drawn(2))


def test_markers_without_limits_tell_of_values_below_and_gaps_stay_gaps():
    rng = np.random.default_rng(8)
    tnf = rng.normal(3, 1, 400)
    il6 = tnf + rng.normal(0, 0.3, 400)
    low, gap = il6 < 2.6, np.arange(400) < 20
    X = pd.DataFrame({"TNF": np.exp2(tnf), "IL6": np.exp2(il6)})
    X["IL6"] = X["IL6"].mask(low | gap)
    X["IL6__below"] = np.where(low & ~gap, 2.0**2.6, np.nan)
    markers = [
        Column("TNF", Role.MARKER, "cytokine", scale=Scale.LOG2, in_panel=True),
        *censored(Column("IL6", Role.MARKER, "cytokine", scale=Scale.LOG2, in_panel=True)),
    ]
    schema = FeatureSchema(tuple(markers), Handling(limits="conditional"))
    steps = dict(linear_steps(schema, random_state=0))
    out = steps["limits"].fit_transform(X)
    truth, found = il6[low & ~gap], np.log2(out["IL6"])[low & ~gap]
    assert np.corrcoef(truth, found)[0, 1] > 0.6
    # the experiment says "median" of gaps
    assert out.loc[gap, "IL6"].isna().all()


def test_the_markers_of_a_batch_that_is_named_alone_are_moved_alone(study_of):
    study = study_of(SHIFT + 'columns = ["IL6"]\n')
    assert set(study.cohort.schema.handling.shifts[1.0]) == {"IL6"}


def test_shifts_come_from_reference_rows_and_no_other(study_of):
    study = study_of(SHIFT)
    told = study.cohort.schema.handling
    refs, cohort = study.references, study.cohort
    assert not set(refs.index) & set(cohort.X.index)
    # a value below its limit lies below the median, wherever it lies
    values = np.log2(refs["IL18"]).mask(refs["IL18__below"].notna(), -np.inf)
    level = values.groupby(refs[BATCH]).median()
    assert told.shifts[1.0]["IL18"] == pytest.approx(level[1.0] - level[0.0], abs=1e-9)
    assert told.shifts[0.0]["IL18"] == 0


def test_a_new_site_is_placed_by_its_reference_rows(study_of, tmp_path):
    study = study_of(ADAPTED)
    procedure, task, _ = _fit(study, tmp_path)
    held_out = study.cohort.X.reset_index(drop=True).iloc[task.held_out]
    assert harmonises(procedure)
    assert not unseen_rows(procedure, held_out).any()
    with pytest.raises(ModelInputError, match="assay batch"):
        procedure.predict_proba(held_out.assign(**{BATCH: np.nan}))


def test_outcomes_of_held_out_people_and_of_references_change_nothing(study_of, tmp_path):
    study = study_of(ADAPTED)
    _, _, one = _fit(study, tmp_path / "one")
    rows = study.cohort.outcome.copy()
    at = study.cohort.X.index[study.folds[0].held_out]
    rows[at] = 1 - rows[at]
    study.cohort.__dict__["outcome"] = rows
    _, _, other = _fit(study, tmp_path / "other")
    np.testing.assert_array_equal(one, other)


def test_clinical_candidates_carry_no_batch(study_of, tmp_path):
    procedure, _, _ = _fit(study_of(ADAPTED), tmp_path, "clinical_only")
    assert not harmonises(procedure)
    assert BATCH not in procedure.estimator_[0].columns_


def test_what_is_refused_stops_the_run_and_says_so(study_of, tmp_path):
    study = study_of(PLATES + 'harmonise = "combat"\nunseen = "refused"\n')
    with pytest.raises(ModelInputError, match="score batches that training knew"):
        _fit(study, tmp_path)


@pytest.mark.parametrize(
    ("assay", "error", "message"),
    [
        ('[assay]\nharmonise = "combat"\n', ExperimentError, "harmonise needs batch"),
        (
            PLATES + 'harmonise = "reference_shift"\n',
            ExperimentError,
            "needs reference: the batch that stays",
        ),
        (PLATES + 'unseen = "adapted"\n', ExperimentError, "belongs to harmonise = 'combat'"),
        ('[assay]\nbatch = "machine"\n', CohortError, "no column 'machine'"),
        (SHIFT.replace('"site 1"', '"site 9"'), ExperimentError, "no batch 'site 9'"),
        (SHIFT + 'columns = ["IL_6"]\n', ExperimentError, "assay: no column 'IL_6'"),
        (SHIFT.replace("treatment", "control"), CohortError, "no row has arm"),
        ('[assay]\nlimits = "zero"\n', ExperimentError, "assay.limits"),
    ],
)
def test_what_cannot_be_is_named(study_of, assay, error, message):
    with pytest.raises(error, match=message):
        study_of(assay)


def test_the_assay_block_decides_a_fold(study_of):
    plain, combat = study_of().experiment, study_of(PLATES + 'harmonise = "combat"\n').experiment
    assert isinstance(plain, Experiment)
    assert plain.digest != combat.digest


def test_the_record_counts_batches_and_references(study_of):
    study = study_of(SHIFT)
    record = assay_record(study)
    told = record.harmonisation
    assert [b.batch for b in told.batches] == ["site 1", "site 2", "site 3"]
    assert sum(b.rows for b in told.batches) == len(study.cohort)
    assert sum(b.references for b in told.batches) == len(study.references)
    assert told.reference == "site 1"
    panel = set(study.cohort.schema.panel)
    assert {m.marker for m in record.detection} == panel
    text = record.model_dump_json()
    json.loads(text)
    subjects = study.cohort.subject.astype(str)
    assert not any(f'"{s}"' in text for s in subjects)
    assert study_of().cohort.schema.handling.detected_above == 0.6
    assert assay_record(study_of()).harmonisation is None
