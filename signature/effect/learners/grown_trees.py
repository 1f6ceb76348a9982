"""Shallow regression trees, as many as help people who are held out, or none at all."""

from __future__ import annotations

from typing import Any

import numpy as np

_BINS = 64
_LOOK_EVERY = 5
_PATIENCE = 20
"""Rounds without improvement after which no more trees are tried."""


def held_out_trees(
    X: np.ndarray, response: np.ndarray, weight: np.ndarray, fold: np.ndarray, **shape: float
) -> tuple[np.ndarray, int]:
    """Grow trees outside every fold side by side until they help no more inside.

    Parameters
    ----------
    X : ndarray of shape (n, n_columns)
    response : ndarray of shape (n, n_folds)
        What the trees outside each fold are to learn, and predict inside; 0 is predicted without
        any tree.
    weight : ndarray of shape (n,)
        Of the row; averages 1 per person.
    fold : ndarray of int, shape (n,)
        From 0.
    **shape : float
        As of `grow_trees`.

    Returns
    -------
    predicted : ndarray of shape (n,)
        For each row by trees that did not see its fold.
    rounds : int
        Number of trees, the same outside every fold: chosen by the error in all of them.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x, fold = rng.normal(size=(400, 1)), np.arange(400) % 2
    >>> step = np.repeat((x[:, 0] > 0.5) * 1.0 - 0.3, 2).reshape(400, 2)
    >>> predicted, rounds = held_out_trees(x, step, np.ones(400), fold)
    >>> predicted[:5].round(1), step[:5, 0]
    (array([-0.3, -0.3,  0.7, -0.3, -0.3]), array([-0.3, -0.3,  0.7, -0.3, -0.3]))
    """
    import xgboost

    boosters, inside, own = [], [], []
    for k in range(response.shape[1]):
        train, rows = (fold != k) & (weight > 0), np.flatnonzero(fold == k)
        data = _data(X[train], response[train, k], weight[train])
        boosters.append((xgboost.Booster(_params(**shape), [data]), data))
        inside.append(rows)
        own.append(response[rows, k])
    rows, truth = np.concatenate(inside), np.concatenate(own)
    w = weight[rows]
    best = np.zeros(len(truth))
    lowest, rounds, round_ = float(w @ truth**2), 0, 0
    while round_ - rounds < _PATIENCE:
        for booster, data in boosters:
            for i in range(_LOOK_EVERY):
                booster.update(data, round_ + i)
        round_ += _LOOK_EVERY
        guess = np.concatenate(
            [b.inplace_predict(X[at]) for (b, _), at in zip(boosters, inside, strict=True)]
        ).astype("float64")
        loss = float(w @ (truth - guess) ** 2)
        if loss < lowest * (1 - 1e-6):
            best, lowest, rounds = guess, loss, round_
    predicted = np.empty(len(X))
    predicted[rows] = best
    return predicted, rounds


def grow_trees(
    X: np.ndarray,
    response: np.ndarray,
    weight: np.ndarray,
    rounds: int,
    *,
    max_depth: int = 2,
    learning_rate: float = 0.05,
    least_in_leaf: float = 10.0,
) -> np.ndarray:
    """Grow a number of trees.

    Parameters
    ----------
    X : ndarray of shape (n, n_columns)
    response, weight : ndarray of shape (n,)
    rounds : int
    max_depth : int
        1 adds columns up, 2 lets pairs interact.
    learning_rate : float
    least_in_leaf : float
        Weight that each leaf must have.

    Returns
    -------
    ndarray of uint8
        The booster in XGBoost's own UBJSON form, for `predict_trees`.
    """
    import xgboost

    shape = _params(max_depth, learning_rate, least_in_leaf)
    grown = xgboost.train(shape, _data(X, response, weight), num_boost_round=rounds)
    return np.frombuffer(bytes(grown.save_raw("ubj")), dtype=np.uint8)


def predict_trees(trees: np.ndarray, X: np.ndarray) -> np.ndarray:
    """Predict by trees of `grow_trees`, shape (n_rows,)."""
    predicted: np.ndarray = as_booster(trees).inplace_predict(X).astype("float64")
    return predicted


def as_booster(trees: np.ndarray) -> Any:
    """Return trees of `grow_trees` as XGBoost's booster."""
    import xgboost

    booster = xgboost.Booster({"nthread": 1})
    booster.load_model(bytearray(trees.tobytes()))
    return booster


def _data(X: np.ndarray, response: np.ndarray, weight: np.ndarray) -> Any:
    import xgboost

    return xgboost.QuantileDMatrix(X, response, weight=weight, max_bin=_BINS, nthread=1)


def _params(
    max_depth: float = 2, learning_rate: float = 0.05, least_in_leaf: float = 10.0
) -> dict[str, Any]:
    # neither rows nor columns are sampled: nothing is left to chance, whatever the seed
    return {
        "objective": "reg:squarederror",
        "tree_method": "hist",
        "base_score": 0.0,
        "max_depth": int(max_depth),
        "eta": learning_rate,
        "min_child_weight": least_in_leaf,
        "lambda": 1.0,
        "max_bin": _BINS,
        "nthread": 1,
    }
