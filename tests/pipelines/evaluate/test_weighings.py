"""One candidate under every weighting: each line of weights is that many copies of each row."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    log_loss,
    roc_auc_score,
)

from pipelines.evaluate.held_out_estimates import overlap
from pipelines.evaluate.weighings import (
    Weighting,
    fitted_pair,
    measure,
    repeat_shares,
    survey_weighted,
)

N, REPEATS, FOLDS, DRAWS = 36, 2, 3, 25
METRICS = {
    "auroc": roc_auc_score,
    "auprc": average_precision_score,
    "brier": brier_score_loss,
    "log_loss": log_loss,
}


def _own(seed=0, signal=1.0, numbers=(4, 7)):
    """Rows 100, 101, … in disorder; repeats have any numbers, and folds differ between them."""
    rng = np.random.default_rng(seed)
    y = np.arange(N) % 3 % 2
    parts = []
    for repeat in numbers:
        score = signal * y + rng.normal(size=N) - 0.5
        part = pd.DataFrame(
            {
                "block": "internal",
                "repeat": repeat,
                "fold": rng.permutation(N) % FOLDS,
                "fold_label": "f",
                "row": 100 + np.arange(N),
                "outcome": y,
                "probability": (1 / (1 + np.exp(-score))).round(2).clip(0.01, 0.99),
                "weight": 1.0 + np.arange(N) % 4,
                "chosen": "x",
            }
        )
        parts.append(part.sample(frac=1, random_state=repeat))
    return pd.concat(parts, ignore_index=True)


def _weights(seed=1):
    rng = np.random.default_rng(seed)
    return np.vstack([np.ones((1, N)), rng.multinomial(N, np.full(N, 1 / N), size=DRAWS)])


SHARES = np.vstack([[[0.5, 0.5]], np.tile([[1.0, 0.0], [0.0, 1.0]], (DRAWS, 1))[:DRAWS]])


def _weighting(shared=1.0):
    """Draws of the rows of `_own`, whatever its seed."""
    rows = _own().drop_duplicates("row").sort_values("row")
    return Weighting(rows, _weights(), SHARES, shared)


def _copies(part, weights):
    """Outcome and probability with every row as often as it weighs."""
    times = [int(weights[row - 100]) for row in part["row"]]
    return np.repeat(part["outcome"], times), np.repeat(part["probability"], times)


def _brute(own, weights, shares, metric, within):
    """Mean over repeats that have a value, of the mean over their folds that have one."""
    values = []
    for _, repeat in own.groupby("repeat", sort=True):
        found = []
        for _, part in repeat.groupby("fold") if within else [(0, repeat)]:
            y, p = _copies(part, weights)
            if len(set(y)) == 2:
                found.append(METRICS[metric](y, p))
        values.append(np.mean(found) if found else None)
    parts = [(s, v) for s, v in zip(shares, values, strict=True) if v is not None and s]
    return sum(s * v for s, v in parts) / sum(s for s, _ in parts)


@pytest.mark.parametrize("metric", ["auroc", "auprc", "brier", "log_loss"])
def test_every_draw_is_measured_on_copies_of_its_rows(metric):
    own, weights = _own(), _weights()
    found, _ = measure(own, _weighting())
    within = metric in ("auroc", "auprc")
    expected = [_brute(own, w, s, metric, within) for w, s in zip(weights, SHARES, strict=True)]
    assert found[metric] == pytest.approx(expected)


def test_shared_people_move_the_draws_and_not_the_value():
    own = _own()
    plain, folds = measure(own, _weighting())
    shared, same = measure(own, _weighting(overlap(FOLDS)))
    assert folds == same
    for name, values in plain.items():
        expected = values[0] + np.sqrt(1.5) * (values - values[0])
        assert shared[name] == pytest.approx(expected, nan_ok=True)
        assert shared[name][0] == values[0]


def test_folds_are_listed_with_their_people_and_their_auroc():
    own = _own()
    one = (own["repeat"] == 4) & (own["fold"] == 2)
    own.loc[one, "outcome"] = 0
    _, folds = measure(own, _weighting())
    assert [(f.repeat, f.fold) for f in folds] == [(r, f) for r in (4, 7) for f in range(FOLDS)]
    for fold in folds:
        part = own[(own["repeat"] == fold.repeat) & (own["fold"] == fold.fold)]
        assert (fold.n, fold.events) == (len(part), part["outcome"].sum())
        if (fold.repeat, fold.fold) == (4, 2):
            assert fold.auroc is None
        else:
            assert fold.auroc == pytest.approx(roc_auc_score(part["outcome"], part["probability"]))


def test_one_probability_per_fold_has_no_slope():
    own = _own()
    own["probability"] = 0.2 + 0.1 * own["fold"]
    found, _ = measure(own, _weighting())
    assert np.isnan(found["calibration_slope"]).all()
    assert (found["auroc"] == 0.5).all()
    assert np.isfinite(found["brier"]).all()


def test_rows_get_their_own_weights_whatever_their_order():
    held_out = _weighting(1.5).weigh(_own())
    assert held_out.overlap == 1.5
    assert len(held_out.parts) == REPEATS
    for (_, part), (y, p, w) in zip(_own().groupby("repeat"), held_out.parts, strict=True):
        assert y.tolist() == part["outcome"].tolist()
        assert p.tolist() == part["probability"].tolist()
        assert (w == _weights()[:, part["row"] - 100]).all()


@pytest.mark.parametrize(("block", "wider"), [("internal", overlap(FOLDS)), ("external", 1.0)])
def test_people_are_drawn_within_their_sites_with_all_their_rows(block, wider):
    own = _own().assign(block=block)
    own = own.assign(person=own["row"] // 2, site=np.where(own["row"] < 112, "A", "B"))
    drawn = Weighting.drawn(own, DRAWS, np.random.default_rng(3))
    assert drawn.rows["row"].tolist() == list(range(100, 100 + N))
    assert drawn.weights.shape == (DRAWS + 1, N)
    assert drawn.shares.shape == (DRAWS + 1, REPEATS)
    assert (drawn.weights[0] == 1).all()
    assert (drawn.weights[:, ::2] == drawn.weights[:, 1::2]).all()
    assert (drawn.weights[:, :12].sum(axis=1) == 12).all()
    assert (drawn.weights[:, 12:].sum(axis=1) == N - 12).all()
    assert drawn.weights[1:].std() > 0
    assert drawn.overlap == wider


@pytest.mark.parametrize("n", [1, 2, 5])
def test_shares_of_repeats_sum_to_one_and_have_the_variance_of_a_mean(n):
    """One fewer is drawn than there are, so the mean of the draws has variance s² / n."""
    shares = repeat_shares(n, 20_000, np.random.default_rng(0))
    assert shares.shape == (20_001, n)
    assert (shares[0] == 1 / n).all()
    assert shares.sum(axis=1) == pytest.approx(np.ones(20_001))
    values = np.arange(n) ** 2.0
    spread = np.var(values, ddof=1) / n if n > 1 else 0.0
    assert np.var(shares[1:] @ values) == pytest.approx(spread, rel=0.05)


def test_procedure_and_reference_get_the_inner_rows_of_their_folds():
    tables = {"procedure": _own(0), "reference": _own(1)}
    lines = [
        {"block": block, "candidate": name, "repeat": repeat, "fold": fold, "mark": mark}
        for mark, (block, name, repeat, fold) in enumerate(
            (b, c, r, f)
            for b in ("internal", "external")
            for c in tables
            for r in (4, 7)
            for f in range(FOLDS)
        )
    ]
    inner = pd.DataFrame(lines)
    held_out = {n: _weighting().weigh(t) for n, t in tables.items()}
    for name, fitted in zip(tables, fitted_pair(tables, held_out, inner), strict=True):
        assert fitted.held_out is held_out[name]
        assert set(fitted.inner) == {(r, f) for r in range(REPEATS) for f in range(FOLDS)}
        for (repeat, fold), part in fitted.inner.items():
            (line,) = part.to_dict("records")
            told = (line["block"], line["candidate"], line["repeat"], line["fold"])
            assert told == ("internal", name, (4, 7)[repeat], fold)
        for repeat, folds in enumerate(fitted.folds):
            own = tables[name][tables[name]["repeat"] == (4, 7)[repeat]]
            assert folds.tolist() == own["fold"].tolist()


def test_survey_weights_count_people_as_often_as_they_stand_for():
    tables = {"procedure": _own(0, signal=2.0), "reference": _own(1, signal=0.5)}
    rows = tables["procedure"].drop_duplicates("row").sort_values("row")
    weights, survey = _weights(), rows["weight"].to_numpy()
    found = survey_weighted(tables, Weighting(rows, weights, SHARES))
    assert found.effective_people == pytest.approx(survey.sum() ** 2 / (survey**2).sum())
    copies = np.repeat(rows["outcome"], survey.astype(int))
    assert found.event_rate == pytest.approx(copies.mean())
    drawn = {
        name: [
            _brute(t, w * survey, s, "brier", within=False)
            for w, s in zip(weights, SHARES, strict=True)
        ]
        for name, t in tables.items()
    }
    own, other = (np.array(drawn[name]) for name in tables)
    for estimate, values in (
        (found.procedure["brier"], own),
        (found.reference["brier"], other),
        (found.difference["brier"], own - other),
    ):
        assert estimate.value == pytest.approx(values[0])
        assert [estimate.low, estimate.high] == pytest.approx(
            np.quantile(values[1:], [0.025, 0.975])
        )
    assert set(found.difference) == {"auroc", "brier", "log_loss"}


def test_people_who_all_weigh_the_same_are_not_weighted():
    tables = {"procedure": _own(0), "reference": _own(1)}
    rows = tables["procedure"].drop_duplicates("row").sort_values("row").assign(weight=2.5)
    assert survey_weighted(tables, Weighting(rows, _weights(), SHARES)) is None
