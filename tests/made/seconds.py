"""How long each test file took, and which files fit into a loop while writing: ``make quick``.

``pytest --keep-seconds`` writes ``tests/seconds.json`` after a run. ``pytest --quick 60`` leaves
out the longest files, so that the others took 60 seconds together; a file that was never timed is
run.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import pytest

KEPT = Path(__file__).parents[1] / "seconds.json"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the two options."""
    parser.addoption("--keep-seconds", action="store_true", help=f"write {KEPT.name}")
    parser.addoption("--quick", type=float, metavar="SECONDS", help="leave out the longest files")


def within(seconds: dict[str, float], most: float) -> set[str]:
    """Return the files to leave out, the longest first, so that the others take `most` seconds."""
    total, out = sum(seconds.values()), set()
    for file in sorted(seconds, key=lambda f: -seconds[f]):
        if total <= most:
            break
        total -= seconds[file]
        out.add(file)
    return out


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the longest files when asked to be quick."""
    most = config.getoption("--quick")
    if most is None:
        return
    out = within(json.loads(KEPT.read_text(encoding="utf-8")), most)
    left = [item for item in items if item.nodeid.partition("::")[0] in out]
    config.hook.pytest_deselected(items=left)
    items[:] = [item for item in items if item.nodeid.partition("::")[0] not in out]


class Seconds:
    """Adds up how long each file's tests took, set-up included."""

    def __init__(self) -> None:
        self.by_file: defaultdict[str, float] = defaultdict(float)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count one part of one test."""
        self.by_file[report.nodeid.partition("::")[0]] += report.duration

    def pytest_sessionfinish(self) -> None:
        """Write what was counted."""
        found = {file: round(seconds, 1) for file, seconds in sorted(self.by_file.items())}
        KEPT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def pytest_configure(config: pytest.Config) -> None:
    """Count where the reports come together."""
    if config.getoption("--keep-seconds") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Seconds())
