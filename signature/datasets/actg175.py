"""AIDS Clinical Trials Group study 175: 2139 people with HIV, four arms of nucleoside analogues.

One row per person. Features are what was known before randomisation; CD4 and CD8 counts of weeks 20
and 96 and the follow-up are in the records.
"""

from __future__ import annotations

from signature.assay.recode import features, named
from signature.datasets._questionnaire import answer_columns, number_columns, read_answers
from signature.study.cohort import Cohort
from signature.study.schema import Column, FeatureSchema, Role, Scale
from signature.study.tables import data_folder, read_table, to_numbers

CITATION = (
    "Hammer SM, Katzenstein DA, Hughes MD, et al. A trial comparing nucleoside monotherapy with "
    "combination therapy in HIV-infected adults with CD4 cell counts from 200 to 500 per cubic "
    "millimeter. N Engl J Med 1996;335:1081-1090. Data: R package speff2trial (GPL-2)."
)

AFTER_RANDOMISATION = {
    "cd4_week_20": 140,
    "cd8_week_20": 140,
    "cd4_week_96": 672,
    "off_treatment_before_week_96": 672,
    "follow_up_days": None,
    "event": None,
}
"""Records that came after randomisation, with the day when measured, None where that varies."""

_FOLDER = "actg175_hiv_trial"
_FORM = "baseline visit"
_FLOW = "flow cytometry, baseline visit"

_ARMS = {
    "0": "zidovudine",
    "1": "zidovudine + didanosine",
    "2": "zidovudine + zalcitabine",
    "3": "didanosine",
}
_HISTORY = {"1": "naive", "2": "1 to 52 weeks", "3": "over 52 weeks"}

# Column of the file -> name, group, label
_ANSWERS = {
    "gender": ("male", "demographics", "Male"),
    "race": ("non_white", "demographics", "Race other than white"),
    "hemo": ("haemophilia", "comorbidity", "Haemophilia"),
    "homo": ("homosexual_activity", "risk group", "Homosexual activity"),
    "drugs": ("injection_drug_use", "risk group", "History of injection drug use"),
    "symptom": ("symptomatic", "HIV", "Symptomatic HIV infection"),
    "str2": ("antiretroviral_experienced", "HIV", "Had antiretroviral therapy before"),
    "oprior": ("other_antiretroviral", "HIV", "Had antiretrovirals other than zidovudine before"),
    "z30": ("zidovudine_last_30_days", "HIV", "Took zidovudine in the 30 days before"),
}

# Column of the file -> name, group, label, unit, low, high
_NUMBERS = {
    "age": ("age", "demographics", "Age", "years", 10, 100),
    "wtkg": ("weight", "body size", "Weight", "kg", 20, 250),
    "karnof": ("karnofsky", "HIV", "Karnofsky score", "points", 0, 100),
    "preanti": ("antiretroviral_days", "HIV", "Days of antiretroviral therapy before", "days",
                0, 5000),
}  # fmt: skip

_COUNTS = {"cd40": "cd4_t_cells", "cd80": "cd8_t_cells"}

_LATER = {
    "cd420": "cd4_week_20",
    "cd820": "cd8_week_20",
    "cd496": "cd4_week_96",
    "offtrt": "off_treatment_before_week_96",
    "days": "follow_up_days",
    "cens": "event",
}


def load() -> Cohort:
    """Read the trial: one row per person, baseline features, later visits as records.

    ``antiretroviral_history`` of the records is the stratum of the randomisation. ``event`` is 1
    for a CD4 decline of at least 50 %, AIDS or death after ``follow_up_days``, 0 for the end of
    observation then. The public file has a CD4 count at week 20 of everybody.

    Raises
    ------
    DataFolderNotSetError
        When SIGNATURE_DATA does not lead to the data.
    TableError
        When the file is not what it was.
    """
    path = data_folder(_FOLDER) / "data.csv"
    sources = {**_ANSWERS, **_NUMBERS, **_COUNTS, **_LATER}
    table = read_table(path, columns=["pidnum", "arms", "strat", *sources])
    numbers = to_numbers(table, [*_NUMBERS, *_COUNTS, *_LATER], where=_FOLDER)
    columns = read_answers(table, _ANSWERS, where=_FOLDER)
    columns |= {name: numbers[source] for source, (name, *_) in _NUMBERS.items()}
    columns |= {name: numbers[source] for source, name in _COUNTS.items()}
    schema = _schema()
    arm = named(table["arms"], _ARMS, where=_FOLDER).rename("arm")
    history = named(table["strat"], _HISTORY, where=_FOLDER)
    return Cohort(
        name="actg175",
        citation=CITATION,
        schema=schema,
        X=features(schema, columns),
        records=numbers[list(_LATER)]
        .rename(columns=_LATER)
        .assign(antiretroviral_history=history, arm=arm),
        subject=table["pidnum"],
        arm=arm,
    )


def _schema() -> FeatureSchema:
    # a CD4 count may be 0, so it stays on its own scale, which is also that of the endpoint
    cd4 = Column("cd4_t_cells", Role.MARKER, "cell subset", "CD4⁺ T cells", "cells/uL",
                 Scale.LINEAR, 0, 3000, source=_FLOW)  # fmt: skip
    cd8 = Column("cd8_t_cells", Role.MARKER, "cell subset", "CD8⁺ T cells", "cells/uL",
                 Scale.LOG2, 1, 10000, source=_FLOW)  # fmt: skip
    return FeatureSchema(
        (*number_columns(_NUMBERS, _FORM), *answer_columns(_ANSWERS, _FORM), cd4, cd8)
    )
