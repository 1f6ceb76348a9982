"""What it costs to decide everybody, and to leave some undecided."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Costs:
    """Costs of what may happen to a person, all in one unit of the user's choice.

    Parameters
    ----------
    false_positive : float
        Of calling an event where there is none, above 0.
    false_negative : float
        Of missing an event, above 0.
    indeterminate : float
        Of not deciding, e.g. of a further test; at least 0.

    Raises
    ------
    ValueError
        When a cost is out of range or not finite.
    """

    false_positive: float
    false_negative: float
    indeterminate: float

    def __post_init__(self) -> None:
        for name in ("false_positive", "false_negative"):
            value = getattr(self, name)
            if not (value > 0 and np.isfinite(value)):
                raise ValueError(f"{name} is a cost above 0, got {value!r}")
        if not (self.indeterminate >= 0 and np.isfinite(self.indeterminate)):
            raise ValueError(f"indeterminate is a cost of at least 0, got {self.indeterminate!r}")

    @property
    def threshold(self) -> float:
        """Probability from which calling an event is the cheaper error (Elkan 2001)."""
        return self.false_positive / (self.false_positive + self.false_negative)


def expected_costs(
    outcome: np.ndarray,
    probability: np.ndarray,
    sets: np.ndarray,
    weights: np.ndarray,
    costs: Costs,
) -> dict[str, np.ndarray]:
    """Compare deciding everybody with abstaining where a conformal set holds both or none.

    Parameters
    ----------
    outcome : ndarray of shape (n,)
        1 event, 0 none.
    probability : ndarray of shape (n,)
        Held-out, of the event. Deciding everybody calls an event from `Costs.threshold` on, which
        is the cheapest rule when probabilities are calibrated.
    sets : ndarray of bool, shape (n, 2)
        Whether no event, and whether event, is in the set (`signature.validation.conformal`).
    weights : ndarray of shape (n_draws, n)
        Ones, bootstrap counts or survey weights.
    costs : Costs

    Returns
    -------
    dict of ndarray, each of shape (n_draws,)
        ``deciding``, ``abstaining``: mean cost of a person. ``difference``: abstaining minus
        deciding; below 0 abstaining is cheaper. ``break_even``: cost of an indeterminate result at
        which both cost the same; abstaining pays when it costs less. NaN where nobody is
        indeterminate; below 0 where abstaining does not pay even for nothing.

    Examples
    --------
    >>> sets = np.array([[True, False], [True, True], [False, True], [True, True]])
    >>> found = expected_costs(
    ...     np.array([0, 1, 1, 0]), np.array([0.1, 0.4, 0.9, 0.6]), sets, np.ones((1, 4)),
    ...     Costs(false_positive=1, false_negative=1, indeterminate=0.2),
    ... )
    >>> {name: round(float(value[0]), 3) for name, value in found.items()}
    {'deciding': 0.5, 'abstaining': 0.1, 'difference': -0.4, 'break_even': 1.0}
    """
    event = np.asarray(outcome) == 1
    one = sets[:, 0] ^ sets[:, 1]
    total = weights.sum(axis=1)

    def mean(cost: np.ndarray) -> np.ndarray:
        above = weights @ cost
        return np.divide(above, total, out=np.full(len(weights), np.nan), where=total > 0)

    def of_errors(called: np.ndarray) -> np.ndarray:
        wrong = np.where(event, costs.false_negative, costs.false_positive)
        return np.where(called == event, 0.0, wrong)

    deciding = mean(of_errors(np.asarray(probability) >= costs.threshold))
    decided = mean(np.where(one, of_errors(sets[:, 1]), 0.0))
    undecided = mean((~one).astype("float64"))
    abstaining = decided + costs.indeterminate * undecided
    break_even = np.divide(
        deciding - decided, undecided, out=np.full(len(weights), np.nan), where=undecided > 0
    )
    return {
        "deciding": deciding,
        "abstaining": abstaining,
        "difference": abstaining - deciding,
        "break_even": break_even,
    }
