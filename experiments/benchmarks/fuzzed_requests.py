"""Requests that nobody should send, drawn by a seed, and what an answer to one may be."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

SECRETS = ("8675309.4217", "Zaphod Quux", "zq-1969-07-20", "777000111222")
"""What no answer and no line of a log may repeat: a value, a name, a date, a number."""


@dataclass(frozen=True)
class Fuzzed:
    """A request.

    Parameters
    ----------
    body : bytes
    headers : mapping
        With a content type of whatever kind, or none.
    """

    body: bytes
    headers: dict[str, str]


def fuzzed(rows: list[dict[str, Any]], n: int, seed: int = 1) -> Iterator[Fuzzed]:
    """Draw requests: structure, types, encodings and headers of good ones are spoilt.

    Parameters
    ----------
    rows : list of dict
        Rows that a model takes.
    n : int
        How many.
    seed : int
    """
    rng = random.Random(seed)
    for _ in range(n):
        content = _content(rng, [dict(rng.choice(rows)) for _ in range(rng.randint(1, 3))])
        yield Fuzzed(*_sent(rng, _encoded(rng, content)))


def fault(status: int, kind: str, answer: bytes) -> str:
    """Say what is wrong with an answer; empty where nothing is."""
    if not (200 <= status < 300 or 400 <= status < 500):
        return f"status {status}"
    if not kind.startswith("application/json"):
        return f"an answer of kind {kind!r}"
    try:
        said = json.loads(answer)
    except ValueError:
        return "an answer that is not JSON"
    return leaked(json.dumps(said)) or leaked(answer.decode("utf-8", "replace"))


def leaked(text: str) -> str:
    """Say which secret a text holds, or that it holds a traceback; empty where it does not."""
    if "Traceback" in text:
        return "a traceback"
    return next((f"secret {i}" for i, secret in enumerate(SECRETS) if secret in text), "")


def _odd(rng: random.Random) -> Any:
    number = float(SECRETS[0])
    return rng.choice(
        [
            *(
                SECRETS[1],
                SECRETS[0],
                number,
                -number,
                int(SECRETS[3]),
                True,
                False,
                None,
                "",
                "NA",
            ),
            *([number], [[SECRETS[1]]], {SECRETS[1]: number}, {}, [], "<" + SECRETS[0]),
            *(10**400, -(10**30), 1e308, 5e-324, -0.0, 0, 2**63, 2**64, "\u0000", "\ud83d\ude00"),
        ]
    )


def _name(rng: random.Random) -> str:
    return rng.choice(
        [*SECRETS, "", " ", "M_1", "m1", "AGE", "M1__Below", "__class__", "x" * 5000, "é", "M1 "]
    )


def _content(rng: random.Random, rows: list[dict[str, Any]]) -> Any:
    for row in rows:
        for _ in range(rng.choice([0, 0, 0, 1, 1, 2, 5])):
            act = rng.randrange(5)
            name = rng.choice(list(row)) if row else "age"
            if act == 0:
                row.pop(name, None)
            elif act == 1:
                row[_name(rng)] = _odd(rng)
            elif act == 2:
                row[name] = _odd(rng)
            elif act == 3:
                row[name] = float(SECRETS[0]) * rng.choice([1, -1])
            else:
                row[name + "__below"] = _odd(rng)
    body: Any = {"dataframe_records": rows}
    if rng.random() < 0.3:
        names = list(rows[0]) + [_name(rng)] * (rng.random() < 0.2)
        data = [list(row.values()) for row in rows]
        if rng.random() < 0.3:
            data[0] = _odd(rng)
        body = {"dataframe_split": {"columns": names, "data": data}}
        if rng.random() < 0.2:
            body["dataframe_split"][rng.choice(["index", "columns", "data"])] = _odd(rng)
    if rng.random() < 0.5:
        body["params"] = rng.choice(
            [
                {"explain": True},
                {"explain": True, "top_k": rng.choice([0, 1, 3, 10**9, -1, SECRETS[1], 1.5])},
                {_name(rng): _odd(rng)},
                _odd(rng),
            ]
        )
    if rng.random() < 0.15:
        body[_name(rng)] = _odd(rng)
    if rng.random() < 0.08:
        body = rng.choice([_odd(rng), [body], {"inputs": rows}, {"instances": rows}, {}, rows])
    return body


def _encoded(rng: random.Random, content: Any) -> bytes:
    text = json.dumps(content, ensure_ascii=rng.random() < 0.5)
    kind = rng.random()
    if kind < 0.55:
        return text.encode("utf-8", "surrogatepass")
    if kind < 0.65:
        return text.encode(rng.choice(["utf-16", "utf-32", "utf-8-sig"]), "surrogatepass")
    data = bytearray(text.encode("utf-8", "surrogatepass"))
    if kind < 0.8:
        for _ in range(rng.randint(1, 6)):
            at = rng.randrange(len(data) + 1)
            data[at : at + rng.randint(0, 3)] = rng.randbytes(rng.randint(0, 3))
        return bytes(data)
    if kind < 0.87:
        return bytes(data[: rng.randrange(len(data) + 1)])
    at = rng.randrange(len(data) + 1)
    spoilt = [b"NaN", b"-Infinity", b'"' + SECRETS[1].encode() + b'"', b"9" * 10_000, b"[" * 3000]
    return (
        bytes(data[:at]) + rng.choice([*spoilt, b'{"a":' * 2000, b"\x00\xff", b"1e999"]) + data[at:]
    )


def _sent(rng: random.Random, body: bytes) -> tuple[bytes, dict[str, str]]:
    headers = {"Content-Type": "application/json"}
    if rng.random() < 0.12:
        kinds = ["text/csv", "", "application/json; charset=utf-16", "APPLICATION/JSON", SECRETS[1]]
        headers["Content-Type"] = rng.choice([*kinds, "multipart/form-data; boundary=x"])
    if rng.random() < 0.06:
        headers["Content-Encoding"] = rng.choice(["gzip", "br", "identity", SECRETS[1]])
        if rng.random() < 0.5:
            body = gzip.compress(body)
    if rng.random() < 0.1:
        headers[rng.choice(["X-Forwarded-For", "Accept", "Authorization", "Expect"])] = SECRETS[1]
    return body, headers
