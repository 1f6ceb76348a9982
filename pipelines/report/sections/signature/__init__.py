"""Which markers passed selection, if any, how sure that is, and what may stand in for them."""

from __future__ import annotations

from typing import Any

from pipelines.fit.results_folder import Results

TITLE = "Selection of markers"
ORDER = 52

NAMED = "The signature"
"""Title where something passed and there is a claim; without that there is nothing to call so."""

UNCLAIMED = "held-out people give the result nothing to claim"

BOUNDS = {
    "permutation": "read off permuted data",
    "r-concave": "the r-concave bound of Shah and Samworth (2013)",
    "unimodal": "the unimodal bound of Shah and Samworth (2013)",
    "none": "the bound of Meinshausen and Bühlmann (2010)",
}


def summarize(results: Results) -> dict[str, Any] | None:
    """Collect what passed, what did not, and how far outer folds agree; None without selection."""
    found = results.signature
    if found is None:
        return None
    told = results.equivalents
    claimed = results.evaluation.claim.at_least("exploratory")
    swaps: dict[str, list[str]] = {}
    if told is not None and told.fingerprint == found.fingerprint:
        for s in told.stand_ins:
            if s.comparison.equivalent:
                swaps.setdefault(s.marker, []).append(s.stand_in_label)
    return {
        **({"section_title": NAMED} if found.markers and claimed else {}),
        "current": found.fingerprint == results.launch.fingerprint,
        "n": len(found.markers),
        "panel_size": found.panel_size,
        "label": found.candidate_label,
        "chosen": found.chosen,
        "final_model": found.final_model,
        "event": found.event,
        "rows": found.n_rows,
        "events": found.n_events,
        "pvalue": found.pvalue,
        "alpha": found.alpha,
        "tested_and_failed": found.pvalue is not None
        and found.alpha is not None
        and found.pvalue > found.alpha,
        "threshold": found.threshold,
        "tested_each": found.tested_each,
        "level": found.level,
        "share": found.error == "fdr",
        "bound": BOUNDS[found.bound],
        "declared_bound": found.declared_bound,
        "learner": found.learner,
        "per_half": found.per_half,
        "pairs": found.pairs,
        "permutations": found.permutations,
        "prognostic_score": found.prognostic_score,
        "most_markers": found.most_markers,
        "cluster_cut": found.cluster_cut,
        "markers": [
            m.model_dump()
            | {
                "higher": {1: "more", -1: "fewer", 0: "no more and no fewer"}[m.direction],
                "stand_ins": swaps.get(m.name, []),
            }
            for m in found.markers
        ],
        "near": [m.model_dump() for m in found.near],
        "agreement": found.agreement.model_dump(),
        "points": _points(found.points.model_dump()) if found.points and claimed else None,
        "no_points": found.no_points if claimed else UNCLAIMED,
        "equivalents": None if told is None else told.model_dump() | {"floor": -told.margin},
        "equivalents_current": told is not None and told.fingerprint == found.fingerprint,
        "command": f"python -m pipelines.equivalents results/{found.experiment}",
    }


def _points(points: dict[str, Any]) -> dict[str, Any]:
    points["rows"] = [
        {"label": line["label"], "unit": line["unit"], "points": _values(line)}
        for line in points["lines"]
    ]
    points["loss_kept"] = points["loss"] <= points["largest_loss"]
    return points


def _values(line: dict[str, Any]) -> list[dict[str, Any]]:
    values = [{"kind": "band", **band} for band in line["bands"]]
    values += [
        {"kind": kind, "points": line[kind]}
        for kind in ("below_limit", "yes")
        if line[kind] is not None
    ]
    return values


def draw(summary: dict[str, Any]) -> dict[str, Any]:
    """Draw how often half-samples and outer folds chose each marker, and the threshold."""
    from pipelines.report import selection_plots

    return selection_plots.draw(summary)
