"""Randomised trials as data sets: arms and counts as published, and nothing later in a feature."""

import shutil

import numpy as np
import pandas as pd
import pytest

from signature import discovery
from signature.assay.recode import named
from signature.datasets.simulated_il2_trial import (
    AFTER_RANDOMISATION,
    PREDICTIVE,
    PROGNOSTIC,
    draw,
    load,
)
from signature.exceptions import DataFolderNotSetError, DefinitionError, TableError

LOCAL = {
    "actg175": "actg175_hiv_trial",
    "breast_cancer_recovery": "breast_cancer_recovery_trial",
    "antidepressant_trial": "antidepressant_trial",
}
TRIALS = [*LOCAL, "opt", "simulated_il2_trial", "simulated_il2_null", "simulated_il2_small"]

# columns of the files that are known at randomisation; every other may be anything
BASELINE = {
    "actg175": [
        *("pidnum", "age", "wtkg", "hemo", "homo", "drugs", "karnof", "oprior", "z30", "zprior"),
        *("preanti", "race", "gender", "str2", "strat", "symptom", "cd40", "cd80", "arms"),
    ],
    "breast_cancer_recovery": [
        *("patient_id", "arm", "age_years", "n_comorbidities", "cancer_treatment_extensiveness"),
        *("sf36_physical_baseline", "cesd_baseline", "negative_social_interaction", "white"),
        *("unmitigated_communion", "dispositional_optimism", "married", "weight_change_since_dx"),
    ],
    "antidepressant_trial": [
        *("patient_id", "arm", "sex", "pooled_investigator", "hamd17_baseline"),
    ],
}


def _module(name):
    return discovery.load("signature.datasets", name, ["load", "CITATION", "AFTER_RANDOMISATION"])


@pytest.mark.parametrize("name", TRIALS)
def test_what_came_later_is_a_record_and_no_feature(cohort_of, name):
    cohort = cohort_of(name)
    later = _module(name).AFTER_RANDOMISATION
    assert set(later) <= set(cohort.records.columns)
    assert not set(cohort.records.columns) & set(cohort.schema.names)
    assert all(day is None or day > 0 for day in later.values())
    # besides what came later, records hold the arm and where or in which stratum it was drawn
    drawn = {"arm", "site", "clinic", "antiretroviral_history", "pooled_investigator"}
    assert set(cohort.records.columns) - set(later) - drawn <= {"baseline_bleeding_on_probing"}
    assert cohort.arm.notna().all()
    assert cohort.records["arm"].equals(cohort.arm)


@pytest.mark.parametrize("name", LOCAL)
def test_features_do_not_move_when_the_future_does(
    cohort_of, data_root, monkeypatch, tmp_path, name
):
    now = cohort_of(name)
    folder = tmp_path / LOCAL[name]
    shutil.copytree(data_root / LOCAL[name], folder)
    folder.chmod(0o755)
    file = folder / "data.csv"
    file.chmod(0o644)
    table = pd.read_csv(file, dtype=str)
    later = [c for c in table if c not in BASELINE[name]]
    assert len(later) >= 4
    rng = np.random.default_rng(0)
    for column in later:
        table[column] = table[column].to_numpy()[rng.permutation(len(table))]
    table.to_csv(file, index=False)
    monkeypatch.setenv("SIGNATURE_DATA", str(tmp_path))
    moved = _module(name).load()
    pd.testing.assert_frame_equal(moved.X, now.X)
    assert moved.arm.equals(now.arm)
    assert not moved.records.equals(now.records)


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        (
            "actg175",
            {
                "zidovudine": 532,
                "zidovudine + didanosine": 522,
                "zidovudine + zalcitabine": 524,
                "didanosine": 561,
            },
        ),
        ("breast_cancer_recovery", {"standard care": 84, "education": 83, "nutrition": 85}),
        ("antidepressant_trial", {"placebo": 88, "drug": 84}),
        ("opt", {"control": 410, "treatment": 413}),
        ("simulated_il2_trial", {"placebo": 134, "interleukin-2": 266}),
        ("simulated_il2_null", {"placebo": 134, "interleukin-2": 266}),
        ("simulated_il2_small", {"placebo": 12, "interleukin-2": 24}),
    ],
)
def test_sizes_of_arms(cohort_of, name, sizes):
    assert cohort_of(name).arm.value_counts().to_dict() == sizes


def test_the_stratum_of_actg_175_agrees_with_the_therapy_before(cohort_of):
    """But for a few people whom the file's own columns put on two sides."""
    cohort = cohort_of("actg175")
    history, days = cohort.records["antiretroviral_history"], cohort.X["antiretroviral_days"]
    told = pd.cut(days, [-1, 7, 364, 5000], labels=["naive", "1 to 52 weeks", "over 52 weeks"])
    assert (told == history).mean() > 0.95
    naive = cohort.records["antiretroviral_history"] == "naive"
    assert (cohort.X["antiretroviral_experienced"] == ~naive).all()


def test_opt_was_allocated_one_to_one_in_every_clinic(cohort_of):
    cohort = cohort_of("opt")
    table = pd.crosstab(cohort.records["clinic"], cohort.arm)
    assert (table["treatment"] - table["control"]).abs().max() <= 1


def test_opt_carries_serum_of_visit_5(cohort_of):
    records = cohort_of("opt").records
    for marker in ("CRP", "fibrinogen", "MMP9"):
        assert records[f"visit5_{marker}"].notna().sum() == 635


@pytest.mark.parametrize("name", LOCAL)
def test_a_trial_on_disk_asks_for_its_folder(monkeypatch, tmp_path, name):
    monkeypatch.setenv("SIGNATURE_DATA", str(tmp_path))
    with pytest.raises(DataFolderNotSetError, match=f"holds no folder '{LOCAL[name]}'"):
        _module(name).load()


def test_a_code_without_a_name_is_counted_and_not_shown():
    codes = pd.Series(["0", "7", None], name="arms")
    with pytest.raises(TableError, match="2 of 3 rows of 'arms'") as caught:
        named(codes, {"0": "placebo"}, where="trial")
    assert "7" not in str(caught.value)


# The simulated trial


def test_every_load_gives_the_same_bits():
    one, two = load(), load()
    assert one.digest == two.digest
    assert one.records.equals(two.records)


@pytest.mark.parametrize(("n", "treated"), [(36, 24), (120, 80), (400, 266)])
def test_blocks_keep_two_to_one_in_both_sites(n, treated):
    cohort = draw(n).cohort
    assert (cohort.arm == "interleukin-2").sum() == treated
    by_site = pd.crosstab(cohort.records["site"], cohort.arm)
    assert (by_site["interleukin-2"] - 2 * by_site["placebo"]).abs().max() <= 2
    assert not set(AFTER_RANDOMISATION) & set(cohort.schema.names)


def _slopes(drawn, tnf):
    """Least squares of the score on baseline, arm, TNF, IL-6 and arm × both, in points."""
    cohort = drawn.cohort
    y = cohort.records["activity_day_85"].to_numpy()
    t = (cohort.arm == "interleukin-2").to_numpy(dtype=float)
    u = np.column_stack([tnf, np.log2(cohort.X[PROGNOSTIC]) - 4])
    X = np.column_stack([np.ones(len(t)), cohort.X["activity"], t, u, u * t[:, None]])
    rows = np.isfinite(y) & np.isfinite(X).all(axis=1)
    return np.linalg.lstsq(X[rows], y[rows], rcond=None)[0]


def test_tnf_tells_who_gains_where_it_should_and_nothing_else_does():
    drawn = draw(6000)
    tnf = (drawn.benefit - 3.6) / 3.6
    assert (tnf.mean(), tnf.std()) == (pytest.approx(0, abs=0.06), pytest.approx(1, abs=0.04))
    seen = np.log2(drawn.cohort.X[PREDICTIVE])
    assert seen.corr(tnf) > 0.9
    modified, plain = _slopes(drawn, tnf), _slopes(draw(6000, modified=False), tnf)
    assert modified[2] == pytest.approx(-3.6, abs=0.3)
    assert modified[5] == pytest.approx(-3.6, abs=0.3)
    assert plain[2] == pytest.approx(-3.6, abs=0.3)
    for none in (modified[3], modified[6], plain[3], plain[5], plain[6]):
        assert abs(none) < 0.35
    for fitted in (modified, plain):
        assert fitted[1] == pytest.approx(0.5, abs=0.04)
        # seen with measurement error and plate shifts
        assert 1.1 < fitted[4] < 1.6


def test_the_true_benefit_is_the_difference_of_what_is_expected():
    drawn = draw(120)
    gain = drawn.expected["placebo"] - drawn.expected["interleukin-2"]
    np.testing.assert_allclose(gain, drawn.benefit)
    assert drawn.benefit.std() == pytest.approx(3.6, rel=0.2)


def test_those_whose_cells_rise_gain_and_cells_of_the_control_arm_stay():
    cohort = draw(2000).cohort
    treated = cohort.arm == "interleukin-2"
    rise = np.log2(cohort.records["regulatory_t_cells_day_5"] / cohort.X["regulatory_t_cells"])
    assert rise[treated].mean() == pytest.approx(0.6, abs=0.06)
    assert rise[~treated].mean() == pytest.approx(0, abs=0.04)
    fall = cohort.X["activity"] - cohort.records["activity_day_85"]
    assert rise[treated].corr(fall[treated]) > 0.5
    assert abs(rise[~treated].corr(fall[~treated])) < 0.1


def test_a_variant_differs_in_its_effect_alone():
    one, two = draw(60), draw(60, modified=False)
    pd.testing.assert_frame_equal(one.cohort.X, two.cohort.X)
    assert one.cohort.arm.equals(two.cohort.arm)
    control = one.cohort.arm == "placebo"
    assert one.cohort.records[control].equals(two.cohort.records[control])
    assert not one.cohort.records.equals(two.cohort.records)


def test_eleven_people_are_no_trial():
    with pytest.raises(DefinitionError, match="12 people or more"):
        draw(11)
