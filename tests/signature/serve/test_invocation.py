"""Requests and answers as JSON: the same rows in both shapes, and nothing echoed."""

import json
import time

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signature.exceptions import ModelInputError
from signature.serve.answering import Answerer
from signature.serve.invocation import read_params, read_request
from signature.serve.serving import Scorer

pytest_plugins = ["tests.made.serving_fixtures"]


def test_records_and_split_are_the_same_rows(model_folders, rows):
    scorer = Scorer(model_folders["elastic_net"])
    cells = rows.astype(object).where(rows.notna(), None)
    records = {"dataframe_records": cells.to_dict(orient="records")}
    split = {"dataframe_split": {"columns": list(cells), "data": cells.to_numpy().tolist()}}
    answers = []
    for content in (records, split):
        table, params = read_request(json.dumps(content).encode())
        assert params == {}
        pd.testing.assert_frame_equal(scorer.score(table), scorer.score(rows), check_exact=True)
        asked = content | {"params": {"explain": True}}
        answers.append(Answerer(scorer).answer(json.dumps(asked).encode()))
    assert answers[0] == answers[1]
    got = pd.DataFrame(json.loads(answers[0])["predictions"])
    expected = scorer.score(rows, explain=True)
    pd.testing.assert_frame_equal(got, expected, check_exact=True, check_dtype=False)


def test_truth_values_survive_beside_numbers():
    table, _ = read_request(b'{"dataframe_records": [{"a": 1.5}, {"a": true}, {"b": "x"}]}')
    assert table["a"].tolist() == [1.5, True, None]
    assert table["a"].iloc[1] is True


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"73.1 {", "not valid JSON (line 1, column 6)"),
        (b"\xff73.1", "not UTF-8"),
        (b"[73.1]", "expected a JSON object"),
        (b"{}", "expected a JSON object"),
        (b'{"inputs": {"IL6": [73.1]}}', "expected a JSON object"),
        (b'{"dataframe_records": [], "dataframe_split": {}}', "expected a JSON object"),
        (b'{"dataframe_records": [], "explain": true}', "nothing else"),
        (b'{"dataframe_records": {"IL6": 73.1}}', "must be a list of objects"),
        (b'{"dataframe_records": [73.1]}', "must be a list of objects"),
        (b'{"dataframe_records": [{"IL6": 73.1, "IL6": 2}]}', "same key twice"),
        (b'{"dataframe_records": [{"IL6": NaN}]}', "NaN is not JSON"),
        (b'{"dataframe_records": [{"IL6": -Infinity}]}', "-Infinity is not JSON"),
        (b'{"dataframe_split": [[73.1]]}', "must hold 'columns'"),
        (b'{"dataframe_split": {"data": [[73.1]]}}', "must hold 'columns'"),
        (b'{"dataframe_split": {"columns": [73.1], "data": []}}', "must hold 'columns'"),
        (b'{"dataframe_split": {"columns": ["a"], "data": [[73.1, 2]]}}', "1 of 1 rows"),
        (b'{"dataframe_split": {"columns": ["a"], "data": [73.1]}}', "1 of 1 rows"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"dataframe_records": [{"IL6": ' + b"7" * 5000 + b"}]}", "too many digits"),
    ],
)
def test_a_request_of_another_shape_is_refused(body, message):
    with pytest.raises(ModelInputError) as caught:
        read_request(body)
    assert message in str(caught.value)
    assert "73.1" not in str(caught.value)
    assert caught.value.__cause__ is None


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_bytes_can_do_more_than_be_refused(body):
    with pytest.raises(ModelInputError):
        read_request(body)


def test_names_of_their_own_are_refused_while_they_are_read():
    rows = [{f"x{i}_{k}": 1 for k in range(60)} for i in range(20_000)]
    body = json.dumps({"dataframe_records": rows}).encode()
    started = time.process_time()
    with pytest.raises(ModelInputError, match="different names or more"):
        read_request(body)
    assert time.process_time() - started < 1


def test_an_unknown_param_that_may_be_a_person_s_is_not_repeated():
    with pytest.raises(ModelInputError) as caught:
        read_params({"Doe, Jane 1970": 1})
    assert str(caught.value) == "unknown param; known are explain, top_k"


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"top-k": 1}, "unknown param 'top-k' (did you mean 'top_k'?)"),
        ({"colour": 1}, "unknown param 'colour' (known are explain, top_k)"),
        ({"explain": "yes"}, "'explain' must be true or false"),
        ({"explain": 1}, "'explain' must be true or false"),
        ({"top_k": "3"}, "'top_k' must be a whole number"),
        ({"top_k": 2.5}, "'top_k' must be a whole number"),
        ({"top_k": True}, "'top_k' must be a whole number"),
        ([1], "'params' must be an object"),
    ],
)
def test_params_of_another_kind_are_refused(params, message):
    with pytest.raises(ModelInputError) as caught:
        read_params(params)
    assert message in str(caught.value)


def test_params_have_defaults():
    assert read_params(None) == read_params({}) == {"explain": False, "top_k": None}
    assert read_params({"explain": True, "top_k": 0})["top_k"] is None
