"""One file per outcome: ``OUTCOME``, ``derive(records) -> Series``, optionally ``ineligible``.

``derive`` returns 1 for the event, 0 for no event, and a missing value where it is not known;
``ineligible`` returns a reason on the rows that the definition leaves out.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """How an outcome is named in a report.

    Parameters
    ----------
    label : str
        A noun phrase: "birth before 37 weeks".
    event : str
        What a person with outcome 1 did or had: "gave birth before 37 weeks".
    no_event : str
        The same for outcome 0.
    definition : str
        The rule in one or two sentences, with its source.
    """

    label: str
    event: str
    no_event: str
    definition: str
