"""Which clusters of markers are found: tables of ``clusters.md``."""

from __future__ import annotations

from typing import Any

import numpy as np

_KINDS = {"one": "one marker of four blocks", "block": "four blocks as wholes", "none": "nothing"}
_NULLS = {
    "clusters beyond shared": "beyond what all markers share",
    "clusters beyond covariates": "beyond the covariates",
    "markers, Benjamini-Hochberg": "beyond the covariates",
    "markers, Benjamini-Yekutieli": "beyond the covariates",
    "components, BH": "beyond the covariates",
    "components, step-down max-T": "beyond the covariates",
    "components, distilled test": "beyond the other clusters",
    "components, knockoffs": "beyond the other clusters",
    "stability selection, path": "beside the other markers",
    "stability selection, one by one": "beyond the covariates",
}
_OURS = ("clusters beyond shared", "clusters beyond covariates")


def cluster_tables(found: dict[str, Any]) -> dict[str, str]:
    """Render shares of false and of true blocks found, by method and by design."""
    return {"clusters": _by_method(found), "clusters by design": _by_design(found)}


def _by_method(found: dict[str, Any]) -> str:
    factors = sorted({design["loading"] for design in found["designs"]})
    lines = [
        "| method | what is asked of a cluster | "
        + " | ".join(f"false, factor {f:g}" for f in factors)
        + " | one marker: found | block: found | studies |",
        "|---|---|" + "---|" * (len(factors) + 3),
    ]
    for label, asked in _NULLS.items():
        cells = []
        for factor in factors:
            worst = max(
                (
                    d["methods"][label]["false"]
                    for d in found["designs"]
                    if d["loading"] == factor and label in d["methods"]
                ),
                key=lambda rate: float(rate[0]),
            )
            kept = worst[0] <= found["level"] + 2 * worst[1]
            cells.append(f"{worst[0]:.2f} ± {worst[1]:.2f}" + ("" if kept else ", too many"))
        for kind in ("one", "block"):
            true = [
                d["methods"][label]["true"][0]
                for d in found["designs"]
                if d["kind"] == kind and label in d["methods"]
            ]
            cells.append(f"{np.mean(true):.2f}")
        studies = {
            d["methods"][label]["studies"] for d in found["designs"] if label in d["methods"]
        }
        lines.append(f"| {label} | {asked} | {' | '.join(cells)} | {max(studies)} |")
    lines += [
        "",
        "False: the largest mean share of false blocks among those found, of the designs with this "
        f"factor, ± one Monte Carlo standard error; asked is {found['level']:g}. Found: mean share "
        f"of the {found['true']} true blocks. {found['people']} people, {found['markers']} markers "
        f"in blocks of {found['block']}, two covariates.",
    ]
    return "\n".join(lines)


def _by_design(found: dict[str, Any]) -> str:
    shown = (*_OURS, "components, distilled test", "stability selection, path")
    lines = [
        "| what matters | correlation in blocks | factor through all | "
        + " | ".join(f"{label}: false; found" for label in shown)
        + " |",
        "|---|---|---|" + "---|" * len(shown),
    ]
    for design in found["designs"]:
        cells = []
        for label in shown:
            each = design["methods"].get(label)
            told = "–" if each is None else f"{each['false'][0]:.2f}"
            if each is not None and design["kind"] != "none":
                told += f"; {each['true'][0]:.2f}"
            cells.append(told)
        lines.append(
            f"| {_KINDS[design['kind']]} | {design['correlation']:g} | {design['loading']:g} | "
            f"{' | '.join(cells)} |"
        )
    return "\n".join(lines)
