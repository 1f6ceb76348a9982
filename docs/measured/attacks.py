"""What selection finds where there is nothing: tables of ``attacks.md``."""

from __future__ import annotations

from typing import Any


def gate_tables(found: dict[str, Any]) -> dict[str, str]:
    """Render the studies without a marker that matters, and those with one."""
    false = [design for design in found["designs"] if not design["true"]]
    true = [design for design in found["designs"] if design["true"]]
    lines = [
        "| no marker matters, and | asked, % | passes, % | straight lines, one spread, % | at most "
        f"{100 * found['aim']:g} %? |",
        "|---|---|---|---|---|",
    ]
    for design in false:
        share, error = 100 * design["passes"], 100 * design["error"]
        kept = share <= 100 * found["aim"] + 2 * error
        asked = f"{100 * found['alpha']:g}{'' if design['promised'] else ' (not promised)'}"
        plain, verdict = f"{100 * design['plain']:.1f}", "yes" if kept else "no"
        lines.append(
            f"| {design['what']} | {asked} | {share:.1f} ± {error:.1f} | {plain} | {verdict} |"
        )
    counts = [d["studies"] for d in found["designs"]]
    studies = " to ".join(f"{n:,}" for n in sorted({min(counts), max(counts)}))
    lines += [
        "",
        f"{studies} studies each, {found['draws']} draws of either kind; ± is "
        "one Monte Carlo standard error; a share is called kept where it lies within two of them.",
    ]
    power = ["| one marker of 200 matters | passes, % | straight lines, one spread, % |"]
    power.append("|---|---|---|")
    for d in true:
        passes = f"{100 * d['passes']:.0f} ± {100 * d['error']:.0f}"
        power.append(f"| {d['what']} | {passes} | {100 * d['plain']:.0f} |")
    return {"attacks": "\n".join(lines), "attacks power": "\n".join(power)}


def bound_table(found: dict[str, Any]) -> str:
    """Render the numbers of false and true markers that are named."""
    lines = [
        f"| {found['true']} markers matter, and | path: false | true | one by one: false | true | "
        f"at most {found['level']:g}? |",
        "|---|---|---|---|---|---|",
    ]
    for design in found["designs"]:
        cells, kept = [], True
        for each in design["learners"].values():
            cells += [f"{each['false']:.2f} ± {each['error']:.2f}", f"{each['true']:.1f}"]
            kept = kept and each["false"] <= found["level"] + 2 * each["error"]
        lines.append(f"| {design['what']} | {' | '.join(cells)} | {'yes' if kept else 'no'} |")
    studies = {d["studies"] for d in found["designs"]}
    return "\n".join(
        [*lines, "", f"{min(studies):,} studies each; ± is one Monte Carlo standard error."]
    )
