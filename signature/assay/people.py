"""The people table of a study: who gave which sample, and what else is known of them."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from signature.assay.dictionary import ClinicalText, OutcomeText, PeopleText
from signature.assay.measurements import SET_ASIDE
from signature.assay.recode import coded
from signature.exceptions import StudyError
from signature.study import markers
from signature.study.schema import Column, Role, Scale
from signature.study.tables import read_table, to_numbers, utf8_bytes

_GROUP = "clinical"


@dataclass(frozen=True, eq=False, repr=False)
class People:
    """One row per sample, in the order of the file.

    Parameters
    ----------
    source : str
        Name of the file.
    sample, subject : Series of str
        Unique samples, and who gave them.
    columns : tuple of Column
        Describes `clinical`.
    clinical : DataFrame of float64
        Features.
    records : DataFrame of str
        Everything else that is kept.
    visit, plate, arm : Series of str, optional
    weight, outcome : Series of float, optional
    rows_in : int
        Rows of the file.
    set_aside : DataFrame
        As in `signature.assay.measurements.Measurements`: rows that name no sample or no person.
    """

    source: str
    sample: pd.Series
    subject: pd.Series
    columns: tuple[Column, ...]
    clinical: pd.DataFrame
    records: pd.DataFrame
    visit: pd.Series | None = None
    plate: pd.Series | None = None
    arm: pd.Series | None = None
    weight: pd.Series | None = None
    outcome: pd.Series | None = None
    rows_in: int = 0
    set_aside: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(SET_ASIDE)))

    def __len__(self) -> int:
        return len(self.sample)

    def __repr__(self) -> str:
        # the default would print samples into logs
        return f"People({self.source!r}, {len(self)} samples)"


def everyone(samples: pd.Index) -> People:
    """Make each sample a person of its own, for a study without a people table."""
    sample = pd.Series(samples.astype("str"), name="sample").reset_index(drop=True)
    return People(
        source="samples",
        sample=sample,
        subject=sample.rename("subject"),
        columns=(),
        clinical=pd.DataFrame(index=sample.index),
        records=pd.DataFrame(index=sample.index),
        rows_in=len(sample),
    )


def read_people(folder: Path, text: PeopleText, outcome: OutcomeText | None = None) -> People:
    """Read the people table that a study dictionary describes.

    Raises
    ------
    TableError
        When the file cannot be read, lacks a column, or holds text where numbers are meant.
    StudyError
        When a sample has two rows, or no row holds the event, or none of the answers of `no_event`.
    """
    plates = (text.plate,) if isinstance(text.plate, str) else text.plate or ()
    named = [text.subject, text.visit, text.site, text.arm, text.weight, *plates]
    named += [c.column for c in text.clinical.values()]
    if outcome is not None:
        named.append(outcome.column)
    kept = list(dict.fromkeys([text.sample, *(n for n in named if n), *text.records]))
    table = read_table(folder / text.file, columns=kept, delimiter=text.delimiter)
    source = Path(text.file).name
    reason = pd.Series(None, index=table.index, dtype="object")
    if text.subject:
        reason[table[text.subject].isna()] = "names no person"
    reason[table[text.sample].isna()] = "names no sample"
    lines = _lines(folder / text.file, text.delimiter)
    aside = pd.DataFrame({"row": lines, "reason": reason})[reason.notna()]
    rows_in, table = len(table), table[reason.isna()]
    table = table.reset_index(drop=True)
    twice = int(table[text.sample].duplicated(keep=False).sum())
    if twice:
        raise StudyError(
            f"{source}: {twice} of {rows_in} rows share their {text.sample!r} with another row; "
            "the people table has one row per sample"
        )
    columns, clinical = _clinical(table, text, source)
    subject = table[text.subject or text.sample].rename("subject")
    return People(
        source=source,
        sample=table[text.sample].rename("sample"),
        subject=subject,
        columns=columns,
        clinical=clinical,
        records=_records(table, text),
        visit=_visit(table, subject, text),
        plate=table[list(plates)].bfill(axis=1).iloc[:, 0].rename("plate") if plates else None,
        arm=_renamed(table, text.arm, "arm"),
        weight=_numbers(table, [text.weight], text)[text.weight].rename("weight")
        if text.weight
        else None,
        outcome=None if outcome is None else _outcome(table[outcome.column], outcome, source),
        rows_in=rows_in,
        set_aside=aside,
    )


def _lines(path: Path, delimiter: str) -> list[int]:
    """Return the line of the file on which each row begins; the header is line 1."""
    text = io.StringIO(utf8_bytes(path).decode("utf-8"), newline="")
    reader, begins, begin = csv.reader(text, delimiter=delimiter), [], 1
    for row in reader:
        if row:
            begins.append(begin)
        begin = reader.line_num + 1
    return begins[1:]


def _records(table: pd.DataFrame, text: PeopleText) -> pd.DataFrame:
    """Keep everything but who it is; the cohort has that elsewhere."""
    hidden = {text.sample, text.subject or text.sample}
    return table[[c for c in table.columns if c not in hidden]]


def _renamed(table: pd.DataFrame, column: str | None, name: str) -> pd.Series | None:
    return table[column].rename(name) if column else None


def _visit(table: pd.DataFrame, subject: pd.Series, text: PeopleText) -> pd.Series | None:
    if text.visit is None and text.same_visit == "refuse":
        return None
    if text.visit is None:
        visit = pd.Series("sample", index=table.index)
    else:
        visit = table[text.visit].fillna("not stated")
    if text.same_visit == "number":
        earlier = visit.groupby([subject, visit]).cumcount()
        again = earlier.map(lambda n: "" if n == 0 else " repeat" if n == 1 else f" repeat {n}")
        visit = visit + again
    return visit.rename("visit")


def _numbers(table: pd.DataFrame, columns: list[str], text: PeopleText) -> pd.DataFrame:
    if text.decimal == ",":
        # a point becomes a comma, which is no number: it might separate thousands
        swapped = str.maketrans(",.", ".,")
        table = table.assign(**{c: table[c].str.translate(swapped) for c in columns})
    return to_numbers(table, columns, where=Path(text.file).name)


def _clinical(
    table: pd.DataFrame, text: PeopleText, source: str
) -> tuple[tuple[Column, ...], pd.DataFrame]:
    described, values = [], {}
    plain = [c.column for c in text.clinical.values() if not c.codes]
    numbers = _numbers(table, list(dict.fromkeys(plain)), text) if plain else None
    for name, told in text.clinical.items():
        described.append(_column(name, told, source))
        if told.codes:
            values[name] = coded(table[told.column], told.codes, where=Path(text.file).name)
        elif numbers is not None:
            values[name] = numbers[told.column]
    return tuple(described), pd.DataFrame(values, index=table.index, dtype="float64")


def _column(name: str, told: ClinicalText, source: str) -> Column:
    """Describe one column; the vocabulary fills in what is not said of a marker."""
    entry = markers.VOCABULARY.get(name) if told.role == "marker" else None
    answer = told.scale == "yes/no"
    return Column(
        name=name,
        role=Role(told.role),
        group=told.group or (entry.family if entry else _GROUP),
        label=told.label or (entry.label if entry else ""),
        unit=told.unit,
        scale=Scale(told.scale),
        cofactor=told.cofactor,
        low=0.0 if answer else told.low,
        high=1.0 if answer else told.high,
        source=source,
    )


def _outcome(answers: pd.Series, text: OutcomeText, file: str) -> pd.Series:
    """Return 1, 0, or missing where the answer is neither event nor no event."""
    event, known = answers.isin(text.event), answers.notna()
    if not event.any():
        raise StudyError(
            f"{file}: no row of {text.column!r} holds "
            f"{' or '.join(map(repr, text.event))}; check 'event' of the outcome"
        )
    if text.no_event:
        known = event | answers.isin(text.no_event)
        if not (known & ~event).any():
            raise StudyError(
                f"{file}: no row of {text.column!r} holds "
                f"{' or '.join(map(repr, text.no_event))}; check 'no_event' of the outcome"
            )
    return pd.Series(np.where(known, event.astype("float64"), np.nan), name=text.name)
