"""Values below the limit: learned from training rows, the same whatever the lot."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signature.prepare.censored_normal import CensoredNormal
from signature.prepare.censoring import LimitSubstitution
from signature.prepare.conditional_imputation import ConditionalImputation
from signature.prepare.scaling import Log2Columns
from signature.serve.persistence import load_procedure, save_procedure

MODES = [LimitSubstitution, CensoredNormal, ConditionalImputation]

NAN = float("nan")


def _table(**columns):
    return pd.DataFrame(columns, dtype="float64")


def test_one_substitute_for_all_rows_hides_the_assay_lot():
    """Two lots with limits 1.2 and 6.9: after substitution, no split of IL6 separates them."""
    lots = np.array([1.2] * 60 + [6.9] * 40)
    out = LimitSubstitution().fit_transform(_table(IL6=[NAN] * 100, IL6__below=lots))
    assert out["IL6"].nunique() == 1
    assert out["IL6"].iloc[0] == pytest.approx(6.9 / np.sqrt(2))


@pytest.mark.parametrize("mode", MODES)
def test_the_column_beside_it_hides_the_assay_lot(mode):
    """What is measured below the limit of the other lot counts as low, in training and later."""
    rng = np.random.default_rng(0)
    values, limit = np.exp2(rng.normal(3, 1, 200)), np.repeat([4.0, 8.0], 100)
    low = values < limit
    table = _table(IL6=np.where(low, NAN, values), IL6__below=np.where(low, limit, NAN))
    fitted = mode(detected_above=None).fit(table)
    flag = fitted.transform(table)["IL6__censored"].to_numpy()
    np.testing.assert_array_equal(flag, values < 8)
    if mode is not ConditionalImputation:
        assert fitted.transform(table)["IL6"].to_numpy()[values < 8].std() < 1e-12
    later = fitted.transform(_table(IL6=[5.0, 9.0], IL6__below=[NAN, NAN]))
    assert list(later["IL6__censored"]) == [1, 0]


def test_one_odd_limit_does_not_make_everything_low():
    values = np.r_[np.linspace(3, 50, 95), [NAN] * 20]
    limits = np.r_[[NAN] * 95, [2.0] * 19, 40.0]
    fitted = LimitSubstitution().fit(_table(IL6=values, IL6__below=limits))
    assert fitted.common_ == {"IL6": 2.0}
    # nor does a lot of its own, if more measured values than censored ones were lost
    limits[-10:] = 40.0
    assert LimitSubstitution().fit(_table(IL6=values, IL6__below=limits)).common_ == {"IL6": 2.0}
    assert fitted.transform(_table(IL6=[3.0], IL6__below=[NAN]))["IL6__censored"].iloc[0] == 0


def test_learns_from_training_rows_only():
    train = _table(IL6=[NAN, 5.0], IL6__below=[2.0, NAN])
    new = _table(IL6=[NAN, NAN], IL6__below=[3.5, NAN])
    out = LimitSubstitution().fit(train).transform(new)
    assert out["IL6"].iloc[0] == pytest.approx(np.sqrt(2))
    assert np.isnan(out["IL6"].iloc[1])
    assert out["IL6__censored"].iloc[0] == 1.0


def test_a_limit_far_above_training_is_no_measurement():
    """ "Below 4000" is not "low": at serving it must not be read as the lowest value there is."""
    train = _table(IL6=[NAN, 5.0], IL6__below=[2.0, NAN])
    out = LimitSubstitution().fit(train).transform(_table(IL6=[NAN], IL6__below=[4000.0]))
    assert out.isna().all(axis=None)


def test_a_limit_above_the_median_of_a_marker_never_censored_is_no_measurement():
    fitted = LimitSubstitution().fit(_table(IL6=[4.0, 5.0, 6.0], IL6__below=[NAN] * 3))
    out = fitted.transform(_table(IL6=[NAN, NAN], IL6__below=[5.5, 4.5]))
    assert np.isnan(out["IL6"].iloc[0])
    assert out["IL6"].iloc[1] == pytest.approx(4.5 / np.sqrt(2))


def test_a_limit_on_a_log2_scale_moves_by_half_a_unit():
    train = _table(IL6=[NAN, 5.0], IL6__below=[2.0, NAN])
    assert LimitSubstitution(["IL6"]).fit_transform(train)["IL6"].iloc[0] == 1.5


def test_a_marker_censored_only_later_uses_the_limit_of_its_row():
    train = _table(IL6=[4.0, 5.0], IL6__below=[NAN, NAN])
    fitted = LimitSubstitution().fit(train)
    out = fitted.transform(_table(IL6=[NAN], IL6__below=[2.0]))
    assert list(out) == ["IL6"]
    assert out["IL6"].iloc[0] == pytest.approx(np.sqrt(2))


def test_a_column_that_only_looks_like_a_limit_is_kept():
    table = _table(other=[1.0, 2.0], IL6__below=[1.0, 2.0])
    assert list(LimitSubstitution().fit_transform(table)) == ["other", "IL6__below"]


@given(st.lists(st.sampled_from(["value", "below", "missing"]), min_size=2, max_size=20))
@settings(max_examples=50, deadline=None)
def test_nothing_is_lost_and_nothing_is_invented(kinds):
    value = [3.0 if k == "value" else NAN for k in kinds]
    limit = [1.0 if k == "below" else NAN for k in kinds]
    out = LimitSubstitution().fit_transform(_table(IL6=value, IL6__below=limit))
    assert list(out["IL6"].isna()) == [k == "missing" for k in kinds]
    if "IL6__censored" in out:
        flag = out["IL6__censored"]
        assert [k for k, f in zip(kinds, flag, strict=True) if f == 1] == ["below"] * sum(flag == 1)
        assert list(flag.isna()) == [k == "missing" for k in kinds]


def _censored(share, rows=20):
    """IL6 below 2.0 in a share of the rows, TNF never censored, age without a limit column."""
    low = np.arange(rows) < share * rows
    value = np.where(low, NAN, 3.0 + np.arange(rows) % 7)
    return _table(
        IL6=value,
        IL6__below=np.where(low, 2.0, NAN),
        TNF=5.0 + np.arange(rows) % 3,
        TNF__below=[NAN] * rows,
        age=np.arange(rows) + 20.0,
    )


@pytest.mark.parametrize("mode", MODES)
def test_beyond_the_share_a_marker_is_detected_or_not(mode):
    step = mode(detected_above=0.6).fit(_censored(0.65))
    assert step.detected_only_ == ["IL6"]
    out = step.transform(_censored(0.65))
    assert "IL6" not in out
    assert "IL6__below" not in out
    assert list(out["IL6__censored"]) == [1.0] * 13 + [0.0] * 7
    assert list(out) == list(step.get_feature_names_out())


@pytest.mark.parametrize("mode", MODES)
def test_up_to_the_share_a_marker_keeps_its_values(mode):
    step = mode(detected_above=0.6).fit(_censored(0.6))
    assert step.detected_only_ == []
    out = step.transform(_censored(0.6))
    assert list(out["IL6"][12:]) == list(_censored(0.6)["IL6"][12:])
    assert list(out) == list(step.get_feature_names_out())


@pytest.mark.parametrize("mode", MODES)
def test_rows_without_a_measurement_do_not_count_in_the_share(mode):
    few = pd.concat([_censored(0.65), _table(IL6=[NAN] * 80)], ignore_index=True)
    assert mode(detected_above=0.6).fit(few).detected_only_ == ["IL6"]


@pytest.mark.parametrize("mode", MODES)
def test_a_marker_that_is_detected_or_not_is_missing_where_its_limit_says_nothing(mode):
    step = mode(detected_above=0.6).fit(_censored(0.65))
    new = _censored(0.65).head(3).assign(IL6__below=[NAN, 4000.0, 1.0])
    flags = step.transform(new)["IL6__censored"]
    if mode is ConditionalImputation:  # which fills them with the commoner training value
        assert list(flags) == [1.0, 1.0, 1.0]
        flags = step.set_params(fill_missing=False).transform(new)["IL6__censored"]
    assert flags.isna().tolist() == [True, True, False]


@pytest.mark.parametrize("mode", MODES)
def test_a_marker_always_below_its_limit_leaves_a_column_behind(mode):
    out = mode(detected_above=0.6).fit_transform(_censored(1.0))
    assert list(out["IL6__censored"]) == [1.0] * 20
    assert "IL6" not in out


@pytest.mark.parametrize("mode", MODES)
def test_a_share_that_is_none_is_named(mode):
    with pytest.raises(ValueError, match=r"detected_above is a share.*got 60"):
        mode(detected_above=60).fit(_censored(0.65))


def test_substitution_keeps_every_marker_unless_told_otherwise():
    assert "IL6" in LimitSubstitution().fit_transform(_censored(0.95))


@pytest.mark.parametrize("mode", MODES)
def test_hundreds_of_markers_are_put_together_at_once(mode):
    """Pandas warns, and the tests fail, when columns are added one by one."""
    names = [f"m{j}" for j in range(130)]
    base = _censored(0.3)
    table = pd.concat(
        [base[["IL6", "IL6__below"]].set_axis([n, f"{n}__below"], axis=1) for n in names], axis=1
    )
    few = {"burn_in": 1, "sweeps": 1} if mode is ConditionalImputation else {}
    assert len(mode(detected_above=0.2, **few).fit_transform(table).columns) == 130
    assert len(mode(detected_above=0.5, **few).fit_transform(table).columns) == 260


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_comes_back_from_a_file(mode, tmp_path):
    step = mode(detected_above=0.6).fit(_censored(0.65).assign(CRP=1.0, CRP__below=NAN))
    save_procedure(step, tmp_path / "step.skops")
    new = _censored(0.3).assign(CRP=NAN, CRP__below=0.5)
    loaded = load_procedure(tmp_path / "step.skops")
    pd.testing.assert_frame_equal(loaded.transform(new), step.transform(new), check_exact=True)


def test_log2_leaves_small_positive_values_alone():
    fitted = Log2Columns(["x"]).fit(_table(x=[8.0, 16.0]))
    assert fitted.transform(_table(x=[1.0]))["x"].iloc[0] == 0.0


def test_log2_reads_zero_as_half_the_smallest_positive_training_value():
    fitted = Log2Columns(["basophils"]).fit(_table(basophils=[0.0, 0.4, 1.6]))
    out = fitted.transform(_table(basophils=[0.0, 1.0, NAN]))
    assert out["basophils"].iloc[0] == pytest.approx(np.log2(0.2))
    assert out["basophils"].iloc[1] == 0.0
    assert np.isnan(out["basophils"].iloc[2])
