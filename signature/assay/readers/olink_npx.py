"""Olink's long exports: Target 96 and 48, Explore and Explore HT, one row per sample and assay.

Columns as Olink's own R package OlinkAnalyze knows them, in their spellings over the years.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from signature.assay.files import Sheet, read_sheet
from signature.assay.labels import Labels, as_labels, as_text, first_few, labels, renamed
from signature.assay.layout import Layout
from signature.assay.measurements import Measurements
from signature.assay.readers._names import column_of, roles_and_match
from signature.assay.readers._rows import LONG, NOT_WANTED, Rows, rows_of, warnings
from signature.assay.readers._tidy import tidy

FORMAT = "Olink NPX: long exports of Target and Explore"

USUAL = {
    "sample": ("SampleID", "sample_id"),
    "analyte": ("Assay",),
    "value": ("NPX", "PCNormalizedNPX", "IPCNormalizedNPX", "Quantified_value", "Quantified"),
    "unit": ("Unit",),
    "limit": (),
    "upper": ("ULOQ",),
    "plate": ("PlateID", "plate_id"),
    "flag": ("QC_Warning", "SampleQC", "sample_qc"),
    "assay_flag": ("Assay_Warning", "AssayQC", "assay_qc"),
    "olink_id": ("OlinkID", "OID"),
    "sample_type": ("SampleType", "Sample_Type"),
    "assay_type": ("AssayType", "Assay_Type"),
}
"""Usual names of the columns; of several kinds of values the first is read."""

_NPX_LIMITS = ("PlateLOD", "LOD", "LODNPX", "NCLOD", "FixedLOD", "MaxLOD")
_LIMITS = {
    "NPX": _NPX_LIMITS,
    "PCNormalizedNPX": ("PCNormalizedLOD", "NCPCNormalizedLOD", "FixedPCNormalizedLOD"),
    "IPCNormalizedNPX": ("LODIPCNormalizedNPX",),
    "Quantified_value": ("LLOQ", "PlateLQL", "LODQuant"),
    "Quantified": ("LLOQ", "PlateLQL", "LODQuant"),
}
# Limits belong to one way of normalisation: those of another would be off by a shift.

CONTROL_SAMPLE, CONTROL_ASSAY = "control sample", "internal control of the assay"
SEVERAL = "assay measured in several panels, another one is used"
"""Reasons."""


def read(file: Path, layout: Layout) -> Measurements:
    """Read a long export; NPX below the limit of their plate become "below".

    NPX are relative and already on a log2 scale. Warnings about samples and assays become flags and
    exclude nothing. Some assays (IL6, TNF, CXCL8 in Explore) are measured in several panels and
    have several Olink ids: the lowest id is used, which is the same one in every file of a product.
    To choose another, list ids in ``ignore``; to keep more, name them in ``markers``.

    Parameters
    ----------
    file : Path
        Text, Parquet or Excel.
    layout : Layout
        ``markers`` and ``ignore`` may hold Olink ids as well as names; ``controls`` and ``blanks``
        name control samples that the file does not mark as such.

    Raises
    ------
    TableError
        When the file cannot be read.
    AssayError
        When its rows contradict each other.
    """
    file = Path(file)
    found: dict[str, str] = {}

    def pick(header: list[str]) -> list[str]:
        found.update(roles_and_match(file.name, header, layout, USUAL, LONG))
        if layout.limits is None and "limit" not in found:
            for value, limits in _LIMITS.items():
                limit = column_of(header, limits)
                if limit is not None and column_of(header, (value,)) == found["value"]:
                    found["limit"] = limit
        return list(found.values())

    sheet = read_sheet(file, layout, pick)
    rows = rows_of(sheet, found)
    findings = _controls(sheet, rows, found, layout)
    if "olink_id" in found:
        findings += _one_per_assay(sheet.labels(found["olink_id"]), rows, layout)
    sample_flag = warnings(rows.flag, "sample")
    assay = sheet.labels(found["assay_flag"]) if "assay_flag" in found else None
    rows.flag = _both(sample_flag, warnings(assay, "assay"))
    unit = "NPX" if found["value"].casefold().endswith("npx") else None
    return tidy(rows, layout, file, unit, findings)


def _controls(sheet: Sheet, rows: Rows, found: dict[str, str], layout: Layout) -> list[str]:
    """Set control samples and internal control assays aside."""
    findings = []
    names = as_text(rows.sample)
    rows.aside.mark(names.isin([*layout.controls, *layout.blanks]).to_numpy(bool), CONTROL_SAMPLE)
    if "sample_type" in found:
        kind = as_text(sheet.labels(found["sample_type"])).str.upper()
        rows.aside.mark((kind.notna() & kind.ne("SAMPLE")).to_numpy(bool), CONTROL_SAMPLE)
    else:
        # as Olink names them; "Control 7", in lower case, may be a healthy person
        named = names.str.contains("CONTROL", na=False).to_numpy(bool) & rows.aside.used
        rows.aside.mark(named, CONTROL_SAMPLE)
        if named.any():
            findings.append(
                f"{int(names[named].nunique())} samples are set aside as controls because their "
                "names say CONTROL; rename them if they are people"
            )
    if "assay_type" in found:
        kind = as_text(sheet.labels(found["assay_type"])).str.casefold()
        internal = kind.notna() & kind.ne("assay")
    else:
        internal = (
            pd.Series(rows.analyte)
            .astype("str")
            .str.contains(r"(?i)\b(?:control|ctrl)\b", na=False)
        )
    rows.aside.mark(internal.to_numpy(bool), CONTROL_ASSAY)
    return findings


def _one_per_assay(ids: Labels, rows: Rows, layout: Layout) -> list[str]:
    """Use one Olink id per assay, and every id that the layout names."""
    id_names = as_text(ids)
    rows.aside.mark(id_names.isin(layout.ignore).to_numpy(bool), NOT_WANTED)
    named = id_names.isin(list(layout.markers)).to_numpy(bool)
    if named.any():
        analyte = as_text(rows.analyte)
        rows.analyte = as_labels(analyte.where(~named, id_names))
    open_ = rows.aside.used & (rows.analyte.codes >= 0) & (ids.codes >= 0)
    pairs = pd.DataFrame(
        {"assay": rows.analyte.codes[open_], "id": ids.codes[open_]}
    ).drop_duplicates()
    pairs["name"] = np.asarray(ids.categories, dtype=object)[pairs["id"]]
    first = pairs.sort_values("name").drop_duplicates("assay").set_index("assay")["id"]
    chosen = np.full(len(rows.analyte.categories) + 1, -1)
    chosen[first.index] = first
    other = open_ & (ids.codes != chosen[rows.analyte.codes])
    if not other.any():
        return []
    rows.aside.mark(other, SEVERAL)
    which = sorted(map(str, rows.analyte.categories[np.unique(rows.analyte.codes[other])]))
    return [
        f"{len(which)} assays were measured in several panels or blocks "
        f"({first_few(which)}): the lowest Olink id is used, "
        f"{int(other.sum())} measurements of the others are set aside"
    ]


def _both(one: Labels | None, other: Labels | None) -> Labels | None:
    if one is None or other is None:
        return one if other is None else other
    width = len(other.categories) + 1
    codes = (one.codes.astype(np.int64) + 1) * width + other.codes + 1
    places, different = pd.factorize(codes)
    texts = [
        "; ".join(
            str(label.categories[code - 1])
            for label, code in ((one, pair // width), (other, pair % width))
            if code
        )
        for pair in different
    ]
    return renamed(labels(places, map(str, different)), [text or None for text in texts])
