"""What selection was to reach and what it reached: the table of ``selection.md``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

LEARNERS = {"elastic_net": "path", "marginal": "one by one"}
_OURS = {"elastic_net": "ours, lasso path", "marginal": "ours, one by one"}

Measured = list[tuple[float, str]]
"""Numbers, all of which must reach the target, and how each reads."""


def selection_table(benchmarks: dict[str, Any], targets: list[dict[str, Any]]) -> str:
    """Render one line per target."""
    lines = ["| what | target | measured | Stabl | met? |", "|---|---|---|---|---|"]
    for target in targets:
        try:
            measured = _MEASURES[target["measure"]](benchmarks)
        except KeyError:  # a benchmark, or a part of one, that was not run
            measured = []
        most, least = target.get("at_most"), target.get("at_least")
        met = [
            (most is None or value <= most) and (least is None or value >= least)
            for value, _ in measured
        ]
        verdict = "–" if not met else "yes" if all(met) else "no" if not any(met) else "in part"
        wanted = f"at most {most:g}" if most is not None else f"at least {least:g}"
        told = "; ".join(text for _, text in measured) or "not run"
        lines.append(f"| {target['what']} | {wanted} | {told} | {target['stabl']} | {verdict} |")
    return "\n".join([*lines, *_remarks(benchmarks)])


def _remarks(benchmarks: dict[str, Any]) -> list[str]:
    """Say how often data were drawn, and what the learner of the folds would have been alone."""
    said = []
    if synthetic := benchmarks.get("selection_synthetic"):
        sets = {d["correlation"] > 0: d["repetitions"] for d in synthetic["designs"]}
        said.append(
            f"{sets[False]} synthetic data sets of each design without correlations, {sets[True]} "
            "of each other one."
        )
    if alone := benchmarks.get("selection_covid", {}).get("folds", {}).get("marginal"):
        said.append(
            f"One by one alone, not chosen on inner folds: AUROC {alone['auroc']:.3f}, Brier score "
            f"{alone['brier']:.3f}, {alone['markers']['mean']:.1f} markers, Jaccard "
            f"{alone['jaccard']:.2f}."
        )
    return ["", " ".join(said)] if said else []


def _each(values: dict[str, float], form: str, after: dict[str, str] | None = None) -> Measured:
    """Say a number of each learner."""
    return [
        (value, f"{LEARNERS[name]} {format(value, form)}{(after or {}).get(name, '')}")
        for name, value in values.items()
    ]


def _null(key: str, form: str) -> Callable[[dict[str, Any]], Measured]:
    def measure(benchmarks: dict[str, Any]) -> Measured:
        found = benchmarks["selection_covid"]["null"]["learners"]
        return _each({name: found[name][key] for name in LEARNERS}, form)

    return measure


def _methods(benchmarks: dict[str, Any], rows: int, correlation: float = 0) -> dict[str, Any]:
    (found,) = (
        d["methods"]
        for d in benchmarks["selection_synthetic"]["designs"]
        if d["rows"] == rows and d["correlation"] == correlation
    )
    return dict(found)


def _rate(key: str, rows: int, correlation: float = 0) -> Callable[[dict[str, Any]], Measured]:
    def measure(benchmarks: dict[str, Any]) -> Measured:
        found = _methods(benchmarks, rows, correlation)
        rates = {n: found[label]["decisions"]["PFER .25"][key] for n, label in _OURS.items()}
        errors = {n: f" ± {rate[1]:.2f}" for n, rate in rates.items()}
        return _each({n: rate[0] for n, rate in rates.items()}, ".2f", errors)

    return measure


def _most_power(rows: int, error: float | None = None) -> Callable[[dict[str, Any]], Measured]:
    """Take the setting of ours with the most power among those without more error.

    Than Stabl, where no error is given.
    """

    def measure(benchmarks: dict[str, Any]) -> Measured:
        found = _methods(benchmarks, rows)
        stabl = benchmarks["selection_synthetic"]["stabl"][str(rows)][0][0]
        limit = stabl if error is None else error
        power, text = 0.0, "none"
        for name, label in _OURS.items():
            for setting, rates in found[label]["decisions"].items():
                if rates["fdr"][0] <= limit and rates["tpr"][0] > power:
                    power = rates["tpr"][0]
                    text = f"{power:.2f} at {rates['fdr'][0]:.2f} ({LEARNERS[name]}, {setting})"
        return [(power, text)]

    return measure


def _in_hindsight(rows: int) -> Callable[[dict[str, Any]], Measured]:
    """Read our best curve at Stabl's lowest error: what the ranking holds, whatever the setting."""

    def measure(benchmarks: dict[str, Any]) -> Measured:
        found = _methods(benchmarks, rows)
        limit = benchmarks["selection_synthetic"]["stabl"][str(rows)][0][0]
        reached = {
            n: max(power for error, power in found[label]["curve"] if error <= limit)
            for n, label in _OURS.items()
        }
        best = max(reached, key=lambda name: reached[name])
        return [(reached[best], f"{reached[best]:.2f} ({LEARNERS[best]})")]

    return measure


def _seeds(benchmarks: dict[str, Any]) -> Measured:
    found = benchmarks["selection_covid"]["seeds"]
    sizes = {n: f" ({_markers(len(found[n]['selected']))})" for n in LEARNERS}
    return _each({n: found[n]["jaccard"] for n in LEARNERS}, ".2f", sizes)


def _markers(number: int) -> str:
    return "always empty" if not number else f"{number} markers"


def _folds(key: str, form: str) -> Callable[[dict[str, Any]], Measured]:
    def measure(benchmarks: dict[str, Any]) -> Measured:
        found = benchmarks["selection_covid"]["folds"]["chosen"]
        value = found[key]
        if key == "jaccard" and found["nogueira"]:
            index, low, high = found["nogueira"]
            after = f" (Nogueira index {index:.2f} [{low:.2f}, {high:.2f}])"
        elif key == "markers":
            value, after = found[key]["high"], f" (mean {found[key]['mean']:g})"
        else:
            after = ""
        return [(value, f"{format(value, form)}{after}")]

    return measure


def _speed(rival: str) -> Callable[[dict[str, Any]], Measured]:
    """Read how many times the CPU seconds of our path another way takes."""

    def measure(benchmarks: dict[str, Any]) -> Measured:
        ratio = benchmarks["path_speed"]["ratio"][rival]
        return [(ratio["lowest"], f"{ratio['median']:g} (lowest {ratio['lowest']:g})")]

    return measure


def _memory(benchmarks: dict[str, Any]) -> Measured:
    peak = benchmarks["path_speed"]["memory"]["peak_gb"]
    return [(peak, f"{peak:.2f}")]


_MEASURES: dict[str, Callable[[dict[str, Any]], Measured]] = {
    "null_any": _null("runs_with_any", "d"),
    "null_mean": _null("mean_selected", ".2f"),
    "fdr_150": _rate("fdr", 150),
    "tpr_150": _rate("tpr", 150),
    "fdr_400": _rate("fdr", 400),
    "tpr_400": _rate("tpr", 400),
    "as_stabl_150": _most_power(150),
    "as_stabl_400": _most_power(400),
    "most_power_150": _most_power(150, 0.10),
    "most_power_400": _most_power(400, 0.06),
    "fdr_correlated": _rate("fdr", 150, 0.8),
    "fdr_of_blocks": _rate("fdr_of_blocks", 150, 0.8),
    "in_hindsight_150": _in_hindsight(150),
    "in_hindsight_400": _in_hindsight(400),
    "seeds": _seeds,
    "fold_jaccard": _folds("jaccard", ".2f"),
    "fold_auroc": _folds("auroc", ".3f"),
    "fold_markers": _folds("markers", "d"),
    "fold_brier": _folds("brier", ".3f"),
    "speed": _speed("liblinear"),
    "speed_adelie": _speed("adelie"),
    "memory": _memory,
}
