"""How many parameters a candidate may hold, known before any outcome was looked at."""

from __future__ import annotations

from types import ModuleType

from signature.schema import FeatureSchema


def most_parameters(candidate: ModuleType, schema: FeatureSchema) -> int:
    """Count what sample-size criteria count: predictors that the fitted model may hold.

    All features; where a selector keeps at most ``max_markers``, that many beside the baseline.
    Trees can hold more than this, and need more people than a criterion for regressions asks.

    Parameters
    ----------
    candidate : module
        A file of ``models/``.
    schema : FeatureSchema
        Of the experiment's features.
    """
    last = candidate.build(schema, random_state=0)[-1]
    kept = last.get_params().get("selector__max_markers")
    everything = len(schema.features)
    return everything if kept is None else min(everything, len(schema.baseline) + kept)
