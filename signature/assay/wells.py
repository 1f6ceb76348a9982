"""Raw wells of an immunoassay plate, as a bead reader or plate reader writes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import pandas as pd

from signature.assay.measurements import SET_ASIDE, check_columns, check_nothing_lost
from signature.exceptions import AssayError

COLUMNS = ("plate", "well", "sample", "kind", "marker", "signal", "beads", "expected")
"""Columns of `Wells.table`, in order."""


class Kind(StrEnum):
    """What a well holds."""

    SAMPLE = "sample"
    BLANK = "blank"
    STANDARD = "standard"
    BRIDGE = "bridge"
    CONTROL = "control"


@dataclass(frozen=True, eq=False, repr=False)
class Wells:
    """Wells of one file, one row per plate, well and marker.

    Parameters
    ----------
    source : str
        Name of the file, for messages and counts.
    table : DataFrame
        Columns `COLUMNS`:

        ``plate``, ``well``, ``sample``, ``marker`` : str
            ``well`` is written ``A1`` … ``H12``; replicates share a sample.
        ``kind`` : str
            A `Kind`. A bridge is one material on several plates.
        ``signal`` : float64
            Median fluorescence intensity (MFI) or optical density; no concentration.
        ``beads`` : float64
            Beads counted, missing where the platform has none.
        ``expected`` : float64
            Concentration of a standard, missing elsewhere.
    rows_in : int
        Data rows that the file holds.
    set_aside : DataFrame
        As in `signature.assay.measurements.Measurements`.
    unknown, findings : tuple of str
        Likewise.

    Raises
    ------
    AssayError
        When columns are missing, a kind is not known, or rows got lost on the way.
    """

    source: str
    table: pd.DataFrame
    rows_in: int
    set_aside: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(SET_ASIDE)))
    unknown: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_columns(self.source, "wells", self.table, COLUMNS)
        strange = sorted(set(self.table["kind"].astype(str)) - {k.value for k in Kind})
        if strange:
            raise AssayError(
                f"{self.source}: no kind of well {', '.join(map(repr, strange))}; there are: "
                + ", ".join(k.value for k in Kind)
            )
        check_nothing_lost(self.source, self.rows_in, len(self.table), len(self.set_aside))

    def __len__(self) -> int:
        return len(self.table)

    def __repr__(self) -> str:
        # the default would print samples into logs
        return f"Wells({self.source!r}, {len(self)} wells)"
