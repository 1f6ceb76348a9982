"""Benefit from doubly robust scores: the regression of what each person says of it."""

from __future__ import annotations

import numpy as np

from signature.effect.learners.contrast_regression import ContrastRegression
from signature.effect.learners.effect_learner import EffectLearner, Stage, ToLearn
from signature.effect.learners.held_out_outcome import held_out_outcome
from signature.effect.trial.aipw import arm_scores, benefit_scores


class DRLearner(EffectLearner):
    """Regress doubly robust scores of benefit on the columns (Kennedy 2023).

    Outcomes under each arm are expected by ridge regression and shallow trees of other people in
    that arm; `signature.effect.trial.aipw` makes scores of them with the probabilities of the
    design.

    Parameters
    ----------
    stage : {"elastic_net", "trees"}
        What benefit is a function of: the columns, linearly, or thresholds and pairs of them.
    l1_ratio : float
        Of the elastic net: 1 lasso, 0 ridge.
    folds : int
        In which people are held out, for expected outcomes and for the stage.
    random_state : int
        Seed of the folds.

    Attributes
    ----------
    coef_, intercept_, trees_
        As of `EffectLearner`. Without other terms the intercept is the trial's average effect,
        adjusted for main effects.

    Raises
    ------
    OutcomeError, AllocationError, PredictionsError, ValueError
        In `fit`, as `EffectLearner.fit`.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x, treated = rng.normal(size=(400, 5)), rng.permutation(np.arange(400) % 3 > 0)
    >>> y = 3 * x[:, 0] + treated * (1 + x[:, 1]) + rng.normal(size=400)
    >>> learned = DRLearner().fit(x, y, treated=treated, share=2 / 3)
    >>> learned.coef_.round(1)
    array([ 0. ,  0.8, -0.1,  0.1,  0. ])
    """

    def __init__(
        self,
        stage: Stage = "elastic_net",
        l1_ratio: float = 0.5,
        folds: int = 5,
        random_state: int = 0,
    ) -> None:
        self.stage = stage
        self.l1_ratio = l1_ratio
        self.folds = folds
        self.random_state = random_state

    def _regression(self, told: ToLearn) -> ContrastRegression:
        people = told.people
        arm = people.treated.astype(int)
        expected = [
            held_out_outcome(
                told.X,
                people.outcome,
                weight=people.weight * (arm == a),
                fold=told.fold,
                trees=True,
            )
            for a in (0, 1)
        ]
        scores = arm_scores(
            people.outcome,
            arm,
            np.column_stack([1 - people.share, people.share]),
            np.column_stack(expected),
            weight=people.weight,
        )
        benefit = benefit_scores(scores, 1, 0, higher_is_better=True)
        return ContrastRegression(benefit, np.ones(len(arm)), people.weight, told.fold)
