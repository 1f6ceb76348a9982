"""Write SAS transport files (XPORT, version 5), of which pandas only reads.

Layout: SAS Technical Support document TS-140, "Record layout of a SAS version 5 or 6 data set in
SAS transport format".
"""

import math
import struct

import pandas as pd

_CARD = 80
_WHEN = b"01JAN20:00:00:00"
_NAMESTR = ">4h8s40s8s3h2x8s2hi52x"
_MISSING = b"." + bytes(7)


def xport(table: pd.DataFrame, name: str = "TABLE", *, missing: bytes = _MISSING) -> bytes:
    """Return the bytes of a file that holds one table of numbers and short texts."""
    texts = {c: not pd.api.types.is_numeric_dtype(table[c]) for c in table}
    cells = {c: [_text(v) if texts[c] else _number(v, missing) for v in table[c]] for c in table}
    widths = {c: max(8, *map(len, cells[c])) if texts[c] else 8 for c in table}
    columns, position = b"", 0
    for number, c in enumerate(table, start=1):
        kind, label = 2 if texts[c] else 1, c.title().encode()
        columns += struct.pack(
            _NAMESTR,
            *(kind, 0, widths[c], number, c.encode().ljust(8), label.ljust(40), b" " * 8),
            *(0, 0, 0, b" " * 8, 0, 0, position),
        )
        position += widths[c]
    rows = (b"".join(cells[c][i].ljust(widths[c]) for c in table) for i in range(len(table)))
    return b"".join(
        [
            _header("LIBRARY"),
            (b"SAS     SAS     SASLIB  6.06    bsd4.2  " + b" " * 24 + _WHEN),
            _padded(_WHEN),
            _header("MEMBER", "000000000000000001600000000140"),
            _header("DSCRPTR"),
            b"SAS     " + name.encode().ljust(8) + b"SASDATA 6.06    bsd4.2  " + b" " * 24 + _WHEN,
            _padded(_WHEN),
            _header("NAMESTR", f"000000{len(widths):04d}00000000000000000000"),
            _padded(columns),
            _header("OBS"),
            _padded(b"".join(rows)),
        ]
    )


def _header(kind: str, numbers: str = "0" * 30) -> bytes:
    return f"HEADER RECORD*******{kind:<8}HEADER RECORD!!!!!!!{numbers}  ".encode()


def _padded(content: bytes) -> bytes:
    return content + b" " * (-len(content) % _CARD)


def _text(value: object) -> bytes:
    return b"" if pd.isna(value) else str(value).encode("latin-1")


def _number(value: float, missing: bytes) -> bytes:
    """IBM's double: a sign bit, seven bits of a power of 16 (64 is none), 56 bits of fraction."""
    if pd.isna(value):
        return missing
    if value == 0:
        return bytes(8)
    power = -(-math.frexp(abs(value))[1] // 4)
    fraction = int(math.ldexp(abs(value), 56 - 4 * power))
    sign = 0x80 if value < 0 else 0
    return bytes([sign | (64 + power)]) + fraction.to_bytes(7, "big")
