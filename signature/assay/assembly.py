"""Put a study together: measurements and people into a cohort, every row accounted for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from signature.assay.dictionary import MarkerText
from signature.assay.measurements import Measurements
from signature.assay.people import People
from signature.assay.pivot import Wide, pivot
from signature.assay.reading import Note, Reading, listed, set_aside_notes
from signature.assay.same_units import in_units
from signature.assay.unit_names import is_log2
from signature.assay.units import canonical
from signature.exceptions import AssayError
from signature.study.cohort import Cohort
from signature.study.markers import VOCABULARY
from signature.study.schema import BELOW, Column, FeatureSchema, Role, Scale, censored

_SHARES = ("%", "ratio")
_OTHER = "other analytes"


def assemble(
    measurements: Sequence[Measurements],
    people: People,
    *,
    name: str,
    citation: str,
    panel: Sequence[Column] = (),
    told: Mapping[str, MarkerText] | None = None,
    repeats: str = "refuse",
) -> tuple[Cohort, Reading]:
    """Put measurements and people together.

    Parameters
    ----------
    measurements : sequence of Measurements
        One per file.
    people : People
        Who gave the samples; a sample that is not there is set aside and counted.
    name, citation : str
        Of the study.
    panel : sequence of Column
        Columns of panels, with units, scales and plausible ranges.
    told : mapping of marker to MarkerText, optional
        What the study dictionary says of single markers; it wins over the panel.
    repeats : str
        See `signature.assay.pivot.pivot`.

    Returns
    -------
    cohort : Cohort
        One row per sample of the people table that was measured. A marker that is ever below a
        limit, or whose panel expects it, has its limit column.
    reading : Reading
        Notes and set-aside rows add up to the rows of the files.

    Raises
    ------
    AssayError
        When measurements contradict each other, no sample is in the people table, or two analytes
        would share a column.
    UnitError
        When a file and the panel, or two files, give a marker units that measure different things.
    CohortError
        When two samples share person and visit.
    """
    samples = pd.Index(people.sample.to_numpy(dtype="object"))
    measurements, converted = in_units(measurements, _wanted_units(panel, told or {}))
    wide = pivot(measurements, only=samples, repeats=repeats)
    row_of = wide.samples.get_indexer(samples)
    columns = _marker_columns(wide, panel, told or {})
    X = _features(wide, columns, row_of, people)
    plate = pd.Series(wide.plate.to_numpy()[row_of], name="plate").where(row_of >= 0)
    if people.plate is not None:
        plate = people.plate.fillna(plate)
    cohort = Cohort(
        name=name,
        citation=citation,
        schema=FeatureSchema((*people.columns, *columns.values())),
        X=X,
        records=people.records,
        subject=people.subject,
        visit=people.visit,
        plate=plate.astype("object") if plate.notna().any() else None,
        arm=people.arm,
        weight=people.weight,
    )
    cohort = cohort.keep(row_of >= 0, "any marker was measured")
    return cohort, _account(measurements, people, wide, converted)


def _wanted_units(panel: Sequence[Column], told: Mapping[str, MarkerText]) -> dict[str, str]:
    """Return the units in which plausible ranges are given."""
    wanted = {c.name: c.unit for c in panel if c.role is Role.MARKER and c.unit}
    return wanted | {name: canonical(text.unit) for name, text in told.items() if text.unit}


def _marker_columns(
    wide: Wide, panel: Sequence[Column], told: Mapping[str, MarkerText]
) -> dict[str, Column]:
    """Return columns by their name, in the order of the panel, then of the files."""
    known = {c.name: c for c in panel}
    order = [c.name for c in panel if c.role is Role.MARKER and c.name in wide.markers]
    order += [m for m in wide.markers if m not in known]
    ever_below = dict(zip(wide.markers, ~np.isnan(wide.below).all(axis=0), strict=True))
    stated = set(wide.limits["marker"])
    columns: dict[str, Column] = {}
    for marker in order:
        name = column_name(marker)
        if name in columns:
            raise AssayError(
                f"two analytes would share the column {name!r}; give them different names under "
                "'markers' in the layout"
            )
        base = known.get(marker) or _plain(marker, name, wide.units[marker])
        column = _described(base, wide.units[marker], told.get(marker))
        with_limit = ever_below[marker] or marker in stated or marker + BELOW in known
        for part in censored(column) if with_limit else (column,):
            columns[part.name] = part
    return columns


def column_name(marker: str) -> str:
    """Turn an analyte's name into a column's name.

    Examples
    --------
    >>> column_name("IL6"), column_name("my analyte-2"), column_name("4E")
    ('IL6', 'my_analyte_2', 'm_4E')
    """
    name = re.sub(r"_{2,}", "_", re.sub(r"\W", "_", marker)).strip("_") or "unnamed"
    return name if name.isidentifier() else f"m_{name}"


def _plain(marker: str, name: str, unit: str) -> Column:
    entry = VOCABULARY.get(marker)
    scale = Scale.LINEAR if is_log2(unit) or unit.casefold() in _SHARES else Scale.LOG2
    if entry is None:
        return Column(name, Role.MARKER, _OTHER, marker, unit, scale)
    return Column(name, Role.MARKER, entry.family, entry.label, unit, scale)


def _described(base: Column, unit: str, told: MarkerText | None) -> Column:
    column = replace(base, unit=unit or base.unit)
    if told is None:
        return column
    return replace(
        column,
        group=told.group or column.group,
        label=told.label or column.label,
        scale=column.scale if told.scale is None else Scale(told.scale),
        cofactor=column.cofactor if told.scale is None else told.cofactor,
        low=column.low if told.low is None else told.low,
        high=column.high if told.high is None else told.high,
    )


def _features(
    wide: Wide, columns: Mapping[str, Column], row_of: np.ndarray, people: People
) -> pd.DataFrame:
    place = {column_name(m): i for i, m in enumerate(wide.markers)}
    data = np.empty((len(row_of), len(columns)))
    for j, name in enumerate(columns):
        source = wide.below if name.endswith(BELOW) else wide.value
        data[:, j] = source[row_of, place[name.removesuffix(BELOW)]]
    data[row_of < 0] = np.nan
    markers = pd.DataFrame(data, columns=list(columns), index=people.sample.index)
    return pd.concat([people.clinical, markers], axis=1) if people.columns else markers


def _account(
    parts: Sequence[Measurements],
    people: People,
    wide: Wide,
    converted: Mapping[str, int],
) -> Reading:
    notes = []
    for part in parts:
        notes.append(Note(part.source, "rows in the file", part.rows_in))
        notes += set_aside_notes(part.source, part.set_aside)
    notes += [
        Note(file, "measurements in another unit, converted", n) for file, n in converted.items()
    ]
    lost = int(wide.others.sum())
    notes += [
        Note("all files", "measurements", wide.measurements),
        Note("all files", "measurements of samples that the people table does not name", lost),
        Note("all files", f"repeated measurements merged ({wide.repeats.rule})", wide.dropped),
        Note("all files", "measurements above their upper limit, set to it", wide.above),
        Note("all files", "measurements that the laboratory flagged, used", wide.flagged),
        Note(people.source, "rows", people.rows_in),
    ]
    notes += set_aside_notes(people.source, people.set_aside)
    always = ("rows", "rows in the file", "measurements")
    unknown = dict.fromkeys(name for part in parts for name in part.unknown)
    return Reading(
        notes=tuple(n for n in notes if n.rows or n.what in always),
        unknown=tuple(unknown),
        limits=wide.limits.assign(marker=wide.limits["marker"].map(column_name)),
        repeats=wide.repeats,
        set_aside=_set_aside(parts, people, wide),
    )


def _set_aside(parts: Sequence[Measurements], people: People, wide: Wide) -> pd.DataFrame:
    lists = [p.set_aside.assign(file=p.source, rows=1) for p in parts]
    lists.append(people.set_aside.assign(file=people.source, rows=1))
    lists.append(
        pd.DataFrame(
            {
                "file": "all files",
                "sample": wide.others.index,
                "rows": wide.others.to_numpy(),
                "reason": "the people table does not name the sample",
            }
        )
    )
    return listed(lists)
