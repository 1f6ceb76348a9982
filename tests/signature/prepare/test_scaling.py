"""Scales: ratios where values are positive, about linear around zero where they need not be."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signature.exceptions import ModelInputError, SchemaError
from signature.prepare import procedures
from signature.prepare.scaling import AsinhColumns, Log2Columns, asinh2
from signature.study.schema import Column, FeatureSchema, Role, Scale

NUMBERS = st.floats(-1e6, 1e6, allow_subnormal=False)


@given(NUMBERS, NUMBERS, st.floats(0.1, 1e3))
def test_asinh_keeps_order_and_sign(a, b, cofactor):
    x, y = asinh2(np.array([a, b]), cofactor)
    assert (x <= y) == (a <= b) or np.isclose(x, y)
    assert np.sign(x) == np.sign(a)
    assert asinh2(-a, cofactor) == -x


def test_a_doubling_far_above_the_cofactor_adds_one():
    assert asinh2(2e6, 5.0) - asinh2(1e6, 5.0) == pytest.approx(1, abs=1e-9)


def test_negative_signals_stay_apart_where_a_logarithm_floors_them():
    table = pd.DataFrame({"TNF": [-40.0, -4.0, 0.0, 4.0, 40.0]})
    assert AsinhColumns({"TNF": 10.0}).fit_transform(table)["TNF"].is_monotonic_increasing
    assert Log2Columns(["TNF"]).fit_transform(table)["TNF"].nunique() == 3


def test_a_missing_column_is_named():
    with pytest.raises(ModelInputError, match="inverse hyperbolic sine of: 'IL6'"):
        AsinhColumns({"IL6": 5.0}).fit(pd.DataFrame({"TNF": [1.0, 2.0]}))


@pytest.mark.parametrize(
    "told", [{"scale": Scale.ASINH}, {"cofactor": 5.0}, {"scale": Scale.ASINH, "cofactor": 0.0}]
)
def test_scale_and_cofactor_belong_together(told):
    with pytest.raises(SchemaError, match="belong together"):
        Column("TNF", Role.MARKER, "cytokine", **told)


def test_the_schema_decides_the_steps_and_survives_json():
    tnf = Column("TNF", Role.MARKER, "cytokine", unit="MFI", scale=Scale.ASINH, cofactor=10.0)
    il6 = Column("IL6", Role.MARKER, "cytokine", unit="pg/mL", scale=Scale.LOG2)
    schema = FeatureSchema((tnf, il6))
    assert FeatureSchema.from_list(schema.to_list()) == schema
    steps = dict(procedures.linear_steps(schema, random_state=0))
    assert steps["asinh"].cofactors == {"TNF": 10.0}
    assert steps["log2"].columns == ("IL6",)
    assert "asinh" not in dict(procedures.linear_steps(FeatureSchema((il6,)), random_state=0))
