"""What is kept of a run is kept under the code that made it: all of that, and nothing else."""

import os
import shutil
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import grimp
import pytest

from pipelines.fit import digest
from pipelines.fit.digest import closure, code_digest
from pipelines.fit.store import FITTING, FoldStore, fingerprint
from pipelines.null_check.runs import null_fingerprint, study_to_shuffle
from pipelines.question.assembly import assemble
from pipelines.question.experiment import load_experiment
from pipelines.trials import crossfit
from pipelines.trials.experiment import load_trial
from pipelines.trials.study import assemble_trial
from signature.discovery import names
from signature.exceptions import ResultsError
from tests.made.checkout import EXPERIMENTS, REPO
from tests.made.trial_files import SMALL, write_trial

PACKAGES = ("signature", "models", "pipelines")
CANDIDATES = tuple(f"models.{name}" for name in names("models"))
USERS = {
    "fold": FITTING,
    "candidates": CANDIDATES,
    "shuffled run": ("pipelines.null_check.runs",),
    "trial": ("pipelines.trials.crossfit",),
}


@pytest.fixture(scope="module")
def study():
    return assemble(load_experiment(EXPERIMENTS / "opt_periodontal_nonresponse.toml"))


@pytest.fixture(scope="module")
def trial(tmp_path_factory):
    return assemble_trial(load_trial(write_trial(tmp_path_factory.mktemp("trial"), SMALL)))


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the checkout's code."""
    root = tmp_path_factory.mktemp("checkout")
    for package in PACKAGES:
        shutil.copytree(
            REPO / package, root / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    return root


@pytest.fixture
def copied(copy, monkeypatch):
    """The same, and digests are of it."""
    monkeypatch.setattr(digest, "CHECKOUT", copy)
    return copy


@pytest.fixture
def mini(tmp_path, monkeypatch):
    """Returns what writes a small checkout, of which digests are."""
    monkeypatch.setattr(digest, "CHECKOUT", tmp_path)

    def write(**files):
        for name, text in {"__init__": "", **files}.items():
            file = tmp_path / "lab" / f"{name.replace('__of__', '/')}.py"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)

    return write


@contextmanager
def edited(file: Path, old: str | None = None, new: str = "EDITED = 1\n"):
    """Puts `new` for `old`, or at the end, for a while."""
    text, written = file.read_text("utf-8"), file.stat()
    changed = f"{text}\n{new}" if old is None else text.replace(old, new, 1)
    assert changed != text
    file.write_text(changed, "utf-8")
    try:
        yield
    finally:
        file.write_text(text, "utf-8")
        os.utime(file, ns=(written.st_atime_ns, written.st_mtime_ns))


def file_of(root: Path, module: str) -> Path:
    place = root.joinpath(*module.split("."))
    return place / "__init__.py" if place.is_dir() else place.with_suffix(".py")


@pytest.mark.parametrize(
    ("line", "followed"),
    [
        ("import lab.steps", True),
        ("import lab.steps as others", True),
        ("from lab import steps", True),
        ("from lab.steps import scale", True),
        ("from lab.steps import *", True),
        ("from . import steps", True),
        ("from .steps import scale", True),
        ("def fit():\n    from lab import steps", True),
        ("try:\n    import lab.steps\nexcept ImportError:\n    pass", True),
        ("if TYPE_CHECKING:\n    import os\nelse:\n    from lab import steps", True),
        ("if TYPE_CHECKING:\n    from lab import steps", False),
        ("if typing.TYPE_CHECKING:\n    from lab import steps", False),
        ("import steps", False),
        ("from lab import scale", False),
        ("import numpy.linalg", False),
    ],
)
def test_an_import_is_followed_where_it_is_run(mini, line, followed):
    mini(fit=line, steps="scale = 1")
    assert set(closure("lab.fit")) == {"lab", "lab.fit"} | ({"lab.steps"} if followed else set())


def test_packages_on_the_way_and_their_imports_belong_to_it(mini):
    mini(
        fit="import lab.deep.steps",
        deep__of____init__="from lab import version",
        deep__of__steps="",
        version="import lab.fit",  # a circle
        other="",
    )
    assert set(closure("lab.fit")) == {
        "lab",
        "lab.fit",
        "lab.deep",
        "lab.deep.steps",
        "lab.version",
    }


def test_an_import_that_comes_or_goes_is_noticed(mini):
    mini(fit="import lab.steps", steps="", other="")
    first = code_digest("lab.fit")
    mini(fit="import lab.steps", steps="import lab.other")
    assert "lab.other" in closure("lab.fit")
    mini(fit="import lab.steps", steps="")
    assert code_digest("lab.fit") == first
    mini(fit="")
    assert set(closure("lab.fit")) == {"lab", "lab.fit"}


WRITTEN = '''"""What it is for."""
import typing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lab import other

LIMIT = 2.0
"""Of something."""


class Step:
    """A step."""

    def fit(self, x, y=None):
        """Fit it."""
        return {"a": x, "b": LIMIT}
'''
SAID = {
    "docstring of the module": ("What it is for.", "What it was for."),
    "docstring of a class": ("A step.", "One step."),
    "docstring of a function": ('        """Fit it."""\n', ""),
    "docstring of a number": ('"""Of something."""\n', ""),
    "comment": ("LIMIT = 2.0", "LIMIT = 2.0  # why"),
    "layout": (
        '{"a": x, "b": LIMIT}',
        "{\n            'a': x,\n            'b': LIMIT,\n        }",
    ),
    "import of types": ("from lab import other", "from lab import another"),
}
DONE = {
    "number": ("LIMIT = 2.0", "LIMIT = 3.0"),
    "name": ('"b"', '"c"'),
    "default": ("y=None", "y=0"),
    "order": ('"a": x, "b": LIMIT', '"b": LIMIT, "a": x'),
    "import": ("import typing", "import lab.other"),
}


@pytest.mark.parametrize("change", SAID)
def test_words_and_layout_are_no_code(mini, change):
    mini(fit="import lab.steps", steps=WRITTEN, other="", another="")
    before = code_digest("lab.fit")
    old, new = SAID[change]
    assert old in WRITTEN
    mini(steps=WRITTEN.replace(old, new))
    assert code_digest("lab.fit") == before


@pytest.mark.parametrize("change", DONE)
def test_what_is_done_is_code(mini, change):
    mini(fit="import lab.steps", steps=WRITTEN, other="")
    before = code_digest("lab.fit")
    old, new = DONE[change]
    assert old in WRITTEN
    mini(steps=WRITTEN.replace(old, new))
    assert code_digest("lab.fit") != before


def test_code_that_moves_is_other_code(mini):
    """A saved procedure names the modules of its steps, and is not read where they are gone."""
    mini(fit="import lab.steps, lab.scaling", steps="A = 1", scaling="B = 2")
    before = code_digest("lab.fit")
    mini(steps="B = 2", scaling="A = 1")
    assert code_digest("lab.fit") != before


def test_a_module_that_is_not_there_is_named(mini):
    mini(fit="")
    with pytest.raises(ResultsError, match=r"no module lab\.fitting in"):
        code_digest("lab.fit", "lab.fitting")


def test_files_that_were_not_written_to_are_not_read_again(mini, monkeypatch):
    mini(fit="import lab.steps", steps="A = 1")
    before = code_digest("lab.fit")
    monkeypatch.setattr(Path, "read_bytes", lambda file: pytest.fail(f"read {file}"))
    assert code_digest("lab.fit") == before


def test_an_edit_is_seen_by_all_that_depend_on_it_and_by_nothing_else(copied):
    before = {user: code_digest(*entries) for user, entries in USERS.items()}
    inside = {user: set(closure(*entries)) for user, entries in USERS.items()}
    seen = {user: set() for user in USERS}
    for name in set().union(*inside.values()):
        with edited(file_of(copied, name)):
            for user, entries in USERS.items():
                if code_digest(*entries) != before[user]:
                    seen[user].add(name)
    assert seen == inside
    assert len(inside["shuffled run"]) > len(inside["fold"]) > 30


def test_edits_outside_a_closure_are_not_seen(copied):
    before = {user: code_digest(*entries) for user, entries in USERS.items()}
    inside = set().union(*(closure(*entries) for entries in USERS.values()))
    files = {f for package in PACKAGES for f in (copied / package).rglob("*.py")}
    outside = files - {file_of(copied, name) for name in inside}
    assert len(outside) > len(inside)
    with ExitStack() as changed:
        for file in outside:
            changed.enter_context(edited(file))
        assert {user: code_digest(*entries) for user, entries in USERS.items()} == before


@pytest.mark.parametrize("user", USERS)
def test_closures_are_those_of_the_import_contracts_graph(user):
    graph = grimp.build_graph(*PACKAGES, exclude_type_checking_imports=True, cache_dir=None)
    found, todo = set(), set(USERS[user])
    while todo:
        name = todo.pop()
        found.add(name)
        # the graph leaves out that packages are run before their modules
        above = {name.rpartition(".")[0]} - {""}
        todo |= (above | graph.find_modules_directly_imported_by(name)) - found
    assert set(closure(*USERS[user])) == found


@pytest.mark.parametrize(
    ("user", "inside", "outside"),
    [
        (
            "fold",
            (
                "pipelines.fit.tuning",
                "pipelines.question.folds",
                "signature.learn.calibration",
                "signature.serve.persistence",
                "signature.study.cohort",
            ),
            (
                "models",
                "pipelines.cli",
                "pipelines.evaluate",
                "pipelines.fit.announcement",
                "pipelines.fit.environment",
                "pipelines.question.assembly",
                "pipelines.question.experiment",
                "pipelines.report",
                "pipelines.track",
                "pipelines.train",
                "signature.assay",
                "signature.check",
                "signature.datasets",
                "signature.page",
                "signature.records.claim",
                "signature.records.estimates",
                "signature.records.results",
                "signature.select",
                "signature.validation",
            ),
        ),
        (
            "candidates",
            (
                "signature.effect.learners.r_learner",
                "signature.learn.boosting",
                "signature.prepare.procedures",
                "signature.learn._path_kernel",
                "signature.select._entry_kernel",
                "signature.select.stability_selection",
            ),
            (
                "pipelines",
                "signature.records.results",
                "signature.select.equivalents",
                "signature.serve",
            ),
        ),
        (
            "shuffled run",
            (
                *FITTING,
                "pipelines.evaluate.evaluation",
                "pipelines.evaluate.held_out_estimates",
                "pipelines.evaluate.verdict",
                "pipelines.evaluate.weighings",
                "pipelines.fit.predictions",
                "pipelines.null_check.shuffled",
                "signature.validation.metrics",
            ),
            (
                "pipelines.null_check.launch",
                "pipelines.null_check.summary",
                "pipelines.question.assembly",
                "pipelines.report",
                "pipelines.track",
                "pipelines.train",
                "signature.assay",
                "signature.check",
            ),
        ),
        (
            "trial",
            ("signature.effect.trial.trial", "signature.prepare.procedures"),
            (
                "pipelines.report",
                "pipelines.track",
                "pipelines.trials.benefit",
                "pipelines.trials.launch",
                "pipelines.trials.study",
                "signature.effect.benefit",
                "signature.effect.interaction",
            ),
        ),
    ],
)
def test_what_is_in_a_closure(user, inside, outside):
    found = set(closure(*USERS[user]))
    assert set(inside) <= found
    strange = {m for m in found for o in outside if m == o or m.startswith(f"{o}.")}
    assert not strange


def test_no_code_of_a_closure_reads_data_of_the_package():
    """What data files say reaches a fit through a cohort, which has a digest of its own."""
    found = closure(*(entry for entries in USERS.values() for entry in entries))
    reading = {
        name
        for name in found
        for word in ("__file__", "importlib.resources", "import resources")
        if word in file_of(REPO, name).read_text("utf-8")
    }
    # where the checkout is, and where the templates of reports are
    assert reading == {"pipelines", "signature.page"}


def test_shuffled_runs_of_two_evaluations_are_not_counted_together(copied, study):
    """Intervals three times as wide, and the fingerprint was the same: files were kept by hand."""
    shuffled = study_to_shuffle(study)
    before = null_fingerprint(shuffled)
    folds = fingerprint(study.experiment, study.cohort)
    file = copied / "pipelines/evaluate/held_out_estimates.py"
    with edited(file, "return sqrt(folds / (folds - 1)) if folds > 1 else 1.0", "return 3.0"):
        assert null_fingerprint(shuffled) != before
        assert fingerprint(study.experiment, study.cohort) == folds
    with edited(copied / "pipelines/evaluate/weighings.py"):
        assert null_fingerprint(shuffled) != before
    with edited(copied / "signature/learn/calibration.py"):
        assert null_fingerprint(shuffled) != before
        assert fingerprint(study.experiment, study.cohort) != folds


def test_words_and_reports_leave_everything_where_it_is(copied, study, trial, tmp_path):
    def marks():
        return (
            null_fingerprint(study_to_shuffle(study)),
            fingerprint(study.experiment, study.cohort),
            FoldStore(tmp_path, "x" * 16).run_fingerprint(study.candidates),
            crossfit.fingerprint(trial),
        )

    before = marks()
    assert all(len(mark) == 64 for mark in before)
    with (
        edited(copied / "pipelines/report/render.py"),
        edited(copied / "pipelines/track/tracking.py"),
        edited(copied / "pipelines/train/launch.py"),
        edited(copied / "pipelines/trials/launch.py"),
        edited(copied / "signature/check/ranges.py"),
        edited(copied / "signature/study/cohort.py", "The people of a study", "People"),
        edited(copied / "models/elastic_net.py", new="# a comment\n"),
    ):
        assert marks() == before


def test_a_candidate_that_changes_is_fitted_again_alone(copied, study, tmp_path):
    mark = fingerprint(study.experiment, study.cohort)
    store = FoldStore(tmp_path, mark)
    run = store.run_fingerprint(study.candidates)
    with edited(copied / "signature/select/stability_selection.py"):
        assert fingerprint(study.experiment, study.cohort) == mark
        now = FoldStore(tmp_path, mark)
        assert now.path("stable_signature", "k") != store.path("stable_signature", "k")
        assert now.path("elastic_net", "k") == store.path("elastic_net", "k")
        assert now.run_fingerprint(study.candidates) != run
        store.check_code("elastic_net")
        with pytest.raises(ResultsError, match="the code was changed while the run was going on"):
            store.check_code("stable_signature")
    store.check_code("stable_signature")


@pytest.mark.parametrize("new", ["EDITED = 1\n", "def half_writ"])
def test_code_that_changes_during_a_run_is_not_fitted(copied, tmp_path, new):
    store = FoldStore(tmp_path, "x" * 16)
    with (
        edited(copied / "pipelines/fit/tuning.py", new=new),
        pytest.raises(ResultsError, match="the code was changed while the run was going on"),
    ):
        store.check_code("elastic_net")
    store.check_code("elastic_net")


def test_a_trials_fits_are_of_their_code_and_of_the_endpoints_direction(copied, trial):
    before = crossfit.fingerprint(trial)
    for file in ("signature/effect/learners/effect_learner.py", "pipelines/trials/crossfit.py"):
        with edited(copied / file):
            assert crossfit.fingerprint(trial) != before
    told = trial.trial.endpoint
    turned = replace(told, higher_is_better=not told.higher_is_better)
    other = replace(trial, trial=replace(trial.trial, endpoint=turned))
    assert crossfit.fingerprint(other) != before


def test_fits_are_of_the_libraries_that_made_them(study, trial, monkeypatch):
    def marks():
        return fingerprint(study.experiment, study.cohort), crossfit.fingerprint(trial)

    before = marks()
    assert marks() == before
    newer = {"scikit-learn": "99.0"}
    monkeypatch.setattr(digest, "version", lambda name: newer.get(name) or version(name))
    assert not set(marks()) & set(before)
