"""Write the measured tables of the README: ``python -m docs.measured``.

``experiments/benchmarks/measured.json`` holds what runs gave; ``--collect`` reads it anew from
``results/``. The tables between the marks in the README are made from it and from the other files
in that folder; nobody types a number there.
"""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from docs.measured.selection import selection_table
from docs.measured.trials import collect_trials, interaction_error_table, trials_table
from docs.measured.validation import validation_table
from pipelines import cli

README = Path("README.md")
MEASURED = Path("experiments/benchmarks/measured.json")
MEASURED_TRIALS = Path("experiments/benchmarks/measured_trials.json")
PUBLISHED = Path("experiments/benchmarks/published.toml")
BENCHMARKS = Path("experiments/benchmarks")
TARGETS = BENCHMARKS / "selection_targets.toml"
THREE_HOSPITALS = "covid_icu_three_hospitals"


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


def speed_table(benchmarks: dict[str, Any]) -> str:
    """Render the table of timings."""
    found = benchmarks["boosting_tuning"]
    seconds = {k: sorted(v)[len(v) // 2] for k, v in found["cpu_seconds"].items()}
    ratio, rounds = found["ratio"], len(found["cpu_seconds"]["naive"])
    lines = [
        "| tuning shallow XGBoost, one outer fold | CPU seconds | log-loss of the winner |",
        "|---|---|---|",
        f"| `cross_val_score`, the usual way | {seconds['naive']:.2f} | "
        f"{found['log_loss']['naive']:.4f} |",
        f"| shared bins, early stopping, pruning | {seconds['shared']:.2f} | "
        f"{found['log_loss']['shared']:.4f} |",
        "",
        f"{ratio['median']:g} times quicker (lowest of {rounds} rounds {ratio['lowest']:g}): "
        f"{found['rows']} rows × {found['columns']} columns, {found['parameter_sets']} parameter "
        f"sets × {found['inner_folds']} inner folds.",
    ]
    return "\n".join(lines)


def tables(root: Path) -> dict[str, str]:
    """Render every table of the README from the files that hold its numbers."""
    import tomllib

    measured = json.loads((root / MEASURED).read_text(encoding="utf-8"))
    published = tomllib.loads((root / PUBLISHED).read_text(encoding="utf-8"))
    targets = tomllib.loads((root / TARGETS).read_text(encoding="utf-8"))["target"]
    benchmarks = {
        file.stem: json.loads(file.read_text(encoding="utf-8"))
        for file in sorted((root / BENCHMARKS).glob("*.json"))
    }
    return {
        "results": results_table(measured, published),
        "blocks": blocks_table(measured[THREE_HOSPITALS], published.get(THREE_HOSPITALS)),
        "batches": batches_table(measured, "covid_icu"),
        "assay": assay_table(benchmarks),
        "speed": speed_table(benchmarks),
        "selection": selection_table(benchmarks, targets),
        "validation": validation_table(benchmarks),
        "trials": trials_table(benchmarks[MEASURED_TRIALS.stem]),
        "interaction error": interaction_error_table(benchmarks["interaction_type_one"]),
    }


def fill(text: str, made: dict[str, str]) -> str:
    """Put the tables between their marks."""
    for name, table in made.items():
        mark = f"<!-- table: {name} -->\n"
        before, found, rest = text.partition(mark)
        _, end, after = rest.partition("<!-- end -->")
        if not found or not end:
            raise ValueError(f"README.md has no marks for the table {name!r}")
        text = f"{before}{mark}{table}\n{end}{after}"
    return text


def readme(
    collect_from: Annotated[
        Path | None, typer.Option("--collect", help="Read the runs in this folder first.")
    ] = None,
) -> None:
    """Write the measured tables of README.md again."""
    if collect_from is not None:
        for file, found in (
            (MEASURED, collect(collect_from)),
            (MEASURED_TRIALS, collect_trials(collect_from)),
        ):
            file.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    filled = fill(README.read_text(encoding="utf-8"), tables(Path()))
    README.write_text(filled, encoding="utf-8")


if __name__ == "__main__":
    cli.main(readme)
