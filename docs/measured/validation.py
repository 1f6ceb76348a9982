"""How far intervals, the best of many and claims can be believed: tables of ``validation.md``."""

from __future__ import annotations

from typing import Any

_MEASURES = {
    "external": {
        "auroc, DeLong": "AUROC, DeLong",
        "auroc, bootstrap": "AUROC, people drawn",
        "calibration_slope, bootstrap": "calibration slope, people drawn",
        "calibration_intercept, bootstrap": "calibration intercept, people drawn",
        "brier, bootstrap": "Brier score, people drawn",
    },
    "internal": {
        "auroc, bootstrap": "AUROC, people drawn",
        "auroc, corrected t": "AUROC, corrected t",
        "auroc difference, bootstrap": "ΔAUROC, people drawn",
        "auroc difference, corrected t": "ΔAUROC, corrected t",
        "calibration_slope, bootstrap": "calibration slope, people drawn",
        "brier, bootstrap": "Brier score, people drawn",
        "brier difference, bootstrap": "ΔBrier score, people drawn",
    },
    "sites": {
        "auroc of a middle site": "AUROC of a middle site",
        "auroc of a next site, prediction": "AUROC of a next site, prediction",
    },
}
_TRUTHS = {
    ("external", "own_truth"): "of a fixed score in new people",
    ("internal", "own_truth"): "of the folds' models",
    ("internal", "mean_truth"): "of the procedure",
    ("sites", "own_truth"): "of sites that were held out",
}
_LINES = [
    (part, measure, target)
    for part, measures in _MEASURES.items()
    for measure in measures
    for target in ("own_truth", "mean_truth")
    # what the corrected t is for; all else is of the models that were measured
    if target == "own_truth" or measure.endswith("corrected t")
]


def validation_tables(benchmarks: dict[str, Any]) -> dict[str, str]:
    """Render coverage by number of people, the best of many, and rungs of simulated cohorts.

    Parameters
    ----------
    benchmarks : dict
        Contents of the files in ``experiments/benchmarks``, by their name without the ending.

    Returns
    -------
    dict
        By the name in the page's marks; of those that were run.
    """
    makers = {
        "coverage": ("interval_coverage", _coverage),
        "best of many": ("best_of_many", _best),
        "claim ladder": ("claim_ladder", _ladder),
    }
    return {
        name: make(benchmarks[file]) for name, (file, make) in makers.items() if file in benchmarks
    }


def _coverage(found: dict[str, Any]) -> str:
    least, most = found["aim"]
    sizes = sorted({design["people"] for design in found["designs"]})
    lines = [
        f"| 95 % interval | truth | {' | '.join(f'{n} people' for n in sizes)} | "
        f"in {_percent(least)}–{_percent(most)} %? |",
        f"|---|---|{'---|' * len(sizes)}---|",
    ]
    for part, measure, target in _LINES:
        by_size: dict[int, list[float]] = {n: [] for n in sizes}
        for design in found["designs"]:
            held = design["measures"].get(measure, {}).get(target)
            if design["part"] == part and held:
                by_size[design["people"]].append(held["coverage"][0])
        every = [value for values in by_size.values() for value in values]
        if not every:
            continue
        inside = sum(least <= value <= most for value in every)
        told = "yes" if inside == len(every) else f"{inside} of {len(every)} designs"
        cells = " | ".join(_range(values) for values in by_size.values())
        name, truth = _MEASURES[part][measure], _TRUTHS[part, target]
        lines.append(f"| {name} | {truth} | {cells} | {told} |")
    chance = 100 * 1.96 * (0.95 * 0.05 / found["simulations"]) ** 0.5
    return "\n".join(
        [
            *lines,
            "",
            f"Coverage in %, lowest and highest of the designs. {found['simulations']} simulated "
            f"studies of each, {found['draws']} bootstrap draws; chance alone moves a coverage of "
            f"95 % by {chance:.1f} either way. Of sites, the people are those of each of six.",
        ]
    )


def _best(found: dict[str, Any]) -> str:
    lines = [
        f"| best of {found['configurations']} configurations | people | its true AUROC | naive | "
        "corrected (± standard error) | coverage, % |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {d['predictions']} | {d['people']} | {d['truth'][0]:.3f} | {d['naive'][0]:.3f} | "
        f"{d['corrected'][0]:.3f} ± {d['corrected_minus_truth'][1]:.3f} | "
        f"{_percent(d['coverage'][0])} |"
        for d in found["designs"]
    ]
    return "\n".join(lines)


def _ladder(found: dict[str, Any]) -> str:
    rungs = list(found["kinds"][0]["rungs"])
    aims = {
        "null": f"at most {_percent(found['aims']['null'])} %",
        "strong": f"at least {_percent(found['aims']['strong'])} %",
    }
    lines = [
        f"| simulated cohorts | people | mean AUROC | {' | '.join(rungs)} | above exploratory, % | "
        "aim | met? |",
        f"|---|---|---|{'---|' * len(rungs)}---|---|---|",
    ]
    for kind in found["kinds"]:
        low, high = kind["people"]
        share = [_percent(x) for x in kind["above_exploratory"]]
        lines.append(
            f"| {kind['cohorts']} {kind['kind']} | {low if low == high else f'{low}–{high}'} | "
            f"{kind['auroc']:.2f} | {' | '.join(str(kind['rungs'][r]) for r in rungs)} | "
            f"{share[0]} ({share[1]}–{share[2]}) | {aims[kind['kind']]} | "
            f"{'yes' if kind['aim_met'] else 'no'} |"
        )
    return "\n".join(lines)


def _range(values: list[float]) -> str:
    if not values:
        return "not run"
    low, high = _percent(min(values)), _percent(max(values))
    return low if low == high else f"{low}–{high}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f}".removesuffix(".0")
