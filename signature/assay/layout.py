"""How a laboratory's file is laid out: which column holds what."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Limits(BaseModel):
    """A separate table of lower limits, one row per marker, and plate where they differ."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    file: str
    marker: str
    limit: str
    plate: str | None = None
    match: str | None = None
    """Column of the measurements whose values stand in `plate`; the plate column by default."""


class Layout(BaseModel):
    """Layout of one file; every format has defaults of its own for what is left out.

    ``columns`` maps what this software calls a column (``sample``, ``analyte``, ``value``,
    ``unit``, ``limit``, ``plate``, ``well``, ``flag``, ``beads``, ``kind``, ``expected``) to what
    the file calls it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    columns: dict[str, str] = {}
    unit: str | None = None
    """Unit of all values when the file has no unit column."""
    markers: dict[str, str] = {}
    """The file's analyte names → canonical names, for names the vocabulary cannot know."""
    only: tuple[str, ...] = ()
    """Wide files: the columns that hold analytes; all that are not named otherwise when empty."""
    ignore: tuple[str, ...] = ()
    """Analytes or columns that are not read."""
    delimiter: str | None = None
    decimal: Annotated[str, Field(pattern=r"^[.,]$")] = "."
    sheet: str | None = None
    header_row: Annotated[int, Field(ge=1)] = 1
    limits: Limits | None = None
    blanks: tuple[str, ...] = ()
    """Sample names of blank wells; likewise the next three."""
    bridges: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()
    standards: dict[str, float | dict[str, float]] = {}
    """Sample name → concentration, or → concentration by analyte."""
