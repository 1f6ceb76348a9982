"""One TOML file per panel: the markers a laboratory reports, with units, ranges and platform."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from typing import Any

from signature.bounded import UnboundedError, toml_table
from signature.exceptions import DefinitionError, SchemaError
from signature.study import markers
from signature.study.schema import Column, Role, Scale, censored

_KEYS = {"cofactor", "unit", "scale", "low", "high", "censored", "group", "label", "over"}
_SHARED = ("unit", "scale", "cofactor", "censored", "low", "high")


def load(name: str) -> tuple[Column, ...]:
    """Return the columns of a panel; a marker with a detection limit brings its limit column.

    A panel file has ``platform``, ``source`` and one table per marker::

        [markers.IL6]
        unit = "pg/mL"
        scale = "log2"          # default of the panel: key "scale" at the top
        low = 0.05              # plausible range; low and high likewise
        high = 5000
        censored = true         # values below a detection limit occur

        [markers.neutrophil_lymphocyte_ratio]
        over = [["neutrophils"], ["lymphocytes"]]   # product of these / product of those

    Group and label come from the marker vocabulary unless the panel gives them.

    Raises
    ------
    DefinitionError
        When the panel does not exist, a key is unknown, a marker is not in the vocabulary and
        brings no group of its own, or a ratio's parts are not markers of the panel.
    """
    file = resources.files(__name__) / f"{name}.toml"
    if not file.is_file():
        known = sorted(
            f.name.removesuffix(".toml")
            for f in resources.files(__name__).iterdir()
            if f.name.endswith(".toml")
        )
        raise DefinitionError(f"no panel {name!r}; there are: {', '.join(known)}")
    try:
        text = toml_table(file.read_bytes())
    except UnboundedError as error:
        raise DefinitionError(f"panel {name!r} {error}") from None
    absent = [key for key in ("platform", "source", "markers") if key not in text]
    if absent:
        raise DefinitionError(f"panel {name!r} lacks {', '.join(map(repr, absent))}")
    defaults = {
        k: text[k] for k in ("unit", "scale", "cofactor", "censored", "low", "high") if k in text
    }
    columns: list[Column] = []
    for marker, own in text["markers"].items():
        unknown = set(own) - _KEYS
        if unknown:
            raise DefinitionError(
                f"panel {name!r}, marker {marker!r}: unknown keys {', '.join(sorted(unknown))}; "
                f"known: {', '.join(sorted(_KEYS))}"
            )
        told = {**defaults, **own}
        entry = markers.VOCABULARY.get(marker)
        group = told.get("group") or (entry.family if entry else None)
        if group is None:
            raise DefinitionError(
                f"panel {name!r}: {marker!r} is not in the marker vocabulary; "
                "use its canonical name, or give it a group"
            )
        column = Column(
            name=marker,
            role=Role.MARKER,
            group=group,
            label=told.get("label") or (entry.label if entry else marker),
            unit=told.get("unit", ""),
            scale=_scale(name, marker, told.get("scale", "linear")),
            cofactor=_bound(name, marker, told, "cofactor"),
            low=_bound(name, marker, told, "low"),
            high=_bound(name, marker, told, "high"),
            source=f"{text['platform']}; {text['source']}",
            over=_over(name, marker, told.get("over"), text["markers"]),
        )
        columns += censored(column) if told.get("censored") else (column,)
    return tuple(columns)


def _scale(panel: str, marker: str, told: str) -> Scale:
    try:
        return Scale(told)
    except ValueError:
        raise DefinitionError(
            f"panel {panel!r}, marker {marker!r}: no scale {told!r}; there are: "
            + ", ".join(repr(s.value) for s in Scale)
        ) from None


def _bound(panel: str, marker: str, told: dict[str, object], key: str) -> float | None:
    value = told.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DefinitionError(f"panel {panel!r}, marker {marker!r}: {key!r} must be a number")
    return float(value)


def _over(
    panel: str, marker: str, told: Any, markers: Mapping[str, Mapping[str, object]]
) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    if told is None:
        return None
    try:
        column = Column(marker, Role.MARKER, "", over=told)
    except SchemaError as error:
        raise DefinitionError(f"panel {panel!r}: {error}") from None
    strange = [p for p in column.parts if p not in markers or "over" in markers[p]]
    if strange:
        raise DefinitionError(
            f"panel {panel!r}, marker {marker!r}: 'over' names {', '.join(map(repr, strange))}; "
            "the parts of a ratio must be measured markers of the same panel"
        )
    return column.over
