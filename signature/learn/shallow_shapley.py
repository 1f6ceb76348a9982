"""Exact Shapley values of shallow trees, read from a table instead of computed for each row.

What a tree of depth 3 says of a row depends on seven yes/no answers alone, so that 128 vectors hold
all that it can ever say; they are worked out once, for all trees at the same time.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import combinations
from math import factorial
from typing import Any, Self

import numpy as np

DEEPEST = 3
"""Depth up to which the answers of a tree fit into a table: 128 of them, where 4 has 32,768."""

_ROWS = 256
"""Rows at a time: as many as the processor's cache holds."""


@dataclass(frozen=True, eq=False)
class ShallowTrees:
    """The trees of a booster as tables.

    A tree is laid out as a full one: below a leaf that comes early stand splits that send everybody
    to the left.

    Parameters
    ----------
    side : ndarray of int, shape (n_nodes, n_trees)
        Which of twice the columns a node compares: first those in which a missing value goes to the
        left, then those in which it goes to the right.
    threshold : ndarray of float32, shape (n_nodes, n_trees)
        A value that is as large goes to the right.
    tree, start : ndarray of int, shape (n_slots,)
        Of each pair of a tree and a column: the tree, and where its contributions begin.
    table : ndarray of float64
        Contributions, by slot and by answers.
    columns, first : ndarray of int
        The columns that some tree compares, and the first slot of each.
    base : float
        Log-odds of a row of which nothing is known.
    n_columns : int
    """

    side: np.ndarray
    threshold: np.ndarray
    tree: np.ndarray
    start: np.ndarray
    table: np.ndarray
    columns: np.ndarray
    first: np.ndarray
    base: float
    n_columns: int

    @classmethod
    def of(cls, booster: Any) -> Self | None:
        """Lay out the trees of an `xgboost.Booster` of one output with a logistic loss.

        Returns
        -------
        ShallowTrees or None
            None where a tree is deeper than `DEEPEST`.
        """
        learner = json.loads(bytes(booster.save_raw("json")))["learner"]
        trees = learner["gradient_booster"]["model"]["trees"]
        depth = max((_depth(t["left_children"], t["right_children"]) for t in trees), default=0)
        if depth > DEEPEST:
            return None
        laid = _Layout.of(trees, max(depth, 1))
        parts = _contributions(laid)
        p = int(learner["learner_model_param"]["num_feature"])
        expected = float(np.atleast_1d(json.loads(learner["learner_model_param"]["base_score"]))[0])
        margin = np.log(expected) - np.log1p(-expected)
        # one slot for all nodes of a tree that compare the same column
        _, n_trees, n_answers = parts.shape
        key = laid.column * n_trees + np.arange(n_trees)
        used, slot = np.unique(key[laid.splits], return_inverse=True)
        table = np.zeros((len(used), n_answers))
        np.add.at(table, slot, parts[laid.splits])
        columns, first = np.unique(used // n_trees, return_index=True)
        return cls(
            side=laid.column + p * laid.missing_right,
            threshold=laid.threshold,
            tree=used % n_trees,
            start=np.arange(len(used)) * n_answers,
            table=table.ravel(),
            columns=columns,
            first=first,
            base=float(margin + laid.expected.sum()),
            n_columns=p,
        )

    def shapley(self, values: np.ndarray) -> np.ndarray:
        """Return what each column adds to the log-odds, and the base in the last column.

        Parameters
        ----------
        values : ndarray of shape (n_rows, n_columns)
            NaN where a value is missing.

        Returns
        -------
        ndarray of float64, shape (n_rows, n_columns + 1)
        """
        out = np.zeros((len(values), self.n_columns + 1), order="F")
        out[:, -1] = self.base
        if len(self.columns):
            for begin in range(0, len(values), _ROWS):
                rows = slice(begin, begin + _ROWS)
                out[rows, self.columns] = self._block(values[rows]).T
        return out

    def _block(self, values: np.ndarray) -> np.ndarray:
        # trees compare in single precision
        seen = values.T.astype(np.float32)
        missing = np.isnan(seen)
        both = np.concatenate([np.where(missing, -np.inf, seen), np.where(missing, np.inf, seen)])
        answers = np.zeros((self.side.shape[1], len(values)), dtype=np.uint8)
        for node, (side, threshold) in enumerate(zip(self.side, self.threshold, strict=True)):
            right = both[side] >= threshold[:, None]
            answers |= right.view(np.uint8) << np.uint8(node)
        found = self.table.take(self.start[:, None] + answers[self.tree])
        return np.add.reduceat(found, self.first, axis=0)


@dataclass(frozen=True, eq=False)
class _Layout:
    """Trees as full ones of the same depth; a node's children are 2i + 1 and 2i + 2."""

    depth: int
    splits: np.ndarray  # (n_nodes, n_trees): a split, and no filling below an early leaf
    column: np.ndarray
    threshold: np.ndarray
    missing_right: np.ndarray
    share: np.ndarray  # (2 n_nodes + 1, n_trees): of the parent's training weight
    leaf: np.ndarray  # (n_leaves, n_trees)

    @classmethod
    def of(cls, trees: list[dict[str, Any]], depth: int) -> Self:
        n_nodes, n_leaves, n_trees = 2**depth - 1, 2**depth, len(trees)
        made = cls(
            depth,
            splits=np.zeros((n_nodes, n_trees), dtype=bool),
            column=np.zeros((n_nodes, n_trees), dtype=np.intp),
            threshold=np.full((n_nodes, n_trees), np.inf, dtype=np.float32),
            missing_right=np.zeros((n_nodes, n_trees), dtype=np.intp),
            share=np.ones((n_nodes + n_leaves, n_trees)),
            leaf=np.zeros((n_leaves, n_trees)),
        )
        for t, tree in enumerate(trees):
            made._put(tree, t, node=0, at=0)
        return made

    def _put(self, tree: dict[str, Any], t: int, node: int, at: int) -> None:
        left, right = tree["left_children"][node], tree["right_children"][node]
        if left < 0:
            # nobody goes to the right of a filling, so that one leaf stands for all below
            while at < len(self.splits):
                self.share[2 * at + 2, t] = 0.0
                at = 2 * at + 1
            self.leaf[at - len(self.splits), t] = np.float32(tree["split_conditions"][node])
            return
        weight = np.asarray(tree["sum_hessian"], dtype=np.float32).astype("float64")
        self.splits[at, t] = True
        self.column[at, t] = tree["split_indices"][node]
        self.threshold[at, t] = tree["split_conditions"][node]
        self.missing_right[at, t] = not tree["default_left"][node]
        self.share[2 * at + 1, t] = weight[left] / weight[node]
        self.share[2 * at + 2, t] = weight[right] / weight[node]
        self._put(tree, t, left, 2 * at + 1)
        self._put(tree, t, right, 2 * at + 2)

    def path(self, leaf: int) -> tuple[list[int], list[int]]:
        """Nodes from the root to a leaf, and the child that is taken at each."""
        child, nodes, taken = len(self.splits) + leaf, [], []
        while child:
            taken.append(child)
            child = (child - 1) // 2
            nodes.append(child)
        return nodes[::-1], taken[::-1]

    @property
    def expected(self) -> np.ndarray:
        """Mean of each tree's leaves by training weight, shape (n_trees,)."""
        means = np.zeros(self.leaf.shape[1])
        for i, value in enumerate(self.leaf):
            means += value * self.share[self.path(i)[1]].prod(axis=0)
        return means


def _contributions(laid: _Layout) -> np.ndarray:
    """Shapley values by node, tree and answers, shape (n_nodes, n_trees, n_answers).

    A leaf is a game among the columns on its path (Lundberg 2020, path-dependent): with a column
    known the row either goes on towards the leaf or does not; with it unknown, the share of
    training rows does. Nodes of one path that compare the same column are one player, at the first.
    """
    n_nodes, n_trees = laid.splits.shape
    answers = np.arange(2**n_nodes)
    right = (answers[None, :] >> np.arange(n_nodes)[:, None]) & 1
    out = np.zeros((n_nodes, n_trees, len(answers)))
    k = laid.depth
    for leaf, value in enumerate(laid.leaf):
        nodes, taken = laid.path(leaf)
        known = [
            np.broadcast_to(right[n] == (c == 2 * n + 2), (n_trees, len(answers))).astype(float)
            for n, c in zip(nodes, taken, strict=True)
        ]
        unknown = [laid.share[c][:, None].copy() for c in taken]
        for i, j in combinations(range(k), 2):
            same = laid.splits[nodes[i]] & laid.splits[nodes[j]]
            same &= laid.column[nodes[i]] == laid.column[nodes[j]]
            same = same[:, None]
            known[i] = np.where(same, known[i] * known[j], known[i])
            unknown[i] = np.where(same, unknown[i] * unknown[j], unknown[i])
            # who is always there and changes nothing leaves the others' shares as they are
            known[j] = np.where(same, 1.0, known[j])
            unknown[j] = np.where(same, 1.0, unknown[j])
        for i, node in enumerate(nodes):
            others = [j for j in range(k) if j != i]
            reached = np.zeros_like(known[i])
            for size in range(k):
                weight = factorial(size) * factorial(k - size - 1) / factorial(k)
                for joined in combinations(others, size):
                    ways = np.full_like(known[i], weight)
                    for j in others:
                        ways *= known[j] if j in joined else unknown[j]
                    reached += ways
            out[node] += value[:, None] * (known[i] - unknown[i]) * reached
    return out


def _depth(left: list[int], right: list[int], node: int = 0) -> int:
    if left[node] < 0:
        return 0
    return 1 + max(_depth(left, right, left[node]), _depth(left, right, right[node]))
