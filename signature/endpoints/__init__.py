"""One file per endpoint of a trial: ``ENDPOINT``, ``derive(records)``, optionally ``unknown``.

``derive`` returns a Series of float, missing where not known: in the endpoint's unit, or 1 for the
event and 0 for none. For a time to event it returns a DataFrame with the columns ``time`` (days
from randomisation to the event or to the end of observation) and ``event`` (1 or 0). ``unknown``
returns a reason on rows whose value the definition leaves unknown, missing elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from signature.exceptions import DefinitionError

Kind = Literal["continuous", "binary", "time to event"]


@dataclass(frozen=True)
class Endpoint:
    """What a trial compares its arms by.

    Parameters
    ----------
    label : str
        A noun phrase: "CD4 count at week 20". Of an event, the event.
    unit : str
        Of the values; empty for events.
    kind : {"continuous", "binary", "time to event"}
    higher_is_better : bool
        Which direction is good for the person; of an event, whether having it is.
    day : int
        When it is measured, in days from randomisation; of a time to event, the horizon.
    definition : str
        The rule in one or two sentences, with its source.
    horizon : int, optional
        Of a time to event, and only there: the day by which events count.
    baseline : str, optional
        Name of the feature that is the same scale before treatment.

    Raises
    ------
    DefinitionError
        When the kind is unknown, the day is not after randomisation, or horizon and kind
        contradict each other.

    Examples
    --------
    >>> Endpoint("score", "points", "continuous", False, 0, "Asked at day 0.")
    Traceback (most recent call last):
        ...
    signature.exceptions.DefinitionError: endpoint 'score': 'day' counts from randomisation and ...
    """

    label: str
    unit: str
    kind: Kind
    higher_is_better: bool
    day: int
    definition: str
    horizon: int | None = None
    baseline: str | None = None

    def __post_init__(self) -> None:
        where = f"endpoint {self.label!r}"
        if self.kind not in get_args(Kind):
            raise DefinitionError(
                f"{where}: 'kind' must be one of {', '.join(get_args(Kind))}; got {self.kind!r}"
            )
        if self.day <= 0:
            raise DefinitionError(
                f"{where}: 'day' counts from randomisation and must be 1 or more; got {self.day}"
            )
        if (self.kind == "time to event") != (self.horizon is not None):
            raise DefinitionError(
                f"{where}: a time to event needs a 'horizon' in days, and no other kind has one"
            )
        if self.horizon is not None and self.horizon != self.day:
            raise DefinitionError(
                f"{where}: 'day' of a time to event is its horizon; got {self.day} and "
                f"{self.horizon}"
            )
        if (self.kind == "continuous") != bool(self.unit):
            raise DefinitionError(f"{where}: a continuous endpoint needs a 'unit', and no event")
