"""Whether a column looks as if it were in another unit."""

from __future__ import annotations

import numpy as np

from signature.schema import Column

_POWERS = (10.0, 100.0, 1000.0, 1e6)

# Grams per mole turn mmol/L into mg/dL by a tenth and µmol/L into mg/dL by a ten-thousandth; here
# is what one unit is worth in the other, for analytes that laboratories report in both.
_PAIRS = {
    "glucose": (18.016, "mmol/L", "mg/dL"),
    "glucose_fasting": (18.016, "mmol/L", "mg/dL"),
    "total_cholesterol": (38.67, "mmol/L", "mg/dL"),
    "hdl_cholesterol": (38.67, "mmol/L", "mg/dL"),
    "ldl_cholesterol": (38.67, "mmol/L", "mg/dL"),
    "triglycerides": (88.57, "mmol/L", "mg/dL"),
    "triglycerides_fasting": (88.57, "mmol/L", "mg/dL"),
    "creatinine": (88.42, "mg/dL", "µmol/L"),
    "bilirubin": (17.10, "mg/dL", "µmol/L"),
    "uric_acid": (59.48, "mg/dL", "µmol/L"),
    "iron": (5.587, "µmol/L", "µg/dL"),
    "vitamin_d_25oh": (2.496, "ng/mL", "nmol/L"),
    "INS": (6.0, "µU/mL", "pmol/L"),
    "cortisol": (27.59, "µg/dL", "nmol/L"),
    "haemoglobin": (1.611, "mmol/L", "g/dL"),
}

LEAST_SLIP = 5.0
"""Ratio of two medians below which no slip of units is suspected."""

INSIDE = 0.9
"""Share of the values that must fall into the plausible range for a factor to explain them."""


def factors(name: str) -> dict[float, str]:
    """Return the factors by which a column may be off, each with what it would mean."""
    known = {f: f"{f:,.0f} times too large" for f in _POWERS}
    known |= {1 / f: f"{f:,.0f} times too small" for f in _POWERS}
    if name in _PAIRS:
        factor, small, large = _PAIRS[name]
        known[factor] = f"in {large} where {small} is meant"
        known[1 / factor] = f"in {small} where {large} is meant"
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
    >>> from signature.schema import Role
    >>> glucose = Column("glucose", Role.MARKER, "metabolic", unit="mg/dL", low=30, high=900)
    >>> unit_hint(np.array([4.9, 5.5, 6.1, 11.0]), glucose)
    'they look in mmol/L where mg/dL is meant, or 10 times too small'
    """
    low = -np.inf if column.low is None else column.low
    high = np.inf if column.high is None else column.high
    fitting = [
        (abs(np.log10(factor)), factor not in _POWERS and 1 / factor not in _POWERS, meaning)
        for factor, meaning in factors(column.name).items()
        if ((values / factor >= low) & (values / factor <= high)).mean() >= INSIDE
    ]
    # a named pair of units is likelier than a bare power of ten; then the smallest slip
    fitting.sort(key=lambda fit: (not fit[1], fit[0]))
    return "they look " + ", or ".join(m for *_, m in fitting[:3]) if fitting else ""


def slip_between(ratio: float, name: str) -> str:
    """Say which slip a ratio of two medians looks like; empty when it looks like none.

    A ratio counts as a factor when it is within 0.15 of it on a log scale of base 10.

    Examples
    --------
    >>> slip_between(930.0, "IL6"), slip_between(3.0, "IL6")
    ('1,000 times too large', '')
    """
    if not ratio > 0 or not np.isfinite(ratio):
        return ""
    off = {
        abs(np.log10(ratio / f)): m for f, m in factors(name).items() if max(f, 1 / f) >= LEAST_SLIP
    }
    closest = min(off)
    return off[closest] if closest <= 0.15 else ""
