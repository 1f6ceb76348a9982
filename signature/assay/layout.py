"""How a laboratory's file is laid out: which column holds what."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from signature.declared import Declared


class Limits(Declared):
    """A separate table of lower limits, one row per marker, and plate where they differ.

    The file stands beside that of the measurements, and shares its decimal mark.
    """

    file: str
    marker: str
    limit: str
    plate: str | None = None
    match: str | None = None
    """Column of the measurements whose values stand in `plate`; the plate column by default."""
    none_for: tuple[str, ...] | None = None
    """Plates or lots that are known to have no limits. Another one without is an error then, and a
    finding when this is left out."""


class Layout(Declared):
    """Layout of one file; every format has defaults of its own for what is left out.

    ``columns`` maps what this software calls a column (``sample``, ``analyte``, ``value``,
    ``unit``, ``limit``, ``upper``, ``plate``, ``well``, ``flag``, ``beads``, ``kind``,
    ``expected``) to what the file calls it. Each format lists the usual names, and columns of its
    own, in ``USUAL``.
    """

    columns: dict[str, str] = {}
    unit: str | None = None
    """Unit of the values whose unit the file does not say."""
    markers: dict[str, str] = {}
    """The file's analyte names → canonical names, for names the vocabulary cannot know, or for two
    analytes of one name."""
    only: tuple[str, ...] = ()
    """The analytes that are used; all that the file has when empty. Wide files: their columns."""
    ignore: tuple[str, ...] = ()
    """Analytes that are not used. Wide files: columns that are not read."""
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
