"""Benefit by modified covariates: columns times half the arm's sign, in one elastic net."""

from __future__ import annotations

from signature.effect.learners.contrast_regression import ContrastRegression
from signature.effect.learners.effect_learner import EffectLearner, ToLearn
from signature.effect.learners.held_out_outcome import held_out_outcome


class ModifiedCovariate(EffectLearner):
    """Regress outcomes on columns that are halved, and negative in control.

    The coefficients of such columns are those of benefit, and main effects need no model (Tian,
    Alizadeh, Gentles and Tibshirani 2014). Each row weighs the inverse of the probability of its
    arm, which makes that true of any allocation, equal or not (Chen, Tian, Cai and Yu 2017). What a
    ridge regression predicts of an outcome without knowing its arm, learned from other people, is
    taken off before: this changes no expectation and makes estimates more precise.

    Parameters
    ----------
    l1_ratio : float
        1 lasso, 0 ridge.
    folds : int
        In which people are held out, for main effects and for the penalty.
    random_state : int
        Seed of the folds.

    Attributes
    ----------
    coef_ : ndarray of shape (n_columns,)
        Benefit per unit of each column; all 0 where one benefit for all predicts best.
    intercept_ : float
        Benefit where all columns are 0. It has no penalty.

    Raises
    ------
    OutcomeError, AllocationError, PredictionsError, ValueError
        In `fit`, as `EffectLearner.fit`.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x, treated = rng.normal(size=(400, 5)), rng.permutation(np.arange(400) % 4 > 0)
    >>> y = 3 * x[:, 0] + treated * (1 + x[:, 1]) + rng.normal(size=400)
    >>> learned = ModifiedCovariate().fit(x, y, treated=treated, share=0.75)
    >>> learned.coef_.round(1), round(learned.intercept_, 1)
    (array([-0.1,  0.9,  0.1,  0. ,  0. ]), 0.9)
    """

    def __init__(self, l1_ratio: float = 0.5, folds: int = 5, random_state: int = 0) -> None:
        self.l1_ratio = l1_ratio
        self.folds = folds
        self.random_state = random_state

    def _regression(self, told: ToLearn) -> ContrastRegression:
        people = told.people
        half = people.treated - 0.5
        weight = people.weight / people.probability
        expected = held_out_outcome(
            told.X, people.outcome, weight=weight, fold=told.fold, contrast=half
        )
        return ContrastRegression(people.outcome - expected, half, weight, told.fold)
