"""Which known name somebody probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from signature.study.markers import VOCABULARY


def closest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that was probably meant.

    Examples
    --------
    >>> closest("il-6", ["age", "IL6"])
    'IL6'
    >>> closest("weight", ["age", "IL6"])
    """
    plain = {_plain(k): k for k in known}
    aliases = {
        _plain(alias): marker.name
        for marker in VOCABULARY.values()
        for alias in marker.aliases
        if marker.name in plain.values()
    }
    wanted = _plain(name)
    if found := plain.get(wanted) or aliases.get(wanted):
        return found
    near = difflib.get_close_matches(wanted, plain, n=1, cutoff=0.7)
    return plain[near[0]] if near else None


def _plain(name: str) -> str:
    head, mark, tail = name.partition("__")
    return "".join(ch for ch in head.casefold() if ch.isalnum()) + mark + tail.casefold()
