"""How many people the development of a prediction model needs: the criteria of Riley and others.

For a yes/no outcome (Riley 2019, part II; Riley 2020, BMJ): predictors whose effects need little
shrinkage, an R² that is little too good, and an overall risk that is known well enough. Events per
parameter follow from these; they are no criterion of their own.

A parameter is a coefficient that could have been estimated, kept in the model or not. A penalty or
a selection does not make the candidates fewer; it trades shrinkage for bias, and the criteria, made
for maximum likelihood, then ask for more people than a penalised model may need to rank well.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, exp, log, log1p

from scipy.optimize import brentq
from scipy.special import ndtri

from signature.records.plan import CriterionName, NeededPeople

QUANTILE = float(ndtri(0.975))


@dataclass(frozen=True)
class DevelopmentSize:
    """People needed to develop a model, by criterion.

    Parameters
    ----------
    parameters : int
    event_rate : float
    cox_snell : float
        Anticipated Cox–Snell R² in new people.
    largest_cox_snell : float
        What Cox–Snell R² is at most at this event rate.
    criteria : tuple of NeededPeople
    """

    parameters: int
    event_rate: float
    cox_snell: float
    largest_cox_snell: float
    criteria: tuple[NeededPeople, ...]

    @property
    def n(self) -> int:
        """People that all criteria together need."""
        return max(c.people for c in self.criteria)

    @property
    def nagelkerke(self) -> float:
        """Anticipated R² as a share of the largest possible."""
        return self.cox_snell / self.largest_cox_snell


def largest_cox_snell(event_rate: float) -> float:
    """Cox–Snell R² of a model that knows every outcome.

    Examples
    --------
    >>> round(largest_cox_snell(0.5), 2), round(largest_cox_snell(0.05), 2)
    (0.75, 0.33)
    """
    _check_share("event_rate", event_rate)
    return 1 - exp(2 * (event_rate * log(event_rate) + (1 - event_rate) * log1p(-event_rate)))


def development_size(
    parameters: int,
    event_rate: float,
    cox_snell: float,
    *,
    shrinkage: float = 0.9,
    optimism: float = 0.05,
    margin: float = 0.05,
) -> DevelopmentSize:
    """Compute how many people the development of a model needs.

    Parameters
    ----------
    parameters : int
        Candidate parameters, after encoding.
    event_rate : float
        Share of events, between 0 and 1.
    cox_snell : float
        Anticipated Cox–Snell R² in new people, above 0; see
        `signature.validation.binormal.cox_snell_from_auroc`. A cautious
        value is low.
    shrinkage : float
        Least factor by which predictor effects would have to be multiplied.
    optimism : float
        Largest apparent minus true Nagelkerke R².
    margin : float
        Half the width of the 95 % interval of the overall risk.

    Returns
    -------
    DevelopmentSize

    Raises
    ------
    ValueError
        When a number is outside its range, or R² is larger than it can be.

    Examples
    --------
    >>> size = development_size(24, 0.174, 0.288)
    >>> [c.people for c in size.criteria], size.n
    ([623, 662, 221], 662)
    >>> round(size.criteria[1].events_per_parameter, 1)
    4.8
    """
    if parameters < 1:
        raise ValueError(f"parameters must be 1 or more; got {parameters}")
    for name, value in (("shrinkage", shrinkage), ("optimism", optimism), ("margin", margin)):
        _check_share(name, value)
    largest = largest_cox_snell(event_rate)
    if not 0 < cox_snell < largest:
        raise ValueError(
            f"cox_snell must lie above 0 and below {largest:.3f}, the largest possible at an event "
            f"rate of {event_rate:g}; got {cox_snell!r}"
        )
    if cox_snell >= shrinkage:
        raise ValueError(f"shrinkage must be above cox_snell = {cox_snell:g}; got {shrinkage!r}")
    needed: dict[CriterionName, tuple[str, float]] = {
        "shrinkage": (
            f"predictor effects need to shrink by {1 - shrinkage:.0%} at most",
            parameters / _information(shrinkage, cox_snell),
        ),
        "optimism": (
            f"apparent Nagelkerke R² is at most {optimism:g} above the true one",
            parameters / _information(_enough(cox_snell, largest, optimism), cox_snell),
        ),
        "overall risk": (
            f"the overall risk is known to within ± {margin:g}",
            (QUANTILE / margin) ** 2 * event_rate * (1 - event_rate),
        ),
    }
    return DevelopmentSize(
        parameters=parameters,
        event_rate=event_rate,
        cox_snell=cox_snell,
        largest_cox_snell=largest,
        criteria=tuple(
            NeededPeople(
                name=name,
                rule=rule,
                people=ceil(n),
                events=ceil(n) * event_rate,
                events_per_parameter=ceil(n) * event_rate / parameters,
            )
            for name, (rule, n) in needed.items()
        ),
    )


def expected_shrinkage(n: int, parameters: int, cox_snell: float) -> float:
    """Shrinkage that the effects of a maximum-likelihood model from n people will need.

    The factor is 1 when nothing is overfitted. This is the shrinkage criterion, read the other way.

    Parameters
    ----------
    n, parameters : int
    cox_snell : float
        Anticipated in new people, between 0 and 1.

    Examples
    --------
    >>> round(expected_shrinkage(623, 24, 0.288), 2), round(expected_shrinkage(100, 24, 0.288), 2)
    (0.9, 0.62)
    """
    if n < 1 or parameters < 1:
        raise ValueError(f"n and parameters must be 1 or more; got {n} and {parameters}")
    _check_share("cox_snell", cox_snell)

    def surplus(factor: float) -> float:
        return n * _information(factor, cox_snell) - parameters

    # towards the R² itself the apparent fit, and with it what is learned, grows without end
    low = cox_snell * (1 + 1e-12)
    return cox_snell if surplus(low) <= 0 else float(brentq(surplus, low, 1.0))


def parameters_within(
    n: int,
    event_rate: float,
    cox_snell: float,
    *,
    shrinkage: float = 0.9,
    optimism: float = 0.05,
) -> int:
    """Count the candidate parameters that n people are enough for, by shrinkage and optimism.

    Parameters and errors as in `development_size`.

    Examples
    --------
    >>> parameters_within(662, 0.174, 0.288), parameters_within(200, 0.174, 0.288)
    (24, 7)
    """
    largest = largest_cox_snell(event_rate)
    factor = max(shrinkage, _enough(cox_snell, largest, optimism))
    return int(n * _information(factor, cox_snell) + 1e-9)


def _information(factor: float, cox_snell: float) -> float:
    """Parameters per person at a shrinkage factor (Riley 2019, from van Houwelingen's)."""
    return (factor - 1) * log1p(-cox_snell / factor)


def _enough(cox_snell: float, largest: float, optimism: float) -> float:
    """Shrinkage at which R² is no more than so much too good."""
    return cox_snell / (cox_snell + optimism * largest)


def _check_share(name: str, value: float) -> None:
    if not 0 < value < 1:
        raise ValueError(f"{name} must lie between 0 and 1; got {value!r}")
