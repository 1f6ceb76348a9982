"""Reading a million long rows: 10,000 samples of 100 analytes, with limits, units and plates.

``python -m experiments.benchmarks.reading_long_rows`` writes such a file to a temporary folder,
reads it in a process of its own, and writes seconds and peak memory to ``reading_long_rows.json``
beside it. A fifth of the cells are below a limit: written as such, as a word, or as a number.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer

from signature import markers
from signature.assay.layout import Layout
from signature.assay.readers import long_table

OUT = Path(__file__).with_suffix(".json")
SEED, PLATE = 1, 80


def write(path: Path, samples: int, analytes: int) -> int:
    """Write the file; return how many cells are below their limit."""
    rng = np.random.default_rng(SEED)
    names = list(markers.VOCABULARY)[:analytes]
    n = samples * len(names)
    plate = np.repeat(np.arange(samples) // PLATE, len(names))
    limit = rng.uniform(0.1, 3, (plate.max() + 1, len(names))).round(2)
    limit = limit[plate, np.tile(np.arange(len(names)), samples)]
    value = np.exp(rng.normal(2, 1.5, n)).round(3)
    text = value.astype(str).astype(object)
    low = value < limit
    as_limit, as_word = low & (rng.random(n) < 0.6), low & (rng.random(n) < 0.3)
    text[as_limit] = np.char.add("<", limit[as_limit].astype(str))
    text[as_word] = "OOR <"
    table = {
        "sample": np.repeat([f"S{i:05d}" for i in range(samples)], len(names)),
        "analyte": np.tile(names, samples),
        "value": text,
        "unit": "pg/mL",
        "limit": limit,
        "plate": np.char.add("plate ", plate.astype(str)),
        "flag": np.where(rng.random(n) < 0.01, "low volume", ""),
    }
    pd.DataFrame(table).to_csv(path, index=False)
    return int(low.sum())


def read(path: Path) -> dict[str, Any]:
    """Read the file; return what was found, how long it took, and the peak of memory."""
    started, cpu = time.perf_counter(), time.process_time()
    found = long_table.read(path, Layout())
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu
    # kilobytes on Linux, bytes on macOS
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
        1 if sys.platform == "linux" else 1024
    )
    return {
        "rows": found.rows_in,
        "used": len(found),
        "below": int(found.table["below"].notna().sum()),
        "seconds": round(seconds, 2),
        "cpu_seconds": round(cpu_seconds, 2),
        "peak_memory_mb": round(peak / 1024),
    }


def main(
    samples: Annotated[int, typer.Option(help="Samples in the file")] = 10_000,
    analytes: Annotated[int, typer.Option(help="Analytes per sample")] = 100,
    rounds: Annotated[int, typer.Option(help="How often it is read")] = 3,
) -> None:
    """Read the file in fresh processes and write the fastest and slowest time."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.csv"
        low = write(path, samples, analytes)
        size = path.stat().st_size
        results = []
        for _ in range(rounds):
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                results.append(pool.submit(read, path).result())
    if any(r["below"] != low for r in results):
        raise SystemExit("what was written below a limit was not read as such")
    seconds = [r["seconds"] for r in results]
    found = {
        **{name: results[0][name] for name in ("rows", "used", "below")},
        "file_mb": round(size / 2**20, 1),
        "seconds": {"fastest": min(seconds), "slowest": max(seconds)},
        "cpu_seconds": {"fastest": min(r["cpu_seconds"] for r in results)},
        "peak_memory_mb": max(r["peak_memory_mb"] for r in results),
        "machine": {
            "system": f"{platform.system()} {platform.machine()}",
            "cores": os.cpu_count(),
            "load_before": round(os.getloadavg()[0], 1),
            "python": platform.python_version(),
            "pandas": pd.__version__,
            "pyarrow": find_spec("pyarrow") is not None,
        },
    }
    OUT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    typer.echo(json.dumps(found, indent=1))


if __name__ == "__main__":
    typer.run(main)
