"""What the wells of the plates said."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from signature.check.report import Finding, Table

if TYPE_CHECKING:
    from signature.assay.quality import PlateQuality


def findings(quality: PlateQuality | None) -> Iterator[Finding]:
    """Turn what merging the wells found into findings."""
    yield from ()


def tables(quality: PlateQuality | None) -> Iterator[Table]:
    """Plates at a glance."""
    yield from ()
