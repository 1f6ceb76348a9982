"""From the bytes of a request to those of its answer: the one way, whoever listens.

A body of plain numbers under the model's own names goes straight to a matrix; any other is read
strictly, and what is wrong with it is said (`signature.serve.invocation`,
`signature.serve.incoming`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from signature.prepare.columns import values_of
from signature.serve.incoming import check_rows
from signature.serve.invocation import read_params, read_request
from signature.serve.plain_rows import PlainReader
from signature.serve.request_limits import RequestLimits
from signature.serve.serving import Scorer, check_top_k

try:
    import orjson
except ModuleNotFoundError:  # the wheel alone scores too, somewhat slower
    orjson = None  # type: ignore[assignment]


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is not JSON")


_WORDS = {"dataframe_records": 1, "dataframe_split": 3}
"""Quoted words of a request beside the names of its columns."""


class Answerer:
    """Answers scoring requests with one model.

    Parameters
    ----------
    scorer : Scorer
    limits : RequestLimits, optional
        What a request may hold.
    """

    def __init__(self, scorer: Scorer, limits: RequestLimits | None = None) -> None:
        self.scorer = scorer
        self.limits = limits or RequestLimits()
        self._reader = PlainReader.of(scorer.schema)

    def answer(self, body: bytes) -> bytes:
        """Score the rows of a request.

        Parameters
        ----------
        body : bytes
            JSON, as `signature.serve.invocation` describes it.

        Returns
        -------
        bytes
            ``{"predictions": [{"probability": …, …}, …]}``; numbers keep all their digits.

        Raises
        ------
        ModelInputError
            When the body holds too much, or no rows that can be scored. No value is repeated.
        """
        self.limits.check(body, len(self.scorer.schema))
        values, params = self._plain(body) or self._strict(body)
        self.limits.check_rows(len(values))
        explain, top_k = params["explain"], params["top_k"]
        check_top_k(top_k, explain)
        scores = self.scorer.score_values(values, explain=explain)
        return _written(scores.columns(top_k))

    def _plain(self, body: bytes) -> tuple[np.ndarray, dict[str, Any]] | None:
        """Read a body that is plainly in order; None for any other."""
        try:
            content = orjson.loads(body) if orjson else json.loads(body, parse_constant=_refuse)
        except (ValueError, RecursionError):
            return None
        if not isinstance(content, dict):
            return None
        kind = next((k for k in _WORDS if k in content), None)
        if kind is None or not content.keys() <= {kind, "params"}:
            return None
        params = content.get("params")
        params = {} if params is None else params
        if not isinstance(params, dict) or not _names_once(body, kind, content[kind], params):
            return None
        read = self._reader.records if kind == "dataframe_records" else self._reader.split
        values = read(content[kind])
        return None if values is None else (values, read_params(params))

    def _strict(self, body: bytes) -> tuple[np.ndarray, dict[str, Any]]:
        table, params = read_request(body)
        schema = self.scorer.schema
        return values_of(check_rows(table, schema), schema.names), read_params(params)


def _names_once(body: bytes, kind: str, rows: Any, params: Mapping[str, Any]) -> bool:
    """Whether no object has a key twice: a parser keeps one of them, and the quotes show it."""
    words = _WORDS[kind] + len(params) + (b'"params"' in body)
    if kind == "dataframe_records" and isinstance(rows, list):
        names = sum(map(len, rows)) if all(isinstance(row, dict) for row in rows) else -1
    else:
        columns = rows.get("columns") if isinstance(rows, dict) else None
        names = len(columns) + (len(rows) - 2) if isinstance(columns, list) else -1
    return body.count(b'"') == 2 * (words + names)


def _written(columns: Mapping[str, Any]) -> bytes:
    lists = [c.tolist() if isinstance(c, np.ndarray) else c for c in columns.values()]
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*lists, strict=True)]
    answer = {"predictions": rows}
    return orjson.dumps(answer) if orjson else json.dumps(answer, allow_nan=False).encode()
