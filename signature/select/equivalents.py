"""Other sets of markers that do the same: refitted inside folds, compared on held-out people.

A fold's sets are fitted, calibrated and chosen on its training rows alone (`FoldSets`), and
compared on its held-out rows (`compare`). Two sets are treated alike, so their difference is fair.
Where the set that others are compared with was selected on rows that are held out here, its own
AUROC is too high, and so is theirs: read differences, not levels.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from signature.learn.binary import both_columns
from signature.learn.calibration import fit_sigmoid
from signature.learn.fixed_signature import FixedSignature
from signature.records.equivalents import Comparison
from signature.select.marker_clusters import CUT, clusters, marker_values
from signature.study.splits import person_folds
from signature.validation.draws import estimate_of_draws
from signature.validation.metrics import auroc, log_loss

MarkerSet = frozenset[str]


@dataclass(eq=False, repr=False)
class FoldSets:
    """Sets of markers on one training set; every set is fitted once.

    Parameters
    ----------
    X : DataFrame of shape (n_rows, n_columns)
        Training rows as a model sees them: no gaps, standardised by what training rows told.
    y : ndarray of int, shape (n_rows,)
        1 is the event.
    person : ndarray of shape (n_rows,)
        Whose row it is.
    panel : sequence of str
        All markers; other columns are covariates of every set.
    folds, seed : int
        Inner folds, for the calibration and for the choice of a set.
    strength : float
        Of `FixedSignature`.
    cut : float
        Absolute Spearman correlation, in these rows, from which markers may stand in for another.
    """

    X: pd.DataFrame
    y: np.ndarray
    person: np.ndarray
    panel: Sequence[str]
    folds: int = 5
    seed: int = 0
    strength: float = 1.0
    cut: float = CUT
    _splits: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list)
    _scores: dict[MarkerSet, np.ndarray] = field(default_factory=dict)
    _clusters: dict[str, dict[str, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._splits = person_folds(self.y, self.person, self.folds, self.seed)
        values = marker_values(self.X, self.panel)
        self._clusters = clusters(values, list(self.panel), self.cut)

    def cluster(self, marker: str) -> list[str]:
        """Markers that go with this one in the training rows, the closest first."""
        return list(self._clusters[marker])

    def losses(self, markers: Iterable[str]) -> np.ndarray:
        """Log-loss of each training row, out of the inner folds and calibrated, shape (n_rows,)."""
        scores = self._out_of_fold(frozenset(markers))
        slope, intercept = fit_sigmoid(scores, self.y)
        eta = slope * scores + intercept
        return np.logaddexp(0, eta) - self.y * eta

    def probabilities(self, markers: Iterable[str], held_out: pd.DataFrame) -> np.ndarray:
        """Calibrated probabilities of the event, shape (n_held_out,)."""
        chosen = frozenset(markers)
        slope, intercept = fit_sigmoid(self._out_of_fold(chosen), self.y)
        scores = self._model(chosen).fit(self.X, self.y).decision_function(held_out)
        return both_columns(slope * scores + intercept)[:, 1]

    def within(self, markers: Iterable[str], measured: Collection[str]) -> list[str]:
        """Replace each marker that is not measured by its best measured stand-in, or drop it.

        One after the other, in the order of the panel; best is what has the smallest loss on the
        inner folds.
        """
        chosen = frozenset(markers)
        for marker in self._ordered(chosen):
            if marker in measured:
                continue
            rest = chosen - {marker}
            others = [c for c in self.cluster(marker) if c in measured and c not in rest]
            options = [rest | {c} for c in others] + [rest]
            chosen = min(options, key=lambda s: float(self.losses(s).mean()))
        return self._ordered(chosen)

    def cheapest(
        self, markers: Iterable[str], measured: Collection[str], cost: Mapping[str, float]
    ) -> list[str]:
        """Make a set cheaper as long as its loss stays within one standard error of the best.

        Step by step one marker is dropped, or swapped for a cheaper measured one of its cluster,
        whichever costs least loss, down to none. Of all sets on the way the cheapest is taken whose
        loss on the inner folds exceeds the smallest one by at most the standard error of that
        difference, over people; of equally cheap ones the better.
        """
        visited = [frozenset(markers)]
        while visited[-1]:
            now = visited[-1]
            options = [now - {m} for m in self._ordered(now)]
            options += [
                now - {m} | {c}
                for m in self._ordered(now)
                for c in self.cluster(m)
                if c in measured and c not in now and cost[c] < cost[m]
            ]
            visited.append(min(options, key=lambda s: float(self.losses(s).mean())))
        losses = [self.losses(s) for s in visited]
        best = losses[int(np.argmin([x.mean() for x in losses]))]
        good = [
            (sum(cost[m] for m in s), float(x.mean()), i)
            for i, (s, x) in enumerate(zip(visited, losses, strict=True))
            if (x - best).mean() <= self._standard_error(x - best) + 1e-12
        ]
        return self._ordered(visited[min(good)[2]])

    def _standard_error(self, difference: np.ndarray) -> float:
        """Of the mean over rows; rows of a person are not independent."""
        totals = pd.Series(difference - difference.mean()).groupby(self.person).sum()
        return float(np.sqrt((totals**2).sum()) / len(difference))

    def _ordered(self, markers: Collection[str]) -> list[str]:
        return [m for m in self.panel if m in markers]

    def _model(self, markers: MarkerSet) -> FixedSignature:
        return FixedSignature(self._ordered(markers), list(self.panel), self.strength)

    def _out_of_fold(self, markers: MarkerSet) -> np.ndarray:
        if markers not in self._scores:
            scores = np.empty(len(self.y))
            for train, rest in self._splits:
                fitted = self._model(markers).fit(self.X.iloc[train], self.y[train])
                scores[rest] = fitted.decision_function(self.X.iloc[rest])
            self._scores[markers] = scores
        return self._scores[markers]


@dataclass(frozen=True, eq=False, repr=False)
class HeldOutRows:
    """The held-out rows of one outer fold.

    Parameters
    ----------
    repeat : int
    rows : ndarray of int, shape (n_held_out,)
        Positions among all rows that are drawn from.
    """

    repeat: int
    rows: np.ndarray


def swapped(base: Iterable[str], marker: str, stand_in: str) -> tuple[MarkerSet, MarkerSet]:
    """Return a set with the marker and not the stand-in, and the same the other way round.

    Examples
    --------
    >>> [sorted(s) for s in swapped(["IL6", "TNF"], "TNF", "TNFRSF1A")]
    [['IL6', 'TNF'], ['IL6', 'TNFRSF1A']]
    """
    rest = frozenset(base) - {marker, stand_in}
    return rest | {marker}, rest | {stand_in}


def measure(
    folds: Sequence[HeldOutRows],
    probabilities: Sequence[np.ndarray],
    outcome: np.ndarray,
    weights: np.ndarray,
) -> dict[str, np.ndarray]:
    """AUROC and log-loss under every weighting, each of shape (n_draws,).

    AUROC within each held-out fold, averaged over folds where it is defined; log-loss over all
    held-out rows of a repeat; both averaged over repeats.

    Parameters
    ----------
    folds : sequence of HeldOutRows
    probabilities : sequence of ndarray
        Of the event, for the rows of each fold.
    outcome : ndarray of int, shape (n_rows,)
    weights : ndarray of shape (n_draws, n_rows)
        The first line of ones is the data as they are, the others are bootstrap counts of people
        (`signature.validation.metrics.person_counts`).
    """
    ranks, costs = [], []
    for repeat in dict.fromkeys(f.repeat for f in folds):
        own = [(f.rows, p) for f, p in zip(folds, probabilities, strict=True) if f.repeat == repeat]
        within = np.stack([auroc(outcome[rows], p, weights[:, rows]) for rows, p in own])
        defined = np.isfinite(within)
        total = np.where(defined, within, 0).sum(axis=0)
        n = defined.sum(axis=0)
        ranks.append(np.divide(total, n, out=np.full(len(weights), np.nan), where=n > 0))
        rows = np.concatenate([rows for rows, _ in own])
        costs.append(log_loss(outcome[rows], np.concatenate([p for _, p in own]), weights[:, rows]))
    return {"auroc": np.mean(ranks, axis=0), "log_loss": np.mean(costs, axis=0)}


def compare(
    other: Mapping[str, np.ndarray], own: Mapping[str, np.ndarray], margin: float
) -> Comparison:
    """Say what another set loses, with a paired 95 % interval over people.

    Parameters
    ----------
    other, own : mapping of str to ndarray
        From `measure`, with the same weights.
    margin : float
        The sets are equivalent when the whole interval of the AUROC difference lies above
        −margin.
    """
    difference = estimate_of_draws(other["auroc"] - own["auroc"])
    return Comparison(
        auroc=difference,
        log_loss=estimate_of_draws(other["log_loss"] - own["log_loss"]),
        equivalent=difference.low is not None and difference.low > -margin,
    )
