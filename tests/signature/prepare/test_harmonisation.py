"""ComBat as a step of a procedure: training rows only, no outcome, a policy for new batches."""

import numpy as np
import pandas as pd
import pytest
import skops.io
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from signature.exceptions import AssayError, ModelInputError
from signature.learn.adaptation import adapt_procedure, unseen_rows
from signature.learn.calibration import CalibratedProcedure
from signature.prepare.columns import TakeColumns
from signature.prepare.harmonisation import ComBat
from signature.prepare.scaling import Log2Columns
from signature.serve.persistence import TRUSTED_TYPES

MARKERS = [f"m{k}" for k in range(8)]
NAN = float("nan")


def _plates(sizes=(30, 30, 30), *, seed=0, shift=1.0, first=1, stretch=True):
    """Markers that depend on age, with a shift and a scale of their own on every plate."""
    rng = np.random.default_rng(seed)
    plate = np.repeat(np.arange(len(sizes)), sizes)
    age = rng.normal(50, 10, len(plate)) + 4 * plate
    noise = rng.normal(0, 1, (len(plate), len(MARKERS)))
    if stretch:
        noise *= np.sqrt(rng.gamma(10, 0.1, (len(sizes), len(MARKERS))))[plate]
    level = rng.normal(0, shift, (len(sizes), len(MARKERS)))
    values = 5 + noise + level[plate] + 0.05 * (age[:, None] - 50)
    table = pd.DataFrame(values, columns=MARKERS)
    return table.assign(age=age, assay_batch=plate + float(first))


def _step(**kwargs):
    return ComBat(**{"columns": MARKERS, "covariates": ["age"]} | kwargs)


def _between(table, codes):
    """Variance of plate means, averaged over markers."""
    return table[MARKERS].groupby(codes.to_numpy()).mean().var().mean()


def test_shifts_are_gone_from_rows_that_were_held_out():
    table = _plates((80, 80, 80, 80), seed=1)
    held_out = np.arange(len(table)) % 2 == 1
    flat = table.assign(**{m: table[m] - 0.05 * table["age"] for m in MARKERS})
    step = ComBat(columns=MARKERS).fit(flat[~held_out])
    out = step.transform(flat[held_out])
    codes = flat.loc[held_out, "assay_batch"]
    assert _between(flat[held_out], codes) > 0.5
    # two sets of 40 rows differ by sampling alone: .05
    assert _between(out, codes) < 0.1


def test_what_age_explains_between_plates_is_kept():
    table = _plates((60, 60, 60), seed=2, shift=0.0, stretch=False)
    table["age"] += 20 * table["assay_batch"]
    table[MARKERS] += 0.05 * 20 * table[["assay_batch"]].to_numpy()
    kept, taken = _step().fit_transform(table), ComBat(columns=MARKERS).fit_transform(table)
    codes = table["assay_batch"]
    assert _between(kept, codes) == pytest.approx(_between(table, codes), rel=0.15)
    assert _between(taken, codes) < 0.1 * _between(table, codes)


@pytest.mark.parametrize("parametric", [True, False])
@pytest.mark.parametrize("covariates", [(), ("age",)])
def test_the_outcome_changes_nothing(parametric, covariates):
    table = _plates()
    y = (table["m0"] > 5).astype(int)
    step = _step(parametric=parametric, covariates=covariates)
    without, with_ = clone(step).fit(table), clone(step).fit(table, y)
    for name in ("mean_", "sd_", "coef_", "shift_", "scale_"):
        np.testing.assert_array_equal(getattr(without, name), getattr(with_, name))


def test_only_markers_are_touched_and_the_batch_is_dropped():
    table = _plates().assign(m0__censored=0.0, bmi=25.0)
    table.loc[::3, "m0__censored"] = 1.0
    step = _step().fit(table)
    out = step.transform(table)
    assert list(out) == list(step.get_feature_names_out()) == [*MARKERS, "age", *table.columns[-2:]]
    untouched = ["age", "m0__censored", "bmi"]
    pd.testing.assert_frame_equal(out[untouched], table[untouched])
    assert (out[MARKERS] != table[MARKERS]).to_numpy().all()


def test_by_default_flags_and_covariates_pass():
    table = _plates().assign(m0__censored=np.arange(90) % 2 + 0.0, m0__below=NAN)
    assert ComBat(covariates=["age"]).fit(table).harmonised_ == MARKERS


def test_without_a_batch_column_everything_passes():
    table = _plates().drop(columns="assay_batch")
    step = _step(unseen="refused", reference=2).fit(table)
    assert step.n_batches_ == 0
    pd.testing.assert_frame_equal(step.transform(table), table)
    assert not step.unseen_rows(table).any()
    # a partner's table may have the column all the same
    pd.testing.assert_frame_equal(step.transform(table.assign(assay_batch=4.0)), table)


def test_a_single_batch_passes():
    table = _plates((30,))
    step = _step(unseen="refused").fit(table)
    assert step.n_batches_ == 1
    pd.testing.assert_frame_equal(step.transform(table), table.drop(columns="assay_batch"))


def test_the_reference_batch_stays_exactly_as_it_is():
    table = _plates()
    step = _step(reference=2).fit(table)
    assert np.all(step.shift_[1] == 0)
    assert np.all(step.scale_[1] == 1)
    out = step.transform(table)
    own = table["assay_batch"] == 2
    pd.testing.assert_frame_equal(out[own], table[own].drop(columns="assay_batch"))
    assert (out.loc[~own, MARKERS] != table.loc[~own, MARKERS]).to_numpy().all()


def test_a_reference_batch_that_training_lacks_is_named():
    with pytest.raises(AssayError, match=r"reference batch 9 has fewer than 3 of the 90 training"):
        _step(reference=9).fit(_plates())


@pytest.mark.parametrize("kwargs", [{"columns": ["IL6"]}, {"covariates": ["height"]}])
def test_columns_that_are_not_there_are_named(kwargs):
    with pytest.raises(ModelInputError, match=r"missing columns to .*'(IL6|height)'"):
        _step(**kwargs).fit(_plates())


def test_a_covariate_is_not_harmonised():
    with pytest.raises(ModelInputError, match="both a covariate and a column to harmonise: 'm0'"):
        _step(covariates=["m0"]).fit(_plates())


@pytest.mark.parametrize("gone", ["assay_batch", "m3"])
def test_a_new_table_must_have_the_columns(gone):
    table = _plates()
    with pytest.raises(ModelInputError, match=gone):
        _step().fit(table).transform(table.drop(columns=gone))


def test_an_unknown_policy_is_refused():
    with pytest.raises(ValueError, match="unseen must be one of frozen, refused, adapted"):
        _step(unseen="guessed").fit(_plates())


STEP = _step(parametric=False, smallest_batch=5)
TABLE = _plates((30, 30, 4, 20), seed=3).mask(
    np.random.default_rng(3).random((84, len(MARKERS) + 2)) < 0.1
)
FITTED = clone(STEP).fit(TABLE)


@given(st.lists(st.integers(0, len(TABLE) - 1), min_size=1, max_size=12))
@settings(max_examples=40, deadline=None)
def test_a_row_depends_on_itself_alone(rows):
    whole = FITTED.transform(TABLE)
    pd.testing.assert_frame_equal(FITTED.transform(TABLE.iloc[rows]), whole.iloc[rows], rtol=1e-12)


def test_rows_without_a_batch_teach_nothing():
    table = _plates()
    odd = table.iloc[:10].assign(assay_batch=NAN, **dict.fromkeys(MARKERS, 99.0))
    with_, without = _step().fit(pd.concat([table, odd])), _step().fit(table)
    # only what a missing age counts as may differ
    with_.covariate_means_ = without.covariate_means_
    np.testing.assert_allclose(with_.shift_, without.shift_, atol=1e-9)
    np.testing.assert_allclose(with_.scale_, without.scale_, rtol=1e-9)


def test_small_batches_count_as_unseen():
    table = _plates((30, 30, 4))
    alone = table[table["assay_batch"] != 3]
    step = ComBat(columns=MARKERS, smallest_batch=5).fit(table)
    assert list(step.batches_) == [1, 2]
    np.testing.assert_array_equal(step.shift_, ComBat(columns=MARKERS).fit(alone).shift_)
    assert list(step.unseen_rows(table)) == list(table["assay_batch"] == 3)


def test_batches_of_one_row_have_defined_results():
    table = _plates((20, 20, 1))
    assert ComBat(columns=MARKERS, smallest_batch=1).fit_transform(table).notna().all(axis=None)
    out = ComBat(columns=MARKERS).fit_transform(table)
    pd.testing.assert_frame_equal(out.iloc[[40]], table.iloc[[40]].drop(columns="assay_batch"))


def test_missing_values_stay_missing_and_the_rest_is_harmonised():
    out = FITTED.transform(TABLE)
    pd.testing.assert_frame_equal(out.isna(), TABLE.drop(columns="assay_batch").isna())


def test_a_marker_that_is_all_batch_becomes_one_number():
    table = _plates()
    table["m0"] = table["assay_batch"].map({1.0: 0.1, 2.0: 0.7, 3.0: 1 / 3})
    assert ComBat(columns=MARKERS).fit_transform(table)["m0"].nunique() == 1


def test_frozen_rows_pass_as_measured():
    table, new = _plates(), _plates((12,), seed=9, first=7)
    new.loc[5:, "assay_batch"] = NAN
    step = _step().fit(table)
    pd.testing.assert_frame_equal(step.transform(new), new.drop(columns="assay_batch"))
    assert step.unseen_rows(new).all()
    assert not step.unseen_rows(table).any()


@pytest.mark.parametrize("policy", ["refused", "adapted"])
def test_refused_rows_are_counted_not_shown(policy):
    table, new = _plates(), _plates((12,), seed=9, first=7)
    step = _step(unseen=policy).fit(table)
    step.transform(table)
    with pytest.raises(ModelInputError, match=r"12 of 102 rows are of an assay batch") as caught:
        step.transform(pd.concat([table, new]))
    assert str(round(new["m0"].iloc[0], 2)) not in str(caught.value)
    assert ("reference samples" in str(caught.value)) == (policy == "adapted")


@pytest.mark.parametrize("parametric", [True, False])
@pytest.mark.parametrize("mean_only", [True, False])
def test_adapting_to_a_batch_is_what_training_on_it_would_have_been(parametric, mean_only):
    """Against a reference batch nothing else is learned from the other batches."""
    table = _plates()
    first_two = table[table["assay_batch"] != 3]
    third = table[table["assay_batch"] == 3]
    how = {"parametric": parametric, "mean_only": mean_only, "reference": 1, "covariates": ()}
    step = _step(**how, unseen="adapted")
    adapted = clone(step).fit(first_two).adapt(third, batch_code=3)
    trained = clone(step).fit(table)
    pd.testing.assert_frame_equal(adapted.transform(table), trained.transform(table), rtol=1e-10)
    assert adapted.n_batches_ == 3


def test_adapting_changes_nothing_else():
    table, new = _plates(), _plates((40,), seed=9, first=0)  # a code before those of training
    step = _step(unseen="adapted").fit(table)
    before = step.transform(table)
    adapted = step.adapt(new.drop(columns="assay_batch"), batch_code=0)
    pd.testing.assert_frame_equal(adapted.transform(table), before)
    assert step.n_batches_ == 3
    assert step.unseen_rows(new).all()
    assert not adapted.unseen_rows(new).any()
    last = step.adapt(new.assign(assay_batch=9.0), batch_code=9)
    pd.testing.assert_frame_equal(
        adapted.transform(new), last.transform(new.assign(assay_batch=9.0))
    )
    again = adapted.adapt(_plates((20,), seed=10, first=8), batch_code=8)
    pd.testing.assert_frame_equal(again.transform(new), adapted.transform(new))
    assert adapted.n_batches_ == 4


def test_adapting_brings_a_shifted_batch_back():
    table = _plates((60, 60, 60), seed=4)
    rng = np.random.default_rng(5)
    same = table.iloc[rng.permutation(180)].assign(assay_batch=5.0)
    step = _step(unseen="adapted", covariates=()).fit(table)
    same[MARKERS] = step.transform(table).loc[same.index, MARKERS] + 3.0
    adapted = step.adapt(same.iloc[:90], batch_code=5)
    rest = adapted.transform(same.iloc[90:])
    target = step.transform(table).loc[same.index[90:], MARKERS]
    assert np.abs(rest[MARKERS].mean() - target.mean()).max() < 0.35
    assert np.abs(same[MARKERS].iloc[90:].mean() - target.mean()).min() > 2.9


@pytest.mark.parametrize(
    ("rows", "code", "policy", "message"),
    [
        (9, 7, "adapted", r"9 reference rows for batch 7, at least 10 are needed"),
        (20, 7, "frozen", "declared 'frozen' for unseen batches"),
        (20, 7, "refused", "declared 'refused' for unseen batches"),
        (20, 2, "adapted", "batch 2 has an adjustment already"),
        (20, 8, "adapted", "20 of 20 reference rows are of another batch than 8"),
    ],
)
def test_when_a_batch_cannot_be_adapted_to(rows, code, policy, message):
    step = _step(unseen=policy).fit(_plates())
    with pytest.raises(AssayError, match=message):
        step.adapt(_plates((rows,), first=7), batch_code=code)


def test_there_must_be_something_to_adapt_against():
    new = _plates((20,), first=7)
    table = _plates()
    with pytest.raises(AssayError, match="no column 'assay_batch'"):
        _step(unseen="adapted").fit(table.drop(columns="assay_batch")).adapt(new, batch_code=7)
    with pytest.raises(AssayError, match="no assay batch large enough"):
        _step(unseen="adapted").fit(table.assign(assay_batch=NAN)).adapt(new, batch_code=7)
    one = _step(unseen="adapted").fit(table.assign(assay_batch=1.0)).adapt(new, batch_code=7)
    assert one.transform(new)[MARKERS].mean().mean() == pytest.approx(5, abs=0.7)


def test_the_fewest_reference_rows_can_be_set():
    step = _step(unseen="adapted").fit(_plates())
    assert step.adapt(_plates((6,), first=7), batch_code=7, fewest=6).n_batches_ == 4


def _procedure(**kwargs):
    return Pipeline(
        [
            ("columns", TakeColumns([*MARKERS, "age", "assay_batch"])),
            ("log2", Log2Columns(MARKERS)),
            ("harmonise", _step(unseen="adapted", **kwargs)),
            ("model", LogisticRegression(max_iter=5000)),
        ]
    )


def _linear(table):
    return table.assign(**{m: 2.0 ** table[m] for m in MARKERS})


@pytest.mark.parametrize("calibrated", [True, False])
def test_a_whole_procedure_is_adapted(calibrated, tmp_path):
    table, new = _linear(_plates(seed=6)), _linear(_plates((30,), seed=7, first=9))
    y = np.random.default_rng(0).integers(0, 2, len(table))
    procedure = CalibratedProcedure(_procedure(), folds=3) if calibrated else _procedure()
    procedure.fit(table, y)
    before = procedure.predict_proba(table)
    with pytest.raises(ModelInputError, match="30 of 30 rows"):
        procedure.predict_proba(new)
    adapted = adapt_procedure(procedure, new.drop(columns="assay_batch"), 9)
    assert type(adapted) is type(procedure)
    np.testing.assert_array_equal(adapted.predict_proba(table), before)
    pipeline = adapted.estimator_ if calibrated else adapted
    logs = pipeline[:2].transform(new)
    own = (procedure.estimator_ if calibrated else procedure)["harmonise"]
    expected = own.adapt(logs, batch_code=9).transform(logs)
    pd.testing.assert_frame_equal(pipeline["harmonise"].transform(logs), expected)
    assert np.isfinite(adapted.predict_proba(new)).all()
    codes = pd.concat([table, new])[["assay_batch"]]
    assert list(unseen_rows(procedure, codes)) == [False] * len(table) + [True] * len(new)
    assert not unseen_rows(adapted, codes).any()
    # the one that was handed in has not learned the batch
    with pytest.raises(ModelInputError, match="30 of 30 rows"):
        procedure.predict_proba(new)

    skops.io.dump(adapted, tmp_path / "model.skops")
    assert set(skops.io.get_untrusted_types(file=tmp_path / "model.skops")) <= {*TRUSTED_TYPES}
    loaded = skops.io.load(tmp_path / "model.skops", trusted=list(TRUSTED_TYPES))
    np.testing.assert_array_equal(loaded.predict_proba(new), adapted.predict_proba(new))


def test_a_procedure_that_does_not_harmonise_cannot_be_adapted():
    table = _plates()
    model = LogisticRegression().fit(table, np.arange(len(table)) % 2)
    with pytest.raises(AssayError, match="has 0 ComBat steps"):
        adapt_procedure(Pipeline([("model", model)]), table, 9)
    assert not unseen_rows(Pipeline([("model", model)]), table).any()


def test_a_covariate_that_became_detected_or_not_is_kept():
    rng = np.random.default_rng(6)
    flag = (rng.random(120) < np.repeat([0.2, 0.8], 60)).astype(float)
    values = pd.DataFrame(rng.normal(0, 1, (120, 4)) + 3 * flag[:, None], columns=list("abcd"))
    plain = values.assign(cotinine=flag, assay_batch=np.repeat([0.0, 1.0], 60))
    flagged = plain.rename(columns={"cotinine": "cotinine__censored"})
    one, other = (ComBat(covariates=["cotinine"]).fit_transform(t) for t in (plain, flagged))
    np.testing.assert_array_equal(one, other)
    # the difference that the covariate explains is no batch's
    assert (other.loc[flag == 1, "a"].mean() - other.loc[flag == 0, "a"].mean()) > 2.5
