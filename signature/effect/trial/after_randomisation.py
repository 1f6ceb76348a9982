"""What was measured after randomisation: it may be an outcome or an early change, never a feature.

A feature that treatment has touched differs between arms whatever the people were like, and an
effect "within its levels" is no longer one that randomisation protects.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from signature import discovery
from signature.effect.trial.visit_change import CHANGE
from signature.endpoints import Endpoint
from signature.exceptions import TrialError
from signature.study.cohort import Cohort
from signature.study.schema import FeatureSchema

_PACKAGE = "signature.datasets"


def declared_after(cohort: Cohort) -> dict[str, int | None]:
    """Return the records that came after randomisation, as the cohort's data set declares them.

    Returns
    -------
    dict of str to int or None
        Name to day from randomisation, None where that varies; empty for a data set that declares
        none, or is not of this package.
    """
    if cohort.name not in discovery.names(_PACKAGE):
        return {}
    module = discovery.load(_PACKAGE, cohort.name, ["load"])
    return dict(getattr(module, "AFTER_RANDOMISATION", {}))


def check_features(schema: FeatureSchema, later: Mapping[str, int | None]) -> None:
    """Raise where a feature was measured after randomisation.

    Parameters
    ----------
    schema : FeatureSchema
        What a signature may learn from.
    later : mapping of str to int or None
        Of `declared_after`.

    Raises
    ------
    TrialError
        When a feature is one of `later`, or a change between visits as
        `signature.effect.trial.visit_change.change` makes it.
    """
    odd = [
        name
        for name in schema.features
        if name in later or (name.endswith(CHANGE) and schema[name].group.endswith(" change"))
    ]
    if odd:
        raise TrialError(
            f"features of a trial must be known at randomisation, but {', '.join(map(repr, odd))} "
            "came later; leave them out, or ask what an early change foretells in an analysis of "
            "those still in the trial by then"
        )


def check_early(names: Sequence[str], endpoint: Endpoint, later: Mapping[str, int | None]) -> None:
    """Raise where an early measurement was not taken between randomisation and the endpoint.

    Parameters
    ----------
    names : sequence of str
        Records of an early visit.
    endpoint : Endpoint
    later : mapping of str to int or None
        Of `declared_after`.

    Raises
    ------
    TrialError
        When a record has no declared day, or not one before that of the endpoint.
    """
    dated = {name: day for name, day in later.items() if day is not None}
    unknown = [name for name in names if name not in dated]
    if unknown:
        raise TrialError(
            f"no day is declared for {', '.join(map(repr, unknown))}; the data set declares days "
            f"for: {', '.join(sorted(dated)) or 'nothing'}"
        )
    late = [f"{name!r} (day {dated[name]})" for name in names if dated[name] >= endpoint.day]
    if late:
        raise TrialError(
            f"an early visit must come before the endpoint {endpoint.label!r} of day "
            f"{endpoint.day}, but {', '.join(late)} does not; name an earlier visit or a later "
            "endpoint"
        )
