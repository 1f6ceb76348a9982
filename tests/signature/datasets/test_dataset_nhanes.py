"""The survey: counts of its source, censored values, comparable CRP, and no symptoms inside."""

import re

import pandas as pd
import pytest

from signature import discovery
from signature.study.schema import BELOW, Role


def test_nhanes_counts_are_those_of_its_source(cohort_of, with_outcome):
    cohort = with_outcome(cohort_of("nhanes_antidepressant"), "inadequate_response")
    assert (int(cohort.outcome.sum()), int((cohort.outcome == 0).sum())) == (770, 1345)
    cohort = cohort.at_sites("cycle")
    events = cohort.outcome.groupby(cohort.site).sum()
    assert events.to_dict() == {
        "2005-2006": 55,
        "2007-2008": 127,
        "2009-2010": 111,
        "2011-2012": 103,
        "2013-2014": 145,
        "2017-2020": 229,
    }
    measured = cohort.X["CRP"].notna() | cohort.X["CRP" + BELOW].notna()
    assert (int(cohort.outcome[measured].sum()), int(measured.sum())) == (492, 492 + 870)


def test_nhanes_depression_counts_and_sites(cohort_of, with_outcome):
    cohort = with_outcome(cohort_of("nhanes_antidepressant"), "inadequate_response_depression")
    assert (int(cohort.outcome.sum()), int((cohort.outcome == 0).sum())) == (266, 310)
    cohort = cohort.at_sites("cycle")
    events = cohort.outcome.groupby(cohort.site).agg(["sum", "count"])
    assert events.T.to_dict("list") == {"2013-2014": [102, 229], "2017-2020": [164, 347]}


def test_nhanes_filled_values_arrive_as_censored(cohort_of):
    cohort = cohort_of("nhanes_antidepressant")
    limit, cycle = cohort.X["CRP" + BELOW], cohort.records["cycle"]
    assert limit[cycle == "2017-2020"].value_counts().to_dict() == {0.15: 4}
    assert limit[cycle < "2011"].value_counts().to_dict() == {0.2: 29}
    assert cohort.X["CRP"].min() >= 0.15
    assert cohort.X["cotinine"].min() >= 0.015
    assert cohort.X["cotinine" + BELOW].value_counts().to_dict() == {0.015: 1010}


def test_nhanes_crp_is_cut_alike_in_all_cycles(cohort_of):
    cohort = cohort_of("nhanes_antidepressant")
    late = cohort.records["cycle"] == "2017-2020"
    assert cohort.X.loc[late, "CRP"].max() == 50
    assert cohort.X.loc[~late, "CRP"].max() < 50


def test_nhanes_weights_count_years(cohort_of):
    cohort = cohort_of("nhanes_antidepressant")
    ratio = (cohort.weight / cohort.records["mec_weight"]).groupby(cohort.records["cycle"]).max()
    assert ratio.round(6).to_dict() == {
        **dict.fromkeys(["2005-2006", "2007-2008", "2009-2010", "2011-2012", "2013-2014"], 1.0),
        "2017-2020": 1.6,
    }


def test_nhanes_markers_are_immune_or_metabolic(cohort_of):
    schema = cohort_of("nhanes_antidepressant").schema
    groups = {c.group for c in schema.columns if c.role is Role.MARKER}
    assert groups == {"immune", "metabolic"}


def test_nhanes_features_know_nothing_of_symptoms_or_treatment(cohort_of, data_root, tmp_path):
    original = cohort_of("nhanes_antidepressant")
    name = "nhanes_antidepressant"
    table = pd.read_csv(data_root / name / "treated_subset.csv", dtype=str, keep_default_na=False)
    hidden = re.compile(
        r"^(phq|proxy|n_|antidepressant|bp_med)"
        r"|_use$|_max_days$|reason"
    )
    columns = [c for c in table.columns if hidden.search(c)]
    assert len(columns) > 35
    table[columns] = "0"
    (tmp_path / name).mkdir()
    table.to_csv(tmp_path / name / "treated_subset.csv", index=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIGNATURE_DATA", str(tmp_path))
        blind = discovery.load("signature.datasets", name, ["load"]).load()
    pd.testing.assert_frame_equal(blind.X, original.X)
