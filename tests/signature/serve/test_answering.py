"""Requests answered straight from numbers say the same as those that are read the long way."""

import asyncio
import json
import time
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signature.exceptions import ModelInputError
from signature.serve.answering import Answerer
from signature.serve.app import create_app
from signature.serve.request_limits import RequestLimits
from signature.serve.serving import Scorer

pytest_plugins = ["tests.made.serving_fixtures"]

NUMBER = st.none() | st.floats(0.1, 400) | st.integers(1, 300)
ROW = st.fixed_dictionaries(
    {"age": st.integers(15, 49), "bmi": NUMBER, "smoker": st.sampled_from([0, 1, None])},
    optional={"IL1B": NUMBER, "IL6": NUMBER, "CRP": st.floats(0.1, 80)},
)


@pytest.fixture(scope="module", params=["elastic_net", "shallow_xgboost"])
def answerer(request, model_folders):
    return Answerer(Scorer(model_folders[request.param]))


GOOD = {"age": 30, "bmi": 22.5, "smoker": 0, "IL6": None, "IL6__below": 4.9, "CRP": 2.0}


def _body(rows, **params):
    return json.dumps({"dataframe_records": rows, "params": params}).encode()


def _both(answerer, body):
    """Answers of the quick way and of the long one; a refusal is its message."""
    answers = []
    for plain in (answerer._plain, lambda _: None):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(answerer, "_plain", plain)
            try:
                answers.append(json.loads(answerer.answer(body)))
            except ModelInputError as error:
                answers.append(str(error))
    return answers


@given(rows=st.lists(ROW, min_size=1, max_size=4), explain=st.booleans())
@settings(max_examples=60)
def test_the_quick_way_and_the_long_one_agree(answerer, rows, explain):
    quick, long = _both(answerer, _body(rows, explain=explain))
    assert quick == long


def test_rows_plainly_in_order_take_the_quick_way(answerer, rows):
    cells = rows.astype(object).where(rows.notna(), None)
    split = {"columns": list(cells), "data": cells.to_numpy().tolist()}
    for body in (
        _body(cells.to_dict(orient="records")),
        json.dumps({"dataframe_split": split, "params": {"explain": True, "top_k": 2}}).encode(),
        json.dumps({"dataframe_split": split}).encode(),
    ):
        assert answerer._plain(body) is not None
        quick, long = _both(answerer, body)
        assert quick == long
        assert len(quick["predictions"]) == len(rows)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ('{"age": 30, "bmi": 22, "smoker": 0, "CRP": 2, "CRP": 3}', "same key twice"),
        ('{"age": 30, "bmi": 22, "smoker": 0, "CRP": NaN}', "NaN is not JSON"),
        ('{"age": 30, "bmi": 22, "smoker": 0, "CRP": "2"}', "text where a number is expected"),
        ('{"age": 30, "bmi": 22, "smoker": 0, "CRP": true}', "true or false where"),
        ('{"age": 30, "bmi": 22, "smoker": 2, "CRP": 2}', "a number other than 0 or 1"),
        ('{"age": 30, "bmi": 22, "smoker": 0, "IL6": 2, "IL6__below": 3}', "both a value in"),
        ('{"age": 30, "bmi": 22, "smoker": 0, "CRP": 1e39}', "infinite or absurdly large"),
        ('{"age": 30, "bmi": 22, "smoker": 0, "CRP": ' + "9" * 400 + "}", "absurdly large"),
        ('{"age": 30, "bmi": 22, "smoker": 0, "CRP": -0.5}', "a negative amount in 'CRP'"),
        ('{"age": 70, "bmi": 22, "smoker": 0, "CRP": 2}', "outside 14 to 50 years in 'age'"),
        ('{"age": 30, "bmi": 22, "smoker": 0, "IL6__below": 0}', "a detection limit of 0 or less"),
        ('{"age": 30, "bmi": 22, "smoker": 0}', "no value and no limit of any panel marker"),
        ('{"bmi": 22, "smoker": 0, "CRP": 3}', "missing required column 'age'"),
    ],
)
def test_what_is_not_in_order_is_refused_by_the_rules(answerer, row, message):
    body = f'{{"dataframe_records": [{row}]}}'.encode()
    with pytest.raises(ModelInputError, match=message):
        answerer.answer(body)


@pytest.mark.parametrize("params", ["[]", "0", "false", '""'])
def test_params_that_hold_nothing_must_be_an_object_all_the_same(answerer, params):
    row = json.dumps(GOOD)
    body = f'{{"dataframe_records": [{row}], "params": {params}}}'.encode()
    with pytest.raises(ModelInputError, match="'params' must be an object"):
        answerer.answer(body)


EXHAUSTING = {
    "a name of its own in each record": json.dumps(
        {"dataframe_records": [{f"x{i}": 1} for i in range(6000)]}
    ).encode(),
    "many names in one record": json.dumps(
        {"dataframe_records": [{f"x{i}": 1 for i in range(300_000)}]}
    ).encode(),
    "too many rows": b'{"dataframe_records": [' + b"{}," * 400_000 + b"{}]}",
    "too many lists": b'{"dataframe_split": {"columns": [], "data": ['
    + b"[]," * 400_000
    + b"[]]}}",
    "too many cells": b'{"dataframe_records": [' + b"1," * 3_000_000 + b"1]}",
    "too long": b" " * (25 * 2**20),
    "nested": b"[" * 1_000_000,
    "one long text": b'{"dataframe_records": [{"age": "' + b"x" * 5_000_000 + b'"}]}',
}


@pytest.mark.parametrize("name", EXHAUSTING)
def test_a_body_that_would_exhaust_the_machine_is_refused_at_once(answerer, name):
    body = EXHAUSTING[name]
    tracemalloc.start()
    started = time.process_time()
    try:
        with pytest.raises(ModelInputError) as refused:
            answerer.answer(body)
        seconds, peak = time.process_time() - started, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(str(refused.value)) < 2000
    assert peak < 200e6
    assert seconds < 5  # under a tracer, on a busy machine; well below a second without


def _call(app, method, path, body=b"", kind=b"application/json", *, pause=0.0):
    """Return status and content of a request, without a socket."""
    sent = []

    async def receive():
        await asyncio.sleep(pause)
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http", "method": method, "path": path, "raw_path": path.encode(),
        "query_string": b"", "headers": [(b"content-type", kind)], "http_version": "1.1",
        "scheme": "http", "server": ("test", 80), "client": ("test", 1), "root_path": "",
    }  # fmt: skip
    asyncio.run(app(scope, receive, send))
    status = sent[0]["status"]
    return status, json.loads(b"".join(m.get("body", b"") for m in sent[1:]))


def test_the_app_scores_and_explains(answerer):
    app = create_app(answerer)
    status, found = _call(app, "POST", "/score", _body([GOOD], explain=True, top_k=1))
    assert status == 200
    (one,) = found["predictions"]
    assert 0 < one["probability"] < 1
    parts = one["top_1_contribution"] + one["contribution_rest"] + one["contribution_base"]
    assert parts == pytest.approx(one["log_odds"])


def test_the_app_refuses_in_words_and_repeats_no_value(answerer):
    app = create_app(answerer)
    secret = 73.123456789
    status, said = _call(app, "POST", "/score", _body([GOOD | {"IL_6": secret}]))
    assert (status, "unknown column 'IL_6'" in said["error"]) == (400, True)
    assert str(secret) not in json.dumps(said)
    assert _call(app, "POST", "/score", b"{}", b"text/csv")[0] == 415
    small = create_app(Answerer(answerer.scorer, RequestLimits(most_bytes=100)))
    assert _call(small, "POST", "/score", _body([GOOD] * 3))[0] == 413
    hasty = create_app(answerer, reading_seconds=0.01)
    assert _call(hasty, "POST", "/score", _body([GOOD]), pause=0.2)[0] == 408


def test_a_fault_of_ours_is_said_without_the_rows(answerer, monkeypatch, caplog):
    def broken(body):
        raise RuntimeError(f"patient {body!r}")

    monkeypatch.setattr(answerer, "answer", broken)
    status, said = _call(create_app(answerer), "POST", "/score", _body([GOOD]))
    assert status == 500
    assert "patient" not in json.dumps(said) + caplog.text
    assert "RuntimeError" in caplog.text


def test_the_app_describes_every_column(answerer):
    app = create_app(answerer)
    _, document = _call(app, "GET", "/openapi.json")
    post = document["paths"]["/score"]["post"]
    schema = post["requestBody"]["content"]["application/json"]["schema"]
    row = schema["properties"]["dataframe_records"]["items"]
    assert list(row["properties"]) == list(answerer.scorer.schema.names)
    assert set(row["required"]) == {"age", "bmi", "smoker"}
    assert row["properties"]["IL6"]["x-unit"] == "pg/mL"
    assert row["properties"]["age"]["x-plausible-to"] == row["properties"]["age"]["maximum"] == 50
    assert row["properties"]["bmi"]["minimum"] == 0
    assert "maximum" not in row["properties"]["bmi"]
    assert row["properties"]["IL6__below"]["exclusiveMinimum"] == 0
    assert row["properties"]["smoker"]["enum"] == [0, 1, None]
    assert _call(app, "GET", "/health/live") == (200, {"status": "live"})
    assert _call(app, "GET", "/health/ready")[1]["model"] == "opt_test"


def test_scores_do_not_depend_on_the_rows_beside_them(answerer, rows):
    cells = rows.astype(object).where(rows.notna(), None).to_dict(orient="records")
    together = json.loads(answerer.answer(_body(cells)))["predictions"]
    alone = [json.loads(answerer.answer(_body([row])))["predictions"][0] for row in cells]
    np.testing.assert_allclose(
        [r["log_odds"] for r in alone], [r["log_odds"] for r in together], rtol=0, atol=1e-12
    )


def test_one_row_more_than_allowed_is_refused_in_any_shape(answerer, rows):
    few = Answerer(answerer.scorer, RequestLimits(most_rows=2))
    row = {name: None if value != value else value for name, value in rows.iloc[0].items()}
    split = {"columns": list(row), "data": [list(row.values())] * 3}
    assert few.answer(json.dumps({"dataframe_records": [row] * 2}).encode())
    for body in ({"dataframe_records": [row] * 3}, {"dataframe_split": split}):
        with pytest.raises(ModelInputError, match="a request may hold 2 rows; send more"):
            few.answer(json.dumps(body).encode())
