"""Write the measured tables again: ``python -m docs.measured``.

``experiments/benchmarks/measured.json`` and ``measured_trials.json`` hold what runs gave;
``--collect`` reads them anew from ``results/``. Tables stand between marks, in the pages of this
folder and one in the README, and are made from those files and the others beside them; nobody types
a number there. The text around them is written by hand.
"""

import json
import tomllib
from pathlib import Path
from typing import Annotated, Any

import typer

from docs.measured.assay import assay_table
from docs.measured.attacks import bound_table, gate_tables
from docs.measured.clusters import cluster_tables
from docs.measured.experiments import (
    batches_table,
    blocks_table,
    collect,
    headline_table,
    results_table,
)
from docs.measured.selection import selection_table
from docs.measured.serving import serving_tables
from docs.measured.speed import evaluation_table, jobs_table, speed_table
from docs.measured.trials import (
    benefit_level_table,
    collect_trials,
    deciding_tables,
    interaction_error_table,
    interaction_power_table,
    own_table,
    trials_table,
)
from docs.measured.validation import validation_tables
from pipelines import cli

BENCHMARKS = Path("experiments/benchmarks")
MEASURED = BENCHMARKS / "measured.json"
MEASURED_TRIALS = BENCHMARKS / "measured_trials.json"
PUBLISHED = BENCHMARKS / "published.toml"
TARGETS = BENCHMARKS / "selection_targets.toml"
SERVING_TARGETS = BENCHMARKS / "serving_targets.toml"
PAGES = Path("docs/measured")
THREE_HOSPITALS = "covid_icu_three_hospitals"


def tables(root: Path) -> dict[Path, dict[str, str]]:
    """Render every table from the files that hold its numbers.

    Returns
    -------
    dict
        By page, relative to `root`, and by the name in its marks.
    """
    benchmarks: dict[str, Any] = {
        file.stem: json.loads(file.read_text(encoding="utf-8"))
        for file in sorted((root / BENCHMARKS).glob("*.json"))
    }
    measured = benchmarks[MEASURED.stem]
    published = tomllib.loads((root / PUBLISHED).read_text(encoding="utf-8"))
    targets = tomllib.loads((root / TARGETS).read_text(encoding="utf-8"))["target"]
    asked = tomllib.loads((root / SERVING_TARGETS).read_text(encoding="utf-8"))
    rejected = benchmarks["interaction_type_one"]
    return {
        Path("README.md"): {"headline": headline_table(measured)},
        PAGES / "experiments.md": {
            "results": results_table(measured, published),
            "blocks": blocks_table(measured[THREE_HOSPITALS], published.get(THREE_HOSPITALS)),
            "batches": batches_table(measured, "covid_icu"),
        },
        PAGES / "assay.md": {"assay": assay_table(benchmarks)},
        PAGES / "speed.md": {
            "jobs": jobs_table(benchmarks["job_speed"]),
            "speed": speed_table(benchmarks),
            "evaluation": evaluation_table(benchmarks["evaluation_speed"]),
        },
        PAGES / "selection.md": {"selection": selection_table(benchmarks, targets)},
        PAGES / "attacks.md": {
            **gate_tables(benchmarks["attacks_gate"]),
            "attacks bound": bound_table(benchmarks["attacks_bound"]),
        },
        PAGES / "clusters.md": cluster_tables(benchmarks["selection_clusters"]),
        PAGES / "serving.md": serving_tables(benchmarks, asked),
        PAGES / "validation.md": validation_tables(benchmarks),
        PAGES / "trials.md": {
            "trials": trials_table(benchmarks[MEASURED_TRIALS.stem]),
            "interaction error": interaction_error_table(rejected),
            "interaction power": interaction_power_table(rejected),
            **deciding_tables(benchmarks["deciding_level"]),
            "deciding own": own_table(benchmarks["deciding_own"]),
            "benefit level": benefit_level_table(benchmarks["benefit_level"]),
        },
    }


def fill(text: str, made: dict[str, str], page: Path) -> str:
    """Put tables between their marks.

    Raises
    ------
    ValueError
        When the text has no marks for one of them.
    """
    for name, table in made.items():
        mark = f"<!-- table: {name} -->\n"
        before, found, rest = text.partition(mark)
        _, end, after = rest.partition("<!-- end -->")
        if not found or not end:
            raise ValueError(f"{page} has no marks for the table {name!r}")
        text = f"{before}{mark}{table}\n{end}{after}"
    return text


def write_tables(
    collect_from: Annotated[
        Path | None, typer.Option("--collect", help="Read the runs in this folder first.")
    ] = None,
) -> None:
    """Write the measured tables of docs/measured and of README.md again."""
    if collect_from is not None:
        for file, found in (
            (MEASURED, collect(collect_from)),
            (MEASURED_TRIALS, collect_trials(collect_from)),
        ):
            file.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    for page, made in tables(Path()).items():
        page.write_text(fill(page.read_text(encoding="utf-8"), made, page), encoding="utf-8")


if __name__ == "__main__":
    cli.main(write_tables)
