"""Trials, and how often the test that decides is wrong: the tables of ``trials.md``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from experiments.benchmarks.deciding_trials import NULLS, POWERS
from pipelines.report.trial_words import label, unit_of_difference
from signature.effect.trial_record import TrialRecord
from signature.page.numbers import estimate, number, p_value
from signature.records.estimates import Estimate

UNEQUAL = "control arm twice as wide"
"""Kind of outcome of which Student's t test rejects too often."""

STUDENT = ", by Student's t test"


def collect_trials(results: Path) -> dict[str, Any]:
    """Read what every finished trial experiment found.

    Parameters
    ----------
    results : Path
        Parent of the results folders.

    Returns
    -------
    dict
        By experiment, numbers rounded as they are printed.
    """
    return {
        file.parent.name: _summary(TrialRecord.model_validate_json(file.read_text("utf-8")))
        for file in sorted(results.glob("*/trial.json"))
    }


def _summary(record: TrialRecord) -> dict[str, Any]:
    overall = next(one for one in record.average if one.arm == record.treated)
    best = next((one for one in record.candidates if one.headline), None)
    return {
        "people": record.size.people,
        "endpoint": record.endpoint["label"],
        "unit": unit_of_difference(record),
        "benefit": _rounded(overall.adjusted or overall.unadjusted),
        "unadjusted": _rounded(overall.unadjusted),
        "test": None if record.decided is None else record.decided.test,
        "p": None if record.decided is None else round(record.decided.p, 4),
        "autoc": None if best is None or best.targeting is None else _rounded(best.targeting.autoc),
        "gain": None if record.prognosis is None else _rounded(record.prognosis.gain),
        "named": {label(one.marker, record): round(one.test.p, 4) for one in record.named},
        "small": record.size.small,
        "claim": record.claim.sentence.partition(":")[0],
    }


def _rounded(found: Any) -> list[float | None]:
    values = (found.value, found.low, found.high)
    return [None if v is None else round(v, 4) + 0.0 for v in values]


def trials_table(trials: dict[str, Any]) -> str:
    """Render one line per trial experiment."""
    lines = [
        "| experiment | analysed | outcome | average benefit | test that decides: p | AUTOC | "
        "prognosis: variance gained by the panel | named markers: p | first words of the report |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, run in trials.items():
        p = "not tested" if run["p"] is None else p_value(run["p"])
        people = ", ".join(f"{n} {arm}" for arm, n in run["people"].items())
        named = ", ".join(f"{marker} {p_value(v)}" for marker, v in run["named"].items())
        lines.append(
            f"| `{name}` | {people} | {run['endpoint']} ({run['unit']}) | "
            f"{_interval(run['benefit'])} | {p} | {_interval(run['autoc'])} | "
            f"{_interval(run['gain'])} | {named or '–'} | {run['claim']} |"
        )
    return "\n".join(lines)


def interaction_error_table(found: dict[str, Any]) -> str:
    """Render how often the tests reject where nothing interacts, by kind of outcome and size.

    Parameters
    ----------
    found : dict
        Contents of ``experiments/benchmarks/interaction_type_one.json``.
    """
    cells, aim = found["cells"], found["aim"]
    null = [c for c in cells if c["part"] == "type I error"]
    sizes = sorted({c["people"] for c in null})
    least, most = aim["type_one"]
    lines = [
        f"| no interaction: rejected at 5 %, in % | {' | '.join(f'n = {n}' for n in sizes)} | "
        f"in {number(100 * least, 1)}–{number(100 * most, 1)} %? |",
        f"|---|{'---|' * len(sizes)}---|",
    ]
    tests = [(kind, "arm by score", "") for kind in dict.fromkeys(c["outcome"] for c in null)]
    for kind, test, by in [*tests, (UNEQUAL, "t test", STUDENT)]:
        by_size = {c["people"]: c["rejected"][test][0] for c in null if c["outcome"] == kind}
        met = all(least <= share <= most for share in by_size.values())
        lines.append(f"| {kind}{by} | {_shares(by_size, sizes)} | {_yes(met)} |")
    learned = {c["people"]: c["rejected"] for c in cells if c["part"] == "cross-fitted"}
    for how, words in (
        ("taken as given", "score learned in the same trial, taken as given"),
        ("learned anew", "score learned in the same trial, learned anew: the headline test"),
    ):
        by_size = {n: one[how][0] for n, one in learned.items()}
        met = all(share <= aim["cross_fitted"] for share in by_size.values())
        most_wrong = f"at most {number(100 * aim['cross_fitted'], 0)} %"
        lines.append(f"| {words} ({most_wrong}) | {_shares(by_size, sizes)} | {_yes(met)} |")
    return "\n".join(lines)


def interaction_power_table(found: dict[str, Any]) -> str:
    """Render how often the tests find an interaction that is there, and what chance does.

    Parameters
    ----------
    found : dict
        As for `interaction_error_table`.
    """
    cells, aim = found["cells"], found["aim"]
    power = [c for c in cells if c["part"] == "power"]
    effects = sorted({c["interaction"] for c in power})
    lines = [
        "| 36 people: power in %, by interaction in SD per SD | "
        f"{' | '.join(number(e, 1) for e in effects)} | at least {number(100 * aim['power'], 0)} "
        "at 1 SD? |",
        f"|---|{'---|' * len(effects)}---|",
    ]
    for arms, explained in dict.fromkeys((c["arms"], c["explained by covariate"]) for c in power):
        for test, by in (("arm by score", ""), ("t test", STUDENT)):
            own = {
                c["interaction"]: c["rejected"][test][0]
                for c in power
                if (c["arms"], c["explained by covariate"]) == (arms, explained)
            }
            name = f"{arms}, baseline explains {number(100 * explained, 0)} % of the variance{by}"
            met = own[1.0] >= aim["power"]
            lines.append(f"| {name} | {_shares(own, effects)} | {_yes(met)} |")
    return "\n".join([*lines, "", _drawn(cells)])


def deciding_tables(found: dict[str, Any]) -> dict[str, str]:
    """Render how often the test that decides rejects, without an interaction and with one.

    Parameters
    ----------
    found : dict
        Contents of ``experiments/benchmarks/deciding_level.json``.
    """
    null = [c for c in found["cells"] if c["part"] == "null"]
    sizes = sorted({c["people"] for c in null})
    most = found["aim"]["level"]
    lines = [
        f"| no interaction: rejected at 5 %, in % | {' | '.join(f'n = {n}' for n in sizes)} | "
        f"at most {number(100 * most, 0)} %? |",
        f"|---|{'---|' * len(sizes)}---|",
    ]
    decides = "minimum of these"
    trials = min(c["trials"] for c in found["cells"])
    error = 2 * (most * (1 - most) / trials) ** 0.5
    for kind in dict.fromkeys(c["kind"] for c in null):
        own = {c["people"]: c["rejected"][decides] for c in null if c["kind"] == kind}
        met = max(own.values()) <= most + error
        lines.append(f"| {NULLS[kind]} | {_shares(own, sizes)} | {_yes(met)} |")
    lines += [
        "",
        f"{trials:,} simulated trials in each cell, {found['markers']} markers, "
        f"{found['rearrangements']} rearrangements, a ridge regression as the learner; a share is "
        "called kept where it lies within two Monte Carlo standard errors.",
    ]
    power = [c for c in found["cells"] if c["part"] == "power"]
    table = [
        "| the effect changes by | people | score alone | strongest marker | all together | "
        "least likely of the three: decides | loses at most .05? |",
        "|---|---|---|---|---|---|---|",
    ]
    for c in power:
        what, _, size = POWERS[c["kind"]]
        share = c["rejected"]
        best = max(share[name] for name in ("score", "markers", "joint"))
        lost = best - share[decides]
        cells = " | ".join(f"{share[n]:.2f}" for n in ("score", "markers", "joint", decides))
        table.append(
            f"| {what}, {size:g} SD per SD each | {c['people']} | {cells} | "
            f"{_yes(lost <= found['aim']['lost to the best'])} |"
        )
    names = {"score": "the score alone", "markers": "the strongest marker", "joint": "all together"}
    names |= {decides: "the least likely of the three"}
    table += ["", f"On average over these lines: {_average(power, names)}."]
    lost = [c for c in null if c["kind"].startswith("lost")]
    table[-1] += f" Where outcomes are lost and nothing is to be found: {_average(lost, names)}."
    return {"deciding level": "\n".join(lines), "deciding power": "\n".join(table)}


def _average(cells: list[dict[str, Any]], names: dict[str, str]) -> str:
    """Say how often each test rejects, on average over some cells."""
    return ", ".join(
        f"{words} {sum(c['rejected'][test] for c in cells) / len(cells):.2f}"
        for test, words in names.items()
    )


def own_table(found: dict[str, Any]) -> str:
    """Render how often the test rejects with the learner that the product has.

    Parameters
    ----------
    found : dict
        Contents of ``experiments/benchmarks/deciding_own.json``.
    """
    lines = [
        "| trial | people | nothing learned | score alone | strongest marker | all together | "
        "least likely of the three: decides |",
        "|---|---|---|---|---|---|---|",
    ]
    for c in found["cells"]:
        if c["part"] == "power":
            name, _, size = POWERS[c["kind"]]
            what = f"{name}, {size:g} SD per SD each"
        else:
            what = f"no interaction: {NULLS[c['kind']]}"
        share = c["rejected"]
        own = [share[n] for n in ("score", "markers", "joint", "minimum of these")]
        cells = " | ".join(f"{v:.2f}" for v in (c["nothing learned"], *own))
        lines.append(f"| {what} | {c['people']} | {cells} |")
    trials = min(c["trials"] for c in found["cells"])
    lines += [
        "",
        f"{trials:,} simulated trials in each cell, {found['rearrangements']} rearrangements, "
        f"{found['repeats']} times {found['folds']} folds.",
    ]
    return "\n".join(lines)


def benefit_level_table(found: dict[str, Any]) -> str:
    """Render how often held-out benefit seems to rank people where all gain the same.

    Parameters
    ----------
    found : dict
        Contents of ``experiments/benchmarks/benefit_level.json``.
    """
    lines = [
        "| learner | effect, SD | AUTOC below · above 0, in % | with levels of folds | "
        "advised less advised against, below · above 0 | with levels of folds | "
        "harm, one-sided at 5 % |",
        "|---|---|---|---|---|---|---|",
    ]
    for c in found["cells"]:
        cells = " | ".join(
            f"{number(100 * c[f'{what}below'], 1)} · {number(100 * c[f'{what}above'], 1)}"
            for what in ("levelled ", "", "advice alike ", "advice ")
        )
        lines.append(
            f"| {c['learner']} | {number(c['effect'], 1)} | {cells} | "
            f"{number(100 * c['harm'], 1)} |"
        )
    trials = min(c["trials"] for c in found["cells"])
    lines += ["", f"{trials:,} simulated trials of {found['people']} people in each line."]
    return "\n".join(lines)


def _drawn(cells: list[dict[str, Any]]) -> str:
    """Say how many trials were simulated, and what that leaves to chance."""
    trials = next(c["trials"] for c in cells if c["part"] == "type I error")
    learned = next(c["trials"] for c in cells if c["part"] == "cross-fitted")
    chance = 196 * (0.05 * 0.95 / trials) ** 0.5
    return (
        f"{trials:,} simulated trials in each cell, two treated to one control, {learned:,} where "
        f"the score is learned; chance alone moves 5 % by {number(chance, 1)} either way. "
        "Student's t test is the most powerful there is where the spread is the same in both arms; "
        "where it is not, it rejects too often. The test used here gives up some power to hold its "
        "level; a baseline that explains part of the outcome brings it back."
    )


def _shares(found: dict[Any, float], columns: list[Any]) -> str:
    """Print shares as cells of a row, in %."""
    return " | ".join(number(100 * found[c], 1) if c in found else "–" for c in columns)


def _yes(met: bool) -> str:
    return "yes" if met else "no"


def _interval(values: list[float | None] | None) -> str:
    if values is None:
        return "–"
    value, low, high = values
    large = value is not None and abs(value) >= 10
    digits = 1 if large else 2 if value is not None and abs(value) >= 1 else 3
    text = estimate(Estimate(value=value, low=low, high=high), digits, sign=True)
    return text.replace("(", "[").replace(")", "]").replace(" to ", ", ")
