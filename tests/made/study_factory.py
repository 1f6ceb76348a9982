"""Made-up studies: a clean cohort, with nothing that a check should complain about."""

import numpy as np
import pandas as pd

from signature.study.cohort import Cohort
from signature.study.schema import Column, FeatureSchema, Role, Scale, censored

MARKERS = (
    *("IL6", "CXCL8", "TNF", "IL10", "CCL2", "CCL3", "CCL4", "CXCL10", "VEGFA", "HGF", "IL7"),
    *("IL18", "CRP", "MMP9", "TGFA", "CSF1", "OSM", "CD5", "CST5", "KITLG"),
)
CENSORED = MARKERS[:10]


def clean(seed, *, people=300, visits=1, plates=6, sites=3, outcome=True):
    """Log-normal markers that go together, limits that one in ten lies below, nothing else."""
    rng = np.random.default_rng(seed)
    n = people * visits
    person = np.repeat(np.arange(people), visits)
    common = rng.normal(size=(n, 1))
    logs = np.log(20) + 0.5 * common + 0.7 * rng.normal(size=(n, len(MARKERS)))
    logs += np.linspace(-2, 2, len(MARKERS))
    values = pd.DataFrame(np.exp(logs), columns=list(MARKERS))
    values[rng.random(values.shape) < 0.03] = np.nan
    X, columns = {}, [Column("age", Role.CLINICAL, "demographics", "", "years", low=18, high=100)]
    X["age"] = pd.Series(rng.uniform(20, 80, people).round(1)[person])
    for marker in MARKERS:
        column = Column(
            marker, Role.MARKER, "cytokine", "", "pg/mL", Scale.LOG2, low=0.01, high=10_000
        )
        X[marker] = values[marker]
        if marker not in CENSORED:
            columns.append(column)
            continue
        limit = float(np.exp(np.log(20) - 1.3 * 0.86 + np.linspace(-2, 2, 20)[len(X) // 2 - 1]))
        below = values[marker] < limit
        X[marker] = values[marker].mask(below)
        X[f"{marker}__below"] = pd.Series(np.where(below, limit, np.nan))
        columns += censored(column)
    place = rng.integers(0, sites, people)
    cohort = Cohort(
        name="made_up",
        citation="Nobody 2026",
        schema=FeatureSchema(tuple(columns)),
        X=pd.DataFrame(X),
        records=pd.DataFrame({"hospital": pd.Series([f"H{i}" for i in place[person]])}),
        subject=pd.Series([f"person-{i}" for i in person]),
        visit=pd.Series([f"V{i}" for i in np.tile(np.arange(visits), people)]),
        plate=pd.Series([f"P{i}" for i in rng.integers(0, plates, n)]),
    )
    response = pd.Series((rng.random(people) < 0.35).astype("int64")[person])
    return cohort.with_outcome("response", response) if outcome else cohort
