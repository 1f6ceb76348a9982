"""Whatever a file holds or the system refuses: one line, exit code 2, nothing half-written."""

import errno
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.equivalents.__main__ import equivalents
from pipelines.evaluate.__main__ import evaluate
from pipelines.explain.__main__ import explain
from pipelines.null_check.__main__ import null_check
from pipelines.plan.__main__ import plan
from pipelines.register.__main__ import register
from pipelines.report.__main__ import rewrite
from pipelines.train.__main__ import train
from signature import writing
from signature.command import UNREADABLE, main
from tests.made.checkout import REPO
from tests.made.quick_run import QUICKEST, bits, write_quickest
from tests.signature.test_bounded import BOMBS

pytest_plugins = ["tests.made.commands", "tests.made.finished_runs"]

OF_AN_EXPERIMENT = (train, null_check, plan)
OF_RESULTS = (evaluate, explain, rewrite, register, equivalents)


def _one_line(done, words=""):
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
    assert len(done.stderr) < 2100
    assert "Traceback" not in done.stdout + done.stderr


@pytest.fixture
def copied(quickest, tmp_path):
    shutil.copytree(quickest, tmp_path / "quickest")
    return tmp_path / "quickest"


@pytest.mark.parametrize("command", OF_AN_EXPERIMENT)
@pytest.mark.parametrize("name", BOMBS)
def test_an_experiment_that_is_a_bomb(called, tmp_path, command, name):
    file = tmp_path / "bomb.toml"
    file.write_bytes(BOMBS[name])
    _one_line(called(command, file, "--results", tmp_path / "results"), "bomb.toml")
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize("name", BOMBS)
def test_a_dictionary_that_is_a_bomb(tmp_path, capsys, name):
    file = tmp_path / "bomb.toml"
    file.write_bytes(BOMBS[name])
    assert main(["check", str(file)]) == UNREADABLE
    said = capsys.readouterr().err
    assert said.startswith(("signature check: bomb.toml is ", "signature check: bomb.toml holds "))
    assert said.count("\n") == 1


VALUES = {
    "many unknown keys": "".join(f"k{n} = 1\n" for n in range(20_000)) + QUICKEST,
    "a long key": f"{'k' * 100_000} = 1\n{QUICKEST}",
    "a key that steers": f'"\\u001b[2J" = 1\n{QUICKEST}',
    "too large": QUICKEST.replace("seed = 7", f"seed = {2**62}"),
    "infinite": QUICKEST.replace("auroc_at_least = 0.9", "auroc_at_least = inf"),
    "nan": QUICKEST.replace("auroc_at_least = 0.9", "auroc_at_least = nan"),
    "overflow": QUICKEST.replace("auroc_at_least = 0.9", "auroc_at_least = 1e999"),
    "infinite filter": QUICKEST.replace('["treatment"]', "[inf]"),
    "zero byte in a name": QUICKEST.replace('"opt"', '"o\\u0000pt"'),
    "nested where none is": QUICKEST.replace("folds = 2", f"folds = {'[' * 30}{']' * 30}"),
    "a table of a value": QUICKEST.replace("[tuning]", "[tuning.trials]"),
}


@pytest.mark.parametrize("name", VALUES)
def test_an_experiment_of_strange_values(called, tmp_path, name):
    file = write_quickest(tmp_path, VALUES[name])
    _one_line(called(train, file, "--results", tmp_path / "results"))
    assert not (tmp_path / "results").exists()


RECORDS = {
    "deep": "[" * 100_000,
    "deep inside": '{"version": 1, "experiment": ' + '{"a":' * 100_000,
    "digits": '{"version": ' + "9" * 10_000 + "}",
    "not UTF-8": b"\xff\xfe{",
    "zero bytes": b"\0" * 1000,
    "infinite": '{"version": 1e999}',
    "a list": "[1]",
    "empty": "",
}


@pytest.mark.parametrize("command", OF_RESULTS)
@pytest.mark.parametrize("name", RECORDS)
def test_results_that_are_a_bomb(called, copied, command, name):
    content = RECORDS[name]
    content = content if isinstance(content, bytes) else content.encode()
    for file in ("launch.json", "evaluation.json", "sentinels.json"):
        whole = (copied / file).read_bytes()
        (copied / file).write_bytes(content)
        if file != "sentinels.json" or command is evaluate:
            _one_line(called(command, copied))
        (copied / file).write_bytes(whole)


@pytest.mark.parametrize("command", OF_RESULTS)
def test_a_folder_that_is_a_file(called, tmp_path, command):
    file = tmp_path / "results"
    file.write_text("")
    _one_line(called(command, file))


@pytest.mark.parametrize("command", OF_AN_EXPERIMENT)
def test_results_go_into_a_file(called, tmp_path, command):
    (tmp_path / "results").write_text("")
    file = write_quickest(tmp_path)
    _one_line(called(command, file, "--results", tmp_path / "results"), "choose another")
    assert (tmp_path / "results").read_text() == ""


def _refuses(monkeypatch, code, after):
    """Let the system refuse to write, once it has written so many files."""
    written = []

    def refuse(file, data):
        written.append(file)
        if len(written) > after:
            raise OSError(code, os.strerror(code), str(file))
        before(file, data)

    before = writing._write_beside
    monkeypatch.setattr(writing, "_write_beside", refuse)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EIO])
@pytest.mark.parametrize("after", [0, 1, 5, 9])
def test_a_disk_that_is_full(called, copied, one_section, monkeypatch, quickest, code, after):
    _refuses(monkeypatch, code, after)
    file = write_quickest(copied.parent)
    done = called(train, file, "--results", copied.parent, "--no-track", "--jobs", "1")
    _one_line(done, os.strerror(code))
    assert not (copied / "launch.json").exists() or bits(copied) == bits(quickest)
    monkeypatch.undo()
    assert not [p for p in copied.rglob(".*") if p.name != "."]


def test_files_that_may_not_be_large(quickest, tmp_path):
    """A limit of the system stands for a full disk; the fits are not even begun in vain."""
    file = write_quickest(tmp_path)
    command = [sys.executable, "-m", "pipelines.train", str(file), "--no-track", "--jobs", "1"]
    done = subprocess.run(
        [*command, "--results", str(tmp_path)],
        cwd=REPO,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000)),
    )
    _one_line(done, "File too large")
    kept = tmp_path / "quickest"
    assert not [p for p in kept.rglob("*") if p.is_file()]


def test_an_output_that_takes_nothing(tmp_path):
    command = [sys.executable, "-m", "pipelines.train", str(write_quickest(tmp_path))]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*command, "--results", str(tmp_path), "--no-track"],
            cwd=REPO,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr == "error: No space left on device\n"
