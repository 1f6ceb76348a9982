"""The batch of each row: a code in the table, of no value to a model."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from signature.exceptions import CohortError
from signature.study.batch_codes import code_of, with_batch
from signature.study.cohort import Cohort
from signature.study.schema import BATCH, Column, FeatureSchema, Role


@pytest.fixture
def cohort():
    index = pd.RangeIndex(6)
    return Cohort(
        name="two_plates",
        citation="none",
        schema=FeatureSchema((Column("IL6", Role.MARKER, "cytokine", in_panel=True),)),
        X=pd.DataFrame({"IL6": np.arange(6.0)}, index=index),
        records=pd.DataFrame({"lab": [*"xxyyz", None]}, index=index),
        subject=pd.Series(list("abcdef"), index=index),
        plate=pd.Series(["P2", "P1", "P1", None, "P2", "P2"], index=index),
    )


def test_codes_follow_the_sorted_names_and_unknown_stays_unknown(cohort):
    carried = with_batch(cohort, "plate")
    np.testing.assert_array_equal(carried.X[BATCH], [1, 0, 0, np.nan, 1, 1])
    assert carried.schema[BATCH].levels == ("P1", "P2")
    assert code_of(carried.schema, "P2") == 1.0
    assert with_batch(cohort, "lab").schema[BATCH].levels == ("x", "y", "z")


def test_a_batch_is_no_feature_and_stays_with_any_choice_of_features(cohort):
    schema = with_batch(cohort, "plate").schema
    assert schema.features == ("IL6",)
    assert schema.groups == ("cytokine",)
    assert schema.only(["IL6"]).names == ("IL6", BATCH)
    chosen = schema.choose(baseline=[], panel=["cytokine"])
    assert chosen.panel == ("IL6",)
    assert BATCH in chosen


def test_levels_survive_json(cohort):
    schema = with_batch(cohort, "plate").schema
    assert FeatureSchema.from_list(schema.to_list()).columns == schema.columns


def test_the_plate_of_kept_rows_keeps_its_code(cohort):
    carried = with_batch(cohort, "plate")
    kept = carried.keep(carried.X[BATCH] == 1, "second plate")
    assert set(kept.X[BATCH]) == {1.0}


@pytest.mark.parametrize(
    ("column", "message"),
    [("machine", "lab, plate"), ("each", "names 6 batches in 6 rows")],
)
def test_what_names_no_batches_is_refused(cohort, column, message):
    cohort.records["each"] = list("uvwxyz")
    with pytest.raises(CohortError, match=message):
        with_batch(cohort, column)


def test_an_unknown_level_is_refused_with_the_known_ones(cohort):
    with pytest.raises(CohortError, match="no batch 'P9'; there are: P1, P2"):
        code_of(with_batch(cohort, "plate").schema, "P9")


def test_a_lot_that_is_recorded_as_a_number_is_a_batch_like_any_other(cohort):
    lots = pd.Series([7, 12, 12, 7, 7, 12], index=cohort.X.index)
    carried = with_batch(replace(cohort, records=cohort.records.assign(lot=lots)), "lot")
    assert carried.schema[BATCH].levels == ("12", "7")
    np.testing.assert_array_equal(carried.X[BATCH], [1, 0, 0, 1, 1, 0])
