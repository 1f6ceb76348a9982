"""Selection of markers that tell who benefits, with an error rate read off arms dealt anew.

What a person's outcome says of benefit is ranked by the markers on half-samples, as in
`signature.select.stability_selection`. The reference is not permuted markers but the same trial
with its arms dealt again: whatever markers have to do with outcomes, they keep, and only what they
have to do with benefit is broken. A marker that is merely prognostic is therefore as likely to be
selected as one that is neither.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from signature.effect.learners.effect_learner import ToLearn
from signature.effect.learners.r_learner import unexpected
from signature.effect.trial.trial_people import TrialPeople
from signature.randomness import generator
from signature.select.exceedances import exceedances, permutation_threshold
from signature.select.half_samples import HalfSamples, PeopleInRows
from signature.select.marker_ranks import Learner, MarkerRanks
from signature.select.selection_threshold import ROUNDING, ThresholdRule, frequencies, is_settled
from signature.select.stability_selection import FEWEST_MARKERS

TEST_DEALS = 999
"""Of the test of the strongest marker."""

DEALS = 100
"""For the threshold, each with `DEALT_PAIRS` pairs of half-samples."""

DEALT_PAIRS = 20
MOST_PAIRS = 300

_PER_HALF = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40)
_HIGHEST_THRESHOLD = 0.9
_BATCH = 50
_ROWS_PER_COVARIATE = 5


@dataclass(frozen=True, eq=False)
class PredictiveMarkers:
    """What was selected, and how surely.

    Parameters
    ----------
    selected : ndarray of bool, shape (n_markers,)
    frequencies : ndarray of shape (n_markers,)
        Share of half-samples that chose the marker.
    threshold : float
        Frequency from which on a marker is selected; infinite where none is looked for.
    pvalue : float
        Of "one benefit for all", by the strongest marker.
    adjusted : ndarray of shape (n_markers,)
        The same of each marker, with all of them looked at (Westfall and Young 1993).
    declared_bound : float
        Bound of the expected number of false selections; 0 for none selected.
    """

    selected: np.ndarray
    frequencies: np.ndarray
    threshold: float
    pvalue: float
    adjusted: np.ndarray
    declared_bound: float


def predictive_markers(
    told: ToLearn,
    marker: np.ndarray,
    *,
    learner: Learner = "elastic_net",
    level: float = 0.25,
    alpha: float = 0.05,
    max_markers: int | None = None,
    seed: int = 0,
) -> PredictiveMarkers:
    """Select markers whose value changes the benefit of treatment.

    Parameters
    ----------
    told : ToLearn
        Columns, standardised, and the trial.
    marker : ndarray of int, shape (n_columns,)
        Number of the marker that a column belongs to, from 0 without gaps; -1 for a covariate,
        whose own effect on benefit is taken out of the markers, if five rows or more are there for
        each such column.
    learner : {"elastic_net", "marginal"}
        Whether markers compete on a path, or are ranked one by one.
    level : float
        Bound of the expected number of false selections.
    alpha : float
        How often arms dealt anew may have as strong a marker: the chance that anything is selected
        where the benefit is the same for everybody, whatever the main effects. Panels of fewer
        than `FEWEST_MARKERS` are tested marker by marker at it, family-wise.
    max_markers : int, optional
        Keep at most so many, the most frequent.
    seed : int

    Returns
    -------
    PredictiveMarkers

    Raises
    ------
    MissingExtraError
        Where numba is not installed.

    Notes
    -----
    Arms are dealt among people of the same probability, as in a trial that is stratified by what
    the probability depends on. Weights multiply what a row says of benefit.
    """
    people, rank = _Trial.of(told, marker, learner), generator(seed, "dealt arms")
    adjusted = people.adjusted_p(rank)
    found = people.select(level, generator(seed, "half-samples"), rank, adjusted.min() <= alpha)
    if people.n_markers < FEWEST_MARKERS:
        found = replace(found, selected=adjusted <= alpha, threshold=np.inf, declared_bound=alpha)
    if not found.selected.any():
        found = replace(found, declared_bound=0.0)
    elif max_markers is not None and found.selected.sum() > max_markers:
        often = np.where(found.selected, -found.frequencies, np.inf).argsort(kind="stable")
        found = replace(found, selected=np.isin(np.arange(people.n_markers), often[:max_markers]))
    return replace(found, pvalue=float(adjusted.min()), adjusted=adjusted)


@dataclass(frozen=True, eq=False)
class _Trial:
    """Markers, and what each row would say of benefit under arms as dealt."""

    ranks: MarkerRanks
    people: TrialPeople
    rest: np.ndarray
    basis: np.ndarray
    halves: PeopleInRows
    decks: list[tuple[np.ndarray, PeopleInRows]]

    @classmethod
    def of(cls, told: ToLearn, marker: np.ndarray, learner: Learner) -> _Trial:
        people = told.people
        regression = unexpected(told)
        everybody = np.ones(len(people.outcome), dtype=bool)
        rest = regression.response - regression.unpenalised @ regression.averages(everybody)
        basis = _basis(told.X[:, marker < 0])
        left = told.X[:, marker >= 0] - basis @ (basis.T @ told.X[:, marker >= 0])
        # exactly explained columns leave rounding errors, which would be ranked as markers
        left[:, left.std(axis=0) <= 1e-9 * (1 + np.abs(told.X[:, marker >= 0]).max(axis=0))] = 0
        nothing = np.zeros(len(rest))
        columns = np.ascontiguousarray(left.T)
        ranks = MarkerRanks(columns, marker[marker >= 0], nothing, nothing, "linear", learner, 1.0)
        probability = np.round(people.share, 9)
        decks = [
            (rows, PeopleInRows(people.person[rows], nothing[rows]))
            for rows in (np.flatnonzero(probability == e) for e in np.unique(probability))
        ]
        halves = PeopleInRows(people.person, people.treated)
        return cls(ranks, people, rest, basis, halves, decks)

    @property
    def n_markers(self) -> int:
        return self.ranks.n_markers

    def dealt(self, rng: np.random.Generator) -> np.ndarray:
        """Whose arm each row is given."""
        order = np.empty(len(self.rest), dtype=np.int64)
        for rows, deck in self.decks:
            order[rows] = rows[deck.permuted(rng)]
        return order

    def says(self, order: np.ndarray | None = None) -> np.ndarray:
        """Return what each row says of benefit beyond the average, standardised."""
        people = self.people
        treated = people.treated if order is None else people.treated[order]
        spread = people.share * (1 - people.share)
        said = people.weight * (treated - people.share) / spread * self.rest
        said = said - self.basis @ (self.basis.T @ said)
        return said / said.std()

    def adjusted_p(self, rng: np.random.Generator) -> np.ndarray:
        """Test each marker by its strongest column, and return adjusted p."""
        columns, of = self.ranks.columns, self.ranks.marker
        length = np.sqrt((columns**2).sum(axis=1))
        unit = np.divide(
            columns, length[:, None], out=np.zeros_like(columns), where=length[:, None] > 0
        )
        seen = np.abs(unit @ self.says())
        null = np.array(
            [np.abs(unit @ self.says(self.dealt(rng))).max() for _ in range(TEST_DEALS)]
        )
        # rounding must not make the same deal look smaller
        as_strong = (null[:, None] >= seen - 1e-9).sum(axis=0)
        smallest = np.ones(self.n_markers)
        np.minimum.at(smallest, of, (1 + as_strong) / (1 + TEST_DEALS))
        return smallest

    def select(
        self, level: float, draws: np.random.Generator, deals: np.random.Generator, any_at_all: bool
    ) -> PredictiveMarkers:
        """Find the threshold on arms dealt anew, and who reaches it."""
        most = max(1, min(_PER_HALF[-1], len(self.rest) // 4, self.n_markers // 4))
        halves = self.halves.pairs(DEALT_PAIRS if any_at_all else _BATCH, draws)
        said = self._ranked(halves, most)
        nothing = np.zeros(self.n_markers)
        none = nothing.astype(bool)
        if not any_at_all or self.n_markers < FEWEST_MARKERS:
            share = frequencies(said <= most)[0]
            return PredictiveMarkers(none, share, np.inf, 1.0, nothing, 0.0)
        sizes = [q for q in _PER_HALF if q < most] + [most]
        dealt = [self._ranked(halves, most, self.dealt(deals)) for _ in range(DEALS)]
        null = np.array([[exceedances(found <= q) for found in dealt] for q in sizes])
        lowest = [permutation_threshold(n, nothing, level=level, rate=False) for n in null]
        # where chance alone fills every half-sample with the same markers, choose fewer
        low = [i for i, t in enumerate(lowest) if t <= _HIGHEST_THRESHOLD]
        at = low[-1] if low else int(np.argmin(lowest))
        chosen, threshold = said <= sizes[at], lowest[at]
        while not is_settled(chosen, threshold) and len(chosen) < 2 * MOST_PAIRS:
            more = self._ranked(self.halves.pairs(_BATCH, draws), sizes[at]) <= sizes[at]
            chosen = np.vstack([chosen, more])
        share, pairs = frequencies(chosen)[0], len(chosen) // 2
        bound = ThresholdRule(level, "pfer", "permutation").declared(
            threshold, n_markers=self.n_markers, pairs=pairs, per_half=sizes[at], null=null[at]
        )
        return PredictiveMarkers(
            share >= threshold - ROUNDING, share, threshold, 1.0, nothing, bound
        )

    def _ranked(
        self, halves: HalfSamples, most: int, order: np.ndarray | None = None
    ) -> np.ndarray:
        said = self.says(order)
        if order is not None:
            # those who are given the arms of a half: it has its share of both arms again
            halves = replace(halves, rows=np.argsort(order)[halves.rows])
        return replace(self.ranks, y=said, unexplained=said)(halves, most)


def _basis(covariates: np.ndarray) -> np.ndarray:
    """Orthonormal columns that span the covariates and a constant, shape (n, rank)."""
    n = len(covariates)
    if covariates.shape[1] * _ROWS_PER_COVARIATE > n:
        covariates = covariates[:, :0]
    left, size, _ = np.linalg.svd(np.column_stack([np.ones(n), covariates]), full_matrices=False)
    return left[:, size > 1e-9 * size[0]]
