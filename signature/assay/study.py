"""Read a whole study as its dictionary describes it.

A study dictionary is a TOML file beside the files that it describes; paths in it are relative to
it, and keys above the first bracket stay above it. A study with a table of people::

    title = "Cytokines before treatment"
    citation = "Nobody A. Journal of Nothing 2026;1:1."
    repeats = "refuse"            # one sample on two plates: "refuse", "first", "mean_of_logs"

    [[assays]]                    # one per file
    file = "cytokines.csv"
    format = "long_table"         # a reader; signature/assay/readers lists them
    unit = "pg/mL"                # where the file does not say it

    [assays.layout]               # where the file calls a column otherwise
    columns = { sample = "SampleID", analyte = "Analyte", value = "Conc", plate = "Plate" }
    # decimal = ","               # decimal commas; delimiter = ";" if it is not found
    # bridges = ["Pool 1"]        # samples that are on every plate

    # [assays.layout.limits]      # where cells say "OOR <" and the file gives no limit
    # file = "limits.csv"         # one row per marker and plate
    # marker = "Analyte"
    # limit = "LLOQ"
    # plate = "Plate"

    [assays.markers]              # by canonical name: the range that a wrong unit would leave
    IL6 = { low = 0.05, high = 5000 }
    TNF = { low = 0.05, high = 2000 }

    [people]                      # one row per sample
    file = "people.csv"
    sample = "sample_id"
    subject = "patient"
    visit = "visit"
    site = "hospital"
    arm = "arm"

    [people.clinical]             # features that are no markers
    age = { column = "Age", group = "demographics", unit = "years", low = 18, high = 100 }
    female = { column = "Sex", scale = "yes/no", codes = { F = 1, M = 0 } }
    # CRP = { column = "CRP", role = "marker", unit = "mg/L", scale = "log2", high = 500 }

    [outcome]                     # for the check alone; experiments name their own
    column = "response"
    event = ["none", "partial"]
    no_event = ["full"]

``signature check study.toml`` reads the study and says what is wrong with it. ``panel = "<name>"``
in [[assays]] takes units and ranges of a shipped panel instead. All keys are those of
`signature.assay.dictionary` and `signature.assay.layout`, the laboratory's rules under
[assays.rules] those of `signature.assay.rules`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from signature import panels
from signature.assay.assembly import assemble, column_name
from signature.assay.dictionary import Dictionary, MarkerText, load_dictionary
from signature.assay.laboratory_files import read_files
from signature.assay.measurements import Measurements
from signature.assay.people import People, everyone, read_people
from signature.assay.places import check_places
from signature.assay.plate_quality import PlateQuality
from signature.assay.reading import Note, Reading, listed, set_aside_notes
from signature.assay.unit_names import parse
from signature.assay.wells import Wells
from signature.exceptions import StudyError, UnitError
from signature.study import markers
from signature.study.cohort import Cohort
from signature.study.schema import Column
from signature.study.spelling import closest


@dataclass(frozen=True, eq=False, repr=False)
class DescribedStudy:
    """What a study dictionary describes, as it was read.

    Parameters
    ----------
    title : str
        As the dictionary gives it.
    cohort : Cohort
        The rows, named after the dictionary's file.
    quality : PlateQuality or None
        Of the wells, where the study has wells.
    measurements : tuple of Measurements
        One per file; wells are merged.
    reading : Reading
        What was read, left out and contradictory.
    site : str or None
        Recorded column that the dictionary calls the site.
    outcome : Series of float or None, shape (n_rows,)
        1, 0 or missing, for rows of the cohort.
    """

    title: str
    cohort: Cohort
    quality: PlateQuality | None
    measurements: tuple[Measurements, ...]
    reading: Reading
    site: str | None = None
    outcome: pd.Series | None = None

    @property
    def notes(self) -> tuple[Note, ...]:
        """Lines of the account of the reading."""
        return self.reading.notes

    def __repr__(self) -> str:
        # the default would print samples into logs
        return f"DescribedStudy({self.cohort!r})"


def read_study(
    file: Path, folder: Path | None = None, *, within: Path | None = None
) -> DescribedStudy:
    """Read a study.

    Parameters
    ----------
    file : Path
        The study dictionary.
    folder : Path, optional
        Where the files are that it describes; beside it when left out.
    within : Path, optional
        The folder that those files have to lie in, wherever links lead; `folder` when left out. A
        dictionary that somebody sends is not to have other files of this machine read.

    Raises
    ------
    StudyError
        When the dictionary is missing or malformed, does not fit the files, or names one elsewhere.
    SignatureError
        Another of its kinds, when a file cannot be read or contradicts itself.
    """
    file = Path(file)
    folder = file.parent if folder is None else Path(folder)
    told = load_dictionary(file)
    check_places(file, folder, told, folder if within is None else within)
    found = read_files(file, folder, told)
    parts = found.parts
    people = _people(folder, told, parts)
    described = _told(told)
    cohort, reading = assemble(
        parts,
        people,
        name=file.stem,
        citation=told.citation,
        panel=_panel(told),
        told=described,
        repeats=told.repeats,
    )
    doubts = (*found.findings, *_strange_units(parts), *_not_measured(file, described, cohort))
    reading = replace(reading, findings=doubts)
    if found.quality is not None and found.wells:
        reading = _with_wells(reading, found.quality, found.wells)
    outcome = people.outcome
    return DescribedStudy(
        title=told.title,
        cohort=cohort,
        quality=found.quality,
        measurements=tuple(parts),
        reading=reading,
        site=told.people.site if told.people else None,
        outcome=None if outcome is None else outcome[cohort.X.index],
    )


def _people(folder: Path, told: Dictionary, parts: Sequence[Measurements]) -> People:
    if told.people is not None:
        return read_people(folder, told.people, told.outcome)
    samples = pd.Index([s for p in parts for s in p.table["sample"].unique()]).unique()
    return everyone(samples)


def _with_wells(reading: Reading, quality: PlateQuality, wells: Sequence[Wells]) -> Reading:
    """Put the account of the wells in front of that of the measurements made of them."""
    notes = []
    for own in wells:
        notes.append(Note(own.source, "rows in the file", own.rows_in))
        notes += set_aside_notes(own.source, own.set_aside)
    notes.append(Note("wells", "wells times markers, of all kinds", quality.wells_in))
    excluded = quality.wells_excluded.items()
    notes += [Note("wells", f"not used: {why}", n) for why, n in excluded]
    rows = [w.set_aside.assign(file=w.source, rows=1) for w in wells]
    aside = listed([*rows, reading.set_aside])
    merged = [
        replace(n, what="samples times markers, replicates merged")
        if n.where == quality.source and n.what == "rows in the file"
        else n
        for n in reading.notes
    ]
    return replace(reading, notes=(*notes, *merged), set_aside=aside)


def _strange_units(parts: Sequence[Measurements]) -> list[str]:
    """Name units that nothing can be converted into."""
    sentences = []
    for part in parts:
        for unit in part.table["unit"].dropna().astype("str").unique():
            try:
                parse(unit)
            except UnitError as error:
                sentences.append(f"{part.source}: {error}; nothing is converted from or to it")
    return sentences


def _not_measured(file: Path, described: Iterable[str], cohort: Cohort) -> list[str]:
    """Name markers that are described and not there: mostly a name that is spelt otherwise."""
    sentences = []
    for name in described:
        if column_name(name) not in cohort.schema:
            meant = closest(name, cohort.schema.names)
            hint = f" (did you mean {meant!r}?)" if meant else ""
            sentences.append(f"{file.name} describes the marker {name!r}, which no file has{hint}")
    return sentences


def _panel(told: Dictionary) -> list[Column]:
    columns: dict[str, Column] = {}
    for assay in told.assays:
        for column in panels.load(assay.panel) if assay.panel else ():
            columns.setdefault(column.name, column)
    return list(columns.values())


def _told(told: Dictionary) -> dict[str, MarkerText]:
    """Return what the dictionary says of markers, by the name that the readers give them."""
    found: dict[str, MarkerText] = {}
    for assay in told.assays:
        for name, text in assay.markers.items():
            if found.setdefault(markers.lookup(name) or name, text) != text:
                raise StudyError(
                    f"two files describe {name!r} differently; a study has one description of it"
                )
    return found
