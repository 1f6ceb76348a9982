"""What every command does: help at once, a user's error in one line, a bug with its traceback."""

import os
import subprocess
import sys

from pipelines import cli
from pipelines.null_check.__main__ import null_check
from tests.made.checkout import REPO

pytest_plugins = ["tests.made.commands"]


def python(*args, **env):
    return subprocess.run(
        [sys.executable, *args],
        cwd=REPO,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def test_help_is_quick():
    done = python("-X", "importtime", "-m", "pipelines.register", "--help")
    assert done.returncode == 0
    assert "Nothing" in done.stdout or "nothing" in done.stdout
    loaded = {line.split("|")[-1].strip() for line in done.stderr.splitlines() if "|" in line}
    assert not loaded & {"pandas", "numpy", "sklearn", "mlflow", "xgboost", "pydantic"}


def test_an_error_of_the_user_is_one_line(tmp_path):
    done = python("-m", "pipelines.register", str(tmp_path))
    assert done.returncode == cli.USER_ERROR
    assert done.stderr.startswith("error: ")
    assert "launch.json is missing" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_bug_keeps_its_traceback():
    done = python("-c", "from pipelines import cli\ndef f(): 1 / 0\ncli.main(f)")
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr
    assert "Traceback" in done.stderr


def test_a_null_check_names_the_experiments_that_there_are(called):
    done = called(null_check, "experiments/nowhere.toml", "--runs", "2")
    assert done.returncode == cli.USER_ERROR
    assert "error: no experiment file experiments/nowhere.toml; experiments/ has: " in done.stderr
    assert done.stderr.count("\n") == 1
    none = called(null_check, "experiments/nowhere.toml", "--runs", "0")
    assert none.returncode == cli.USER_ERROR
    assert "--runs" in none.stderr
