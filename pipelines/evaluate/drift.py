"""Which markers of the panel are not the same from site to site, before anything is learned."""

from __future__ import annotations

from pipelines.evaluate.model_scale import as_a_model_sees
from signature.records.for_whom import Drift, MarkerLine
from signature.study.cohort import CohortWithOutcome
from signature.validation.site_drift import MarkerDrift, site_drift

WORST = 20
"""Markers of which the record keeps each site's numbers."""

ALPHA = 0.05


def marker_drift(cohort: CohortWithOutcome) -> Drift | None:
    """Compare the panel between sites.

    Parameters
    ----------
    cohort : CohortWithOutcome

    Returns
    -------
    Drift or None
        None where there are no sites, or one. Markers are compared as measured, not harmonised.
    """
    if cohort.site is None or cohort.site.nunique() < 2:
        return None
    panel = cohort.schema.panel
    found = site_drift(
        as_a_model_sees(cohort, panel),
        cohort.site.to_numpy(),
        cohort.outcome.to_numpy(),
        cohort.person.to_numpy(),
    )
    shifts = [d.shift_p_holm for d in found if d.shift_p_holm is not None]
    slopes = [d.association_p_holm for d in found if d.association_p_holm is not None]
    return Drift(
        sites=tuple(sorted(cohort.site.unique())),
        people=cohort.n_people,
        markers=len(found),
        shift_tested=len(shifts),
        shifted=sum(p < ALPHA for p in shifts),
        association_tested=len(slopes),
        differing=sum(p < ALPHA for p in slopes),
        worst=tuple(
            _marker(drift, cohort.schema[drift.marker].label)
            for drift in sorted(found, key=_how_bad)[:WORST]
        ),
    )


def _how_bad(drift: MarkerDrift) -> tuple[bool, float]:
    p = drift.association_p_holm
    largest = max((abs(s.shift) for s in drift.sites if s.shift is not None), default=0.0)
    return not (p is not None and p < ALPHA), -largest


def _marker(drift: MarkerDrift, label: str) -> MarkerLine:
    return MarkerLine(
        name=drift.marker,
        label=label,
        shift_p=drift.shift_p_holm,
        association_p=drift.association_p_holm,
        sites=drift.sites,
    )
