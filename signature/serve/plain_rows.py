"""Rows that are plainly in order, straight from JSON to numbers.

Everything else goes the long way (`signature.serve.incoming.check_rows`), which says what is wrong:
the rules are there, and what passes here would pass there and give the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from typing import Any, Self

import numpy as np

from signature.prepare.columns import ArrayFunction
from signature.prepare.ratios import on_arrays
from signature.serve.incoming import LARGEST
from signature.study.possible import PossibleNumbers
from signature.study.schema import FeatureSchema, source_of

_NUMBERS = frozenset({int, float, type(None)})


@dataclass(frozen=True, eq=False)
class PlainReader:
    """What rows of one schema must keep to, looked up once.

    Parameters
    ----------
    names : tuple of str
        Columns of the schema.
    known, required : frozenset of str
    parts : mapping of str to frozenset of str
        By ratio: the columns that it is computed from, where it is left out.
    possible : PossibleNumbers
    value, limit : ndarray of int
        Places of markers and of their limits, in pairs.
    compute : callable
        Puts in the ratios that were left out (`signature.prepare.ratios`).
    """

    names: tuple[str, ...]
    known: frozenset[str]
    required: frozenset[str]
    parts: Mapping[str, frozenset[str]]
    possible: PossibleNumbers
    value: np.ndarray
    limit: np.ndarray
    compute: ArrayFunction

    @classmethod
    def of(cls, schema: FeatureSchema) -> Self:
        """Look the rules of a schema up."""
        at = {name: place for place, name in enumerate(schema.names)}
        columns = schema.columns
        return cls(
            names=tuple(schema.names),
            known=frozenset(schema.names),
            required=frozenset(c.name for c in columns if c.required),
            parts={c.name: frozenset(c.parts) for c in columns if c.over is not None},
            possible=PossibleNumbers.of(schema),
            value=_places(at, map(source_of, schema.limits)),
            limit=_places(at, schema.limits),
            compute=on_arrays(schema),
        )

    def records(self, rows: Any) -> np.ndarray | None:
        """Return rows given as objects as numbers; None where they are not plainly in order.

        Returns
        -------
        ndarray of float64, shape (n_rows, n_columns), or None
        """
        if not isinstance(rows, list) or not rows or set(map(type, rows)) != {dict}:
            return None
        first = rows[0].keys()
        if any(row.keys() != first for row in rows) or not self._takes(first):
            return None
        names = list(first)
        # of one name alone, the getter returns no tuple
        cells = map(itemgetter(*names, names[0]), rows)
        return self._numbers(list(cells), names)

    def split(self, content: Any) -> np.ndarray | None:
        """Return rows given as columns and lists of cells as numbers, likewise."""
        if not isinstance(content, dict) or not content.keys() <= {"columns", "data", "index"}:
            return None
        names, rows = content.get("columns"), content.get("data")
        if not isinstance(names, list) or not isinstance(rows, list) or not names or not rows:
            return None
        if set(map(type, names)) != {str} or set(map(type, rows)) != {list}:
            return None
        if len(set(names)) < len(names) or not self._takes(set(names)):
            return None
        if set(map(len, rows)) != {len(names)}:
            return None
        return self._numbers(rows, names)

    def _takes(self, sent: Any) -> bool:
        if not sent or not sent <= self.known:
            return False
        left_out = self.required - sent
        return all(name in self.parts and self.parts[name] <= sent for name in left_out)

    def _numbers(self, rows: Sequence[Sequence[Any]], names: list[str]) -> np.ndarray | None:
        """Put cells under the schema's columns, unless one is none of the numbers it may be."""
        if not set(map(type, chain.from_iterable(rows))) <= _NUMBERS:
            return None
        try:
            sent = np.array(rows, dtype="float64")[:, : len(names)]
        except OverflowError:
            return None
        values = np.full((len(rows), len(self.names)), np.nan, order="F")
        values[:, [self.names.index(n) for n in names]] = sent
        return self.compute(values) if self._in_order(values) else None

    def _in_order(self, values: np.ndarray) -> bool:
        known = ~np.isnan(values)
        return not (
            (np.abs(values) > LARGEST).any()
            or self.possible.excluded(values).any()
            or (known[:, self.value] & known[:, self.limit]).any()
        )


def _places(at: Mapping[str, int], names: Iterable[str]) -> np.ndarray:
    return np.array([at[n] for n in names], dtype=int)
