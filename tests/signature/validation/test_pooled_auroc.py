"""Pooled AUROCs: by hand, and no site lost without a word."""

from itertools import pairwise

import numpy as np
import pytest

from signature.validation.pooled_auroc import pool_auroc
from signature.validation.pooling import pool
from signature.validation.site_posterior import site_intervals


def test_aurocs_are_pooled_on_the_logit_scale_by_hand():
    area, error = np.array([0.7, 0.8, 0.65, 0.9]), np.array([0.05, 0.04, 0.08, 0.05])
    found = pool_auroc(list("abcd"), area, error)
    slope = [(np.log((a + 1e-6) / (1 - a - 1e-6)) - np.log(a / (1 - a))) / 1e-6 for a in area]
    expected = pool(np.log(area / (1 - area)), (error * slope) ** 2)
    assert found.logit.standard_error == pytest.approx(expected.standard_error, rel=1e-4)
    where = site_intervals(np.log(area / (1 - area)), (error * slope) ** 2, 0.95)
    ends = [where.prediction_low, where.low, expected.value, where.high]
    ours = [found.prediction_low, found.low, found.value, found.high]
    assert ours == pytest.approx([1 / (1 + np.exp(-e)) for e in ends], rel=1e-4)
    order = [0, *ours, found.prediction_high, 1]
    assert all(a < b for a, b in pairwise(order))


def test_sites_that_cannot_be_pooled_are_named_with_the_reason():
    nan = float("nan")
    found = pool_auroc(list("abcde"), [0.7, nan, 1.0, 0.6, 0.0], [0.1, nan, 0.0, nan, 0.1])
    assert found.left_out == {
        "b": "AUROC is undefined",
        "c": "AUROC is 0 or 1",
        "d": "no standard error",
        "e": "AUROC is 0 or 1",
    }
    assert (found.sites, found.logit.k) == (("a",), 1)
    assert found.value == pytest.approx(0.7)
    assert found.prediction_low is None
    nothing = pool_auroc(["a"], [nan], [nan])
    assert (nothing.logit, nothing.value, nothing.sites) == (None, None, ())


def test_an_impossible_table_of_sites_is_refused():
    with pytest.raises(ValueError, match="named twice among 'a', 'a'"):
        pool_auroc(["a", "a"], [0.7, 0.7], [0.1, 0.1])
    with pytest.raises(ValueError, match="2 sites, 1 and 1"):
        pool_auroc(["a", "b"], [0.7], [0.1])
    with pytest.raises(ValueError, match="from 0 to 1"):
        pool_auroc(["a"], [1.2], [0.1])
