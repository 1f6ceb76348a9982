"""A marker by visit, arm and later outcome."""

import numpy as np
import pytest
from scipy.stats import t

from signature.effect.visits.visit_lines import FEWEST, visit_lines
from signature.exceptions import PredictionsError


def made_up(n=80):
    rng = np.random.default_rng(0)
    arm = np.repeat(["drug", "placebo"], n // 2)
    better = (rng.random(n) < 0.5).astype(float)
    before = rng.normal(size=n)
    return before, before + 0.5 * better + rng.normal(size=n), arm, better


def test_means_and_intervals_are_those_of_students_t():
    before, after, arm, better = made_up()
    for line in visit_lines(before, after, arm, better):
        rows = (arm == line.arm) & (better == (line.later == "better"))
        assert line.people == rows.sum()
        for values, found in ((before, line.before), (after, line.after)):
            low, high = t.interval(
                0.95,
                rows.sum() - 1,
                values[rows].mean(),
                values[rows].std(ddof=1) / np.sqrt(rows.sum()),
            )
            assert (found.low, found.high) == pytest.approx((low, high))
            assert found.mean == pytest.approx(values[rows].mean())


def test_who_was_not_measured_at_both_visits_is_in_neither_mean():
    before, after, arm, better = made_up()
    after[:5] = np.nan
    better[5:9] = np.nan
    lines = visit_lines(before, after, arm, better)
    assert sum(line.people for line in lines) == len(before) - 9
    rows = (arm == "drug") & (better == 1) & np.isfinite(after)
    assert lines[0].before.mean == pytest.approx(before[rows].mean())


def test_few_people_are_counted_and_not_shown():
    before, after, arm, _ = made_up()
    better = np.ones(len(before))
    better[: FEWEST - 1] = 0
    lines = {(one.arm, one.later): one for one in visit_lines(before, after, arm, better)}
    assert lines["drug", "worse"].people == FEWEST - 1
    assert lines["drug", "worse"].before is None
    assert lines["drug", "better"].before is not None
    assert lines["placebo", "worse"].people == 0


def test_other_words_for_better_and_other_lengths_are_refused():
    before, after, arm, better = made_up()
    with pytest.raises(PredictionsError, match="1 hold otherwise"):
        visit_lines(before, after, arm, np.where(np.arange(len(better)) == 3, 2.0, better))
    with pytest.raises(PredictionsError, match="one entry per person"):
        visit_lines(before, after[1:], arm, better)
