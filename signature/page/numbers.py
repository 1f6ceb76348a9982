"""How pages print numbers: the only place where they become text."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

UNDEFINED = "undefined"


def number(value: float | None, digits: int = 3, sign: bool = False) -> str:
    """Print a number with a fixed number of decimals and a true minus sign.

    Examples
    --------
    >>> number(-0.12345), number(0.5, 2, sign=True), number(None)
    ('−0.123', '+0.50', 'undefined')
    >>> number(-0.0001)
    '0.000'
    """
    if value is None or value != value:
        return UNDEFINED
    text = f"{value:{'+' if sign else ''},.{digits}f}"
    if not text.strip("+-0.,"):  # a zero has no sign
        text = text.lstrip("+-")
    return text.replace("-", "−")


class Interval(Protocol):
    """A value and the ends of its interval, None where undefined."""

    @property
    def value(self) -> float | None:
        """The number that is stood for."""

    @property
    def low(self) -> float | None:
        """The lower end."""

    @property
    def high(self) -> float | None:
        """The upper end."""


def estimate(record: Interval, digits: int = 3, sign: bool = False) -> str:
    """Print a value with its interval.

    Examples
    --------
    >>> from signature.records.estimates import Estimate
    >>> estimate(Estimate(value=0.7, low=0.6, high=0.8), 2)
    '0.70 (0.60 to 0.80)'
    >>> estimate(Estimate(value=0.7), 2), estimate(Estimate(value=None))
    ('0.70', 'undefined')
    """
    value, low, high = record.value, record.low, record.high
    text = number(value, digits, sign)
    if value is None or low is None or high is None:
        return text
    return f"{text} ({number(low, digits, sign)} to {number(high, digits, sign)})"


def p_value(value: float | None) -> str:
    """Print a p-value with three decimals, and never as zero.

    Examples
    --------
    >>> p_value(0.0126), p_value(0.0001), p_value(None)
    ('0.013', '< 0.001', 'undefined')
    """
    return "< 0.001" if value is not None and value < 0.0005 else number(value)


def p_is(value: float | None) -> str:
    """Print a p-value within a sentence.

    Examples
    --------
    >>> p_is(0.0126), p_is(0.0001), p_is(None)
    ('p = 0.013', 'p < 0.001', 'p undefined')
    """
    if value is None or value != value:
        return f"p {UNDEFINED}"
    return f"p {p_value(value)}" if value < 0.0005 else f"p = {p_value(value)}"


def percent(share: float | None, digits: int = 0) -> str:
    """Print a share as a percentage.

    Examples
    --------
    >>> percent(0.126), percent(0.0004), percent(0.0)
    ('13 %', '< 1 %', '0 %')
    """
    if share is None or share != share:
        return UNDEFINED
    if not digits and 0 < share < 0.005:
        return "< 1 %"
    return f"{100 * share:.{digits}f} %"


def count(n: int | None) -> str:
    """Print a count; a thin space parts the thousands from 10 000 on."""
    if n is None:
        return UNDEFINED
    return f"{n:,}".replace(",", "\u202f") if n >= 10_000 else str(n)


def quantity(value: float | None) -> str:
    """Print a measured quantity with three significant digits.

    Examples
    --------
    >>> quantity(0.01234), quantity(1234.5), quantity(134_702_112.0), quantity(28.0)
    ('0.0123', '1230', '1.35e8', '28')
    """
    if value is None or value != value:
        return UNDEFINED
    if value and not 1e-3 <= abs(value) < 1e6:
        mantissa, exponent = f"{value:.2e}".split("e")
        return f"{mantissa}e{int(exponent)}".replace("-", "−")
    text = f"{float(f'{value:.3g}'):f}".rstrip("0").rstrip(".")
    return text.replace("-", "−")


def percentile(rank: float | None) -> str:
    """Say where a value lies among all rows, without the value.

    Examples
    --------
    >>> percentile(0.914), percentile(-1.0), percentile(None), percentile(0.02)
    ('91st percentile', 'below limit', 'missing', '2nd percentile')
    """
    if rank is None or rank != rank:
        return "missing"
    if rank < 0:
        return "below limit"
    n = min(99, max(1, round(100 * rank)))
    ending = "th" if n % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{ending} percentile"


def duration(seconds: float) -> str:
    """Print a time span.

    Examples
    --------
    >>> duration(12.4), duration(754.2), duration(9000)
    ('12 s', '13 min', '2.5 h')
    """
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 3600 else f"{seconds / 3600:.1f} h"


def moment(text: str) -> str:
    """Print an ISO time to the minute; anything else stays as it is.

    Examples
    --------
    >>> moment("2026-11-22T02:40:00+00:00"), moment("yesterday")
    ('2026-11-22 02:40 UTC', 'yesterday')
    """
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return text
    return when.strftime("%Y-%m-%d %H:%M") + (f" {when.tzname()}" if when.tzinfo else "")


def sentence(text: str) -> str:
    """Begin with a capital letter and leave the rest alone.

    Examples
    --------
    >>> sentence("tested on KY")
    'Tested on KY'
    """
    return text[:1].upper() + text[1:]


_ALL = (
    number,
    estimate,
    p_value,
    p_is,
    percent,
    count,
    quantity,
    percentile,
    duration,
    moment,
    sentence,
)

FILTERS = {f.__name__: f for f in _ALL}
"""What templates may call."""
