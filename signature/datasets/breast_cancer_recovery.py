"""Breast Cancer Recovery Project: 252 women, education or nutrition or standard care.

One row per woman. Features were asked before randomisation; the scales at nine months are in the
records. There is no immune marker: it is here for a known treatment × subgroup interaction.
"""

from __future__ import annotations

from signature.assay.recode import features, named
from signature.datasets._questionnaire import answer_columns, number_columns, read_answers
from signature.study.cohort import Cohort
from signature.study.schema import FeatureSchema
from signature.study.tables import data_folder, read_table, to_numbers

CITATION = (
    "Scheier MF, Helgeson VS, Schulz R, et al. Moderators of interventions designed to enhance "
    "physical and psychological functioning among younger women with early-stage breast cancer. "
    "J Clin Oncol 2007;25:5710-5714. Data: R package quint (GPL-3)."
)

AFTER_RANDOMISATION = {"cesd_month_9": 274, "sf36_physical_month_9": 274}
"""Records that came after randomisation, with the day when measured."""

_FOLDER = "breast_cancer_recovery_trial"
_FORM = "questionnaire before randomisation"

_ARMS = {
    "standard_care": "standard care",
    "education": "education",
    "nutrition": "nutrition",
}

# Column of the file -> name, group, label, unit, low, high
_NUMBERS = {
    "age_years": ("age", "demographics", "Age", "years", 18, 100),
    "n_comorbidities": ("comorbidities", "comorbidity", "Comorbid conditions", "", 0, 40),
    "cancer_treatment_extensiveness": (
        "cancer_therapy_extensiveness", "cancer", "Extensiveness of cancer therapy (standardised)",
        "SD", -6, 6,
    ),
    "sf36_physical_baseline": (
        "sf36_physical", "health status", "SF-36 physical component", "points", 0, 100,
    ),
    "cesd_baseline": ("cesd", "depression", "CES-D, short form", "points", 0, 60),
    "negative_social_interaction": (
        "negative_social_interaction", "psychosocial", "Negative social interaction", "points",
        0, 50,
    ),
    "unmitigated_communion": (
        "unmitigated_communion", "psychosocial", "Unmitigated communion", "points", 0, 60,
    ),
    "dispositional_optimism": (
        "dispositional_optimism", "psychosocial", "Dispositional optimism", "points", 0, 40,
    ),
}  # fmt: skip

# Column of the file -> name, group, label
_ANSWERS = {
    "white": ("white", "demographics", "White"),
    "married": ("married", "demographics", "Married"),
    "weight_change_since_dx": ("weight_changed", "body size", "Weight changed since diagnosis"),
}

_LATER = {"cesd_9mo": "cesd_month_9", "sf36_physical_9mo": "sf36_physical_month_9"}


def load() -> Cohort:
    """Read the trial: one row per woman, baseline scales, those at nine months as records.

    28 of 252 women have no scales at nine months.

    Raises
    ------
    DataFolderNotSetError
        When SIGNATURE_DATA does not lead to the data.
    TableError
        When the file is not what it was.
    """
    path = data_folder(_FOLDER) / "data.csv"
    table = read_table(path, columns=["patient_id", "arm", *_NUMBERS, *_ANSWERS, *_LATER])
    numbers = to_numbers(table, [*_NUMBERS, *_LATER], where=_FOLDER)
    columns = {name: numbers[source] for source, (name, *_) in _NUMBERS.items()}
    columns |= read_answers(table, _ANSWERS, where=_FOLDER)
    arm = named(table["arm"], _ARMS, where=_FOLDER).rename("arm")
    schema = _schema()
    return Cohort(
        name="breast_cancer_recovery",
        citation=CITATION,
        schema=schema,
        X=features(schema, columns),
        records=numbers[list(_LATER)].rename(columns=_LATER).assign(arm=arm),
        subject=table["patient_id"],
        arm=arm,
    )


def _schema() -> FeatureSchema:
    return FeatureSchema((*number_columns(_NUMBERS, _FORM), *answer_columns(_ANSWERS, _FORM)))
