"""What a report may say of the data: counts, shares and quantiles, never a person's value."""

from __future__ import annotations

import pandas as pd

from signature.records.results import ColumnSummary, SiteCount
from signature.study.cohort import Cohort, CohortWithOutcome
from signature.study.schema import BELOW, Column, Scale

FEWEST_FOR_QUANTILES = 20
"""With fewer measured values a 5 % quantile would be somebody's value."""


def column_summaries(cohort: Cohort) -> list[ColumnSummary]:
    """Summarise each feature: share missing, share below its limit, quantiles of the rest."""
    out = []
    for name in cohort.schema.features:
        column, values = cohort.schema[name], cohort.X[name]
        limit = name + BELOW
        below = float(cohort.X[limit].notna().mean()) if limit in cohort.schema else 0.0
        measured = values.dropna()
        quantiles = None
        if len(measured) >= FEWEST_FOR_QUANTILES:
            quantiles = [float(q) for q in measured.quantile([0.05, 0.25, 0.5, 0.75, 0.95])]
        out.append(
            ColumnSummary(
                name=name,
                label=column.label,
                group=column.group,
                unit=column.unit,
                in_panel=column.in_panel,
                missing=max(0.0, float(values.isna().mean()) - below),
                below_limit=below,
                yes_no=column.scale is Scale.YES_NO,
                out_of_range=out_of_range(column, values),
                quantiles=quantiles,
            )
        )
    return out


def out_of_range(column: Column, values: pd.Series) -> int:
    """Count the values outside a column's plausible range; a coded missing value shows here."""
    low = float("-inf") if column.low is None else column.low
    high = float("inf") if column.high is None else column.high
    return int(((values < low) | (values > high)).sum())


def site_counts(cohort: CohortWithOutcome) -> list[SiteCount]:
    """Count rows and events by site; no lines where the experiment names no site."""
    if cohort.site is None:
        return []
    table = pd.DataFrame({"site": cohort.site, "outcome": cohort.outcome})
    return [
        SiteCount(site=str(site), n=len(part), events=int(part["outcome"].sum()))
        for site, part in table.groupby("site", sort=True)
    ]
