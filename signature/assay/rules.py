"""The laboratory rules that a study fixes before anybody sees an outcome."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from signature.declared import Declared


class Rules(Declared):
    """Which wells and measurements count, and what a blank says; part of the study dictionary.

    A share of samples that must lie above the limit is not among them: that choice depends on who
    is in the table, so it is made inside the fold.

    References
    ----------
    Bead counts: makers of bead assays ask for at least 35 beads per region, better 50, below which
    the median of the beads drifts. Duplicates: 25 % is the usual bound of ligand-binding assays at
    their lower limit (ICH M10 2022), 20 % elsewhere. Blanks: mean + 3 SD (IUPAC, Long and
    Winefordner 1983; Armbruster and Pry 2008).
    """

    fewest_beads: Annotated[int, Field(ge=0)] = 35
    """Wells with fewer beads for a marker are not used for it; 0 where nothing was counted."""
    largest_cv: Annotated[float, Field(gt=0)] = 25.0
    """Largest coefficient of variation between replicates, in % of their mean signal."""
    fewest_replicates: Annotated[int, Field(ge=1)] = 1
    """Usable wells that a measurement needs; one that lost its duplicate is used by default."""
    blank_sds: Annotated[float, Field(ge=0)] = 3.0
    """The limit lies so many standard deviations above the mean blank."""
    failed_wells: tuple[tuple[str, str], ...] = ()
    """Plate and well of wells that the laboratory knows to have failed."""
    drop_flagged: bool = False
    """Whether measurements that the laboratory flagged are set aside."""
    bridging: Literal["off", "median", "shrunken"] = "shrunken"
    """How plates are brought onto one another, see `signature.assay.bridging`."""
    fewest_bridges: Annotated[int, Field(ge=1)] = 2
    """Bridge samples that a marker's shift needs; eight or more is what platforms recommend."""
    reference_plate: str | None = None
    """Plate that the others are brought onto; the one with most samples when left out."""
