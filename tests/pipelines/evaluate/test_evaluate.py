"""A finished run's folder is evaluated again with what lies in it now."""

import pytest

from pipelines.evaluate.again import evaluate_folder
from pipelines.fit.results_folder import Results
from tests.made.held_out_factory import evaluated_folder
from tests.made.results_null import null_record


@pytest.mark.parametrize(("of_this_run", "rung"), [(True, "none"), (False, "internally validated")])
def test_a_null_check_counts_for_its_own_run_alone(of_this_run, rung, tmp_path):
    """It reached in one of twenty shuffled runs what the real run did: p = 2 / 21."""
    folder = evaluated_folder(tmp_path / "made_up")
    fingerprint = Results(folder).launch.fingerprint if of_this_run else "0" * 64
    check = null_record(0.7, run_fingerprint=fingerprint)
    assert check.comparison.p_value == pytest.approx(2 / 21)
    (folder / "null_check.json").write_text(check.model_dump_json())
    found = evaluate_folder(folder)
    assert found.claim.rung == rung
    assert bool(found.final_thresholds) is not of_this_run
    assert found == Results(folder).evaluation


def test_evaluating_again_gives_the_same_file(tmp_path):
    folder = evaluated_folder(tmp_path / "made_up")
    before = (folder / "evaluation.json").read_bytes()
    evaluate_folder(folder)
    assert (folder / "evaluation.json").read_bytes() == before
