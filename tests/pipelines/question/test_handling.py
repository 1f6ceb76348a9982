"""What an experiment says of its assay reaches every candidate, and nothing held out teaches it."""

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

from pipelines.fit.fitting import Rows, Task, fit_task
from pipelines.fit.store import FoldStore, fingerprint
from pipelines.fit.tuning import Tuner, fit_tuned
from pipelines.question.assembly import assemble
from pipelines.question.experiment import Experiment, load_experiment
from pipelines.question.handling import check_batches, handling_of
from pipelines.track.model_summary import input_example
from pipelines.train.assay_quality import assay_record
from signature.assay.reading import Reading
from signature.assay.study import DescribedStudy
from signature.discovery import load
from signature.exceptions import AssayError, CohortError, ExperimentError, ModelInputError
from signature.learn.adaptation import harmonises, unseen_rows
from signature.learn.contributions import contributions
from signature.prepare.procedures import linear_steps
from signature.serve.persistence import ModelCard, save_model
from signature.serve.serving import Scorer, serving_schema
from signature.study.handling import Handling
from signature.study.schema import (
    BATCH,
    Column,
    FeatureSchema,
    Role,
    Scale,
    batch_column,
    censored,
    source_of,
)
from signature.study.whose import Whose

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
[claim]
design = "prospective"

[gate]
auroc_at_least = 0.7
"""

PLATES = '[assay]\nbatch = "plate"\n'
SHIFT = (
    '[assay]\nbatch = "site"\nharmonise = "reference_shift"\nreference = "site 1"\n'
    'references = { arm = ["treatment"] }\n'
)
COMBAT = '[assay]\nbatch = "site"\nharmonise = "combat"\n'
ADAPTED = (
    '[assay]\nbatch = "site"\nharmonise = "combat"\nunseen = "adapted"\n'
    'references = { arm = ["treatment"] }\n'
)


@pytest.fixture(scope="module")
def study_of(tmp_path_factory):
    """Return a function that assembles the experiment with an assay block; once for each block."""
    path = tmp_path_factory.mktemp("experiment") / "mine.toml"

    @cache
    def make(assay=""):
        path.write_text(TEXT.format(assay=assay))
        return assemble(load_experiment(path))

    return make


def _narrow(study):
    """Return the study with a few of its markers: what is asked is the same, and sooner told."""
    schema = study.cohort.schema.only(["age", "female", "CRP", "IL6", "TNF", "IL1B"])
    references = study.references
    if references is not None:
        references = references[list(schema.names)]
    return replace(study, cohort=study.cohort.with_features(schema), references=references)


def _fit(study, tmp_path, candidate="elastic_net"):
    """Fit one fold and return its store, its task and the held-out probabilities."""
    fold = study.folds[0]
    task = Task(candidate, fold.key, fold.train, fold.held_out)
    store = FoldStore(tmp_path, "0" * 16)
    fit_task(task, Rows.of(study.cohort, study.references), study.experiment, store)
    return store.procedure(candidate, fold.key), task, store.load(candidate, fold.key).probability


@pytest.mark.parametrize(
    "candidate", ["elastic_net", "shallow_xgboost", "best_single_marker", "stable_signature"]
)
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
    study = _narrow(study_of(assay))
    procedure, task, probability = _fit(study, tmp_path, candidate)
    held_out = study.cohort.X.reset_index(drop=True).iloc[task.held_out]
    np.testing.assert_array_equal(procedure.predict_proba(held_out)[:, 1], probability)
    parts = contributions(procedure, held_out)
    np.testing.assert_allclose(parts.sum(axis=1), procedure.decision_function(held_out), atol=1e-5)
    assert BATCH not in parts


@pytest.mark.parametrize("candidate", ["elastic_net", "clinical_only", "best_single_marker"])
def test_draws_in_training_follow_the_seed(study_of, candidate):
    study = _narrow(study_of('[assay]\nlimits = "conditional"\nmissing = "regression"\n'))
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
    changed = replace(study, cohort=replace(study.cohort, outcome=rows))
    _, _, other = _fit(changed, tmp_path / "other")
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "assay",
    [
        '[assay]\nlimits = "conditional"\nmissing = "regression"\n',
        PLATES + 'limits = "normal"\nharmonise = "combat"\nresidualise = ["age"]\n',
        SHIFT,
        ADAPTED,
    ],
    ids=["conditional", "combat", "shift", "adapted"],
)
def test_held_out_rows_teach_nothing(study_of, tmp_path, assay):
    study = _narrow(study_of(assay))
    procedure, task, _ = _fit(study, tmp_path / "one")
    rows = Rows.of(study.cohort, study.references)
    X, y = rows.X.copy(), rows.outcome.copy()
    values = [c for c in X if c != BATCH]
    X.loc[task.held_out, values] = 3 * X.loc[task.held_out[::-1], values].to_numpy()
    y[task.held_out] = 1 - y[task.held_out]
    store = FoldStore(tmp_path / "other", "0" * 16)
    fit_task(task, replace(rows, X=X, outcome=y), study.experiment, store)
    other = store.procedure(task.candidate, task.key)
    for table in (rows.X, X):
        of = table.iloc[task.held_out]
        found = procedure.decision_function(of)
        np.testing.assert_array_equal(found, other.decision_function(of))
        some = range(0, len(of), 5)
        alone = [procedure.decision_function(of.iloc[[k]])[0] for k in some]
        np.testing.assert_allclose(alone, found[some], rtol=0, atol=1e-12)


def test_reference_rows_decide_a_fold(study_of):
    study = study_of(ADAPTED)
    moved = study.references.assign(IL6=study.references["IL6"] * 2)
    one, other = (
        fingerprint(study.experiment, study.cohort, references)
        for references in (study.references, moved)
    )
    assert one != other


def test_clinical_candidates_carry_no_batch(study_of, tmp_path):
    procedure, _, _ = _fit(study_of(ADAPTED), tmp_path, "clinical_only")
    assert not harmonises(procedure)
    assert BATCH not in procedure.estimator_[0].columns_


def test_a_reference_batch_that_a_fold_holds_out_is_named_before_the_first_fit(study_of):
    with pytest.raises(ExperimentError, match=r"'site 1' is held out, fewer than 3 rows of the"):
        study_of(COMBAT + 'reference = "site 1"\n')


def test_what_is_refused_is_named_before_the_first_fit(study_of):
    with pytest.raises(ExperimentError, match="of the rows held out are of a batch"):
        study_of(PLATES + 'harmonise = "combat"\nunseen = "refused"\n')


def test_a_site_with_too_few_reference_rows_is_named_before_the_first_fit(study_of):
    study = study_of(ADAPTED)
    of_one = study.references[BATCH] == 1
    few = pd.concat([study.references[~of_one], study.references[of_one].head(4)])
    with pytest.raises(ExperimentError, match=r"'site 2' .* has 4 of the 10 that are needed"):
        check_batches(study.cohort, study.folds, few, "mine")


def test_rows_without_a_batch_stop_a_strict_experiment_before_the_first_fit(study_of):
    study = study_of(ADAPTED)
    at = study.folds[0].held_out[:2]
    X = study.cohort.X.copy()
    X.iloc[at, X.columns.get_loc(BATCH)] = np.nan
    cohort = replace(study.cohort, X=X)
    with pytest.raises(ExperimentError, match=r"2 of the rows (held out|to train on) are of"):
        check_batches(cohort, study.folds, study.references, "mine")
    frozen = replace(cohort.schema, handling=replace(cohort.schema.handling, unseen="frozen"))
    check_batches(cohort.with_features(frozen), study.folds, study.references, "mine")


def test_a_batch_that_reference_rows_do_not_place_is_not_known(study_of):
    study = study_of(SHIFT)
    few = study.references[study.references[BATCH] != 1].copy()
    few = pd.concat([few, study.references[study.references[BATCH] == 1].head(5)])
    assay = study.experiment.assay
    told = handling_of(assay, study.cohort.schema, few, "mine")
    assert set(told.shifts) == {0.0, 2.0}
    with pytest.raises(ExperimentError, match="place no batch on 'site 1'"):
        handling_of(assay, study.cohort.schema, few[few[BATCH] != 2], "mine")


def test_a_small_reference_batch_is_none_on_inner_folds(study_of):
    """Three of its rows, in three inner folds: no inner training set has three of them."""
    study = study_of()
    rows = Rows.of(study.cohort)
    person = np.arange(len(rows.X))
    codes = np.where(person < 3, 1.0, 0.0)
    column = batch_column(["big", "small"])
    told = Handling(harmonise="combat", harmonised=study.cohort.schema.panel, reference=1.0)
    schema = FeatureSchema((*study.cohort.schema.columns, column), told)
    X = rows.X.assign(**{BATCH: codes})
    module = load("models", "best_single_marker", ["build", "space"])
    tuner = Tuner(module, schema, X, rows.outcome, Whose(person), 3, 1, 0, 0)
    tuned = tuner.run()
    assert np.isfinite(tuned.loss)
    assert fit_tuned(tuner, tuned).estimator_["harmonise"].reference == 1.0


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
        (SHIFT.replace("treatment", "control"), CohortError, "assay.references.* no row has arm"),
        (SHIFT.replace('"reference_shift"', '"none"'), ExperimentError, "references does nothing"),
        (SHIFT + 'columns = ["age"]\n', ExperimentError, "assay.columns: 'age' are no markers"),
        (
            SHIFT.replace('arm = ["treatment"]', 'site = ["site 2"]'),
            ExperimentError,
            "none of the .* reference rows is of the reference batch 'site 1'",
        ),
        ('[assay]\nresidualise = ["IL6"]\n', ExperimentError, "assay.residualise: 'IL6' are part"),
        ('[assay]\nlimits = "zero"\n', ExperimentError, "assay.limits"),
        (COMBAT + 'unseen = "adapted"\n', ExperimentError, "'adapted' needs references"),
        (COMBAT + 'references = { arm = ["treatment"] }\n', ExperimentError, "nothing else reads"),
        (PLATES + 'columns = ["IL6"]\n', ExperimentError, "columns does nothing"),
        (PLATES + 'residualise = ["assay_batch"]\n', ExperimentError, "is no feature"),
        (COMBAT + 'columns = ["IL6__below"]\n', ExperimentError, "is no feature"),
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


def test_the_served_schema_names_the_batches_that_the_model_knows(study_of, tmp_path):
    """A model that refuses unknown batches must still have an example row that it scores."""
    study = study_of(SHIFT + 'unseen = "refused"\n')
    procedure, _, _ = _fit(study, tmp_path)
    schema = serving_schema(study.cohort.schema, procedure)
    assert schema[BATCH].levels == ("site 1", "site 2", "site 3")
    example = input_example(schema, {}).reindex(columns=list(schema.names))
    assert np.isfinite(procedure.predict_proba(example)).all()
    plates = study_of(PLATES + 'harmonise = "combat"\n')
    procedure, task, _ = _fit(plates, tmp_path / "plates")
    held_out = set(plates.cohort.X[BATCH].iloc[task.held_out])
    levels = serving_schema(plates.cohort.schema, procedure)[BATCH].levels
    assert {i for i, name in enumerate(levels) if not name} == held_out


def test_a_partner_adapts_the_model_to_its_own_batch(study_of, tmp_path):
    """A laboratory that measures everything twice as high gets the same answers once adapted."""
    study = study_of(ADAPTED)
    procedure, task, _ = _fit(study, tmp_path)
    schema = serving_schema(study.cohort.schema, procedure)
    card = ModelCard(
        experiment="t", question="q", caution="c", candidate="elastic_net", outcome="o", event="e",
        no_event="n", n_rows=1, n_events=1, columns=schema.to_list(), fingerprint="0",
    )  # fmt: skip
    scorer = Scorer(save_model(procedure, card, tmp_path / "model"))
    rows = study.cohort.X.reset_index(drop=True).iloc[task.train][list(schema.names)]
    rows = rows[rows[BATCH] == rows[BATCH].iloc[0]]
    markers = [n for n in schema.names if source_of(n) in schema.panel]
    theirs = rows.assign(**{n: 2 * rows[n] for n in markers}).drop(columns=BATCH)
    with pytest.raises(ModelInputError, match="adapt the model"):
        scorer.score(theirs)
    ours = scorer.score(rows)["log_odds"]
    adapted = scorer.adapted(theirs).score(theirs)
    assert adapted["batch_not_seen"].eq(0).all()
    # limits move with the values here, but the model's own limit and its substitutes do not: close,
    # not equal
    assert np.corrcoef(ours, adapted["log_odds"])[0, 1] > 0.97
    assert abs((ours - adapted["log_odds"]).mean()) < 0.1
    with pytest.raises(AssayError, match="3 reference rows"):
        scorer.adapted(theirs.head(3))


def test_what_the_record_says_of_a_plate_is_said_of_many(study_of):
    study = study_of(PLATES + 'harmonise = "combat"\n')
    cohort = study.cohort
    codes, plate = cohort.X[BATCH].copy(), cohort.plate.copy()
    small, name = codes.iloc[0], plate.iloc[0]
    alone = codes.index[codes == small][1:]
    other = codes.index[codes != small][0]
    codes[alone], plate[alone] = codes[other], plate[other]
    cohort = replace(cohort, X=cohort.X.assign(**{BATCH: codes}), plate=plate)
    record = assay_record(replace(study, cohort=cohort))
    own = next(b for b in record.harmonisation.batches if b.batch == name)
    assert (own.rows, own.events) == (1, None)
    assert all((b.events is None) == (b.rows < 10) for b in record.harmonisation.batches)
    assert all(m.n >= 10 or m.plate == "plates of fewer than 10 rows" for m in record.detection)
    assert sum(m.n for m in record.detection if m.marker == "IL6") == len(cohort)


def test_the_record_counts_held_out_rows_that_no_adjustment_fits(study_of):
    by_site = study_of('[assay]\nbatch = "site"\nharmonise = "combat"\n')  # and sites are left out
    told = assay_record(by_site).harmonisation
    assert told.held_out_unseen == told.held_out == len(by_site.cohort)
    told = assay_record(study_of(ADAPTED)).harmonisation
    assert (told.held_out_unseen, told.held_out > 0) == (0, True)


def test_what_a_reader_doubted_is_in_the_record(study_of):
    study = study_of()
    doubt = "lab.csv: 3 cells are below a limit that no file gives"
    described = DescribedStudy("", study.cohort, None, (), Reading(findings=(doubt,)))
    found = assay_record(replace(study, described=described)).check.findings
    assert any(doubt in f.sentence for f in found)
    assert not any(doubt in f.sentence for f in assay_record(study).check.findings)
