"""How the procedure does in each subgroup of the people who were held out in one way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from signature.randomness import generator
from signature.records.for_whom import BlockSubgroups, SubgroupLine
from signature.validation.metrics import person_counts
from signature.validation.subgroup_performance import (
    SubgroupPerformance,
    subgroup_performance,
)
from signature.validation.subgroups import Subgroup

DRAWS = 500
"""Bootstrap draws of people behind the intervals of subgroups."""


def block_subgroups(block: pd.DataFrame, groups: list[Subgroup], seed: int) -> BlockSubgroups:
    """Measure the predictions of one block in each subgroup.

    Parameters
    ----------
    block : DataFrame
        The procedure's lines of the predictions table in that block.
    groups : list of Subgroup
        Of the rows that the table numbers.
    seed : int
        The experiment's.

    Returns
    -------
    BlockSubgroups
        People are drawn within sites, with the fitted models held fixed, all repeats at once; rows
        are not weighted. The count of events is kept back where a line is suppressed.
    """
    name = str(block["block"].iloc[0])
    lines = block.sort_values(["repeat", "fold", "row"])
    rows, at = np.unique(lines["row"].to_numpy(), return_inverse=True)
    first = lines.drop_duplicates("row").sort_values("row")
    draws = person_counts(
        first["person"].to_numpy(),
        first["site"].to_numpy(),
        DRAWS,
        generator(seed, "subgroups", name),
    )
    own = [replace(g, rows=g.rows[rows][at]) for g in groups]
    there = [g for g in own if g.rows.any()]
    levels = pd.Series([g.column for g in there]).value_counts()
    alike = tuple(dict.fromkeys(g.column for g in own if levels.get(g.column, 0) < 2))
    everybody = Subgroup("", "everybody", np.ones(len(lines), dtype=bool))
    found = subgroup_performance(
        lines["outcome"].to_numpy(),
        lines["probability"].to_numpy(),
        [everybody, *(g for g in there if g.column not in alike)],
        person=lines["person"].to_numpy(),
        fold=lines.groupby(["repeat", "fold"]).ngroup().to_numpy(),
        weights=draws[:, at],
    )
    return BlockSubgroups(
        block=name,
        everybody=_line(found.rows[0]),
        lines=tuple(_line(row) for row in found.rows[1:]),
        gaps=found.differences,
        alike=alike,
        draws=DRAWS,
    )


def _line(row: SubgroupPerformance) -> SubgroupLine:
    return SubgroupLine(
        column=row.column,
        level=row.level,
        people=row.people,
        events=None if row.suppressed else row.events,
        suppressed=row.suppressed,
        metrics=row.metrics,
    )
