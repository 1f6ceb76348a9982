"""Digests of what four small runs find, so that a step that may move no number can be seen not to.

Not a test: the runs take six minutes. Before the step, and after it::

    for name in simulated_signature opt_preterm_birth trial_simulated_il2_small; do
      python -m pipelines.train experiments/$name.toml
    done
    python -m pipelines.null_check experiments/opt_preterm_birth.toml --runs 2
    python -m tests.house.witness results --keep    # before
    python -m tests.house.witness results           # after: names what differs

What says which code ran, where and for how long is left out.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import pandas as pd

KEPT = Path(__file__).with_suffix(".json")

RUNS = ("simulated_signature", "opt_preterm_birth")
TRIAL = "trial_simulated_il2_small"
NULL_CHECK = "opt_preterm_birth"

PASSING = {"fingerprint", "code_version", "environment", "started", "seconds"}
"""Keys, at any depth, that say how it was run rather than what was found."""


def without_passing(found: Any) -> Any:
    """Leave out, at any depth, what says how it was run."""
    if isinstance(found, dict):
        return {k: without_passing(v) for k, v in found.items() if k not in PASSING}
    return [without_passing(v) for v in found] if isinstance(found, list) else found


def json_digest(file: Path) -> str:
    """SHA-256 of a JSON file's findings, whatever its layout."""
    # a shuffled run's checksum follows
    told = json.JSONDecoder().raw_decode(file.read_text(encoding="utf-8"))[0]
    found = without_passing(told)
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()


def table_digest(file: Path) -> str:
    """SHA-256 of a Parquet file's columns, types and bits, in their order."""
    table = pd.read_parquet(file)
    h = hashlib.sha256()
    for name, column in table.items():
        h.update(f"{name} {column.dtype}".encode())
        h.update(pd.util.hash_pandas_object(column, index=False).to_numpy().tobytes())
    return h.hexdigest()


def digests(results: Path) -> dict[str, str]:
    """Digest every file that is a witness, by its path under `results`."""
    files = [
        results / run / f"{table}.parquet" for run in RUNS for table in ("predictions", "inner")
    ]
    files += [results / run / "evaluation.json" for run in RUNS]
    files += [results / TRIAL / "trial.json"]
    found = {
        str(file.relative_to(results)): (
            table_digest(file) if file.suffix == ".parquet" else json_digest(file)
        )
        for file in files
    }
    # shuffled runs lie under the digest of the code
    runs = sorted((results / NULL_CHECK / "null_check").glob("*/run-????.json"))
    return found | {f"{NULL_CHECK}/null_check/{run.name}": json_digest(run) for run in runs}


def main(results: str, *options: str) -> int:
    """Keep the digests, or compare with those that were kept."""
    found = digests(Path(results))
    if "--keep" in options:
        KEPT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        print(f"{len(found)} digests kept in {KEPT.name}")
        return 0
    kept = json.loads(KEPT.read_text(encoding="utf-8"))
    differ = sorted(
        name for name in kept.keys() | found.keys() if kept.get(name) != found.get(name)
    )
    print("\n".join(f"differs: {name}" for name in differ) or f"{len(found)} digests agree")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
