"""From the fold's average to the probability of three rows, feature by feature."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.explain.contribution_summary import chosen_rows, level
from signature.records.results import BASE

if TYPE_CHECKING:
    import pandas as pd

STEPS = 8
"""Features that have a step of their own."""


@dataclass(frozen=True)
class Step:
    """What one feature adds to a row's log-odds."""

    label: str
    place: str
    """The quarter that the value lies in; empty for answers of yes or no."""
    contribution: float
    start: float
    stop: float


@dataclass(frozen=True)
class Waterfall:
    """The way of one row, in log-odds."""

    rule: str
    """By which the row was picked."""
    probability: float
    base: float
    """The training fold's average."""
    steps: tuple[Step, ...]
    """The largest first."""
    others: int
    """Features without a step of their own."""
    others_contribution: float
    before_others: float
    total: float


def waterfalls_of(
    contributions: pd.DataFrame,
    predictions: pd.DataFrame,
    labels: Mapping[str, str],
    yes_no: Collection[str],
) -> tuple[Waterfall, ...]:
    """Walk from the fold's average to the probability of three rows that a rule picks.

    Parameters
    ----------
    contributions : DataFrame
        The lines of one block and one repeat.
    predictions : DataFrame
        Of the same block.
    labels : mapping
        Printed name by feature.
    yes_no : collection of str
        Features whose quarter would give the answer away.
    """
    same = predictions[
        (predictions["repeat"] == contributions["repeat"].iloc[0])
        & predictions["row"].isin(contributions["row"])
    ]
    return tuple(
        _waterfall(rule, probability, contributions[contributions["row"] == row], labels, yes_no)
        for rule, (row, probability) in chosen_rows(same).items()
    )


def _waterfall(
    rule: str,
    probability: float,
    lines: pd.DataFrame,
    labels: Mapping[str, str],
    yes_no: Collection[str],
) -> Waterfall:
    base = float(lines.loc[lines["feature"] == BASE, "contribution"].sum())
    lines = lines[lines["feature"] != BASE]
    lines = lines.reindex(lines["contribution"].abs().sort_values(ascending=False).index)
    steps = tuple(_steps(lines.head(STEPS), base, labels, yes_no))
    reached = steps[-1].stop if steps else base
    rest = float(lines["contribution"].iloc[STEPS:].sum())
    return Waterfall(
        rule=rule,
        probability=probability,
        base=base,
        steps=steps,
        others=max(0, len(lines) - STEPS),
        others_contribution=rest,
        before_others=reached,
        total=reached + rest,
    )


def _steps(
    lines: pd.DataFrame, base: float, labels: Mapping[str, str], yes_no: Collection[str]
) -> Iterator[Step]:
    stop = base
    for feature, share, place in zip(
        lines["feature"], lines["contribution"], level(lines["percentile"]), strict=True
    ):
        start, stop = stop, stop + float(share)
        yield Step(
            label=labels[str(feature)],
            place="" if feature in yes_no else place,
            contribution=float(share),
            start=start,
            stop=stop,
        )
