"""Reading and checking a study of a million long rows, from the file to the findings.

``python -m experiments.benchmarks.checking_a_study`` writes 10,000 samples times 100 analytes on
125 plates, with limits and 30 % of the values below them, reads and checks them as the command
``signature check`` does, and writes the seconds of each step and the peak of memory to
``checking_a_study.json`` beside it. The aim is 15 seconds and 2 GB on two cores.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from signature.assay.study import read_study
from signature.check import check_study
from signature.check.page import page
from signature.study.markers import VOCABULARY

SAMPLES, ANALYTES, PLATES = 10_000, 100, 125
OUT = Path(__file__).with_suffix(".json")

DICTIONARY = """
title = "A million rows"
citation = "Made up"
[[assays]]
file = "long.csv"
format = "long_table"
unit = "pg/mL"
[people]
file = "people.csv"
sample = "sample"
subject = "subject"
site = "site"
[outcome]
column = "response"
event = ["no"]
no_event = ["yes"]
"""


def write(folder: Path, seed: int = 1) -> Path:
    """Write the study's files and return its dictionary."""
    rng = np.random.default_rng(seed)
    proteins = [m.name for m in VOCABULARY.values() if m.uniprot]
    names = [*proteins, *(f"analyte {i}" for i in range(ANALYTES))][:ANALYTES]
    samples = [f"S{i:05d}" for i in range(SAMPLES)]
    values = np.exp(rng.normal(2, 1, (SAMPLES, ANALYTES)))
    limit = np.quantile(values, 0.3, axis=0).round(3)
    text = np.where(
        values < limit, np.char.add("<", limit.astype(str)), values.round(3).astype(str)
    )
    pd.DataFrame(
        {
            "sample": np.repeat(samples, ANALYTES),
            "analyte": np.tile(names, SAMPLES),
            "value": text.ravel(),
            "limit": np.tile(limit, SAMPLES),
            "plate": np.repeat([f"P{i % PLATES}" for i in range(SAMPLES)], ANALYTES),
        }
    ).to_csv(folder / "long.csv", index=False)
    pd.DataFrame(
        {
            "sample": samples,
            "subject": [f"person {i}" for i in range(SAMPLES)],
            "site": rng.choice(["a", "b", "c"], SAMPLES),
            "response": rng.choice(["yes", "no"], SAMPLES),
        }
    ).to_csv(folder / "people.csv", index=False)
    file = folder / "study.toml"
    file.write_text(DICTIONARY, encoding="utf-8")
    return file


def main() -> None:
    """Time the steps and write them down."""
    if sys.argv[1:2] == ["--measure"]:
        _measure(Path(sys.argv[2]))
        return
    with tempfile.TemporaryDirectory() as folder:
        file = write(Path(folder))
        # a process of its own, so that writing the files does not count towards the memory
        command = [sys.executable, "-m", "experiments.benchmarks.checking_a_study"]
        subprocess.run([*command, "--measure", str(file)], check=True)


def _measure(file: Path) -> None:
    start, cpu = time.perf_counter(), time.process_time()
    study = read_study(file)
    read = time.perf_counter()
    report = check_study(
        study.cohort,
        study.quality,
        site=study.site,
        outcome=study.outcome,
        reading=study.reading,
    )
    checked = time.perf_counter()
    page(report)
    written = time.perf_counter()
    # ru_maxrss is in kB on Linux
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    result = {
        "rows": SAMPLES * ANALYTES,
        "seconds_reading": round(read - start, 2),
        "seconds_checking": round(checked - read, 2),
        "seconds_page": round(written - checked, 2),
        "cpu_seconds": round(time.process_time() - cpu, 2),
        "peak_gb": round(peak, 2),
        "findings": len(report.findings),
    }
    OUT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
