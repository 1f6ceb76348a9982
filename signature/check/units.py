"""Whether a column looks as if it were in another unit."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from signature.assay.units import INTERNATIONAL, convert, same_quantity
from signature.exceptions import UnitError
from signature.study.markers import VOCABULARY
from signature.study.schema import Column

_POWERS = (10.0, 100.0, 1000.0, 1e6)

# Laboratories report small molecules in either kind of unit.
_OTHERS = ("mmol/L", "umol/L", "nmol/L", "pmol/L", "mg/dL", "mg/L", "ug/dL", "ng/mL", "pg/mL")
_SMALL = 2000.0
"""Molecular weight, in g/mol, up to which an analyte is a small molecule."""

LEAST_SLIP = 5.0
"""Ratio of two medians below which no slip of units is suspected."""

INSIDE = 0.9
"""Share of the values that must fall into the plausible range for a factor to explain them."""


@lru_cache(maxsize=4096)
def factors(name: str, unit: str) -> dict[float, str]:
    """Return the factors by which a column may be off, each with what it would mean.

    Powers of ten, and for small molecules the step between mass and amount.

    Examples
    --------
    >>> {round(f, 3): meaning for f, meaning in factors("glucose", "mg/dL").items()}[0.056]
    'in mmol/L where mg/dL is meant'
    """
    known = {f: f"{f:,.0f} times too large" for f in _POWERS}
    known |= {1 / f: f"{f:,.0f} times too small" for f in _POWERS}
    marker = VOCABULARY.get(name)
    weight = marker.molecular_weight if marker is not None else None
    if not unit or weight is None or (weight > _SMALL and name not in INTERNATIONAL):
        return known
    for other in _OTHERS:
        try:
            if same_quantity(other, unit):
                continue
            factor = convert(1.0, unit, other, marker=name)
        except UnitError:
            continue
        known[factor] = f"in {other} where {unit} is meant"
    return known


def unit_hint(values: np.ndarray, column: Column) -> str:
    """Say which slip would explain values outside the plausible range.

    Parameters
    ----------
    values : ndarray of float
        Without missing values.
    column : Column
        With its plausible range.

    Returns
    -------
    str
        Empty when no factor brings the values into the range.

    Examples
    --------
    >>> from signature.study.schema import Role
    >>> glucose = Column("glucose", Role.MARKER, "metabolic", unit="mg/dL", low=30, high=900)
    >>> unit_hint(np.array([4.9, 5.5, 6.1, 11.0]), glucose)
    'they look in mmol/L where mg/dL is meant, or 10 times too small'
    """
    low = -np.inf if column.low is None else column.low
    high = np.inf if column.high is None else column.high
    fitting = []
    for factor, meaning in factors(column.name, column.unit).items():
        meant = values / factor
        if ((meant >= low) & (meant <= high)).mean() >= INSIDE:
            bare = meaning.split()[-1] in ("large", "small")
            fitting.append((bare, _from_middle(meant, low, high, factor), meaning))
    # a named pair of units is likelier than a bare power of ten
    best = [meaning for *_, meaning in sorted(fitting)[:2]]
    return f"they look {', or '.join(best)}" if best else ""


def _from_middle(values: np.ndarray, low: float, high: float, factor: float) -> float:
    """Return how far values would lie from the middle of their range, in powers of ten."""
    middle = float(np.median(values))
    if low > 0 and np.isfinite(high) and middle > 0:
        return float(abs(np.log10(middle / np.sqrt(low * high))))
    return float(abs(np.log10(factor)))


def slip_between(ratio: float, name: str, unit: str) -> str:
    """Say which slip a ratio of two medians looks like; empty when it looks like none.

    A ratio counts as a factor when it is within 0.15 of it on a log scale of base 10.

    Examples
    --------
    >>> slip_between(930.0, "IL6", "pg/mL"), slip_between(3.0, "IL6", "pg/mL")
    ('1,000 times too large', '')
    """
    if not ratio > 0 or not np.isfinite(ratio):
        return ""
    off = {
        abs(np.log10(ratio / f)): m
        for f, m in factors(name, unit).items()
        if max(f, 1 / f) >= LEAST_SLIP
    }
    closest = min(off)
    return off[closest] if closest <= 0.15 else ""
