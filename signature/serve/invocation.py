"""Read a scoring request: plain JSON, strictly, without echoing it.

A request is ``{"dataframe_records": [{"IL6": 2.5, "age": 61}, …], "params": {…}}`` or the same
rows as ``{"dataframe_split": {"columns": […], "data": [[…], …]}, "params": {…}}``. ``params`` may
hold ``explain`` (true or false) and ``top_k`` (how many contributions to return; 0 for all). A
column that some records have and others leave out is null in the others.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any, Never

import pandas as pd

from signature.exceptions import ModelInputError
from signature.serve.incoming import looks_like_a_name
from signature.study.spelling import closest

PARAMS = ("explain", "top_k")
"""What a request may ask for besides the probability."""

MOST_CELLS = 1_000_000
"""Rows times names; a body of which each row has a name of its own would build a square."""

_FORMATS = ("dataframe_records", "dataframe_split")


def read_request(body: bytes) -> tuple[pd.DataFrame, Mapping[str, Any]]:
    """Return the rows of a request, as sent, and its params, unchecked.

    Raises
    ------
    ModelInputError
        When the body is not JSON in UTF-8, not an object of the shape above, has a key twice, or
        lines of different length. Nothing of the body is repeated but the name of a key.
    """
    try:
        content = json.loads(
            body.decode("utf-8"), object_pairs_hook=_Objects().read, parse_constant=_no_constant
        )
    except UnicodeDecodeError:
        raise ModelInputError("the request is not UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise ModelInputError(
            f"the request is not valid JSON (line {error.lineno}, column {error.colno})"
        ) from None
    except ValueError:
        # the only one left: Python reads no integer of more than 4300 digits
        raise ModelInputError("the request holds a number of too many digits") from None
    except RecursionError:
        raise ModelInputError("the request is nested too deeply") from None
    given = [f for f in _FORMATS if isinstance(content, dict) and f in content]
    if len(given) != 1 or set(content) - {*_FORMATS, "params"}:
        raise ModelInputError(
            "expected a JSON object with either 'dataframe_records' or 'dataframe_split', "
            "optionally 'params', and nothing else"
        )
    read = _from_records if given == ["dataframe_records"] else _from_split
    params = content.get("params")
    return read(content[given[0]]), {} if params is None else params


def read_params(params: Any) -> dict[str, Any]:
    """Return ``explain`` and ``top_k`` as `Scorer.score` takes them.

    Raises
    ------
    ModelInputError
        For an unknown param, or one of another type.

    Examples
    --------
    >>> read_params({"explain": True, "top_k": 3})
    {'explain': True, 'top_k': 3}
    >>> read_params({"explian": True})
    Traceback (most recent call last):
        ...
    signature.exceptions.ModelInputError: unknown param 'explian' (did you mean 'explain'?)
    """
    if params is None:
        params = {}
    if not isinstance(params, Mapping):
        raise ModelInputError("'params' must be an object such as {\"explain\": true}")
    for name in params:
        if name not in PARAMS:
            if not looks_like_a_name(name):
                raise ModelInputError(f"unknown param; known are {', '.join(PARAMS)}")
            close = closest(name, PARAMS)
            hint = f"did you mean {close!r}?" if close else f"known are {', '.join(PARAMS)}"
            raise ModelInputError(f"unknown param {name!r} ({hint})")
    explain, top_k = params.get("explain"), params.get("top_k")
    if explain is not None and not isinstance(explain, bool):
        raise ModelInputError("param 'explain' must be true or false")
    if top_k is not None and (isinstance(top_k, bool) or not isinstance(top_k, int)):
        raise ModelInputError("param 'top_k' must be a whole number")
    return {"explain": bool(explain), "top_k": top_k or None}


def _from_records(rows: Any) -> pd.DataFrame:
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ModelInputError(
            "'dataframe_records' must be a list of objects, each from column to number"
        )
    seen: dict[str, None] = {}
    for row in rows:
        if not row.keys() <= seen.keys():
            seen |= dict.fromkeys(row)
    names = list(seen)
    if len(rows) * len(names) > MOST_CELLS:
        raise _square(names)
    # object cells: a frame of its own accord would turn true into 1 beside a number
    return pd.DataFrame([list(map(row.get, names)) for row in rows], columns=names, dtype=object)


def _from_split(content: Any) -> pd.DataFrame:
    shape = "'dataframe_split' must hold 'columns', a list of names, and 'data', a list of rows"
    if not isinstance(content, dict) or set(content) - {"columns", "data", "index"}:
        raise ModelInputError(shape)
    names, rows = content.get("columns"), content.get("data")
    if not isinstance(names, list) or not isinstance(rows, list):
        raise ModelInputError(shape)
    if not all(isinstance(name, str) for name in names):
        raise ModelInputError(shape)
    ragged = sum(not isinstance(row, list) or len(row) != len(names) for row in rows)
    if ragged:
        raise ModelInputError(
            f"'dataframe_split': {ragged} of {len(rows)} rows do not have one cell for each of the "
            f"{len(names)} columns"
        )
    return pd.DataFrame(rows, columns=names, index=range(len(rows)), dtype=object)


class _Objects:
    """The objects of one request, as they are read."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.count = 0

    def read(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """Return one; refuse a key twice, and objects that would build a square of names."""
        content = dict(pairs)
        if len(content) != len(pairs):
            raise ModelInputError("an object of the request has the same key twice")
        try:
            "".join(content).encode()
        except UnicodeEncodeError:
            raise ModelInputError(
                "a key of the request holds half of a character; send UTF-8"
            ) from None
        self.names.update(content)
        self.count += 1
        if self.count * len(self.names) > MOST_CELLS:
            raise _square(self.names)
        return content


def _square(names: Collection[str]) -> ModelInputError:
    return ModelInputError(
        f"the rows have {len(names):,} different names or more between them; send each row's "
        "numbers under the names of the model's columns, and nothing else"
    )


def _no_constant(name: str) -> Never:
    raise ModelInputError(f"{name} is not JSON; send null where there is no measurement")
