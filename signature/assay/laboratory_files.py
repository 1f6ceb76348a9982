"""Read the files of a study's laboratories, and judge their plates together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from signature import discovery
from signature.assay.concentrations import concentrations
from signature.assay.dictionary import AssayText, Dictionary
from signature.assay.measurement_quality import judge_measurements
from signature.assay.measurements import Measurements
from signature.assay.plate_quality import PlateQuality
from signature.assay.quality import merge_wells
from signature.assay.rules import Rules
from signature.assay.units import canonical, is_concentration
from signature.assay.wells import Wells
from signature.declared import validated
from signature.exceptions import StudyError

READERS = "signature.assay.readers"


@dataclass(eq=False, repr=False)
class LaboratoryFiles:
    """What the files of the laboratories hold, before anybody knows whose samples they are.

    Parameters
    ----------
    parts : list of Measurements
        In the order of the files; of all wells together, the last.
    quality : PlateQuality or None
        Where there are wells, rules or bridges.
    wells : sequence of Wells
        As they were read.
    findings : tuple of str
        What a reader found doubtful and used.
    """

    parts: list[Measurements]
    quality: PlateQuality | None = None
    wells: Sequence[Wells] = ()
    findings: tuple[str, ...] = ()


def read_files(file: Path, folder: Path, told: Dictionary) -> LaboratoryFiles:
    """Read every file; plates of all files are judged together, for bridges span files.

    Parameters
    ----------
    file : Path
        The study dictionary, for messages.
    folder : Path
        Where the files are.
    told : Dictionary

    Raises
    ------
    StudyError
        When a format is not known, or files that are judged together have different rules.
    SignatureError
        Another of its kinds, when a file cannot be read or contradicts itself.
    """
    found = LaboratoryFiles([])
    judged: list[tuple[int, AssayText, Rules]] = []
    wells: list[tuple[AssayText, Wells]] = []
    for number, assay in enumerate(told.assays, start=1):
        read = _read(file, folder, assay)
        found.findings += tuple(f"{read.source}: {sentence}" for sentence in read.findings)
        if isinstance(read, Wells):
            wells.append((assay, read))
            continue
        if assay.rules or assay.layout.bridges:
            judged.append((len(found.parts), assay, _rules(file, assay, number)))
        found.parts.append(read)
    if judged:
        _judge(found, file, judged)
    if wells:
        _add_wells(found, file, told, wells)
    return found


def _judge(
    found: LaboratoryFiles, file: Path, judged: Sequence[tuple[int, AssayText, Rules]]
) -> None:
    """Judge the measurements of the files that have rules or bridges."""
    places, assays, rules = zip(*judged, strict=True)
    if any(own != rules[0] for own in rules):
        raise StudyError(
            f"{file.name}: files have different rules; their plates are judged together, so give "
            "each file that has rules or bridges the same"
        )
    bridges = {name for assay in assays for name in assay.layout.bridges}
    parts, found.quality = judge_measurements([found.parts[i] for i in places], rules[0], bridges)
    for place, part in zip(places, parts, strict=True):
        found.parts[place] = part


def _add_wells(
    found: LaboratoryFiles, file: Path, told: Dictionary, wells: Sequence[tuple[AssayText, Wells]]
) -> None:
    first = wells[0][0]
    if any(
        (a.rules, a.unit, a.curves) != (first.rules, first.unit, first.curves) for a, _ in wells
    ):
        raise StudyError(
            f"{file.name}: the files of wells have different rules or units; their plates are "
            "judged together, so give each file the same"
        )
    rules = _rules(file, first, told.assays.index(first) + 1)
    if found.quality is not None:
        raise StudyError(
            f"{file.name}: rules or bridges are given for wells and for files without wells; "
            "describe them as two studies, each with a quality of its own"
        )
    found.wells = [w for _, w in wells]
    unit = _unit_of_wells(file, first)
    if first.curves:
        fitted = concentrations(_stacked(found.wells), rules, unit=unit)
        merged, found.quality = fitted.measurements, fitted.quality
        if fitted.refused:
            total = len(fitted.refused) + len(fitted.curves)
            found.findings += (
                f"{merged.source}: {len(fitted.refused)} of {total} standard curves are not usable",
            )
    else:
        merged, found.quality = merge_wells(_stacked(found.wells), rules, unit=unit)
    found.parts.append(merged)


def _unit_of_wells(file: Path, assay: AssayText) -> str:
    """Return the unit of signals, or of the standards; one is never taken for the other."""
    said = assay.unit or assay.layout.unit
    unit = canonical(said or "MFI")
    if assay.curves and not said:
        raise StudyError(f"{file.name}: `curves` need the unit of the standards; name it with unit")
    if not assay.curves and is_concentration(unit):
        raise StudyError(
            f"{file.name}: wells hold signals, and {unit} is a unit of concentrations; leave it "
            "out, or say curves = true, so that standards turn signals into concentrations"
        )
    return unit


def _read(file: Path, folder: Path, assay: AssayText) -> Measurements | Wells:
    known = discovery.names(READERS)
    if assay.format not in known:
        raise StudyError(f"{file.name}: no format {assay.format!r}; there are: {', '.join(known)}")
    reader = discovery.load(READERS, assay.format, ["FORMAT", "read"])
    layout = assay.layout
    if assay.unit and layout.unit is None:
        layout = layout.model_copy(update={"unit": assay.unit})
    found: Measurements | Wells = reader.read(folder / assay.file, layout)
    return found


def _rules(file: Path, assay: AssayText, number: int) -> Rules:
    return validated(assay.rules, Rules, StudyError, where=f"{file.name}: assays.{number}.rules")


def _stacked(wells: Sequence[Wells]) -> Wells:
    if len(wells) == 1:
        return wells[0]
    return Wells(
        source=" + ".join(w.source for w in wells),
        table=pd.concat([w.table for w in wells], ignore_index=True),
        rows_in=sum(w.rows_in for w in wells),
        set_aside=pd.concat([w.set_aside for w in wells], ignore_index=True),
        unknown=tuple(dict.fromkeys(name for w in wells for name in w.unknown)),
        findings=tuple(sentence for w in wells for sentence in w.findings),
    )
