"""Tests, means and hindsight over folds, counted pair by pair."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pipelines.evaluate.fold_estimates import best_in_hindsight, fold_means, held_out_test
from signature.records.results import CandidateResult, FoldResult


def _table(outcome, probability, *, fold=0, repeat=0, person=None, candidate="x"):
    n = len(outcome)
    return pd.DataFrame(
        {
            "candidate": candidate,
            "repeat": repeat,
            "fold": fold,
            "row": np.arange(n),
            "person": np.arange(n) if person is None else person,
            "outcome": outcome,
            "probability": probability,
        }
    )


def _made_up(n=40, seed=0):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 3 // 2
    # one decimal: ties are counted half
    p, q = (np.clip((0.2 * k * y + rng.random(n)) / 2, 0, 1).round(1) for k in (3, 1))
    return y, p, q


def _beats(a, b):
    return 1.0 if a > b else 0.5 if a == b else 0.0


def _placements(y, p):
    """For each person, the share of the other class on the right side (Hanley 1997)."""
    events, others = np.flatnonzero(y == 1), np.flatnonzero(y == 0)
    return (
        np.array([np.mean([_beats(p[i], p[j]) for j in others]) for i in events]),
        np.array([np.mean([_beats(p[i], p[j]) for i in events]) for j in others]),
    )


def _error(events, others):
    return np.sqrt(np.var(events, ddof=1) / len(events) + np.var(others, ddof=1) / len(others))


def test_a_set_held_out_once_is_tested_by_placements():
    y, p, q = _made_up()
    # the reference's rows come in another order
    found = held_out_test(_table(y, p), _table(y, q).sample(frac=1, random_state=1))
    (v10, v01), (w10, w01) = _placements(y, p), _placements(y, q)
    area, error = v10.mean(), _error(v10, v01)
    half = stats.norm.ppf(0.975) * error / (area * (1 - area))
    center = np.log(area / (1 - area))
    assert found.auroc.value == pytest.approx(area)
    assert [found.auroc.low, found.auroc.high] == pytest.approx(
        1 / (1 + np.exp(-np.array([center - half, center + half])))
    )
    gain, error = v10.mean() - w10.mean(), _error(v10 - w10, v01 - w01)
    half = stats.norm.ppf(0.975) * error
    assert found.difference.value == pytest.approx(gain)
    assert [found.difference.low, found.difference.high] == pytest.approx(
        [gain - half, gain + half]
    )
    assert found.p_value == pytest.approx(2 * stats.norm.sf(abs(gain) / error))


def test_the_same_rows_twice_are_no_more_people():
    y, p, q = _made_up()
    once = held_out_test(_table(y, p), _table(y, q))
    twice = held_out_test(
        *(
            _table(np.tile(y, 2), np.tile(values, 2), person=np.tile(np.arange(len(y)), 2))
            for values in (p, q)
        )
    )
    assert twice.p_value == pytest.approx(once.p_value)
    assert twice.auroc.low == pytest.approx(once.auroc.low)


def test_the_same_predictions_differ_by_nothing_and_have_no_p():
    y, p, _ = _made_up()
    found = held_out_test(_table(y, p), _table(y, p))
    assert (found.difference.value, found.difference.low, found.p_value) == (0, None, None)


@pytest.mark.parametrize("where", ["fold", "repeat"])
def test_several_folds_are_no_single_test(where):
    y, p, q = _made_up()
    several = {where: np.arange(len(y)) % 2}
    assert held_out_test(_table(y, p, **several), _table(y, q, **several)) is None


def test_with_one_event_nothing_is_tested():
    y, p, q = _made_up()
    alone = np.where(np.cumsum(y) == 1, y, 0)
    assert alone.sum() == 1
    assert held_out_test(_table(alone, p), _table(alone, q)) is None


def _candidate(aurocs, sizes):
    folds = [
        FoldResult(repeat=i // 3, fold=i % 3, label=str(i), n=n, events=2, auroc=a)
        for i, (a, n) in enumerate(zip(aurocs, sizes, strict=True))
    ]
    return CandidateResult(
        name="x", label="X", part="headline", metrics={}, folds=folds, folds_without_auroc=0
    )


def _people(visits):
    """Three folds of 10, 12 and 8 people, dealt in two ways; everybody comes `visits` times."""
    rng = np.random.default_rng(0)
    parts = []
    for repeat in range(2):
        fold = rng.permutation(np.repeat([0, 1, 2], [10, 12, 8]))
        one = pd.DataFrame({"repeat": repeat, "fold": fold, "person": np.arange(30)})
        parts += [one] * visits
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize("visits", [1, 3])
def test_folds_are_averaged_with_the_variance_of_nadeau_and_bengio(visits):
    own = [0.70, 0.82, 0.75, 0.68, None, 0.80]
    other = [0.60, 0.80, 0.70, 0.70, None, 0.71]
    sizes = [visits * n for n in (10, 12, 8)] * 2
    found = fold_means(_candidate(own, sizes), _candidate(other, sizes), _people(visits))
    assert (found.folds, found.undefined) == (6, 1)
    known = [0, 1, 2, 3, 5]
    # people, not rows, are counted, and only in folds that have an AUROC
    test = np.array([10, 12, 8, 10, 8])
    share = test.mean() / (30 - test).mean()
    for estimate, values in (
        (found.auroc, [own[i] for i in known]),
        (found.difference, [own[i] - other[i] for i in known]),
    ):
        error = np.sqrt((1 / 5 + share) * np.var(values, ddof=1))
        low, high = stats.t(4, np.mean(values), error).interval(0.95)
        assert estimate.value == pytest.approx(np.mean(values))
        assert [estimate.low, estimate.high] == pytest.approx([low, high])


def _area(y, p):
    pairs = [_beats(a, b) for a in p[y == 1] for b in p[y == 0]]
    return float(np.mean(pairs))


def _contenders(tables):
    """Two repeats of each contender's probabilities, rows in disorder."""
    rows = [
        _table(y, p, repeat=repeat, candidate=name).sample(frac=1, random_state=repeat)
        for name, repeats in tables.items()
        for repeat, (y, p) in enumerate(repeats)
    ]
    return pd.concat(rows, ignore_index=True)


def test_the_best_in_hindsight_is_the_best_mean_over_repeats():
    y, p, q = _made_up()
    guess = np.random.default_rng(2).random(len(y))
    table = _contenders(
        {"good": [(y, p), (y, p[::-1])], "lucky": [(y, q), (y, q)], "guess": [(y, guess)] * 2}
    )
    found = best_in_hindsight(table, ["guess", "lucky", "good"], np.random.default_rng(3))
    means = {
        "good": (_area(y, p) + _area(y, p[::-1])) / 2,
        "lucky": _area(y, q),
        "guess": _area(y, guess),
    }
    assert found.best == max(means, key=means.get)
    assert found.naive == pytest.approx(max(means.values()))
    assert found.contenders == 3
    assert set(found.chosen) == set(means)
    assert sum(found.chosen.values()) == pytest.approx(1)
    assert found.corrected.low <= found.corrected.value <= found.corrected.high


def test_nothing_is_best_among_one_or_where_there_is_one_outcome():
    y, p, q = _made_up()
    table = _contenders({"one": [(y, p)], "two": [(y, q)]})
    rng = np.random.default_rng(0)
    assert best_in_hindsight(table, ["one"], rng) is None
    assert best_in_hindsight(table, ["one", "two"], rng) is not None
    assert best_in_hindsight(table.assign(outcome=0), ["one", "two"], rng) is None


def test_choosing_among_guesses_is_corrected_towards_one_half():
    naive, corrected = [], []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        y = np.arange(50) % 2
        tables = {f"guess {i}": [(y, rng.random(50))] for i in range(10)}
        found = best_in_hindsight(_contenders(tables), list(tables), rng)
        naive.append(found.naive)
        corrected.append(found.corrected.value)
    assert np.mean(naive) > 0.58
    assert np.mean(corrected) == pytest.approx(0.5, abs=0.05)
