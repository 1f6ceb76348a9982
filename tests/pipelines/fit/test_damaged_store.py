"""A run whose kept folds were damaged gives the same bytes, and says that it fitted them again."""

import shutil

import pytest

from pipelines.evaluate.__main__ import evaluate
from pipelines.explain.__main__ import explain
from pipelines.fit.sealed import SEAL
from pipelines.train.launch import run_experiment
from pipelines.trials.crossfit import cross_fit, fingerprint
from pipelines.trials.experiment import load_trial
from pipelines.trials.study import assemble_trial
from tests.made.quick_run import bits, write_quickest
from tests.made.trial_files import write_trial

pytest_plugins = ["tests.made.commands", "tests.made.finished_runs"]


def _flip(file, at=0.5):
    content = bytearray(file.read_bytes())
    content[int(at * (len(content) - 1))] ^= 4
    file.write_bytes(content)


def _empty(file):
    file.write_bytes(b"")


def _cut(file):
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])


def _foreign(file):
    file.write_bytes(b'{"of": "somebody else"}')


def _lost(file):
    file.unlink()


def _a_folder(file):
    file.unlink()
    file.mkdir()


DAMAGES = (_flip, _empty, _cut, _foreign, _lost, _a_folder)


@pytest.fixture
def copied(quickest, tmp_path):
    shutil.copytree(quickest, tmp_path / "quickest")
    return tmp_path / "quickest"


def _folds(folder):
    return sorted(file.parent for file in folder.glob(f"folds/*/*/*/{SEAL}"))


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_folds_are_fitted_again_with_the_same_bytes(
    damage, copied, quickest, one_section, capfd
):
    folds = _folds(copied)
    names = sorted(file.name for file in folds[0].iterdir())
    assert (len(folds), len(names)) == (5, 6)
    for fold, name in zip([*folds, folds[0]], names, strict=True):
        damage(fold / name)
    run_experiment(write_quickest(copied.parent), copied.parent, jobs=1, track=False)
    assert bits(copied) == bits(quickest)
    said = capfd.readouterr()
    assert said.err.startswith(str(copied / "folds"))
    assert said.err.endswith(" and 4 more are damaged; made again\n")
    assert said.err.count("\n") == 1
    assert "5 fits, 0 of them finished already" in said.out


def test_a_fold_of_another_candidate_is_not_taken(copied, quickest, one_section, capfd):
    marker, clinical = sorted((copied / "folds").glob("*/*"))
    for fold in clinical.iterdir():
        shutil.rmtree(fold)
        shutil.copytree(marker / fold.name, fold)
    run_experiment(write_quickest(copied.parent), copied.parent, jobs=1, track=False)
    assert bits(copied) == bits(quickest)
    assert capfd.readouterr().err.endswith("and 1 more are damaged; made again\n")


def test_what_reads_folds_refuses_a_damaged_one(copied, called):
    _flip(_folds(copied)[0] / "probability.npy")
    done = called(explain, copied)
    assert done.returncode == 2
    assert "fitted folds are no longer those of" in done.stderr
    assert done.stderr.count("\n") == 1


def test_damaged_fits_of_a_trial_are_made_again(found_trial, tmp_path, capsys):
    study = assemble_trial(load_trial(write_trial(tmp_path)))
    shutil.copytree(found_trial / "fits", tmp_path / "fits")
    files = sorted((tmp_path / "fits" / fingerprint(study)[:16]).glob("*.npy"))
    whole = {file: file.read_bytes() for file in files}
    for damage, file in zip(DAMAGES, files, strict=False):
        damage(file)
    shutil.copy(files[-1], files[-2])
    counted = []
    cross_fit(study, tmp_path, jobs=1, done=lambda: counted.append(1))
    assert len(counted) == len(DAMAGES) + 1
    assert {file: file.read_bytes() for file in files} == whole
    said = capsys.readouterr().err
    assert said.endswith(".npy and 5 more are damaged; made again\n")
    assert said.count("\n") == 1


@pytest.mark.parametrize("name", ["launch.json", "evaluation.json", "predictions.parquet"])
def test_damaged_results_are_one_line(copied, called, name):
    for damage in (_empty, _cut, _foreign, _lost, _a_folder):
        whole = (copied / name).read_bytes()
        damage(copied / name)
        done = called(evaluate, copied)
        assert done.returncode == 2
        assert done.stderr.startswith(f"error: {copied / name}")
        assert done.stderr.count("\n") == 1
        if damage is _a_folder:
            (copied / name).rmdir()
        (copied / name).write_bytes(whole)
