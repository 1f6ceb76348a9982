"""Which markers are not the same from site to site, in values or in what they say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.evaluate.drift import ALPHA
from pipelines.fit.results_folder import Results
from signature.records.estimates import Estimate
from signature.records.for_whom import Drift, MarkerHere, MarkerLine

if TYPE_CHECKING:
    from markupsafe import Markup

TITLE = "Markers from site to site"
ORDER = 71


@dataclass(frozen=True)
class Marker:
    """One marker over all sites."""

    label: str
    shift_p: float | None
    association_p: float | None
    differs: bool
    """In its association with the outcome."""
    shifts: tuple[float | None, ...]
    """By site, in standard deviations."""
    associations: tuple[Estimate, ...]
    """By site, in log-odds of the event per standard deviation."""


@dataclass(frozen=True)
class BetweenSites:
    """How many markers differ between sites, and those that differ most."""

    drift: Drift
    n_sites: int
    shift_head: tuple[str, ...]
    association_head: tuple[str, ...]
    """Column titles."""
    shift_untested: int
    association_untested: int
    worst: tuple[Marker, ...]
    apart: tuple[Marker, ...]
    """Those of the worst whose association differs."""


def summarize(results: Results) -> BetweenSites | None:
    """Collect counts and the worst markers; None with fewer than two sites."""
    drift = None if results.for_whom is None else results.for_whom.drift
    if drift is None:
        return None
    worst = tuple(_marker(line, drift.sites) for line in drift.worst)
    return BetweenSites(
        drift=drift,
        n_sites=len(drift.sites),
        shift_head=("Marker", "p, values", "p, association", *drift.sites),
        association_head=("Marker", *drift.sites),
        shift_untested=drift.markers - drift.shift_tested,
        association_untested=drift.markers - drift.association_tested,
        worst=worst,
        apart=tuple(marker for marker in worst if marker.differs),
    )


def _marker(line: MarkerLine, sites: tuple[str, ...]) -> Marker:
    here = {s.site: s for s in line.sites}
    return Marker(
        label=line.label,
        shift_p=line.shift_p,
        association_p=line.association_p,
        differs=line.association_p is not None and line.association_p < ALPHA,
        shifts=tuple(here[site].shift for site in sites),
        associations=tuple(_association(here[site]) for site in sites),
    )


def _association(here: MarkerHere) -> Estimate:
    value, error = here.log_odds_ratio, here.standard_error
    if value is None or error is None:
        return Estimate(value=None)
    return Estimate(value=value, low=value - 1.96 * error, high=value + 1.96 * error)


def draw(summary: BetweenSites) -> dict[str, Markup]:
    """Draw each site's shift of the worst markers."""
    from pipelines.report.figures import GRID, MAIN, MUTED, SECOND, canvas, to_svg
    from pipelines.report.plots import shorten

    drawn = [m for m in summary.worst if any(s is not None for s in m.shifts)]
    if not drawn:
        return {}
    with canvas(1.15 + 0.22 * len(drawn)) as (figure, axes):
        axes.axvline(0.0, color=MUTED, linewidth=1, linestyle=(0, (3, 2)))
        for i, marker in enumerate(drawn):
            shifts = [s for s in marker.shifts if s is not None]
            colour = SECOND if marker.differs else MAIN
            axes.plot([min(shifts), max(shifts)], [i, i], color=GRID, linewidth=1.8)
            axes.plot(shifts, [i] * len(shifts), "o", color=colour, markersize=5, alpha=0.8)
        axes.set_yticks(range(len(drawn)), [shorten(m.label, 30) for m in drawn])
        axes.set_ylim(len(drawn) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.grid(axis="x", color=GRID)
        figure.supxlabel("site’s mean minus the other sites’, in SD within sites", fontsize=9)
        svg = to_svg(
            figure,
            key="drift-shift",
            title="Shift of markers between sites",
            description="One line per marker and one point per site: how far the site’s mean lies "
            "from that of the other sites, in standard deviations. Markers whose association with "
            "the outcome differs between sites are on top, in the second colour.",
        )
    return {"shift": svg}
