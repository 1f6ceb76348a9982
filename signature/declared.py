"""TOML files that declare something: read into a model, mistakes explained by their key."""

from __future__ import annotations

import difflib
import types
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError

from signature.bounded import UnboundedError, read_bounded, toml_table
from signature.exceptions import SignatureError


class Declared(BaseModel):
    """A table of a file that a user writes: an unknown key or a loose type is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


Model = TypeVar("Model", bound=Declared)

MOST_PROBLEMS = 10
"""That are told at once."""


def read_declared(path: Path, model: type[Model], error: type[SignatureError]) -> Model:
    """Read a TOML file and validate it strictly.

    Parameters
    ----------
    path : Path
        A UTF-8 file.
    model : type of Declared
        Lists arrive as tuples.
    error : type of SignatureError
        What is raised.

    Raises
    ------
    SignatureError
        Of the given type, when the file is missing, not TOML, has an unknown key, lacks one, or
        holds a value that is not allowed. The message names each key, and a close known one.
    """
    if not path.is_file():
        raise error(f"no file {path.name!r} in {path.parent}; check the name and the folder")
    return validated(read_toml(path, error), model, error, where=path.name)


def read_toml(path: Path, error: type[SignatureError]) -> dict[str, Any]:
    """Read a TOML file that is there, or raise the given error when it is none."""
    try:
        return toml_table(read_bounded(path))
    except UnboundedError as why:
        raise error(f"{path.name} {why}") from None
    except OSError as why:
        raise error(f"{path.name} cannot be read: {why.strerror}") from None


def validated(
    content: dict[str, Any], model: type[Model], error: type[SignatureError], *, where: str
) -> Model:
    """Validate what a TOML file holds; see `read_declared`."""
    try:
        return model.model_validate(_as_tuples(content), strict=True)
    except ValidationError as wrong:
        found = wrong.errors(include_url=False)
        problems = "; ".join(_explain(e, model) for e in found[:MOST_PROBLEMS])
        more = f"; and {len(found) - MOST_PROBLEMS} more" if len(found) > MOST_PROBLEMS else ""
        raise error(f"{where}: {problems}{more}") from None


def _as_tuples(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _as_tuples(v) for key, v in value.items()}
    return tuple(_as_tuples(v) for v in value) if isinstance(value, list) else value


def _explain(problem: Any, model: type[Declared]) -> str:
    where = ".".join(str(part + 1) if isinstance(part, int) else part for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        *parents, key = problem["loc"]
        known = list(_model_at(model, parents).model_fields)
        close = difflib.get_close_matches(str(key), known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"known keys: {', '.join(known)}"
        return f"unknown key {where!r}; {hint}"
    if problem["type"] == "missing":
        return f"key {where!r} is missing"
    message = problem["msg"].removeprefix("Value error, ")
    message = message.replace("valid tuple", "list, in brackets").replace("dictionary", "table")
    return f"{where or 'file'}: {message}"


def _model_at(model: type[Declared], path: list[Any]) -> type[Declared]:
    """Return the model that a key belongs to, through lists, tables and options."""
    here: Any = model
    for part in path:
        if isinstance(here, type) and issubclass(here, Declared):
            here = here.model_fields[part].annotation
        else:  # an item of a list or of a table
            here = get_args(here)[1 if get_origin(here) is dict else 0]
        if get_origin(here) in (Union, types.UnionType):
            here = next(a for a in get_args(here) if a is not type(None))
    return here
