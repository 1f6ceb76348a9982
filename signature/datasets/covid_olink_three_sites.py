"""COVID-19 in three hospitals: 63 inflammation proteins, repeated samples, plates and limits.

Breda and Nijmegen are patients in hospital, in intensive care or not; Hannover is people after
COVID-19 and healthy people, kept for comparison.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from signature import markers, panels
from signature.cohort import Cohort
from signature.datasets._recode import below, coded, features
from signature.exceptions import TableError
from signature.schema import BELOW, Column, FeatureSchema, Role, Scale
from signature.tables import data_folder, read_table, to_numbers

CITATION = (
    "Zoodsma M, de Nooijer AH, Grondman I, et al. Targeted proteomics identifies circulating "
    "biomarkers associated with active COVID-19 and post-COVID-19. Front Immunol "
    "2022;13:1027122. Data: github.com/CiiM-Bioinformatics-group/Postcovid-targeted-proteomics."
)

_DATA, _LIMITS = "data.csv", "lod.csv"

# As the file names them; the vocabulary knows the canonical names.
_ASSAYS = """
IL8,VEGFA,CD8A,CDCP1,CD244,IL7,OPG,LAP TGF-beta-1,uPA,MCP-1,CXCL11,AXIN1,TRAIL,CXCL9,CST5,OSM,CXCL1,
CCL4,CD6,SCF,IL18,TGF-alpha,MCP-4,CCL11,TNFSF14,MMP-1,LIF-R,FGF-21,CCL19,IL-10RB,IL-18R1,PD-L1,
CXCL5,TRANCE,HGF,IL-12B,MMP-10,TNF,CCL23,CD5,CCL3,Flt3L,CXCL6,CXCL10,4E-BP1,CCL28,DNER,EN-RAGE,CD40,
IFN-gamma,FGF-19,MCP-2,CASP-8,CCL25,CX3CL1,TNFRSF9,TWEAK,CCL20,ST1A1,STAMBP,ADA,TNFB,CSF-1
""".replace("\n", "").split(",")

# Marker -> column of the file, scale, low, high; counts that may be 0.0 stay linear.
_COUNTS = {
    "leukocytes": ("count", Scale.LOG2, 0.05, 500),
    "neutrophils": ("differentiation.neutrophils", Scale.LOG2, 0.01, 150),
    "lymphocytes": ("differentiation.lymphocytes", Scale.LOG2, 0.01, 400),
    "monocytes": ("differentiation.monocytes", Scale.LINEAR, 0, 20),
    "eosinophils": ("differentiation.eosinophils", Scale.LINEAR, 0, 20),
    "basophils": ("differentiation.basophils", Scale.LINEAR, 0, 10),
}

_RECORDS = {
    "cohort": "hospital",
    "timepoint": "timepoint",
    "condition": "condition",
    "QC_Warning": "qc_warning",
}
_NO_LIMITS = "hannover"


def load() -> Cohort:
    """Read the samples: one row per sample, NPX below its batch's limit as censored.

    Twelve rows carry no protein at all and are left out. Three Breda patients have two samples of
    one time point; the second is called a repeat, so that both stay and share their subject.
    Hannover and 30 samples of Nijmegen name no batch with limits: their low NPX stay as reported.

    Raises
    ------
    DataFolderNotSetError
        When SIGNATURE_DATA does not lead to the data.
    TableError
        When a file is not what it was.
    """
    folder = data_folder("covid_olink_three_sites")
    table = _read(folder)
    schema = FeatureSchema((*_clinical_columns(), *panels.load("olink_target96_inflammation")))
    proteins = _proteins(table, _limits(folder))
    cohort = Cohort(
        name="covid_olink_three_sites",
        citation=CITATION,
        schema=schema,
        X=features(schema, {**_clinical(table), **proteins}),
        records=_records(table),
        subject=table["subject"],
        visit=_visits(table),
        plate=table["Plate_ID"].fillna(table["batch"]).rename("plate"),
    )
    return cohort.keep(cohort.X[list(proteins)].notna().any(axis=1), "any protein was measured")


def _read(folder: Path) -> pd.DataFrame:
    columns = [
        "subject", "age", "gender", "BMI", "day_since_first_sample", "Plate_ID", "batch",
        *_RECORDS, *_ASSAYS, *map(_count_column, _COUNTS),
    ]  # fmt: skip
    return read_table(folder / _DATA, columns=columns)


def _count_column(marker: str) -> str:
    return f"White.bloodcell.{_COUNTS[marker][0]}.at.admission"


def _limits(folder: Path) -> pd.DataFrame:
    """Return limits of detection, one row per batch, one column per marker."""
    table = read_table(folder / _LIMITS, columns=["Assay", "LOD", "batch"])
    table = table[table["Assay"].isin(_ASSAYS)]
    twice = int(table.duplicated(["Assay", "batch"]).sum())
    if twice:
        raise TableError(f"{_LIMITS}: {twice} rows repeat an assay within its batch")
    table = table.assign(LOD=to_numbers(table, ["LOD"], where=_LIMITS)["LOD"])
    return table.pivot(index="batch", columns="Assay", values="LOD")


def _proteins(table: pd.DataFrame, limits: pd.DataFrame) -> dict[str, pd.Series]:
    unknown = sorted(set(table["batch"].dropna()) - set(limits.index) - {_NO_LIMITS})
    if unknown:
        raise TableError(f"{_LIMITS} has no limits for batch {', '.join(map(repr, unknown))}")
    npx = to_numbers(table, _ASSAYS, where=_DATA)
    columns: dict[str, pd.Series] = {}
    for assay in _ASSAYS:
        name = markers.canonical(assay)
        limit = table["batch"].map(limits[assay]).astype("float64")
        columns[name], columns[name + BELOW] = below(npx[assay], limit.where(npx[assay] < limit))
    return columns


def _clinical_columns() -> tuple[Column, ...]:
    counts = tuple(
        Column(
            marker,
            Role.MARKER,
            markers.VOCABULARY[marker].family,
            markers.VOCABULARY[marker].label,
            "10^9/L",
            scale,
            low,
            high,
            source="hospital laboratory at admission, Nijmegen only",
        )
        for marker, (_, scale, low, high) in _COUNTS.items()
    )
    return (
        Column("age", Role.CLINICAL, "demographics", "Age", "years", low=0, high=120),
        Column("female", Role.CLINICAL, "demographics", "Female", "", Scale.YES_NO, 0, 1),
        Column("bmi", Role.CLINICAL, "body size", "Body mass index", "kg/m2", low=10, high=100),
        *counts,
    )


def _clinical(table: pd.DataFrame) -> dict[str, pd.Series]:
    sources = {"age": "age", "bmi": "BMI", **{name: _count_column(name) for name in _COUNTS}}
    numbers = to_numbers(table, sources.values(), where=_DATA)
    female = coded(table["gender"], {"female": 1.0, "male": 0.0}, where=_DATA)
    return {"female": female, **{name: numbers[source] for name, source in sources.items()}}


def _visits(table: pd.DataFrame) -> pd.Series:
    """Name each subject's samples; a second one of a time point becomes its repeat."""
    earlier = table.groupby(["subject", "timepoint"]).cumcount()
    suffix = earlier.map(lambda n: "" if n == 0 else " repeat" if n == 1 else f" repeat {n}")
    return (table["timepoint"] + suffix).rename("visit")


def _records(table: pd.DataFrame) -> pd.DataFrame:
    days = to_numbers(table, ["day_since_first_sample"], where=_DATA)
    return table[list(_RECORDS)].rename(columns=_RECORDS).join(days)
