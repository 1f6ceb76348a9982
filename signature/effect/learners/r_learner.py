"""Benefit from what is left of outcome and arm once what is expected of both is taken off."""

from __future__ import annotations

from signature.effect.learners.contrast_regression import ContrastRegression
from signature.effect.learners.effect_learner import EffectLearner, Stage, ToLearn
from signature.effect.learners.held_out_outcome import held_out_outcome


class RLearner(EffectLearner):
    """Regress what is unexpected of the outcome on what was unexpected of the arm times benefit.

    Robinson's transformation (Nie and Wager 2021), with allocation probabilities of the design. The
    outcome is expected by ridge regression and shallow trees of other people, so that curved main
    effects are taken off too.

    Parameters
    ----------
    stage : {"elastic_net", "trees"}
        What benefit is a function of: the columns, linearly, or thresholds and pairs of them.
    l1_ratio : float
        Of the elastic net: 1 lasso, 0 ridge.
    folds : int
        In which people are held out, for the expected outcome and for the stage.
    random_state : int
        Seed of the folds.

    Attributes
    ----------
    coef_, intercept_, trees_
        As of `EffectLearner`.

    Raises
    ------
    OutcomeError, AllocationError, PredictionsError, ValueError
        In `fit`, as `EffectLearner.fit`.

    Notes
    -----
    Where probabilities differ among people, those near 1/2 say more of benefit, and count more.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x, treated = rng.normal(size=(400, 5)), rng.permutation(np.arange(400) % 2)
    >>> y = x[:, 0] ** 2 + treated * (1 + x[:, 1]) + rng.normal(size=400)
    >>> RLearner().fit(x, y, treated=treated, share=0.5).coef_.round(1)
    array([-0.1,  0.7,  0. ,  0. ,  0. ])
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
        return unexpected(told)


def unexpected(told: ToLearn, *, trees: bool = True) -> ContrastRegression:
    """Take main effects off the outcome, and the probability of treatment off treatment.

    Parameters
    ----------
    told : ToLearn
    trees : bool
        Whether curves and thresholds are among the main effects, as of `held_out_outcome`.

    Returns
    -------
    ContrastRegression
    """
    people = told.people
    expected = held_out_outcome(
        told.X,
        people.outcome,
        weight=people.weight,
        fold=told.fold,
        contrast=people.centred,
        trees=trees,
    )
    return ContrastRegression(people.outcome - expected, people.centred, people.weight, told.fold)
