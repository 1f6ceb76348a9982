"""What a launch leaves in MLflow, and what it takes for a model to be registered."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pandas as pd
import pytest

from pipelines.track import model_summary, run_summary, tracking
from pipelines.track import wheel as wheel_module
from signature.exceptions import ModelFileError, ResultsError, TrackingError
from signature.serve.persistence import load_model, save_model
from signature.serve.serving import Scorer
from tests.made.checkout import REPO

pytest_plugins = ["tests.made.serving_fixtures"]


@pytest.fixture(scope="module")
def logged(store, results_folder):
    """The parent run of one logged launch."""
    with tracking.launch("opt_test", "Early birth", {"why": "test"}) as tracked:
        during = store.client.get_run(tracked.run_id)
        tracked.log_results(results_folder)
    assert during.info.status == "RUNNING"
    assert during.info.run_name.startswith("opt_test 20")
    return store.client.get_run(tracked.run_id)


@pytest.fixture(scope="module")
def children(store, logged):
    runs = store.client.search_runs(
        [logged.info.experiment_id], f"tags.mlflow.parentRunId = '{logged.info.run_id}'"
    )
    return {run.info.run_name: run for run in runs}


def test_the_parent_says_what_was_found(logged):
    assert logged.info.status == "FINISHED"
    metrics = logged.data.metrics
    assert metrics["auroc"] == 0.61
    assert (metrics["delta_auroc_low"], metrics["delta_auroc_high"]) == (-0.05, 0.07)
    assert (metrics["n_rows"], metrics["n_events"], metrics["gate_passed"]) == (30, 9, 0)
    tags = logged.data.tags
    assert tags["gate"] == "not passed"
    assert tags["adds_to_reference"] == "no"
    assert tags["claim"] == "exploratory"
    assert tags["why"] == "test"
    assert tags["code_version"] == "0.1.0+abc"
    assert "The panel adds nothing." in tags["mlflow.note.content"]
    assert logged.data.params["data.dataset"] == "opt"
    assert logged.data.params["candidates.contenders"] == '["elastic_net"]'
    assert "title" not in logged.data.params


def test_the_data_set_is_named_by_its_digest(logged):
    (used,) = logged.inputs.dataset_inputs
    assert (used.dataset.name, used.dataset.digest) == ("opt", "d" * 36)
    assert logged.data.tags["data_digest"] == "d" * 64


def test_every_candidate_is_a_child(children, store):
    assert set(children) == {"procedure", "elastic_net", "clinical_only"}
    child = children["elastic_net"]
    assert child.info.status == "FINISHED"
    assert child.data.params == {"candidate": "elastic_net", "part": "contender"}
    assert child.data.metrics["auroc_low"] == 0.5
    assert child.data.metrics["internal_auroc"] == pytest.approx(0.63)
    assert "auprc" not in child.data.metrics


def test_folds_are_steps_through_all_repeats(children, store):
    history = store.client.get_metric_history(children["procedure"].info.run_id, "fold_auroc")
    steps = {m.step: m.value for m in history}
    assert sorted(steps) == [0, 1, 2, 3, 5]  # the fifth fold had one class only
    assert steps[5] == pytest.approx(0.62)


def test_files_are_artifacts_but_no_other(logged, store):
    found = {a.path for a in store.client.list_artifacts(logged.info.run_id)}
    found |= {a.path for a in store.client.list_artifacts(logged.info.run_id, "tables")}
    assert {"launch.json", "evaluation.json", "trials.parquet", "report.html"} <= found
    assert {"figures", "experiment.json", "environment.json"} <= found
    assert {"tables/candidates.csv", "tables/trials.csv"} <= found
    assert not any("bad_rows" in path for path in found)


def test_runs_can_be_compared(logged, children, store):
    table = store.mlflow.search_runs(
        [logged.info.experiment_id], "tags.kind = 'candidate'", order_by=["metrics.auroc DESC"]
    )
    assert table["params.candidate"].tolist() == ["clinical_only", "elastic_net", "procedure"]


def test_no_trial_is_a_run(logged, store):
    runs = store.client.search_runs([logged.info.experiment_id])
    assert {r.data.tags["kind"] for r in runs} == {"launch", "candidate"}


@pytest.mark.parametrize(
    ("error", "status"), [(ValueError, "FAILED"), (KeyboardInterrupt, "KILLED")]
)
def test_a_launch_that_dies_says_so(error, status, store):
    with pytest.raises(error), tracking.launch("opt_dies", "t") as tracked:
        raise error
    assert store.client.get_run(tracked.run_id).info.status == status
    assert store.mlflow.active_run() is None


def test_the_run_of_mlflow_run_is_adopted(store, results_folder, monkeypatch):
    experiment = store.mlflow.create_experiment("somebody's own", store.root.as_uri())
    # a process that mlflow run starts has chosen no experiment yet; this one has
    store.mlflow.set_experiment(experiment_id=experiment)
    made = store.client.create_run(experiment)
    monkeypatch.setenv("MLFLOW_RUN_ID", made.info.run_id)
    with tracking.launch("opt_adopted", "t") as tracked:
        assert store.client.get_run(tracked.run_id).info.status == "RUNNING"
    assert tracked.run_id == made.info.run_id
    run = store.client.get_run(tracked.run_id)
    assert (run.info.experiment_id, run.info.status) == (experiment, "FINISHED")
    assert run.info.run_name.startswith("opt_adopted ")
    assert store.mlflow.get_experiment_by_name("opt_adopted") is None


def test_telemetry_is_off(store):
    from mlflow.telemetry.utils import is_telemetry_disabled

    assert is_telemetry_disabled()


def test_a_results_folder_without_its_files_is_refused(store, tmp_path):
    with (
        pytest.raises(ResultsError, match=r"launch.json is missing.*pipelines.train"),
        tracking.launch("opt_refused", "Refused") as tracked,
    ):
        tracked.log_results(tmp_path)


# ---- models


def register(folder, evaluation, typical=None):
    with tracking.launch("opt_test", "t") as tracked:
        return tracked.register(folder, evaluation, typical)


def versions(store, name="opt_test"):
    return store.client.search_model_versions(f"name = '{name}'")


@pytest.fixture(scope="module")
def registered(store, model_folders, evaluations, launch_record):
    """A champion, then a challenger that does not pass the gate."""
    typical = run_summary.typical_values(launch_record)
    first = register(model_folders["shallow_xgboost"], evaluations[True], typical)
    second = register(model_folders["elastic_net"], evaluations[False], typical)
    return first, second


def test_the_gate_decides_who_is_champion(registered, store):
    first, second = registered
    assert first.aliases == ("challenger", "champion")
    assert first.uri == "models:/opt_test@champion"
    assert second.aliases == ("challenger",)
    by_alias = {
        alias: str(store.client.get_model_version_by_alias("opt_test", alias).version)
        for alias in ("champion", "challenger")
    }
    assert by_alias == {"champion": first.version, "challenger": second.version}
    tags = store.client.get_model_version("opt_test", second.version).tags
    assert (tags["gate"], tags["candidate"]) == ("not passed", "elastic_net")
    described = store.client.get_registered_model("opt_test").description
    assert described == "Do cytokines tell who delivers early?\n\nA test."


def test_a_model_says_what_it_expects(registered, store):
    info = store.mlflow.models.get_model_info("models:/opt_test@champion")
    columns = {c.name: (c.type.name, c.required) for c in info.signature.inputs.inputs}
    assert columns["age"] == ("double", True)
    assert columns["IL6"] == columns["IL6__below"] == ("double", False)
    assert [p.name for p in info.signature.params.params] == ["explain", "top_k"]
    crp = next(c for c in info.metadata["columns"] if c["name"] == "CRP")
    assert (crp["unit"], crp["low"], crp["high"], crp["role"]) == ("mg/L", 0, 500, "marker")
    assert info.metadata["probability_of"] == "before week 37"


def test_the_example_is_nobodys_row(registered, store, launch_record, trial):
    info = store.mlflow.models.get_model_info("models:/opt_test@champion")
    folder = Path(store.mlflow.artifacts.download_artifacts(info.model_uri))
    example = json.loads((folder / "serving_input_example.json").read_text())["dataframe_split"]
    typical = run_summary.typical_values(launch_record)
    assert dict(zip(example["columns"], example["data"][0], strict=True)) == typical


@pytest.fixture(scope="module")
def stored(registered, store, tmp_path_factory):
    """The folder of the registered model, as somebody else gets it."""
    info = store.mlflow.models.get_model_info("models:/opt_test@champion")
    there = tmp_path_factory.mktemp("stored")
    return Path(store.mlflow.artifacts.download_artifacts(info.model_uri, dst_path=str(there)))


def test_the_wheel_travels_inside_and_nobody_else_s_package_is_asked_for(stored):
    asked = (stored / "requirements.txt").read_text().splitlines()
    (wheel,) = (line for line in asked if "immune" in line)
    assert wheel == "artifacts/model/immune_signature-0.1.0-py3-none-any.whl"
    with ZipFile(stored / wheel) as held:
        assert "signature/serve/serving.py" in held.namelist()
    assert any(line.startswith("fastapi") for line in asked)
    assert any(line.startswith("mlflow") for line in asked)
    assert wheel in (stored / "conda.yaml").read_text()
    assert wheel in (stored / "python_env.yaml").read_text() + (stored / "conda.yaml").read_text()


def test_the_digest_is_a_tag_of_the_version(registered, stored, store):
    version = store.client.get_model_version_by_alias("opt_test", "champion")
    card = Scorer(stored / "artifacts" / "model", version.tags["digest"]).card
    assert card.digest == version.tags["digest"]
    info = store.mlflow.models.get_model_info("models:/opt_test@champion")
    assert info.metadata["digest"] == card.digest


def test_a_stored_model_that_was_exchanged_is_not_loaded(stored, store, model_folders, tmp_path):
    copy = shutil.copytree(stored, tmp_path / "copy")
    shutil.rmtree(copy / "artifacts" / "model")
    shutil.copytree(model_folders["elastic_net"], copy / "artifacts" / "model")
    with pytest.raises(ModelFileError, match="another than the one asked for"):
        store.mlflow.pyfunc.load_model(str(copy))


SCORE_THERE = """
import sys
sys.path.insert(0, sys.argv[1])
import pandas as pd, signature
from pathlib import Path
from signature.serve.persistence import load_model, save_model
from signature.serve.serving import Scorer
assert Path(signature.__file__).is_relative_to(sys.argv[1]), signature.__file__
got = Scorer(Path(sys.argv[2])).score(pd.read_json("rows.json"), explain=True)
print(got["log_odds"].map(float.hex).tolist())
"""


@pytest.mark.slow
def test_the_wheel_is_installed_from_within_the_model_as_mlflow_does_it(
    stored, rows, model_folders, tmp_path
):
    # as mlflow.utils.virtualenv: a folder with links to what the model has, and pip inside it
    home, site = tmp_path / "home", tmp_path / "site"
    home.mkdir()
    for item in stored.iterdir():
        (home / item.name).symlink_to(item)
    (wheel,) = (w for w in (stored / "requirements.txt").read_text().split() if "immune" in w)
    (home / "only.txt").write_text(wheel)
    pip = [sys.executable, "-m", "pip", "install", "--no-index", "--no-deps", "--quiet"]
    subprocess.run([*pip, "--target", str(site), "-r", "only.txt"], cwd=home, check=True)
    rows.to_json(tmp_path / "rows.json", double_precision=15)
    script = [sys.executable, "-I", "-c", SCORE_THERE, str(site)]
    done = subprocess.run(
        [*script, str(stored / "artifacts" / "model")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    sent = pd.read_json(tmp_path / "rows.json")
    expected = Scorer(model_folders["shallow_xgboost"]).score(sent, explain=True)["log_odds"]
    assert done.stdout.strip() == str(expected.map(float.hex).tolist())


def test_a_checkout_without_its_backend_registers_without_the_wheel(
    model_folders, monkeypatch, caplog
):
    def refuses(*told):
        raise subprocess.CalledProcessError(1, "build")

    monkeypatch.setattr(wheel_module, "_wheel", refuses)
    with wheel_module.model_with_wheel(model_folders["elastic_net"]) as (folder, asked):
        assert Scorer(folder).card.experiment == "opt_test"
        assert not any("immune" in line for line in asked)
        assert any(line.startswith("scikit-learn") for line in asked)
    (said,) = caplog.messages
    assert "no wheel could be built" in said
    assert "\n" not in said


def test_the_registered_model_answers_as_the_scorer(registered, store, model_folders, rows):
    served = store.mlflow.pyfunc.load_model("models:/opt_test@champion")
    scorer = Scorer(model_folders["shallow_xgboost"])
    params = {"explain": True, "top_k": 2}
    assert served.predict(rows).equals(scorer.score(rows))
    assert served.predict(rows, params=params).equals(scorer.score(rows, **params))


def test_a_refusal_in_python_is_mlflows_invalid_parameter(registered, store, rows):
    served = store.mlflow.pyfunc.load_model("models:/opt_test@champion")
    with pytest.raises(store.mlflow.MlflowException, match="0 or 1 in 'smoker'") as caught:
        served.predict(rows.assign(smoker=0.731))
    assert caught.value.get_http_status_code() == 400
    assert "0.731" not in str(caught.value)


def test_a_broken_folder_is_not_registered(store, model_folders, evaluations, tmp_path):
    before = len(versions(store))
    (tmp_path / "model.json").write_text((model_folders["elastic_net"] / "model.json").read_text())
    (tmp_path / "model.skops").write_bytes(b"broken")
    with pytest.raises(ModelFileError, match="not as it was written"):
        register(tmp_path, evaluations[True])
    assert len(versions(store)) == before


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ("def load_context(self, context): raise OSError", "cannot be used"),
        ("def predict(self, context, model_input, params=None): return model_input", "another"),
    ],
)
def test_what_fails_after_the_store_is_not_registered(
    broken, message, store, model_folders, evaluations, tmp_path, monkeypatch
):
    script = tmp_path / "served_model.py"
    text = (REPO / "pipelines" / "track" / "served_model.py").read_text()
    breaking = broken.replace("model_input,", "model_input: pd.DataFrame,")
    script.write_text(
        text.replace(
            "set_model(ServedModel())",
            f"class Broken(ServedModel):\n    {breaking}\n\nset_model(Broken())",
        )
    )
    monkeypatch.setattr(tracking, "SCRIPT", script)
    before = len(versions(store))
    with pytest.raises(ModelFileError, match=message):
        register(model_folders["elastic_net"], evaluations[True])
    assert len(versions(store)) == before


def test_an_example_without_typical_values_is_the_middle(model_folders):
    scorer = Scorer(model_folders["elastic_net"])
    example = model_summary.input_example(scorer.schema, {"smoker": 0.5})
    assert example["age"].item() == 32
    assert example["smoker"].item() == 0
    assert scorer.score(example)["out_of_range"].item() == ""


def test_a_run_is_registered_again_from_its_folder(store, results_folder, model_folders, capsys):
    from pipelines.register.__main__ import register as command

    (results_folder / "model").symlink_to(model_folders["clinical_only"])
    before = len(versions(store))
    command(results_folder)
    assert re.search(r"registered opt_test version \d+ as challenger", capsys.readouterr().out)
    assert len(versions(store)) == before + 1


def test_a_model_that_was_not_evaluated_is_not_registered(
    store, results_folder, model_folders, tmp_path
):
    from pipelines.register.__main__ import register as command

    folder = tmp_path / "opt_test"
    shutil.copytree(results_folder, folder, symlinks=True, ignore=shutil.ignore_patterns("model"))
    shutil.copytree(model_folders["clinical_only"], folder / "model")
    procedure, card = load_model(folder / "model")
    save_model(procedure, card.model_copy(update={"fingerprint": "1" * 64}), folder / "model")
    before = len(versions(store))
    with pytest.raises(ResultsError, match="not the one that was evaluated"):
        command(folder)
    assert len(versions(store)) == before


def test_contributions_by_row_stay_on_this_machine(logged, store):
    found = {a.path for a in store.client.list_artifacts(logged.info.run_id)}
    found |= {a.path for a in store.client.list_artifacts(logged.info.run_id, "tables")}
    assert "contributions.parquet" not in found
    assert "tables/importance.csv" in found


def test_a_deleted_experiment_is_named(store):
    with tracking.launch("opt_deleted", "t"):
        pass
    experiment = store.mlflow.get_experiment_by_name("opt_deleted")
    store.client.delete_experiment(experiment.experiment_id)
    with (
        pytest.raises(TrackingError, match="mlflow experiments restore"),
        tracking.launch("opt_deleted", "t"),
    ):
        pass


def test_the_default_store_is_in_the_checkout(monkeypatch):
    code = (
        "from pipelines.track import tracking; m = tracking.import_mlflow(); "
        "print(m.get_tracking_uri() == f'sqlite:///{tracking.CHECKOUT}/mlflow.db')"
    )
    env = {k: v for k, v in os.environ.items() if k != "MLFLOW_TRACKING_URI"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPO, env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "True"
