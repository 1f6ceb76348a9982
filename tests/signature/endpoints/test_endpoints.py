"""Every endpoint keeps the contract of its folder and gives published numbers."""

import numpy as np
import pandas as pd
import pytest

from signature import discovery
from signature.endpoints import Endpoint
from signature.exceptions import DefinitionError

ENDPOINTS = discovery.names("signature.endpoints")

DATASET = {
    "cd4_week_20": "actg175",
    "progression_by_two_years": "actg175",
    "cesd_nine_months": "breast_cancer_recovery",
    "hamd17_week_6": "antidepressant_trial",
    "preterm_birth": "opt",
    "periodontal_response": "opt",
    "simulated_activity_day_85": "simulated_il2_trial",
}


def _module(name):
    return discovery.load("signature.endpoints", name, ["ENDPOINT", "derive"])


def test_every_endpoint_is_tried_on_its_data_set():
    assert set(DATASET) == set(ENDPOINTS)


@pytest.mark.parametrize("name", ENDPOINTS)
def test_an_endpoint_says_what_it_means(name):
    endpoint = _module(name).ENDPOINT
    assert isinstance(endpoint, Endpoint)
    assert endpoint.label
    assert len(endpoint.definition) > 40


@pytest.mark.parametrize("name", ENDPOINTS)
def test_values_fit_the_kind(cohort_of, name):
    module, cohort = _module(name), cohort_of(DATASET[name])
    endpoint, values = module.ENDPOINT, module.derive(cohort.records)
    assert values.index.equals(cohort.X.index)
    if endpoint.kind == "time to event":
        assert list(values.columns) == ["time", "event"]
        assert (values["time"] > 0).all()
        assert set(values["event"]) == {0.0, 1.0}
    else:
        assert values.dtype == "float64"
        assert values.notna().mean() > 0.7
        if endpoint.kind == "binary":
            assert set(values.dropna()) == {0.0, 1.0}
        else:
            assert values.nunique() > 10
    if hasattr(module, "unknown"):
        assert values[module.unknown(cohort.records).notna()].isna().all()
    if endpoint.baseline is not None:
        assert endpoint.baseline in cohort.schema.features
    if endpoint.kind == "continuous":
        # the same scale: within its bounds, and going along
        column = cohort.schema[endpoint.baseline]
        assert values.dropna().between(column.low, column.high).all()
        assert column.unit == endpoint.unit
        assert values.corr(cohort.X[endpoint.baseline]) > 0.25


@pytest.mark.parametrize("name", ENDPOINTS)
def test_the_day_is_that_of_the_records(cohort_of, name):
    """What the value is derived from was measured on the endpoint's day, not before or after."""
    module = _module(name)
    data = discovery.load("signature.datasets", DATASET[name], ["load", "AFTER_RANDOMISATION"])
    records = cohort_of(DATASET[name]).records
    value = module.derive(records)
    used = []
    for column, day in data.AFTER_RANDOMISATION.items():
        moved = records.assign(**{column: records[column].to_numpy()[::-1]})
        if not module.derive(moved).equals(value):
            used.append(day)
    assert used
    assert {day for day in used if day is not None} <= {module.ENDPOINT.day}


def test_progression_counts_by_arm_are_those_of_the_file(cohort_of):
    cohort = cohort_of("actg175")
    event = _module("progression_by_two_years").derive(cohort.records)["event"]
    risk = 100 * event.groupby(cohort.arm).mean()
    assert risk.round(1).to_dict() == {
        "zidovudine": 34.0,
        "zidovudine + didanosine": 19.7,
        "zidovudine + zalcitabine": 20.8,
        "didanosine": 22.8,
    }


def test_reduction_of_the_cesd_by_arm(cohort_of):
    cohort = cohort_of("breast_cancer_recovery")
    reduction = cohort.X["cesd"] - _module("cesd_nine_months").derive(cohort.records)
    assert reduction.groupby(cohort.arm).mean().round(2).to_dict() == {
        "nutrition": 2.36,
        "education": 0.67,
        "standard care": -0.18,
    }


def test_preterm_birth_is_unknown_where_the_publication_leaves_out(cohort_of):
    """Michalowicz 2006: 49 of 407 treated and 52 of 405 controls."""
    module, cohort = _module("preterm_birth"), cohort_of("opt")
    value = module.derive(cohort.records)
    counts = value.groupby(cohort.arm).agg(["sum", "count"])
    assert counts.loc["treatment"].tolist() == [49, 407]
    assert counts.loc["control"].tolist() == [52, 405]
    assert module.unknown(cohort.records).value_counts().to_dict() == {
        "lost to follow-up": 9,
        "elective abortion": 2,
    }


def test_response_is_the_opposite_of_non_response(cohort_of):
    cohort = cohort_of("opt")
    treated = cohort.arm == "treatment"
    value = _module("periodontal_response").derive(cohort.records)[treated]
    assert (value.notna().sum(), value.sum()) == (320, 320 - 221)


# What an endpoint may be


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"kind": "ordinal"}, "'kind' must be one of continuous, binary, time to event"),
        ({"day": 0}, "must be 1 or more; got 0"),
        ({"horizon": 42}, "no other kind has one"),
        ({"kind": "time to event", "unit": ""}, "needs a 'horizon'"),
        ({"kind": "time to event", "unit": "", "horizon": 40}, "got 42 and 40"),
        ({"kind": "binary"}, "a continuous endpoint needs a 'unit', and no event"),
        ({"unit": ""}, "a continuous endpoint needs a 'unit'"),
    ],
)
def test_a_contradiction_is_refused(changed, message):
    parts = {
        "label": "score",
        "unit": "points",
        "kind": "continuous",
        "higher_is_better": False,
        "day": 42,
        "definition": "Asked at day 42.",
    }
    Endpoint(**parts)
    with pytest.raises(DefinitionError, match=message):
        Endpoint(**(parts | changed))


def test_an_endpoint_of_records_without_values_is_unknown():
    records = pd.DataFrame({"hamd17_week_6": [np.nan, 7.0]})
    assert _module("hamd17_week_6").derive(records).isna().tolist() == [True, False]
