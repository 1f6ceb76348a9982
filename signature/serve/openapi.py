"""The description of a served model that other programs read: every column, unit and range."""

from __future__ import annotations

from typing import Any

import numpy as np

from signature.serve.request_limits import RequestLimits
from signature.serve.serving import Scorer
from signature.study.column import Column
from signature.study.possible import Possible, possible
from signature.study.schema import Role, Scale


def describe(document: dict[str, Any], scorer: Scorer, limits: RequestLimits) -> dict[str, Any]:
    """Return an OpenAPI document with the scoring request and its answer in it.

    Parameters
    ----------
    document : dict
        As the web framework made it.
    scorer : Scorer
    limits : RequestLimits
    """
    card, columns = scorer.card, scorer.schema.columns
    row = {
        "type": "object",
        "additionalProperties": False,
        "properties": {c.name: _property(c, possible(scorer.schema, c.name)) for c in columns},
        "required": [c.name for c in columns if c.required],
    }
    request = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "dataframe_records": {
                "type": "array",
                "minItems": 1,
                "maxItems": limits.most_rows,
                "items": row,
            },
            "params": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "explain": {"type": "boolean", "default": False},
                    "top_k": {"type": "integer", "minimum": 0, "default": 0},
                },
            },
        },
        "required": ["dataframe_records"],
    }
    refused = {"description": "Why it was refused; columns and counts, never a value."}
    document["paths"]["/score"] = {
        "post": {
            "summary": card.question,
            "description": f"Probability of {card.event} (against {card.no_event}). {card.caution}",
            "requestBody": {"required": True, "content": {"application/json": {"schema": request}}},
            "responses": {
                "200": {
                    "description": "One prediction per row, in the order of the rows.",
                    "content": {"application/json": {"schema": _answer()}},
                },
                "400": refused,
                "408": {"description": "The request took too long to arrive."},
                "413": {"description": f"More than {limits.most_bytes // 2**20} MiB."},
                "415": {"description": "Not JSON."},
            },
        }
    }
    return document


def _property(column: Column, may: Possible) -> dict[str, Any]:
    about = column.label if column.unit in ("", None) else f"{column.label}, {column.unit}"
    if column.role is Role.LIMIT:
        about += ": the detection limit, where the value lies below it and is null"
    found: dict[str, Any] = {"type": ["number", "null"], "description": about}
    if column.unit:
        found["x-unit"] = column.unit
    if column.scale is Scale.YES_NO:
        return found | {"enum": [0, 1, None]}
    if np.isfinite(may.low):
        found["exclusiveMinimum" if may.above_low else "minimum"] = may.low
    if np.isfinite(may.high):
        found["maximum"] = may.high
    if column.low is not None:
        found["x-plausible-from"] = column.low
    if column.high is not None:
        found["x-plausible-to"] = column.high
    return found


def _answer() -> dict[str, Any]:
    number, text = {"type": "number"}, {"type": "string"}
    said = {
        "probability": number | {"minimum": 0, "maximum": 1},
        "log_odds": number,
        "out_of_range": text,
        "not_measured": text,
        "batch_not_seen": number,
    }
    one = {"type": "object", "properties": said, "required": list(said)}
    return {
        "type": "object",
        "properties": {"predictions": {"type": "array", "items": one}},
        "required": ["predictions"],
    }
