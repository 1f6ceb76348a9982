"""A few markers that were selected as telling who benefits, and their shrunken weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from signature.effect.interaction.predictive_markers import predictive_markers
from signature.effect.learners.contrast_regression import linear_benefit
from signature.effect.learners.effect_learner import EffectLearner, ToLearn
from signature.effect.learners.r_learner import unexpected
from signature.select.marker_ranks import Learner
from signature.study.schema import source_of


class PredictiveSignature(EffectLearner):
    """Select predictive markers, then fit a ridge regression of benefit on those alone.

    Where none is selected, the benefit is the average one for everybody.

    Parameters
    ----------
    panel : sequence of str, optional
        Names of the markers to select from; all columns when left out. A column ``<marker>__…``
        belongs to its marker. Other columns are main effects only.
    learner, level, alpha, max_markers
        As of `signature.effect.interaction.predictive_markers.predictive_markers`.
    folds : int
        In which people are held out, for main effects and for the penalty.
    random_state : int

    Attributes
    ----------
    markers_ : list of str
        What was selected from.
    selected_ : list of str
        Empty when nothing passes.
    frequencies_, adjusted_pvalues_ : ndarray of shape (n_markers,)
    threshold_, pvalue_, declared_bound_ : float
    coef_, intercept_
        As of `EffectLearner`.

    Raises
    ------
    OutcomeError, AllocationError, PredictionsError, ValueError
        In `fit`, as `EffectLearner.fit`; ValueError also when no column is a marker.
    MissingExtraError
        In `fit`, where numba is not installed; a fitted signature does not need it.

    Examples
    --------
    >>> import pandas as pd
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame(rng.normal(size=(300, 12)), columns=[f"m{i}" for i in range(12)])
    >>> treated = rng.permutation(np.arange(300) % 2)
    >>> y = 3 * X["m0"] + treated * (1 + X["m3"]) + rng.normal(size=300)
    >>> PredictiveSignature().fit(X, y, treated=treated, share=0.5).selected_
    ['m3']
    """

    def __init__(
        self,
        panel: Sequence[str] | None = None,
        learner: Learner = "elastic_net",
        level: float = 0.25,
        alpha: float = 0.05,
        max_markers: int | None = 10,
        folds: int = 5,
        random_state: int = 0,
    ) -> None:
        self.panel = panel
        self.learner = learner
        self.level = level
        self.alpha = alpha
        self.max_markers = max_markers
        self.folds = folds
        self.random_state = random_state

    def _learn(self, told: ToLearn) -> None:
        of = self._marker_of_column(told.X.shape[1])
        self.markers_ = list(dict.fromkeys(m for m in of if m))
        if not self.markers_:
            raise ValueError(f"none of the {len(of)} columns is a marker of the panel")
        number = {name: i for i, name in enumerate(self.markers_)} | {"": -1}
        found = predictive_markers(
            told,
            np.array([number[m] for m in of]),
            learner=self.learner,
            level=self.level,
            alpha=self.alpha,
            max_markers=self.max_markers,
            seed=self.random_state,
        )
        self.selected_ = [self.markers_[i] for i in np.flatnonzero(found.selected)]
        self.frequencies_, self.adjusted_pvalues_ = found.frequencies, found.adjusted
        self.threshold_, self.pvalue_ = found.threshold, found.pvalue
        self.declared_bound_ = found.declared_bound
        used = np.flatnonzero([m in set(self.selected_) for m in of])
        fitted = linear_benefit(told.X[:, used], unexpected(told), l1_ratio=0.0)
        coef = np.zeros(len(of))
        coef[used] = fitted.coef
        self._conclude(coef, fitted.intercept)

    def _marker_of_column(self, n_columns: int) -> list[str]:
        names = getattr(self, "feature_names_in_", [f"x{i}" for i in range(n_columns)])
        wanted = {source_of(n) for n in names} if self.panel is None else set(self.panel)
        return [source_of(n) if source_of(n) in wanted else "" for n in names]
