"""Which known name somebody probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from signature.study.markers import VOCABULARY


def closest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that was probably meant.

    A name of what belongs to a marker, such as ``IL6__below``, is only taken for another spelling
    of the same marker's: moved to a marker that merely looks alike, a limit would be another's.

    Examples
    --------
    >>> closest("il-6", ["age", "IL6"]), closest("IL_6__below", ["IL6", "IL6__below"])
    ('IL6', 'IL6__below')
    >>> closest("weight", ["age", "IL6"]), closest("CRP__below", ["CRP", "CXCL8__below"])
    (None, None)
    """
    plain = {_plain(k): k for k in known}
    wanted = _plain(name)
    if wanted in plain:
        return plain[wanted]
    head, mark, tail = name.partition("__")
    alias = _ALIASES.get(_plain(head))
    if alias is not None and _plain(alias) + mark + tail.casefold() in plain:
        return plain[_plain(alias) + mark + tail.casefold()]
    if mark:
        return None
    near = difflib.get_close_matches(wanted, plain, n=3, cutoff=0.7)
    own = (n for n in near if "__" not in n or wanted.startswith(n.partition("__")[0]))
    return plain.get(next(own, ""))


def _plain(name: str) -> str:
    head, mark, tail = name.partition("__")
    return "".join(ch for ch in head.casefold() if ch.isalnum()) + mark + tail.casefold()


_ALIASES = {_plain(alias): m.name for m in VOCABULARY.values() for alias in (m.label, *m.aliases)}
