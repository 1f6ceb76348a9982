"""Every data set keeps the contract, gives published counts and lets nothing leak."""

import re

import numpy as np
import pandas as pd
import pytest

from signature import discovery
from signature.assay.recode import YES_NO, coded, features, levels, zero_if_no
from signature.exceptions import DataFolderNotSetError, TableError
from signature.study.schema import BELOW, Column, FeatureSchema, Role, Scale, censored

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


SHIPPED = ("covid_olink_three_sites", "infliximab_crohn_luminex", "nhanes_antidepressant", "opt")


@pytest.mark.parametrize("name", SHIPPED)
def test_features_carry_no_name_of_what_came_later(cohort_of, name):
    schema = cohort_of(name).schema
    assert [f for f in schema.features if LEAKS.search(f)] == []


@pytest.mark.parametrize("name", DATASETS)
def test_every_feature_was_measured_in_someone(cohort_of, name):
    cohort = cohort_of(name)
    X = cohort.X
    limited = {f for f in cohort.schema.features if f + BELOW in X and X[f + BELOW].notna().any()}
    assert [f for f in cohort.schema.features if X[f].isna().all() and f not in limited] == []


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
    if name.startswith("inadequate_response"):
        # a cross-sectional proxy is not treatment resistance
        assert "resistan" not in f"{outcome.label} {outcome.event} {outcome.no_event}".lower()
    if name.startswith("inadequate"):
        assert outcome.label.startswith("inadequate-response proxy")


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
