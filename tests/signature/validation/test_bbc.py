"""The corrected best of many configurations against published numbers, a plain loop and truth."""

import numpy as np
import pytest
from scipy.special import expit

from signature.exceptions import PredictionsError
from signature.validation.bbc import bias_corrected_best
from signature.validation.metrics import auroc, brier, person_counts


def _null(seed, n=40, configurations=30):
    rng = np.random.default_rng(seed)
    return np.arange(n) % 2, rng.random((n, configurations)), rng


def test_nothing_to_find_among_thirty_configurations():
    """Judged before: naive best AUROC .684–.689, corrected .493–.499.

    Independent guesses have a corrected AUROC of .5 exactly on average; with 80 cohorts the
    standard errors here are about .004 and .007.
    """
    naive, corrected = [], []
    for seed in range(80):
        outcome, guesses, rng = _null(seed)
        found = bias_corrected_best(
            outcome, guesses, auroc, person=np.arange(40), rng=rng, draws=100
        )
        naive.append(found.naive)
        corrected.append(found.value)
    assert np.mean(naive) == pytest.approx(0.6865, abs=0.015)
    assert np.mean(corrected) == pytest.approx(0.496, abs=0.025)


def test_it_is_what_a_plain_loop_over_draws_finds():
    outcome, guesses, _ = _null(1, n=30, configurations=4)
    person = np.arange(30) // 2  # two rows each, both outcomes
    strata = np.repeat([0, 1, 2], 10)
    found = bias_corrected_best(
        outcome,
        guesses,
        auroc,
        person=person,
        strata=strata,
        rng=np.random.default_rng(5),
        draws=60,
        level=0.8,
    )

    def area(rows, column):
        pairs = [
            0.5 * (guesses[i, column] == guesses[j, column])
            + (guesses[i, column] > guesses[j, column])
            for i in rows
            for j in rows
            if outcome[i] > outcome[j]
        ]
        return np.mean(pairs)

    values, chosen = [], np.zeros(4)
    for counts in person_counts(person, strata, 60, np.random.default_rng(5)):
        drawn = np.repeat(np.arange(30), counts)
        pick = int(np.argmax([area(drawn, c) for c in range(4)]))
        chosen[pick] += 1 / 60
        values.append(area(np.flatnonzero(counts == 0), pick))
    assert found.value == pytest.approx(np.mean(values))
    assert [found.low, found.high] == pytest.approx(list(np.quantile(values, [0.1, 0.9])))
    assert found.chosen == pytest.approx(tuple(chosen))
    everybody = [area(range(30), c) for c in range(4)]
    assert (found.naive, found.best) == (pytest.approx(max(everybody)), int(np.argmax(everybody)))
    assert (found.draws, found.undefined) == (60, 0)


def test_one_configuration_has_nothing_to_correct():
    rng = np.random.default_rng(2)
    outcome = np.arange(300) % 2
    score = expit(outcome + rng.normal(size=300))[:, None]
    found = bias_corrected_best(outcome, score, auroc, person=np.arange(300), rng=rng, draws=400)
    assert found.value == pytest.approx(found.naive, abs=0.01)
    assert found.low < found.naive < found.high
    assert found.chosen == (1.0,)


def test_a_clear_best_is_chosen_and_keeps_its_value_and_the_interval_covers_the_truth():
    """AUROC of one normal standard deviation is .760."""
    covered, chosen = 0, []
    for seed in range(40):
        rng = np.random.default_rng(100 + seed)
        outcome = np.arange(100) % 2
        shift = np.r_[1.0, np.zeros(9)]
        score = outcome[:, None] * shift + rng.normal(size=(100, 10))
        found = bias_corrected_best(
            outcome, expit(score), auroc, person=np.arange(100), rng=rng, draws=200
        )
        covered += found.low <= 0.760 <= found.high
        chosen.append(found.chosen[0])
    assert np.mean(chosen) > 0.9
    assert covered >= 37  # an interval of as few people as are left undrawn


def test_the_lowest_loss_is_the_best():
    outcome, guesses, _ = _null(3, n=300, configurations=5)
    guesses[:, 2] = 0.5 + (guesses[:, 2] - 0.5) / 10  # nearly says nothing: a Brier score of 1/4
    found = bias_corrected_best(
        outcome,
        guesses,
        brier,
        person=np.arange(300),
        rng=np.random.default_rng(0),
        higher_is_better=False,
    )
    assert found.best == 2
    assert found.chosen[2] == 1
    assert found.naive == pytest.approx(np.mean((guesses[:, 2] - outcome) ** 2))
    assert found.value == pytest.approx(0.25, abs=0.01)


def test_repeats_are_averaged():
    outcome, guesses, _ = _null(4)
    how = {"person": np.arange(40), "draws": 50}
    one = bias_corrected_best(outcome, guesses, auroc, rng=np.random.default_rng(0), **how)
    twice = np.stack([guesses, guesses])
    same = bias_corrected_best(outcome, twice, auroc, rng=np.random.default_rng(0), **how)
    assert same == one
    turned = np.stack([guesses, 1 - guesses])  # every AUROC and its complement
    flat = bias_corrected_best(outcome, turned, auroc, rng=np.random.default_rng(0), **how)
    assert (flat.naive, flat.value) == (pytest.approx(0.5), pytest.approx(0.5))


def test_people_are_drawn_whole():
    """Fifty copies of each row would leave nobody out if rows were drawn."""
    outcome, guesses, _ = _null(6, n=20)
    person = np.repeat(np.arange(20), 50)
    how = {"draws": 40, "strata": None}
    many = bias_corrected_best(
        outcome[person],
        guesses[person],
        auroc,
        person=person,
        rng=np.random.default_rng(0),
        **how,
    )
    one = bias_corrected_best(
        outcome, guesses, auroc, person=np.arange(20), rng=np.random.default_rng(0), **how
    )
    assert many.value == pytest.approx(one.value)
    assert many.chosen == one.chosen


def test_draws_that_leave_one_class_are_counted():
    outcome, guesses, rng = _null(7, n=5, configurations=3)
    found = bias_corrected_best(outcome, guesses, auroc, person=np.arange(5), rng=rng, draws=400)
    # both events are drawn in half of all draws
    assert 160 < found.undefined < 260
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_no_value_where_every_person_is_the_only_one_of_a_stratum():
    outcome, guesses, rng = _null(8, n=6, configurations=3)
    found = bias_corrected_best(
        outcome, guesses, auroc, person=np.arange(6), strata=np.arange(6), rng=rng, draws=20
    )
    assert (found.value, found.low, found.high, found.undefined) == (None, None, None, 20)
    assert found.chosen[found.best] == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"outcome": np.zeros(40, dtype=int)}, "none of 30 configurations has a metric on all 40"),
        ({"person": np.arange(39)}, r"got shape \(40, 30\) and 39 persons"),
        ({"predictions": np.ones((39, 2))}, r"got shape \(39, 2\) and 40 persons"),
        ({"predictions": np.ones((40, 0))}, r"got shape \(40, 0\)"),
        ({"predictions": np.full((40, 2), np.nan)}, "80 of 80 out-of-fold predictions are missing"),
    ],
)
def test_what_cannot_be_corrected_is_refused(change, message):
    outcome, guesses, rng = _null(0)
    given = {"outcome": outcome, "predictions": guesses, "person": np.arange(40), **change}
    with pytest.raises(PredictionsError, match=message):
        bias_corrected_best(metric=auroc, rng=rng, **given)
