"""The quickest experiment on real data: two candidates, two folds, a report of one section."""

from pathlib import Path

QUICKEST = """
title = "Small run for the tests"
question = "Does the serum panel add to clinical features?"
caution = "A small run for the tests, not for anything else."
seed = 7
[data]
dataset = "opt"
outcome = "periodontal_nonresponse"
where = { arm = ["treatment"] }
[features]
baseline = ["demographics", "periodontal status"]
panel = ["acute phase", "cytokine"]
[candidates]
contenders = ["best_single_marker"]
references = ["clinical_only"]
baselines = []
[validation]
folds = 2
repeats = 1
inner_folds = 2
bootstraps = 200
[tuning]
trials = 1
[claim]
design = "prospective"

[gate]
auroc_at_least = 0.9
"""
BITS = ("predictions.parquet", "inner.parquet", "contributions.parquet", "evaluation.json")
"""Files that are the same whenever and however a run is done."""


def write_quickest(folder: Path, text: str = QUICKEST) -> Path:
    """Write the experiment file and return its path."""
    file = folder / "quickest.toml"
    file.write_text(text, encoding="utf-8")
    return file


def bits(folder: Path) -> dict[str, bytes]:
    """Return the content of a results folder that does not depend on the hour."""
    return {name: (folder / name).read_bytes() for name in BITS}
