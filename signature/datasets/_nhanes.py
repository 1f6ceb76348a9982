"""What both NHANES data sets share: their columns, and the way from a table to a cohort.

A table has one row per adult who takes an antidepressant, with the columns `COLUMNS`; answers and
groups are text, everything else is text or numbers.
"""

from __future__ import annotations

import pandas as pd

from signature import panels
from signature.assay.recode import below, features, levels
from signature.datasets._questionnaire import answer_columns, number_columns, read_answers
from signature.study.cohort import Cohort
from signature.study.schema import BELOW, Column, FeatureSchema, Role, Scale, censored
from signature.study.tables import to_numbers

_INTERVIEW = "NHANES household interview"

# Column of the file -> marker
_MARKERS = {
    "hs_crp_mg_l": "CRP",
    "wbc_1000_ul": "leukocytes",
    "neutrophils_1000_ul": "neutrophils",
    "lymphocytes_1000_ul": "lymphocytes",
    "monocytes_1000_ul": "monocytes",
    "eosinophils_1000_ul": "eosinophils",
    "basophils_1000_ul": "basophils",
    "neutrophil_lymphocyte_ratio": "neutrophil_lymphocyte_ratio",
    "monocyte_lymphocyte_ratio": "monocyte_lymphocyte_ratio",
    "platelet_lymphocyte_ratio": "platelet_lymphocyte_ratio",
    "systemic_immune_inflammation_index": "systemic_immune_inflammation_index",
    "platelets_1000_ul": "platelets",
    "mpv_fl": "mean_platelet_volume",
    "haemoglobin_g_dl": "haemoglobin",
    "rdw_pct": "red_cell_distribution_width",
    "mcv_fl": "mean_corpuscular_volume",
    "albumin_g_dl": "ALB",
    "globulin_g_dl": "globulin",
    "ferritin_ng_ml": "ferritin",
    "bmi_kg_m2": "bmi",
    "waist_cm": "waist",
    "height_cm": "height",
    "systolic_bp_mmhg": "systolic_blood_pressure",
    "diastolic_bp_mmhg": "diastolic_blood_pressure",
    "total_cholesterol_mg_dl": "total_cholesterol",
    "hdl_mg_dl": "hdl_cholesterol",
    "triglycerides_nonfasting_mg_dl": "triglycerides",
    "triglycerides_fasting_mg_dl": "triglycerides_fasting",
    "glucose_nonfasting_mg_dl": "glucose",
    "glucose_fasting_mg_dl": "glucose_fasting",
    "insulin_fasting_uu_ml": "INS",
    "hba1c_pct": "hba1c",
    "uric_acid_mg_dl": "uric_acid",
    "creatinine_mg_dl": "creatinine",
    "bilirubin_mg_dl": "bilirubin",
    "alt_u_l": "alanine_aminotransferase",
    "ast_u_l": "aspartate_aminotransferase",
    "alp_u_l": "alkaline_phosphatase",
    "ggt_u_l": "gamma_glutamyltransferase",
    "iron_ug_dl": "iron",
    "vitamin_d_25oh_nmol_l": "vitamin_d_25oh",
    "metabolic_syndrome_components": "metabolic_syndrome_components",
}

_COTININE = "cotinine_ng_ml"

# Column of the file -> name, group, label, unit, low, high
_NUMBERS = {
    "age_years": ("age", "demographics", "Age (top-coded at 80 or 85)", "years", 18, 90),
    "education_level": (
        "education", "demographics", "Education (1: below 9th grade … 5: college)", "", 1, 5,
    ),
    "income_poverty_ratio": (
        "income_poverty_ratio", "demographics", "Income to poverty ratio", "", 0, 5,
    ),
    _COTININE: ("cotinine", "smoking", "Serum cotinine", "ng/mL", 0.001, 5000),
}  # fmt: skip

_ANSWERS = {
    "female": ("female", "demographics", "Female"),
    "partnered": ("partnered", "demographics", "Married or living with a partner"),
    "told_hypertension": ("told_hypertension", "comorbidity", "Told: high blood pressure"),
    "told_diabetes": ("told_diabetes", "comorbidity", "Told: diabetes"),
}

# The largest group is the reference.
_RACES = {
    "nh_white": "",
    "nh_black": "race_black",
    "mexican_american": "race_mexican_american",
    "other_hispanic": "race_other_hispanic",
    "other_or_multi": "race_other",
}
_SMOKING = {"never": "", "former": "former_smoker", "current": "current_smoker"}

_PROXIES = (
    "proxy_inadequate_response",
    "proxy_inadequate_response_strict",
    "proxy_inadequate_response_depression_indicated",
)
_SURVEY = ("mec_weight", "psu", "stratum", "pregnant")

LATEX = "latex_nephelometry_2005_2010"
BECKMAN = "hs_beckman_2015_2016"
ROCHE = "hs_roche_cobas_2017_2020"
NOT_MEASURED = "not_measured"

# The survey fills a value below the limit with limit / √2. Assay -> (filled value, limit), mg/L.
_CRP_FILLED = {LATEX: (0.1, 0.2), BECKMAN: (0.08, 0.11), ROCHE: (0.11, 0.15)}
_COTININE_FILLED, _COTININE_LIMIT = 0.011, 0.015

# One source of 2005-2010 has dropped CRP of 50 mg/L and more; 2017-2020 reaches 247.
_CRP_CEILING = 50.0

# All cycles cover two years but the last, which the pandemic cut: weights count in proportion.
_YEARS = {"2017-2020": 3.2}


COLUMNS = (
    "participant_id", "cycle", "crp_assay", "race_ethnicity", "smoking_status",
    *_MARKERS, *_NUMBERS, *_ANSWERS, *_PROXIES, *_SURVEY,
)  # fmt: skip
"""What a table of adults who take an antidepressant must hold."""


def as_cohort(table: pd.DataFrame, *, name: str, citation: str, where: str) -> Cohort:
    """Make a cohort of one row per person, with survey weights, cycle and assay as records.

    Parameters
    ----------
    table : DataFrame
        With `COLUMNS`.
    name, citation : str
        Of the data set.
    where : str
        What to call the table in a message.
    """
    schema = FeatureSchema((*_clinical_columns(), *panels.load("nhanes_blood")))
    records = _records(table, where)
    years = table["cycle"].map(_YEARS).fillna(2.0).astype("float64")
    return Cohort(
        name=name,
        citation=citation,
        schema=schema,
        X=features(schema, {**_clinical(table, where), **_blood(table, where)}),
        records=records,
        subject=table["participant_id"],
        # Rows without CRP were on no assay; calling that a plate of its own would invent one.
        plate=table["crp_assay"].mask(table["crp_assay"] == NOT_MEASURED).rename("plate"),
        weight=(records["mec_weight"] * years / 2).rename("weight"),
    )


def _clinical_columns() -> tuple[Column, ...]:
    interview = {source: told for source, told in _NUMBERS.items() if source != _COTININE}
    answered = {
        name: (
            name,
            "smoking" if name.endswith("smoker") else "demographics",
            name.replace("_", " ").capitalize(),
        )
        for name in (*_RACES.values(), *_SMOKING.values())
        if name
    }
    name, group, label, unit, low, high = _NUMBERS[_COTININE]
    # A laboratory value, but a measure of smoking: it belongs to what is known anyway.
    cotinine = Column(
        name, Role.CLINICAL, group, label, unit, Scale.LOG2, low, high, source="NHANES laboratory"
    )
    return (
        *number_columns(interview, _INTERVIEW),
        *answer_columns({**_ANSWERS, **answered}, _INTERVIEW),
        *censored(cotinine),
    )


def _clinical(table: pd.DataFrame, where: str) -> dict[str, pd.Series]:
    numbers = to_numbers(table, _NUMBERS, where=where)
    columns = {name: numbers[source] for source, (name, *_) in _NUMBERS.items()}
    columns |= read_answers(table, _ANSWERS, where=where)
    columns |= levels(table["race_ethnicity"], _RACES, where=where)
    columns |= levels(table["smoking_status"], _SMOKING, where=where)
    filled = columns["cotinine"].eq(_COTININE_FILLED)
    limit = filled.map({True: _COTININE_LIMIT}).astype("float64")
    columns["cotinine"], columns["cotinine" + BELOW] = below(columns["cotinine"], limit)
    return columns


def _blood(table: pd.DataFrame, where: str) -> dict[str, pd.Series]:
    values = to_numbers(table, _MARKERS, where=where).rename(columns=_MARKERS)
    columns = {name: values[name] for name in _MARKERS.values()}
    crp, limit = values["CRP"], pd.Series(float("nan"), index=table.index)
    for assay, (filled, at) in _CRP_FILLED.items():
        limit = limit.mask(crp.eq(filled) & table["crp_assay"].eq(assay), at)
    columns["CRP"], columns["CRP" + BELOW] = below(crp.clip(upper=_CRP_CEILING), limit)
    return columns


def _records(table: pd.DataFrame, where: str) -> pd.DataFrame:
    numbers = to_numbers(table, (*_PROXIES, *_SURVEY), where=where)
    return table[["cycle", "crp_assay", "race_ethnicity"]].join(numbers)
