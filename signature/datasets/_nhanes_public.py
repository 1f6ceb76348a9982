"""From the survey's own tables to one row per adult who takes an antidepressant.

Variable names are those of NHANES; they changed between cycles for blood pressure, C-reactive
protein, cotinine, insulin and marital status only.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from signature.datasets._nhanes import BECKMAN, COLUMNS, LATEX, NOT_MEASURED, ROCHE
from signature.datasets._nhanes_files import CYCLES, located
from signature.datasets._xport import SurveyTables

_CRP_ASSAY = {"D": LATEX, "E": LATEX, "F": LATEX, "I": BECKMAN, "P": ROCHE}

# Column -> table, variable
_MEASURED = {
    "age_years": ("DEMO", "RIDAGEYR"),
    "income_poverty_ratio": ("DEMO", "INDFMPIR"),
    "psu": ("DEMO", "SDMVPSU"),
    "stratum": ("DEMO", "SDMVSTRA"),
    "wbc_1000_ul": ("CBC", "LBXWBCSI"),
    "neutrophils_1000_ul": ("CBC", "LBDNENO"),
    "lymphocytes_1000_ul": ("CBC", "LBDLYMNO"),
    "monocytes_1000_ul": ("CBC", "LBDMONO"),
    "eosinophils_1000_ul": ("CBC", "LBDEONO"),
    "basophils_1000_ul": ("CBC", "LBDBANO"),
    "haemoglobin_g_dl": ("CBC", "LBXHGB"),
    "rdw_pct": ("CBC", "LBXRDW"),
    "mcv_fl": ("CBC", "LBXMCVSI"),
    "platelets_1000_ul": ("CBC", "LBXPLTSI"),
    "mpv_fl": ("CBC", "LBXMPSI"),
    "albumin_g_dl": ("BIOPRO", "LBXSAL"),
    "globulin_g_dl": ("BIOPRO", "LBXSGB"),
    "bilirubin_mg_dl": ("BIOPRO", "LBXSTB"),
    "uric_acid_mg_dl": ("BIOPRO", "LBXSUA"),
    "creatinine_mg_dl": ("BIOPRO", "LBXSCR"),
    "ggt_u_l": ("BIOPRO", "LBXSGTSI"),
    "alt_u_l": ("BIOPRO", "LBXSATSI"),
    "ast_u_l": ("BIOPRO", "LBXSASSI"),
    "alp_u_l": ("BIOPRO", "LBXSAPSI"),
    "iron_ug_dl": ("BIOPRO", "LBXSIR"),
    "total_cholesterol_mg_dl": ("BIOPRO", "LBXSCH"),
    "triglycerides_nonfasting_mg_dl": ("BIOPRO", "LBXSTR"),
    "glucose_nonfasting_mg_dl": ("BIOPRO", "LBXSGL"),
    "hba1c_pct": ("GHB", "LBXGH"),
    "hdl_mg_dl": ("HDL", "LBDHDD"),
    "triglycerides_fasting_mg_dl": ("TRIGLY", "LBXTR"),
    "glucose_fasting_mg_dl": ("GLU", "LBXGLU"),
    "cotinine_ng_ml": ("COT", "LBXCOT"),
    "bmi_kg_m2": ("BMX", "BMXBMI"),
    "waist_cm": ("BMX", "BMXWAIST"),
    "height_cm": ("BMX", "BMXHT"),
}

# Measured in some cycles only.
_SOMETIMES = {
    "ferritin_ng_ml": ("FERTIN", "LBXFER"),
    "vitamin_d_25oh_nmol_l": ("VID", "LBXVIDMS"),
}

_RACES = {
    1: "mexican_american",
    2: "other_hispanic",
    3: "nh_white",
    4: "nh_black",
    5: "other_or_multi",
}

_CORE = (
    "BUPROPION", "CITALOPRAM", "DESVENLAFAXINE", "DULOXETINE", "ESCITALOPRAM", "FLUOXETINE",
    "FLUVOXAMINE", "ISOCARBOXAZID", "LEVOMILNACIPRAN", "MIRTAZAPINE", "NEFAZODONE", "PAROXETINE",
    "PHENELZINE", "SERTRALINE", "TRANYLCYPROMINE", "VENLAFAXINE", "VILAZODONE", "VORTIOXETINE",
)  # fmt: skip
# Often taken for pain or sleep: they make a person a user, but the strict proxy leaves them out.
_OTHER = (
    "AMITRIPTYLINE", "AMOXAPINE", "CLOMIPRAMINE", "DESIPRAMINE", "DOXEPIN", "IMIPRAMINE",
    "MAPROTILINE", "NORTRIPTYLINE", "PROTRIPTYLINE", "TRAZODONE", "TRIMIPRAMINE",
)  # fmt: skip

_DEPRESSION = r"F3[2-4]|F39"
_PHQ = [f"DPQ0{i}0" for i in range(1, 10)]
_LONG_ENOUGH = 42
_SYMPTOMS, _FEW_SYMPTOMS = 10, 5
_UNKNOWN_DAYS = (77777, 99999)


def treated(folder: Path, cycle: str) -> pd.DataFrame:
    """Return the adults of one cycle who were examined and take an antidepressant.

    Parameters
    ----------
    folder : Path
        With the files of the cycle.
    cycle : str
        Its letter.

    Returns
    -------
    DataFrame
        With the columns of `signature.datasets._nhanes.COLUMNS`, in order of participant number.

    Raises
    ------
    TableError
        When a file is missing, is not the one it was, lacks a variable, or holds a person twice.
    """
    tables = SurveyTables(located(folder, cycle))
    status = tables.variables("DEMO", ["RIDAGEYR", "RIDSTATR"])
    people = status.index[status["RIDAGEYR"].ge(20) & status["RIDSTATR"].eq(2)].sort_values()
    drugs = _drugs(tables.rows("RXQ_RX"))
    people = people[people.isin(drugs.index[drugs["user"]])]
    drugs = drugs.reindex(people)

    def get(table: str, variable: str) -> pd.Series:
        return tables.variables(table, [variable])[variable].reindex(people)

    def first(table: str, *variables: str) -> pd.Series:
        return get(table, next(v for v in variables if v in tables.names(table)))

    columns = {name: get(*source) for name, source in _MEASURED.items()}
    for name, source in _SOMETIMES.items():
        columns[name] = get(*source) if source[0] in tables else _nothing(people)
    columns["insulin_fasting_uu_ml"] = get("INS" if "INS" in tables else "GLU", "LBXIN")
    columns["hs_crp_mg_l"] = _crp(tables, get, people)
    columns |= _ratios(columns)
    columns |= _blood_pressure(tables, people)
    columns |= _interview(get, first)
    columns["metabolic_syndrome_components"] = _metabolic(columns, get)
    columns |= _proxies(tables.variables("DPQ", _PHQ).reindex(people), drugs)
    table = pd.DataFrame(columns, index=people)
    table["crp_assay"] = _CRP_ASSAY.get(cycle, NOT_MEASURED)
    table["cycle"] = CYCLES[cycle]
    table["participant_id"] = people.astype("int64").astype("str")
    return table[list(COLUMNS)].reset_index(drop=True)


def _nothing(people: pd.Index) -> pd.Series:
    return pd.Series(np.nan, index=people)


def _yes(answers: pd.Series, yes: tuple[int, ...], no: tuple[int, ...]) -> pd.Series:
    """1, 0, or missing for "refused", "do not know" and what was not asked."""
    known = answers.isin((*yes, *no))
    return answers.isin(yes).astype("float64").where(known)


def _drugs(rows: pd.DataFrame) -> pd.DataFrame:
    """Say for each person what is known of antidepressants.

    `user`: takes any; `days`: longest use of one that is not a tricyclic or trazodone, missing
    without one; `for_depression`: a reason given for any of them is depression.
    """
    ingredients = rows["RXDDRUG"].str.upper().str.split(";")
    long = rows.assign(RXDDRUG=ingredients).explode("RXDDRUG")
    drug, days = long["RXDDRUG"].str.strip(), long["RXDDAYS"]
    core = drug.isin(_CORE)
    user = core | drug.isin(_OTHER)
    depression = pd.Series(False, index=long.index)
    for name in ("RXDRSC1", "RXDRSC2", "RXDRSC3"):
        if name in long:
            depression |= long[name].str.match(_DEPRESSION, na=False)
    known = {
        "user": user,
        "days": days.where(core & ~days.isin(_UNKNOWN_DAYS)),
        "for_depression": user & depression,
    }
    return pd.DataFrame(known).groupby(level=0).max()


def _crp(tables: SurveyTables, get: Callable[[str, str], pd.Series], people: pd.Index) -> pd.Series:
    """C-reactive protein in mg/L; until 2010 the files hold mg/dL."""
    if "CRP" not in tables:
        return _nothing(people)
    if "LBXHSCRP" in tables.names("CRP"):
        return get("CRP", "LBXHSCRP")
    # ten times 0.07 is a little more than 0.7
    return (get("CRP", "LBXCRP") * 10).round(9)


def _ratios(columns: dict[str, pd.Series]) -> dict[str, pd.Series]:
    lymphocytes = columns["lymphocytes_1000_ul"].where(lambda v: v > 0)
    neutrophils, platelets = columns["neutrophils_1000_ul"], columns["platelets_1000_ul"]
    return {
        "neutrophil_lymphocyte_ratio": neutrophils / lymphocytes,
        "monocyte_lymphocyte_ratio": columns["monocytes_1000_ul"] / lymphocytes,
        "platelet_lymphocyte_ratio": platelets / lymphocytes,
        "systemic_immune_inflammation_index": platelets * neutrophils / lymphocytes,
    }


def _blood_pressure(tables: SurveyTables, people: pd.Index) -> dict[str, pd.Series]:
    """Mean of the readings there are; a diastolic 0 is no pressure."""

    def mean(stems: tuple[str, ...]) -> pd.Series:
        names = [n for n in tables.names("BPX") if n[:-1] in stems and n[-1].isdigit()]
        readings = tables.variables("BPX", names).reindex(people)
        return readings.where(readings > 0).mean(axis=1)

    return {
        "systolic_bp_mmhg": mean(("BPXSY", "BPXOSY")),
        "diastolic_bp_mmhg": mean(("BPXDI", "BPXODI")),
    }


def _interview(
    get: Callable[[str, str], pd.Series], first: Callable[..., pd.Series]
) -> dict[str, pd.Series]:
    education, smoked, now = get("DEMO", "DMDEDUC2"), get("SMQ", "SMQ020"), get("SMQ", "SMQ040")
    marital = first("DEMO", "DMDMARTL", "DMDMARTZ")
    # since 2017 the answer "living with a partner" is part of code 1
    together, apart = ((1, 6), (2, 3, 4, 5)) if marital.name == "DMDMARTL" else ((1,), (2, 3))
    smoking = pd.Series(pd.NA, index=smoked.index, dtype="str")
    smoking = smoking.mask(smoked.eq(2), "never").mask(smoked.eq(1) & now.eq(3), "former")
    answers = {
        "female": _yes(get("DEMO", "RIAGENDR"), (2,), (1,)),
        "partnered": _yes(marital, together, apart),
        "told_hypertension": _yes(get("BPQ", "BPQ020"), (1,), (2,)),
        # 3: borderline
        "told_diabetes": _yes(get("DIQ", "DIQ010"), (1,), (2, 3)),
    }
    return {
        **{name: values.map({1.0: "1", 0.0: "0"}) for name, values in answers.items()},
        "education_level": education.where(education.between(1, 5)),
        "race_ethnicity": get("DEMO", "RIDRETH1").map(_RACES),
        "smoking_status": smoking.mask(smoked.eq(1) & now.isin((1, 2)), "current"),
        "mec_weight": first("DEMO", "WTMEC2YR", "WTMECPRP"),
        "pregnant": get("DEMO", "RIDEXPRG").eq(1).astype("float64"),
    }


def _metabolic(columns: dict[str, pd.Series], get: Callable[[str, str], pd.Series]) -> pd.Series:
    """Count components of the metabolic syndrome, 0 to 5, not fasting; missing with any of them."""
    female = columns["female"].eq("1")
    drug = get("BPQ", "BPQ050A").eq(1)
    waist, hdl = columns["waist_cm"], columns["hdl_mg_dl"]
    systolic, diastolic = columns["systolic_bp_mmhg"], columns["diastolic_bp_mmhg"]
    triglycerides, hba1c = columns["triglycerides_nonfasting_mg_dl"], columns["hba1c_pct"]
    met = pd.DataFrame(
        {
            "waist": waist.gt(np.where(female, 88, 102)).where(waist.notna()),
            "triglycerides": triglycerides.ge(150).where(triglycerides.notna()),
            "hdl": hdl.lt(np.where(female, 50, 40)).where(hdl.notna()),
            "pressure": (systolic.ge(130) | diastolic.ge(85) | drug).where(systolic.notna()),
            "hba1c": hba1c.ge(5.7).where(hba1c.notna()),
        }
    )
    return met.astype("float64").sum(axis=1, skipna=False)


def _proxies(items: pd.DataFrame, drugs: pd.DataFrame) -> dict[str, pd.Series]:
    """PHQ-9 of 10 or more against below 5; the rest is missing, and so is an unanswered item."""
    total = items.where(items.le(3)).sum(axis=1, skipna=False)
    proxy = total.ge(_SYMPTOMS).astype("float64")
    proxy = proxy.where(total.ge(_SYMPTOMS) | total.lt(_FEW_SYMPTOMS))
    strict = proxy.where(drugs["days"].ge(_LONG_ENOUGH))
    return {
        "proxy_inadequate_response": proxy,
        "proxy_inadequate_response_strict": strict,
        "proxy_inadequate_response_depression_indicated": strict.where(drugs["for_depression"]),
    }
