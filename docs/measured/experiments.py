"""What finished runs gave, by experiment: the tables of ``experiments.md`` and of the README."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def collect(results: Path) -> dict[str, Any]:
    """Read the headline of every finished run."""
    from signature.records.results import PROCEDURE, REFERENCE, Evaluation, Launch

    found = {}
    for file in sorted(results.glob("*/evaluation.json")):
        evaluation = Evaluation.model_validate_json(file.read_text(encoding="utf-8"))
        launch = Launch.model_validate_json(file.with_name("launch.json").read_text("utf-8"))
        block = evaluation.headline
        found[evaluation.experiment] = {
            "scheme": block.scheme,
            "people": block.n_people,
            "events": block.n_events,
            "procedure": _rounded(block.candidate(PROCEDURE).metrics["auroc"]),
            "reference": _rounded(block.candidate(REFERENCE).metrics["auroc"]),
            "difference": _rounded(evaluation.verdict.difference),
            "brier": _rounded(block.candidate(PROCEDURE).metrics["brier"]),
            "slope": _rounded(block.candidate(PROCEDURE).metrics["calibration_slope"]),
            "intercept": _rounded(block.candidate(PROCEDURE).metrics["calibration_intercept"]),
            "batches": _batches(launch.experiment),
            "candidates": {
                c.name: _rounded(c.metrics["auroc"])
                for c in block.candidates
                if c.part == "contender"
            },
            "adds": evaluation.verdict.adds,
            "claim": evaluation.claim.rung,
            "blocks": {
                b.name: {
                    "scheme": b.scheme,
                    "people": b.n_people,
                    "events": b.n_events,
                    "procedure": _rounded(b.candidate(PROCEDURE).metrics["auroc"]),
                    "difference": _rounded(b.difference(PROCEDURE, REFERENCE).metrics["auroc"]),
                    "slope": _rounded(b.candidate(PROCEDURE).metrics["calibration_slope"]),
                }
                for b in evaluation.blocks
            },
            "data": launch.data_digest[:12],
        }
    return found


def _batches(experiment: dict[str, Any]) -> str:
    """Say in a few words what an experiment does about its assay batches."""
    told = experiment.get("assay") or {}
    if told.get("harmonise", "none") == "none":
        return "as measured"
    what = {
        "combat": "ComBat",
        "combat_nonparametric": "ComBat, non-parametric",
        "reference_shift": "shift by reference samples",
    }[told["harmonise"]]
    return f"{what} by {told['batch']}, a new one {told['unseen']}"


def _rounded(estimate: Any) -> list[float | None]:
    values = (estimate.value, estimate.low, estimate.high)
    # adding 0.0 turns a negative zero into a plain one
    return [None if v is None else round(v, 3) + 0.0 for v in values]


def headline_table(measured: dict[str, Any]) -> str:
    """Render what the README says of every experiment: the answer and its numbers."""
    lines = [
        "| experiment | people (events) | AUROC, panel + clinical | difference to clinical alone | "
        "adds? | claim |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| `{name}` | {run['people']} ({run['events']}) | {_interval(run['procedure'])} | "
        f"{_interval(run['difference'], signed=True)} | {run['adds']} | {run['claim']} |"
        for name, run in measured.items()
    ]
    return "\n".join(lines)


def results_table(measured: dict[str, Any], published: dict[str, Any]) -> str:
    """Render the table of experiments."""
    lines = [
        "| experiment | held out | people (events) | AUROC, panel + clinical | AUROC, clinical "
        "alone | difference | adds? | claim | elsewhere |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, run in measured.items():
        other = published.get(name)
        lines.append(
            f"| `{name}` | {run['scheme']} | {run['people']} ({run['events']}) | "
            f"{_interval(run['procedure'])} | {_interval(run['reference'])} | "
            f"{_interval(run['difference'], signed=True)} | {run['adds']} | "
            f"{run['claim']} | "
            f"{_elsewhere(other)} |"
        )
    return "\n".join(lines)


def blocks_table(run: dict[str, Any], other: dict[str, Any] | None) -> str:
    """Render one run's ways of holding people out, side by side."""
    lines = [
        "| held out | people (events) | AUROC, panel + clinical | difference to clinical alone | "
        "calibration slope |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {block['scheme']} | {block['people']} ({block['events']}) | "
        f"{_interval(block['procedure'])} | {_interval(block['difference'], signed=True)} | "
        f"{_interval(block['slope'])} |"
        for block in run["blocks"].values()
    ]
    return "\n".join([*lines, "", f"Published: {_elsewhere(other)}."])


def batches_table(measured: dict[str, Any], question: str) -> str:
    """Render one question's external results with and without harmonisation."""
    lines = [
        "| experiment | batches | AUROC | elastic net alone | trees alone | calibration slope | "
        "calibration intercept |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, run in measured.items():
        if name.startswith(question):
            each = run["candidates"]
            numbers = (
                run["procedure"], each["elastic_net"], each["shallow_xgboost"], run["slope"],
                run["intercept"],
            )  # fmt: skip
            cells = " | ".join(_interval(n) for n in numbers)
            lines.append(f"| `{name}` | {run['batches']} | {cells} |")
    return "\n".join(lines)


def _elsewhere(other: dict[str, Any] | None) -> str:
    if other is None:
        return "–"
    values = [other["auroc"], other.get("low"), other.get("high")]
    return f"{_interval(values)} ({other['who']})"


def _interval(values: list[float | None], *, signed: bool = False) -> str:
    value, low, high = values
    if value is None:
        return "undefined"
    form = "+.3f" if signed else ".3f"
    text = format(value, form)
    if low is not None and high is not None:
        text += f" [{format(low, form)}, {format(high, form)}]"
    return text.replace("-", "−")
