"""What treatments of a detection limit do to a marker: the table of ``assay.md``."""

from __future__ import annotations

from typing import Any


def assay_table(benchmarks: dict[str, Any]) -> str:
    """Render what treatments of a detection limit do to a marker, and how long things take."""
    imputed, checked = benchmarks["conditional_imputation"], benchmarks["checking_a_study"]
    two = imputed["two_markers"]
    ways = {
        "truth": "nothing censored",
        "limit_substitution": "limit / √2",
        "censored_normal": "mean of the censored normal",
        "unconditional_draw": "draw from the censored normal",
        "conditional_draw": "draw given the other markers",
    }
    lines = ["| 40 % below the limit | SD | correlation |", "|---|---|---|"]
    lines += [f"| {label} | {two[k]['sd']:.3f} | {two[k]['r']:.3f} |" for k, label in ways.items()]
    seconds = imputed["median_cpu_seconds"]
    lines += [
        "",
        f"Two markers, {two['rows']:,} rows, {two['tables']} tables. Conditional imputation of "
        f"{imputed['rows']:,} × {imputed['markers']} with {imputed['below_limit']:.0%} censored "
        f"takes {seconds['fit_transform']:.1f} s of CPU. Reading and checking "
        f"{checked['rows']:,} long rows takes "
        f"{checked['seconds_reading'] + checked['seconds_checking']:.1f} s and "
        f"{checked['peak_gb']:.1f} GB.".replace("%", " %"),
    ]
    return "\n".join(lines)
