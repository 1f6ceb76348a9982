"""Confounders, subgroups and drift of the run that ``make_results`` makes up."""

from __future__ import annotations

from signature.records.estimates import Estimate
from signature.records.for_whom import (
    BeyondConfounders,
    BlockSubgroups,
    Confounding,
    Drift,
    ForWhom,
    MarkerHere,
    MarkerLine,
    SubgroupGap,
    SubgroupLine,
)
from signature.validation.subgroup_performance import METRICS


def whom_record(blocks: list[str]) -> ForWhom:
    """Return a record with something of everything, for blocks of these names."""
    return ForWhom(
        experiment="opt_demo",
        confounding=Confounding(
            block=blocks[-1],
            confounders=("Age", "Body-mass index"),
            within_site=True,
            found=BeyondConfounders(
                alone=Estimate(value=0.32, low=0.15, high=0.5),
                given=Estimate(value=0.24, low=0.04, high=0.44),
                p_value=0.0176,
                p_low=0.014,
                p_high=0.0214,
                permutations=4999,
                explained=0.16,
                columns=7,
                squares=True,
                people=788,
                events=98,
                fixed=0,
            ),
        ),
        subgroups=tuple(_block(name) for name in blocks),
        labels={"age": "Age", "race_ethnicity": "Race ethnicity", "arm": "Arm"},
        drift=_drift(),
    )


def _block(name: str) -> BlockSubgroups:
    return BlockSubgroups(
        block=name,
        everybody=_line("", "everybody", 788, 98, 0.6),
        lines=(
            _line("age", "below 25", 300, 30, 0.66),
            _line("age", "25 and above", 488, 68, 0.55),
            _line("race_ethnicity", "nh_black", 400, 60, 0.6),
            SubgroupLine(
                column="race_ethnicity",
                level="asian",
                people=20,
                events=None,
                suppressed="fewer than 10 with the event",
                metrics={},
            ),
        ),
        gaps=(
            SubgroupGap(
                column="age", level="below 25", against="25 and above", metrics=_metrics(0.11)
            ),
        ),
        alike=("arm",),
        draws=500,
    )


def _line(column: str, level: str, people: int, events: int, auroc: float) -> SubgroupLine:
    return SubgroupLine(
        column=column,
        level=level,
        people=people,
        events=events,
        suppressed=None,
        metrics=_metrics(auroc),
    )


def _metrics(value: float) -> dict[str, Estimate]:
    return {m: Estimate(value=value, low=value - 0.1, high=value + 0.1) for m in METRICS}


def _drift() -> Drift:
    return Drift(
        sites=("KY", "MN", "NY"),
        people=788,
        markers=3,
        shift_tested=2,
        shifted=1,
        association_tested=2,
        differing=1,
        worst=(
            _marker("CXCL8", "Interleukin-8", 0.2, 0.03, (0.3, -0.1, -0.2)),
            _marker("fibrinogen", "Fibrinogen", 1e-9, 1.0, (1.0, -0.4, -0.5)),
            _marker("IL6", "Interleukin-6", None, None, (None, None, None)),
        ),
    )


def _marker(
    name: str,
    label: str,
    shift_p: float | None,
    association_p: float | None,
    shifts: tuple[float | None, ...],
) -> MarkerLine:
    return MarkerLine(
        name=name,
        label=label,
        shift_p=shift_p,
        association_p=association_p,
        sites=tuple(
            MarkerHere(
                site=site,
                people=200,
                missing=0.1,
                shift=shift,
                log_odds_ratio=None if shift is None else 0.2,
                standard_error=None if shift is None else 0.1,
            )
            for site, shift in zip(("KY", "MN", "NY"), shifts, strict=True)
        ),
    )
