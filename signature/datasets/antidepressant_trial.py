"""A trial of an antidepressant: 172 people, drug or placebo, depression scales over six weeks.

One row per person. Features are what was known before randomisation: two, and no immune marker. The
scales of weeks 1, 2, 4 and 6 are in the records. The public file is a masked part of a trial: its
drug arm is a random sample of three active arms, and week 8 is not in it.
"""

from __future__ import annotations

from signature.assay.recode import coded, features, named
from signature.study.cohort import Cohort
from signature.study.schema import Column, FeatureSchema, Role, Scale
from signature.study.tables import data_folder, read_table, to_numbers

CITATION = (
    "Goldstein DJ, Lu Y, Detke MJ, Wiltse C, Mallinckrodt C, Demitrack MA. Duloxetine in the "
    "treatment of depression: a double-blind placebo-controlled comparison with paroxetine. "
    "J Clin Psychopharmacol 2004;24:389-399. Data: R package rbmi (Apache-2.0)."
)

_FOLDER = "antidepressant_trial"
_WEEKS = (1, 2, 4, 6)

# Column of the file -> name in the records
_LATER = {
    f"{scale}_week{week}": f"{scale}_week_{week}"
    for scale in ("hamd17", "hama", "pgi_improvement")
    for week in _WEEKS
}

AFTER_RANDOMISATION = {name: 7 * int(name.rsplit("_", 1)[1]) for name in _LATER.values()}
"""Records that came after randomisation, with the day when measured."""


def load() -> Cohort:
    """Read the trial: one row per person, baseline features, later visits as records.

    ``pooled_investigator`` of the records is the site, small ones pooled.

    Raises
    ------
    DataFolderNotSetError
        When SIGNATURE_DATA does not lead to the data.
    TableError
        When the file is not what it was.
    """
    path = data_folder(_FOLDER) / "data.csv"
    known = ["patient_id", "arm", "sex", "pooled_investigator", "hamd17_baseline"]
    table = read_table(path, columns=[*known, *_LATER])
    numbers = to_numbers(table, ["hamd17_baseline", *_LATER], where=_FOLDER)
    schema = FeatureSchema(
        (
            Column("hamd17", Role.CLINICAL, "depression", "HAMD-17", "points", Scale.LINEAR, 0, 52,
                   source="baseline visit"),
            Column("female", Role.CLINICAL, "demographics", "Female", "", Scale.YES_NO, 0, 1,
                   source="baseline visit"),
        )
    )  # fmt: skip
    columns = {
        "hamd17": numbers["hamd17_baseline"],
        "female": coded(table["sex"], {"F": 1.0, "M": 0.0}, where=_FOLDER),
    }
    arm = named(table["arm"], {"drug": "drug", "placebo": "placebo"}, where=_FOLDER)
    return Cohort(
        name="antidepressant_trial",
        citation=CITATION,
        schema=schema,
        X=features(schema, columns),
        records=numbers[list(_LATER)]
        .rename(columns=_LATER)
        .assign(pooled_investigator="investigator " + table["pooled_investigator"], arm=arm),
        subject=table["patient_id"],
        arm=arm,
    )
