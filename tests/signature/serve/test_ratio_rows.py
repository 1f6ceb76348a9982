"""Ratios of a served row are computed on the quick way, too, and to the same numbers."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import elastic_net
from signature.exceptions import ModelInputError
from signature.learn.calibration import CalibratedProcedure
from signature.prepare.ratios import fill
from signature.serve.answering import Answerer
from signature.serve.persistence import ModelCard, save_model
from signature.serve.serving import Scorer, serving_schema
from signature.study.schema import Column, FeatureSchema, Role, Scale, censored

pytest_plugins = ["tests.made.serving_fixtures"]

RATIO = Column(
    "IL6_CRP", Role.MARKER, "ratio", scale=Scale.LOG2, in_panel=True, over=(("IL6",), ("CRP",))
)
PRODUCT = replace(RATIO, name="index", in_panel=False, over=(("IL6", "IL1B"), ("CRP", "bmi")))


@pytest.fixture(scope="module")
def answerer(trial, trial_schema, tmp_path_factory):
    X, y = trial
    schema = FeatureSchema((*trial_schema.columns, *censored(RATIO), PRODUCT))
    X = fill(X.reindex(columns=schema.names), schema)
    fitted = CalibratedProcedure(elastic_net.build(schema, random_state=0), folds=2).fit(X, y)
    said = dict.fromkeys(("question", "caution", "outcome", "event", "no_event"), "-")
    card = ModelCard(
        **said,
        experiment="opt_ratio",
        candidate="elastic_net",
        n_rows=len(y),
        n_events=int(y.sum()),
        columns=serving_schema(schema, fitted).to_list(),
        fingerprint="0" * 64,
    )
    folder = save_model(fitted, card, tmp_path_factory.mktemp("ratio") / "model")
    return Answerer(Scorer(folder))


AMOUNT = st.none() | st.floats(0, 400)
LIMIT = st.none() | st.floats(0.01, 50)
CELLS = {
    **{"age": st.integers(15, 49), "bmi": AMOUNT, "smoker": st.sampled_from([0, 1, None])},
    **{"IL1B": AMOUNT, "IL6": AMOUNT, "CRP": AMOUNT},
}
GIVEN = {"IL6__below": LIMIT, "IL1B__below": LIMIT, "IL6_CRP": AMOUNT, "index": AMOUNT}


def answers(answerer, body):
    for plain in (answerer._plain, lambda _: None):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(answerer, "_plain", plain)
            try:
                yield json.loads(answerer.answer(body))["predictions"]
            except ModelInputError as error:
                yield str(error)


@given(rows=st.lists(st.fixed_dictionaries(CELLS, optional=GIVEN), min_size=1, max_size=4))
@settings(max_examples=80, deadline=None)
def test_the_quick_way_and_the_long_one_agree(answerer, rows):
    body = json.dumps({"dataframe_records": rows, "params": {"explain": True}}).encode()
    quick, long = answers(answerer, body)
    if isinstance(long, str):
        assert quick == long
        return
    for ours, theirs in zip(quick, long, strict=True):
        assert ours.keys() == theirs.keys()
        for name, value in theirs.items():
            if isinstance(value, float):
                assert ours[name] == pytest.approx(value, rel=0, abs=1e-12)
            else:
                assert ours[name] == value


def test_rows_without_the_required_ratio_take_the_quick_way(answerer, rows):
    assert answerer.scorer.schema["index"].required
    cells = rows.astype(object).where(rows.notna(), None)
    for sent in (cells, cells[[c for c in cells if not c.endswith("__below")]]):
        body = json.dumps({"dataframe_records": sent.to_dict(orient="records")}).encode()
        assert answerer._plain(body) is not None
    for absent in ("CRP", "bmi"):
        records = cells.drop(columns=absent).to_dict(orient="records")
        assert answerer._plain(json.dumps({"dataframe_records": records}).encode()) is None


def test_a_ratio_counts_only_where_it_was_not_sent(answerer):
    row = {"age": 30, "bmi": 22, "smoker": 0, "IL1B": 2, "IL6": 8, "CRP": 2}
    read, _ = answerer._plain(json.dumps({"dataframe_records": [row, row]}).encode())
    at = answerer.scorer.schema.names.index
    np.testing.assert_allclose(read[:, at("IL6_CRP")], 4.0)
    np.testing.assert_allclose(read[:, at("index")], 16 / 44)
    given = json.dumps({"dataframe_records": [row | {"IL6_CRP": 7.0}]}).encode()
    assert answerer._plain(given)[0][0, at("IL6_CRP")] == 7.0
