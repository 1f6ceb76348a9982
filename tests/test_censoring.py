"""Values below the limit: learned from training rows, the same whatever the lot."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signature.censoring import LimitSubstitution
from signature.scaling import Log2Columns

NAN = float("nan")


def _table(**columns):
    return pd.DataFrame(columns, dtype="float64")


def test_one_substitute_for_all_rows_hides_the_assay_lot():
    """Two lots with limits 1.2 and 6.9: after substitution, no split of IL6 separates them."""
    lots = np.array([1.2] * 60 + [6.9] * 40)
    out = LimitSubstitution().fit_transform(_table(IL6=[NAN] * 100, IL6__below=lots))
    assert out["IL6"].nunique() == 1
    assert out["IL6"].iloc[0] == pytest.approx(1.2 / np.sqrt(2))


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


def test_log2_leaves_small_positive_values_alone():
    fitted = Log2Columns(["x"]).fit(_table(x=[8.0, 16.0]))
    assert fitted.transform(_table(x=[1.0]))["x"].iloc[0] == 0.0


def test_log2_reads_zero_as_half_the_smallest_positive_training_value():
    fitted = Log2Columns(["basophils"]).fit(_table(basophils=[0.0, 0.4, 1.6]))
    out = fitted.transform(_table(basophils=[0.0, 1.0, NAN]))
    assert out["basophils"].iloc[0] == pytest.approx(np.log2(0.2))
    assert out["basophils"].iloc[1] == 0.0
    assert np.isnan(out["basophils"].iloc[2])
