"""Addresses of stores, places of artifacts, first starts at once, and launches that died."""

import os
import socket
import subprocess
import sys
import textwrap
from types import SimpleNamespace

import pytest

from pipelines import CHECKOUT
from pipelines.track import connection, processes, tracking
from pipelines.track.connection import artifact_place, shown, usable_uri, why
from pipelines.track.runs import open_run
from signature.exceptions import TrackingError
from tests.made.checkout import REPO

pytest_plugins = ["tests.made.serving_fixtures"]


@pytest.fixture
def drivers(monkeypatch):
    """Returns a function that says which drivers are installed."""

    def install(*names):
        monkeypatch.setattr(
            connection, "find_spec", lambda name: SimpleNamespace() if name in names else None
        )

    return install


WAIT = "connect_timeout=4"


@pytest.mark.parametrize(
    ("told", "there", "usable"),
    [
        ("postgres://u:p@h:5432/d", ("psycopg",), f"postgresql+psycopg://u:p@h:5432/d?{WAIT}"),
        ("postgresql://h/d", ("psycopg", "psycopg2"), f"postgresql+psycopg://h/d?{WAIT}"),
        ("postgresql://h/d", ("psycopg2",), f"postgresql+psycopg2://h/d?{WAIT}"),
        ("postgres://h/d?a=b", ("psycopg2",), f"postgresql+psycopg2://h/d?a=b&{WAIT}"),
        ("postgresql+psycopg2://h/d", ("psycopg", "psycopg2"), f"postgresql+psycopg2://h/d?{WAIT}"),
        ("postgresql+psycopg://h/d", ("psycopg",), f"postgresql+psycopg://h/d?{WAIT}"),
        ("postgres+psycopg://h/d", ("psycopg",), f"postgresql+psycopg://h/d?{WAIT}"),
        ("postgres://h/d?connect_timeout=60", ("psycopg",), None),
        ("postgresql+pg8000://h/d", (), "postgresql+pg8000://h/d"),
        ("sqlite:////a/b.db", (), "sqlite:////a/b.db"),
        ("http://h:5000", (), "http://h:5000"),
        ("mlruns", (), "mlruns"),
    ],
)
def test_addresses_of_postgresql(drivers, told, there, usable):
    drivers(*there)
    assert usable_uri(told) == (usable or "postgresql+psycopg://h/d?connect_timeout=60")


@pytest.mark.parametrize(
    ("told", "there", "lacks"),
    [
        ("postgres://u:secret@h/d", (), "psycopg:"),
        ("postgresql+psycopg://u:secret@h/d", ("psycopg2",), "psycopg:"),
        ("postgresql+psycopg2://u:secret@h/d", ("psycopg",), "psycopg2:"),
    ],
)
def test_a_driver_that_is_missing_is_named_and_no_password(drivers, told, there, lacks):
    drivers(*there)
    with pytest.raises(TrackingError) as caught:
        usable_uri(told)
    assert lacks in str(caught.value)
    assert "immune-signature[postgres]" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_artifacts_of_a_database_have_a_place(monkeypatch, tmp_path):
    monkeypatch.delenv("SIGNATURE_ARTIFACTS", raising=False)
    assert artifact_place("http://h:5000") is None
    assert artifact_place(f"sqlite:///{tmp_path}/a.db") == (tmp_path / "mlartifacts").as_uri()
    in_checkout = (CHECKOUT / "mlartifacts").as_uri()
    assert artifact_place("postgresql+psycopg://h/d") == in_checkout
    assert artifact_place("mysql+pymysql://h/d") == in_checkout
    monkeypatch.setenv("SIGNATURE_ARTIFACTS", str(tmp_path))
    assert artifact_place("postgresql+psycopg://h/d") == tmp_path.as_uri()
    monkeypatch.setenv("SIGNATURE_ARTIFACTS", "s3://bucket/place")
    assert artifact_place("postgresql+psycopg://h/d") == "s3://bucket/place"


def test_no_password_is_shown():
    assert shown("postgresql+psycopg://u:p@h:5432/d?x=p") == "postgresql+psycopg://h:5432/d"
    assert shown("sqlite:////a/b.db") == "sqlite:////a/b.db"
    assert "secret" not in why(ValueError("no http://name:secret@h/ there"))


def test_who_sets_mlflows_variables_is_obeyed(monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "77")
    monkeypatch.delenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", raising=False)
    connection.before_import()
    assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "77"
    assert os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] == "0"
    with connection.quickly():
        assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "1"
    assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "77"


STARTS = textwrap.dedent(
    """
    import sys
    from pipelines.track import tracking
    with tracking.launch("at_once", "t", {"number": sys.argv[1]}) as tracked:
        print(tracked.run_id)
    """
)


def test_two_first_starts_at_once(tmp_path):
    env = {**os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path / 'new' / 'mlflow.db'}"}
    env.pop("MLFLOW_RUN_ID", None)
    running = [
        subprocess.Popen(
            [sys.executable, "-c", STARTS, str(number)],
            cwd=REPO,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(2)
    ]
    said = [one.communicate(timeout=300) for one in running]
    assert [one.returncode for one in running] == [0, 0], said
    assert len({out for out, _ in said}) == 2
    assert not any("Traceback" in err for _, err in said)


def test_a_launch_whose_process_died_is_closed_by_the_next(store):
    dead = subprocess.Popen(
        [sys.executable, "-c", STARTS.replace("print(", "import os; os._exit(9) # ("), "0"],
        cwd=REPO,
        env=store.env,
    )
    dead.wait(300)
    assert dead.returncode == 9
    experiment = store.client.get_experiment_by_name("at_once")
    (left,) = store.client.search_runs([experiment.experiment_id])
    assert left.info.status == "RUNNING"
    with tracking.launch("another", "t") as tracked:
        assert store.client.get_run(left.info.run_id).info.status == "KILLED"
        # one that lives is let alone, and so is one of another machine
        with_host = store.client.create_run(
            experiment.experiment_id,
            tags={processes.HOST: "elsewhere", processes.PROCESS: "1 1 a b"},
        )
        third = open_run(store.mlflow, "a third", "t")
        assert store.client.get_run(tracked.run_id).info.status == "RUNNING"
        store.client.set_terminated(third)
    assert store.client.get_run(tracked.run_id).info.status == "FINISHED"
    assert store.client.get_run(with_host.info.run_id).info.status == "RUNNING"


def test_a_process_is_gone_when_its_number_is_another_ones():
    own = processes.own_tags()
    assert not processes.is_gone(own)
    pid, began, boot, space = own[processes.PROCESS].split()
    for changed, gone in [
        (f"{pid} {int(began) + 1} {boot} {space}", True),
        (f"{pid} {began} another-boot {space}", True),
        (f"{pid} {int(began) + 1} {boot} another-space", False),
        ("", False),
        ("text", False),
    ]:
        assert processes.is_gone({**own, processes.PROCESS: changed}) is gone
    assert not processes.is_gone({**own, processes.HOST: f"not {socket.gethostname()}"})
    assert not processes.is_gone({})
