"""Stability selection of markers with an error rate that is measured on permuted data."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal, Self, get_args

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.feature_selection import SelectorMixin
from sklearn.utils import Tags, _safe_indexing
from sklearn.utils.validation import check_is_fitted, validate_data

from signature.randomness import generator
from signature.select.covariates import Adjusted
from signature.select.exceedances import exceedances, permutation_threshold
from signature.select.half_samples import HalfSamples, PeopleInRows
from signature.select.marker_ranks import Learner, MarkerRanks
from signature.select.panel_rows import PanelRows
from signature.select.selection_threshold import (
    ROUNDING,
    Bound,
    Error,
    ThresholdRule,
    frequencies,
    is_settled,
)
from signature.select.strongest_marker import strongest_marker

TooFew = Literal["raise", "nothing"]

MOST_PER_HALF = 40
"""Markers that a half-sample may choose, however many there are."""

FEWEST_MARKERS = 8
"""Fewer are tested one by one: among so few, chance chooses the same ones again and again."""

TEST_DRAWS = 999
"""Of either kind, of the test of the strongest marker."""

_PER_HALF = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30)
_HIGHEST_THRESHOLD = 0.9
"""Aimed at: above, frequencies hardly tell markers apart."""

_BATCH = 50
"""Pairs that are drawn before it is asked whether more could change anything."""


class StabilitySelection(SelectorMixin, BaseEstimator):
    """Choose the markers that half-samples of the people choose again and again.

    Pairs of complementary half-samples (Meinshausen and Bühlmann 2010; Shah and Samworth 2013) each
    choose the markers that enter first. A marker whose frequency reaches a threshold is selected.
    The threshold bounds the expected number of false selections (the per-family error rate, PFER),
    or their share. With ``bound="permutation"`` it is read off the same procedure on data whose
    markers were permuted among people. Nothing at all is selected unless the strongest marker is
    stronger than the strongest where none can matter, in all but a share `alpha`
    (`signature.select.strongest_marker`). An empty selection is a valid answer.

    Parameters
    ----------
    panel : sequence of str, optional
        Names of the markers to select from; all columns when left out. A column ``<marker>__…``
        belongs to its marker: they are chosen together. Every other column is a covariate: always
        kept, never penalised, and taken out of the markers first
        (`signature.select.covariates.adjust`).
    learner : {"elastic_net", "marginal"}
        Whether markers compete on the path of an elastic net, each beside the others, or one by
        one. The first tells a marker from its correlated neighbours; the second has more power
        where neighbours say the same and people are few.
    l1_ratio : float
        1 lasso; less shares the choice among correlated markers.
    per_half : int, optional
        Markers that each half-sample chooses. When left out: a quarter of the markers, at most 40,
        on a path at most half as many as the half-sample has rows, and with permutations so few
        that the threshold does not exceed 0.9.
    level : float
        Bound of the expected number of false selections; their expected share with
        ``error="fdr"``.
    error : {"pfer", "fdr"}
    bound : {"permutation", "r-concave", "unimodal", "none"}
        Where the threshold comes from: permutations, or the bounds of
        `signature.select.stability_bounds`.
    alpha : float, optional
        How often data in which no marker matters may have as strong a one; None does without this
        test. Whatever the correlations, `alpha` is the chance that anything is selected when
        nothing is associated given the covariates.
    permutations : int
        Of the markers among people, for the threshold.
    permuted_pairs : int
        Pairs of half-samples of each permutation.
    max_pairs : int
        Pairs are drawn until no further ones could plausibly move a marker across the threshold,
        at most so many.
    max_markers : int, optional
        Keep at most so many, the most frequent.
    too_few : {"raise", "nothing"}
        What to do with fewer than `FEWEST_PEOPLE` people of a class: an error, or an empty
        selection without a look at the outcome.
    random_state : int
    n_jobs : int
        Threads; the result does not depend on it.

    Attributes
    ----------
    markers_ : list of str
        What was selected from.
    frequencies_, standard_errors_ : ndarray of shape (n_markers,)
        Share of half-samples that chose the marker, and its Monte Carlo error.
    threshold_ : float
        Infinite where no threshold keeps the level.
    selected_ : list of str
        Empty when nothing passes.
    pvalue_ : float
        Of "no marker is associated", by the strongest one; NaN where it was not tested.
    declared_bound_ : float
        Bound of the expected number of false selections at the threshold, 0 for none selected.
    per_half_, n_pairs_, n_permutations_ : int
    null_exceedances_ : ndarray of shape (n_permutations, n_half_samples + 1)
        Markers at or above each possible frequency in each permutation; empty without any.
    prognostic_score_ : bool
        Whether one score stood for covariates that were too many.

    Raises
    ------
    ValueError
        When the classes are not two (for numbers: fewer than three values), one has fewer than
        `FEWEST_PEOPLE` people and `too_few` does not allow it, no column is a marker, or a
        parameter is out of range.
    MissingExtraError
        In `fit`, where numba is not installed; a fitted selector does not need it.

    Notes
    -----
    Two values of the outcome are classes, the higher one the event; more are numbers, and a linear
    path is taken. Panels of fewer than `FEWEST_MARKERS` are tested marker by marker, at a
    family-wise error of `alpha`. Constant columns are never chosen. Of equal columns a lasso takes
    the first.

    Permuted markers are unrelated to the outcome *and* to those that are related to it, so that a
    marker that is correlated with a true one counts as associated: on correlated panels read a
    selected marker as standing for its cluster.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame(rng.normal(size=(120, 30)), columns=[f"m{i}" for i in range(30)])
    >>> y = (X["m3"] - X["m7"] + rng.normal(size=120) > 0).astype(int)
    >>> StabilitySelection().fit(X, y).selected_
    ['m3', 'm7']
    >>> StabilitySelection().fit(X, rng.permutation(y)).selected_
    []
    """

    def __init__(
        self,
        panel: Sequence[str] | None = None,
        learner: Learner = "elastic_net",
        l1_ratio: float = 1.0,
        per_half: int | None = None,
        level: float = 0.25,
        error: Error = "pfer",
        bound: Bound = "permutation",
        alpha: float | None = 0.025,
        permutations: int = 100,
        permuted_pairs: int = 20,
        max_pairs: int = 500,
        max_markers: int | None = None,
        too_few: TooFew = "raise",
        random_state: int = 0,
        n_jobs: int = 1,
    ) -> None:
        self.panel = panel
        self.learner = learner
        self.l1_ratio = l1_ratio
        self.per_half = per_half
        self.level = level
        self.error = error
        self.bound = bound
        self.alpha = alpha
        self.permutations = permutations
        self.permuted_pairs = permuted_pairs
        self.max_pairs = max_pairs
        self.max_markers = max_markers
        self.too_few = too_few
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(
        self,
        X: pd.DataFrame | np.ndarray,
        y: np.ndarray,
        groups: np.ndarray | None = None,
        sites: np.ndarray | None = None,
    ) -> Self:
        """Select.

        Parameters
        ----------
        X : DataFrame or ndarray of shape (n_rows, n_columns)
            No gaps.
        y : ndarray of shape (n_rows,)
        groups : ndarray of shape (n_rows,), optional
            Whose row it is; rows of a person are in one half, and are permuted together.
        sites : ndarray of shape (n_rows,), optional
            Where that person was seen: people trade places within sites, and what a site explains
            is taken out as what covariates do.
        """
        self._check_parameters()
        values, outcome = validate_data(self, X, y, dtype="float64", ensure_min_samples=8)
        read = PanelRows.read(X, values, outcome, self.panel, groups=groups, sites=sites)
        self.markers_ = read.markers
        if read.too_few and self.too_few == "nothing":
            self._select_nothing()
            self._support = read.of == ""
            return self
        adjusted = read.adjusted()
        self.prognostic_score_ = adjusted.scored
        ranks = MarkerRanks.of(
            adjusted, read.marker_of, read.outcome, read.family, self.learner, self.l1_ratio
        )
        self.per_half_ = self._how_many(len(self.markers_), len(values))
        self._select(ranks, adjusted, read.people)
        self._support = np.array([c == "" or c in set(self.selected_) for c in read.of])
        return self

    def selected_at(self, level: float, error: Error = "pfer") -> list[str]:
        """Return what the same half-samples select at another level.

        The test of the strongest marker, and of each marker of a small panel, stays at `alpha`;
        pairs are as many as the level of the fit needed.
        """
        check_is_fitted(self)
        if self._each_tested or not self._any_associated():
            return self.selected_
        threshold = ThresholdRule(level, error, self.bound).threshold(
            self.frequencies_, **self._known(self.n_pairs_)
        )
        return self._kept(self.frequencies_ >= threshold - ROUNDING)

    def _check_parameters(self) -> None:
        if not (self.level > 0 and (self.error == "pfer" or self.level < 1)):
            raise ValueError(f"level must be above 0, and below 1 for a share; got {self.level}")
        for name, told in (
            ("learner", get_args(Learner)),
            ("error", get_args(Error)),
            ("bound", get_args(Bound)),
            ("too_few", get_args(TooFew)),
        ):
            if getattr(self, name) not in told:
                raise ValueError(f"{name} must be one of {told}, got {getattr(self, name)!r}")
        if self.alpha is not None and not 1 / (TEST_DRAWS + 1) <= self.alpha < 1:
            raise ValueError(
                f"alpha must lie between {1 / (TEST_DRAWS + 1)} and 1, got {self.alpha}"
            )
        if self.per_half is not None and self.per_half < 1:
            raise ValueError(f"per_half must be 1 or more, got {self.per_half}")

    def _how_many(self, n_markers: int, n_rows: int) -> int:
        if self.per_half is not None:
            return min(self.per_half, n_markers)
        most = MOST_PER_HALF if self.learner == "marginal" else min(MOST_PER_HALF, n_rows // 4)
        return max(1, min(most, n_markers // 4))

    def _select(self, ranks: MarkerRanks, adjusted: Adjusted, people: PeopleInRows) -> None:
        self.n_permutations_, self.pvalue_ = 0, np.nan
        self.null_exceedances_ = np.empty((0, 0))
        self._each_tested = len(self.markers_) < FEWEST_MARKERS
        draws = generator(self.random_state, "half-samples")
        if self.alpha is not None or self._each_tested:
            pvalues = self._test(ranks.marker[ranks.marker >= 0], adjusted, people)
            if self._each_tested or not self._any_associated():
                # frequencies are for information: nothing is looked for, or each was tested
                chosen = ranks(people.pairs(_BATCH, draws), self.per_half_) <= self.per_half_
                self._conclude(chosen, np.inf)
                if self._each_tested:
                    allowed = self.alpha or self.level
                    self.selected_ = self._kept(pvalues <= allowed)
                    self.declared_bound_ = float(allowed) if self.selected_ else 0.0
                return
        halves = people.pairs(self.permuted_pairs if self.bound == "permutation" else _BATCH, draws)
        first = ranks(halves, self.per_half_)
        if self.bound == "permutation":
            self._permute(ranks, people, halves)
        chosen = first <= self.per_half_
        rule = ThresholdRule(self.level, self.error, self.bound)
        while True:
            threshold = rule.threshold(frequencies(chosen)[0], **self._known(len(chosen) // 2))
            settled = not np.isfinite(threshold) or is_settled(chosen, threshold)
            if settled or len(chosen) >= 2 * self.max_pairs:
                break
            more = min(_BATCH, self.max_pairs - len(chosen) // 2)
            new = ranks(people.pairs(more, draws), self.per_half_) <= self.per_half_
            chosen = np.vstack([chosen, new])
        self._conclude(chosen, threshold)

    def _select_nothing(self) -> None:
        self.frequencies_ = self.standard_errors_ = np.zeros(len(self.markers_))
        self.null_exceedances_ = np.empty((0, 0))
        self.threshold_, self.pvalue_, self.declared_bound_ = np.inf, np.nan, 0.0
        self.per_half_ = self.n_pairs_ = self.n_permutations_ = 0
        self.prognostic_score_ = self._each_tested = False
        self.selected_ = []

    def _test(self, marker: np.ndarray, adjusted: Adjusted, people: PeopleInRows) -> np.ndarray:
        """Test the strongest marker, and return the adjusted p-value of each."""
        found = strongest_marker(
            adjusted,
            people,
            generator(self.random_state, "strongest marker"),
            draws=TEST_DRAWS,
            alpha=self.alpha or self.level,
        )
        self.pvalue_ = found.pvalue
        of_marker = np.ones(len(self.markers_))
        np.minimum.at(of_marker, marker, found.adjusted)
        return of_marker

    def _any_associated(self) -> bool:
        return self.alpha is None or self.pvalue_ <= self.alpha

    def _conclude(self, chosen: np.ndarray, threshold: float) -> None:
        self.n_pairs_ = len(chosen) // 2
        self.frequencies_, self.standard_errors_ = frequencies(chosen)
        self.threshold_ = threshold
        self.selected_ = self._kept(self.frequencies_ >= threshold - ROUNDING)
        self.declared_bound_ = 0.0
        if self.selected_:
            rule = ThresholdRule(self.level, self.error, self.bound)
            self.declared_bound_ = rule.declared(
                threshold, n_markers=len(self.markers_), **self._known(self.n_pairs_)
            )

    def _known(self, pairs: int) -> dict[str, Any]:
        return {"pairs": pairs, "per_half": self.per_half_, "null": self.null_exceedances_}

    def _kept(self, stable: np.ndarray) -> list[str]:
        kept = np.flatnonzero(stable)
        if self.max_markers is not None and len(kept) > self.max_markers:
            often = np.argsort(-self.frequencies_[kept], kind="stable")
            kept = np.sort(kept[often[: self.max_markers]])
        return [self.markers_[i] for i in kept]

    def _permute(self, ranks: MarkerRanks, people: PeopleInRows, halves: HalfSamples) -> None:
        """Count what permuted data exceed, and settle how many a half-sample may choose."""
        most = self.per_half_
        sizes = [most]
        if self.per_half is None:
            sizes = [q for q in _PER_HALF if q < most] + [most]

        def one(k: int) -> list[np.ndarray]:
            order = people.permuted(generator(self.random_state, "permutation", k))
            found = ranks(halves, most, order)
            return [exceedances(found <= q) for q in sizes]

        with ThreadPoolExecutor(self.n_jobs) as pool:
            null = np.array(list(pool.map(one, range(self.permutations)))).swapaxes(0, 1)
        self.n_permutations_ = self.permutations
        # where chance alone fills every half-sample with the same markers, choose fewer; the
        # outcome has no part in this
        nobody = np.zeros(len(self.markers_))
        level = self.level if self.error == "pfer" else 1.0
        thresholds = [permutation_threshold(n, nobody, level=level, rate=False) for n in null]
        low = [i for i, t in enumerate(thresholds) if t <= _HIGHEST_THRESHOLD]
        at = low[-1] if low else int(np.argmin(thresholds))
        self.per_half_ = sizes[at]
        self.null_exceedances_ = null[at]

    def _transform(self, X: Any) -> Any:
        # the base class warns of an empty selection, which is a valid answer here
        return _safe_indexing(X, np.flatnonzero(self.get_support()), axis=1)

    def _get_support_mask(self) -> np.ndarray:
        check_is_fitted(self)
        return self._support

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags
