"""Stability selection of markers with an error rate that is measured on permuted data."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal, Self, get_args

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.feature_selection import SelectorMixin
from sklearn.utils import Tags, _safe_indexing
from sklearn.utils.validation import check_is_fitted, validate_data

from signature.columns import as_table
from signature.covariates import Adjusted, adjust
from signature.elastic_net_path import Family, compiled_paths
from signature.exceedances import (
    LOWEST_THRESHOLD,
    exceedances,
    expected_false,
    permutation_threshold,
)
from signature.half_samples import HalfSamples, PeopleInRows
from signature.randomness import generator
from signature.schema import source_of
from signature.stability_bounds import pfer_bound, threshold_for
from signature.strongest_marker import strongest_marker

Learner = Literal["elastic_net", "marginal"]
Bound = Literal["permutation", "r-concave", "unimodal", "none"]
Error = Literal["pfer", "fdr"]

MOST_PER_HALF = 40
"""Markers that a half-sample may choose, however many there are."""

FEWEST_PEOPLE = 4
"""Of each class: with fewer, a half-sample has one person of a class to learn from."""

FEWEST_MARKERS = 8
"""Fewer are tested one by one: among so few, chance chooses the same ones again and again."""

TEST_PERMUTATIONS = 999
"""Of the test of the strongest marker."""

_PER_HALF = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30)
_HIGHEST_THRESHOLD = 0.9
"""Aimed at: above, frequencies hardly tell markers apart."""

_STEPS = np.geomspace(1.0, 0.02, 30)
"""Penalties of a path, as shares of the largest."""

_TOLERANCE = 1e-6
_BATCH = 50
"""Pairs that are drawn before it is asked whether more could change anything."""

_SETTLED = 2.58
"""Standard errors between a frequency and the threshold that settle a marker."""


@dataclass(eq=False)
class _Data:
    """What half-samples are drawn from, in the layout of the compiled code."""

    columns: np.ndarray
    marker: np.ndarray
    y: np.ndarray
    weight: np.ndarray
    unexplained: np.ndarray


class StabilitySelection(SelectorMixin, BaseEstimator):
    """Choose the markers that half-samples of the people choose again and again.

    Pairs of complementary half-samples (Meinshausen and Bühlmann 2010; Shah and Samworth 2013) each
    choose the markers that enter first. A marker whose frequency reaches a threshold is selected.
    The threshold bounds the expected number of false selections (the per-family error rate, PFER),
    or their share. With ``bound="permutation"`` it is read off the same procedure on data whose
    markers were permuted among people. Nothing at all is selected unless the strongest marker is
    stronger than the strongest of permuted data in all but a share `alpha`. An empty selection is
    a valid answer.

    Parameters
    ----------
    panel : sequence of str, optional
        Names of the markers to select from; all columns when left out. A column ``<marker>__…``
        belongs to its marker: they are chosen together. Every other column is a covariate: always
        kept, never penalised, and taken out of the markers first.
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
        Where the threshold comes from: permutations, or the bounds of `signature.stability_bounds`.
    alpha : float, optional
        How often permuted data may have as strong a marker; None does without this test. It is
        exact whatever the correlations when nothing is associated, so that `alpha` is then the
        chance that anything is selected.
    permutations : int
        Of the markers among people, for the threshold.
    permuted_pairs : int
        Pairs of half-samples of each permutation.
    max_pairs : int
        Pairs are drawn until no further ones could plausibly move a marker across the threshold,
        at most so many.
    max_markers : int, optional
        Keep at most so many, the most frequent.
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
    prognostic_score_ : bool
        Whether one score stood for covariates that were too many.

    Raises
    ------
    ValueError
        When the classes are not two (for numbers: fewer than three values), one has fewer than
        `FEWEST_PEOPLE` people, no column is a marker, or a parameter is out of range.
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
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(
        self, X: pd.DataFrame | np.ndarray, y: np.ndarray, groups: np.ndarray | None = None
    ) -> Self:
        """Select.

        Parameters
        ----------
        X : DataFrame or ndarray of shape (n_rows, n_columns)
            No gaps.
        y : ndarray of shape (n_rows,)
        groups : ndarray of shape (n_rows,), optional
            Whose row it is; rows of a person are in one half, and are permuted together.
        """
        self._check_parameters()
        values, outcome = validate_data(self, X, y, dtype="float64", ensure_min_samples=8)
        names = [str(c) for c in as_table(X if isinstance(X, pd.DataFrame) else values).columns]
        y01, family = _outcome(outcome)
        person = np.arange(len(y01)) if groups is None else np.asarray(groups)
        if len(person) != len(y01):
            raise ValueError(f"{len(person)} groups for {len(y01)} rows; one per row is needed")
        people = PeopleInRows(person, y01 if family == "logistic" else np.zeros(len(y01)))
        if people.fewest < FEWEST_PEOPLE:
            raise ValueError(
                f"the rarer class has {people.fewest} people (n_samples = {len(y01)}, n_features = "
                f"{len(names)}); selection on half-samples needs {FEWEST_PEOPLE} or more of each"
            )
        of = self._marker_columns(names)
        self.markers_ = list(dict.fromkeys(of[of != ""]))
        is_marker = of != ""
        adjusted = adjust(
            values[:, is_marker],
            values[:, ~is_marker],
            y01,
            family=family,
            rarer=people.fewest // 2,
        )
        self.prognostic_score_ = adjusted.covariates.shape[1] < int(
            (np.ptp(values[:, ~is_marker], axis=0) > 0).sum()
        )
        data = self._layout(adjusted, of[is_marker], y01)
        self.per_half_ = self._how_many(len(self.markers_), len(y01))
        self._select(data, people, family)
        self._support = np.array([c == "" or c in set(self.selected_) for c in of])
        return self

    def _check_parameters(self) -> None:
        if not (self.level > 0 and (self.error == "pfer" or self.level < 1)):
            raise ValueError(f"level must be above 0, and below 1 for a share; got {self.level}")
        for name, told in (
            ("learner", get_args(Learner)),
            ("error", get_args(Error)),
            ("bound", get_args(Bound)),
        ):
            if getattr(self, name) not in told:
                raise ValueError(f"{name} must be one of {told}, got {getattr(self, name)!r}")
        if self.alpha is not None and not 1 / (TEST_PERMUTATIONS + 1) <= self.alpha < 1:
            raise ValueError(
                f"alpha must lie between {1 / (TEST_PERMUTATIONS + 1)} and 1, got {self.alpha}"
            )
        if self.per_half is not None and self.per_half < 1:
            raise ValueError(f"per_half must be 1 or more, got {self.per_half}")

    def _marker_columns(self, names: list[str]) -> np.ndarray:
        """Marker of each column, '' for a covariate."""
        if self.panel is None:
            return np.array([source_of(n) for n in names], dtype=object)
        wanted = set(self.panel)
        of = np.array([source_of(n) if source_of(n) in wanted else "" for n in names], dtype=object)
        if not (of != "").any():
            raise ValueError(f"none of the {len(names)} columns is a marker of the panel")
        return of

    def _layout(self, adjusted: Adjusted, of: np.ndarray, y: np.ndarray) -> _Data:
        number = {name: i for i, name in enumerate(self.markers_)}
        marker = [-1] * adjusted.covariates.shape[1] + [number[name] for name in of]
        columns = np.ascontiguousarray(np.hstack([adjusted.covariates, adjusted.markers]).T)
        return _Data(columns, np.array(marker), y, np.ones(len(y)), adjusted.unexplained)

    def _how_many(self, n_markers: int, n_rows: int) -> int:
        if self.per_half is not None:
            return min(self.per_half, n_markers)
        most = MOST_PER_HALF if self.learner == "marginal" else min(MOST_PER_HALF, n_rows // 4)
        return max(1, min(most, n_markers // 4))

    def _select(self, data: _Data, people: PeopleInRows, family: Family) -> None:
        n_markers = len(self.markers_)
        self.n_permutations_, self.pvalue_ = 0, np.nan
        null = np.empty((0, 2))
        draws = generator(self.random_state, "half-samples")
        if self.alpha is not None or n_markers < FEWEST_MARKERS:
            of_marker = self._test(data, people)
            if n_markers < FEWEST_MARKERS or self.pvalue_ > (self.alpha or 1):
                # nothing is looked for, or each is tested: frequencies are for information
                chosen = self._ranks(data, people.pairs(_BATCH, draws), family) <= self.per_half_
                self._conclude(chosen, np.inf, null)
                if n_markers < FEWEST_MARKERS:
                    self._keep(np.flatnonzero(of_marker <= (self.alpha or self.level)))
                    self.declared_bound_ = float(self.alpha or self.level)
                return
        halves = people.pairs(self.permuted_pairs if self.bound == "permutation" else _BATCH, draws)
        ranks = self._ranks(data, halves, family)
        if self.bound == "permutation":
            null = self._permute(data, people, halves, family)
        chosen = ranks <= self.per_half_
        while True:
            threshold = self._threshold(chosen, null)
            settled = not np.isfinite(threshold) or _is_settled(chosen, threshold)
            if settled or len(chosen) >= 2 * self.max_pairs:
                break
            more = min(_BATCH, self.max_pairs - len(chosen) // 2)
            new = self._ranks(data, people.pairs(more, draws), family) <= self.per_half_
            chosen = np.vstack([chosen, new])
        self._conclude(chosen, threshold, null)

    def _test(self, data: _Data, people: PeopleInRows) -> np.ndarray:
        """Test the strongest marker, and return the adjusted p-value of each."""
        found = strongest_marker(
            data.columns[data.marker >= 0].T,
            data.unexplained,
            people,
            generator(self.random_state, "strongest marker"),
            TEST_PERMUTATIONS,
        )
        self.pvalue_ = found.pvalue
        of_marker = np.ones(len(self.markers_))
        np.minimum.at(of_marker, data.marker[data.marker >= 0], found.adjusted)
        return of_marker

    def _conclude(self, chosen: np.ndarray, threshold: float, null: np.ndarray) -> None:
        self.n_pairs_ = len(chosen) // 2
        self.frequencies_, self.standard_errors_ = _frequencies(chosen)
        self.threshold_ = threshold
        self._keep(np.flatnonzero(self.frequencies_ >= threshold - 1e-9))
        self.declared_bound_ = self._declared(null) if self.selected_ else 0.0

    def _keep(self, stable: np.ndarray) -> None:
        if self.max_markers is not None and len(stable) > self.max_markers:
            often = np.argsort(-self.frequencies_[stable], kind="stable")
            stable = np.sort(stable[often[: self.max_markers]])
        self.selected_ = [self.markers_[i] for i in stable]

    def _declared(self, null: np.ndarray) -> float:
        if self.bound == "permutation":
            return float(expected_false(null, np.array([self.threshold_]))[0])
        return float(
            pfer_bound(
                self.threshold_,
                p=len(self.markers_),
                q=self.per_half_,
                pairs=self.n_pairs_,
                assumption=self.bound,
            )
        )

    def _threshold(self, chosen: np.ndarray, null: np.ndarray) -> float:
        frequencies = _frequencies(chosen)[0]
        rate = self.error == "fdr"
        if self.bound == "permutation":
            return permutation_threshold(null, frequencies, level=self.level, rate=rate)
        told: dict[str, Any] = {
            "p": len(self.markers_),
            "q": self.per_half_,
            "pairs": len(chosen) // 2,
            "assumption": self.bound,
        }
        if not rate:
            return _or_infinite(threshold_for(self.level, **told))
        # the most selections whose bound is a small enough share of them
        for k in range(int((frequencies > LOWEST_THRESHOLD).sum()), 0, -1):
            threshold = _or_infinite(threshold_for(self.level * k, **told))
            if (frequencies >= threshold - 1e-9).sum() >= k:
                return threshold
        return np.inf

    def _permute(
        self, data: _Data, people: PeopleInRows, halves: HalfSamples, family: Family
    ) -> np.ndarray:
        """Return exceedances of permuted data, and settle how many a half-sample may choose."""
        most = self.per_half_
        sizes = [most]
        if self.per_half is None:
            sizes = [q for q in _PER_HALF if q < most] + [most]

        def one(k: int) -> list[np.ndarray]:
            order = people.permuted(generator(self.random_state, "permutation", k))
            ranks = self._ranks(data, halves, family, order)
            return [exceedances(ranks <= q) for q in sizes]

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
        return null[at]

    def _ranks(
        self, data: _Data, halves: HalfSamples, family: Family, order: np.ndarray | None = None
    ) -> np.ndarray:
        """In which order each half-sample takes the markers, (n_half_samples, n_markers)."""
        kernel = compiled_paths()
        ranks = np.full((len(halves), len(self.markers_)), kernel.NEVER, dtype=np.int16)
        # a marker may bring columns along, and a path counts columns
        columns_each = int(np.bincount(data.marker[data.marker >= 0]).max())
        kernel.entry_ranks(
            data.columns,
            data.marker,
            data.y,
            data.weight,
            data.unexplained,
            halves.rows if order is None else order[halves.rows],
            halves.rows,
            halves.sizes,
            -_STEPS if self.learner == "elastic_net" else np.empty(0),
            float(self.l1_ratio),
            family == "logistic",
            self.per_half_ * columns_each,
            _TOLERANCE,
            ranks,
        )
        return ranks

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


def _outcome(y: np.ndarray) -> tuple[np.ndarray, Family]:
    values = np.unique(y)
    if len(values) < 2:
        raise ValueError("The outcome has one class only; two are needed")
    if len(values) == 2:
        return (y == values[1]).astype("float64"), "logistic"
    try:
        numbers = np.asarray(y, dtype="float64")
    except ValueError:
        raise ValueError(
            f"Only binary classification is supported: the outcome has {len(values)} classes. "
            "Give two classes, or numbers"
        ) from None
    return (numbers - numbers.mean()) / numbers.std(), "linear"


def _frequencies(chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share of half-samples, and its Monte Carlo error from the spread between pairs."""
    by_pair = (chosen[0::2].astype("float64") + chosen[1::2]) / 2
    return by_pair.mean(axis=0), by_pair.std(axis=0, ddof=1) / np.sqrt(len(by_pair))


def _is_settled(chosen: np.ndarray, threshold: float) -> bool:
    frequencies, errors = _frequencies(chosen)
    return bool((np.abs(frequencies - threshold) >= _SETTLED * errors).all())


def _or_infinite(threshold: float | None) -> float:
    return np.inf if threshold is None else threshold
