"""Shifts that reference samples gave: constants, and how they are computed."""

import json

import numpy as np
import pandas as pd
import pytest
import skops.io
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone

from signature.exceptions import AssayError, ModelInputError
from signature.prepare.reference_shift import ReferenceShift, reference_shifts
from signature.serve.persistence import TRUSTED_TYPES

NAN = float("nan")
SHIFTS = {3.0: {"IL6": 0.5, "TNF": -1.0, "CRP": 9.0}, 1.0: {}, 2.0: {"TNF": 0.25}}
TABLE = pd.DataFrame(
    {
        "IL6": [1.0, 1.0, 1.0, NAN],
        "TNF": [2.0, 2.0, 2.0, 2.0],
        "IL6__censored": [0.0, 0.0, 1.0, NAN],
        "assay_batch": [1.0, 2.0, 3.0, 3.0],
    }
)


def test_each_batch_is_moved_by_its_constants():
    out = ReferenceShift(shifts=SHIFTS).fit_transform(TABLE)
    expected = pd.DataFrame(
        {
            "IL6": [1.0, 1.0, 0.5, NAN],
            "TNF": [2.0, 1.75, 3.0, 3.0],
            "IL6__censored": TABLE["IL6__censored"],
        }
    )
    pd.testing.assert_frame_equal(out, expected)


def test_nothing_is_learned_from_the_rows():
    fitted = ReferenceShift(shifts=SHIFTS).fit(TABLE * 7 + 1)
    pd.testing.assert_frame_equal(
        fitted.transform(TABLE), ReferenceShift(shifts=SHIFTS).fit_transform(TABLE)
    )


def test_codes_may_come_as_text_from_a_file():
    as_text = json.loads(json.dumps(SHIFTS))
    pd.testing.assert_frame_equal(
        ReferenceShift(shifts=as_text).fit_transform(TABLE),
        ReferenceShift(shifts=SHIFTS).fit_transform(TABLE),
    )


def test_a_batch_listed_twice_is_an_error():
    with pytest.raises(AssayError, match="listed twice"):
        ReferenceShift(shifts={"1": {}, 1.0: {}}).fit(TABLE)


def test_without_a_batch_column_everything_passes():
    table = TABLE.drop(columns="assay_batch")
    step = ReferenceShift(shifts=SHIFTS, unseen="refused").fit(table)
    pd.testing.assert_frame_equal(step.transform(table), table)
    assert not step.unseen_rows(table).any()


def test_a_batch_that_is_not_listed_follows_the_policy():
    new = TABLE.assign(assay_batch=[1.0, NAN, 4.0, 4.0])
    frozen = ReferenceShift(shifts=SHIFTS).fit(TABLE)
    pd.testing.assert_frame_equal(frozen.transform(new), new.drop(columns="assay_batch"))
    assert list(frozen.unseen_rows(new)) == [False, True, True, True]
    for policy in ("refused", "adapted"):
        with pytest.raises(ModelInputError, match="3 of 4 rows"):
            ReferenceShift(shifts=SHIFTS, unseen=policy).fit(TABLE).transform(new)


def test_no_shifts_at_all_is_everything_unseen():
    assert ReferenceShift().fit(TABLE).unseen_rows(TABLE).all()
    out = ReferenceShift().fit_transform(TABLE)
    pd.testing.assert_frame_equal(out, TABLE.drop(columns="assay_batch"))


def test_a_new_batch_is_added_by_its_constants(tmp_path):
    new = TABLE.assign(assay_batch=0.0)
    step = ReferenceShift(shifts=SHIFTS, unseen="adapted").fit(TABLE)
    adapted = step.adapt({"IL6": 2.0}, batch_code=0)
    assert adapted.transform(new)["IL6"].iloc[0] == -1.0
    pd.testing.assert_frame_equal(adapted.transform(TABLE), step.transform(TABLE))
    assert step.unseen_rows(new).all()
    with pytest.raises(AssayError, match="batch 0 has an adjustment already"):
        adapted.adapt({}, batch_code=0)
    with pytest.raises(AssayError, match="1 of 3 shifts of a batch are not finite"):
        step.adapt({"TNF": NAN}, batch_code=5)
    with pytest.raises(AssayError, match="declared 'frozen'"):
        ReferenceShift(shifts=SHIFTS).fit(TABLE).adapt({}, batch_code=5)

    skops.io.dump(adapted, tmp_path / "step.skops")
    loaded = skops.io.load(tmp_path / "step.skops", trusted=list(TRUSTED_TYPES))
    pd.testing.assert_frame_equal(loaded.transform(new), adapted.transform(new))
    assert clone(loaded).fit(TABLE).shifts == SHIFTS


@given(
    shift=st.floats(-5, 5),
    seed=st.integers(0, 1000),
    missing=st.floats(0, 0.4),
    statistic=st.sampled_from(["median", "mean"]),
)
@settings(max_examples=50, deadline=None)
def test_the_shift_of_a_shifted_material_is_found_and_taken_away(shift, seed, missing, statistic):
    rng = np.random.default_rng(seed)
    material = pd.DataFrame(rng.normal(3, 1, (30, 2)), columns=["IL6", "TNF"])
    material = material.mask(rng.random(material.shape) < missing)
    wells = pd.concat([material, material + shift])
    batch = np.repeat([1.0, 2.0], 30)
    shifts, not_known = reference_shifts(wells, batch, reference=1, statistic=statistic)
    assert shifts[1.0] == {"IL6": 0.0, "TNF": 0.0}
    for marker in set(material) - set(not_known.get(2.0, [])):
        assert shifts[2.0][marker] == pytest.approx(shift, abs=1e-9)
    out = ReferenceShift(shifts=shifts).fit_transform(wells.assign(assay_batch=batch))
    if not not_known:
        np.testing.assert_allclose(out.iloc[30:], out.iloc[:30], atol=1e-9)


def test_too_few_values_are_no_shift_and_are_listed():
    wells = pd.DataFrame({"IL6": np.arange(20.0), "TNF": np.arange(20.0)})
    wells.loc[10, "TNF"] = NAN
    batch = np.repeat([1.0, 2.0], 10)
    shifts, not_known = reference_shifts(wells, batch, reference=1)
    assert shifts[2.0] == {"IL6": 10.0, "TNF": 0.0}
    assert not_known == {2.0: ["TNF"]}
    # too few in the reference batch: not known anywhere, and the reference says so too
    shifts, not_known = reference_shifts(wells, batch, reference=2)
    assert shifts[1.0] == {"IL6": -10.0, "TNF": 0.0}
    assert not_known == {1.0: ["TNF"], 2.0: ["TNF"]}


def test_a_value_below_its_limit_counts_as_low():
    """Three of eight below 1: the median is that of the true values, whatever those three are."""
    true = np.array([0.1, 0.4, 0.9, 2.0, 3.0, 4.0, 5.0, 6.0])
    wells = pd.DataFrame(
        {
            "IL6": [*true, *np.where(true < 1, NAN, true)],
            "IL6__below": [*[NAN] * 8, *np.where(true < 1, 1.0, NAN)],
        }
    )
    batch = np.repeat([1.0, 2.0], 8)
    assert reference_shifts(wells, batch, reference=1, fewest=8) == (
        {1.0: {"IL6": 0.0}, 2.0: {"IL6": 0.0}},
        {},
    )
    _, unknown = reference_shifts(wells, batch, reference=1, fewest=8, statistic="mean")
    assert unknown == {2.0: ["IL6"]}
    # the median lies between the values 2 and 3: a limit above 2 may hide a value between them
    for limit, expected in ((1.9, {}), (2.5, {2.0: ["IL6"]})):
        wells["IL6__below"] = wells["IL6__below"].where(wells["IL6__below"].isna(), limit)
        assert reference_shifts(wells, batch, reference=1, fewest=8)[1] == expected


def test_wells_without_a_batch_are_left_out():
    wells = pd.DataFrame({"IL6": [1.0, 99.0, 2.0]})
    shifts, _ = reference_shifts(wells, [1.0, NAN, 2.0], reference=1, fewest=1)
    assert shifts == {1.0: {"IL6": 0.0}, 2.0: {"IL6": 1.0}}


def test_what_cannot_be_computed_is_named():
    wells = pd.DataFrame({"IL6": [1.0, 2.0]})
    with pytest.raises(AssayError, match="none of the 2 reference samples is of the reference"):
        reference_shifts(wells, [1, 2], reference=3)
    with pytest.raises(AssayError, match="2 rows of values, but 1 batch codes"):
        reference_shifts(wells, [1], reference=1)
    with pytest.raises(ValueError, match="must be 'median' or 'mean'"):
        reference_shifts(wells, [1, 2], reference=1, statistic="mode")
