"""A plan in plain words, as a command prints it."""

from __future__ import annotations

from collections.abc import Iterator

from signature.page.numbers import number, percent
from signature.records.plan import Curve, DevelopmentPlan, PlanRecord, ValidationPlan

_MEASURES = {
    "auroc": "AUROC",
    "observed_over_expected": "observed over expected events",
    "calibration_slope": "calibration slope",
    "net_benefit": "net benefit, standardised",
}


def plan_lines(plan: PlanRecord) -> list[str]:
    """Return the lines of a plan.

    Parameters
    ----------
    plan : PlanRecord
    """
    lines = [*_development(plan.development), "", *_validation(plan.validation), ""]
    return [
        *lines,
        *(_curve(plan.curve) if plan.curve else [f"No learning curve: {plan.no_curve}"]),
    ]


def _development(told: DevelopmentPlan) -> Iterator[str]:
    where = "the experiment's gate" if told.auroc_from == "gate" else "--auroc"
    yield (
        f"Developing: {told.people} people, {percent(told.event_rate)} of rows with the event, "
        f"{told.parameters} parameters, AUROC {number(told.auroc, 2)} anticipated ({where}; "
        f"Cox–Snell R² {number(told.cox_snell, 2)})."
    )
    yield f"  {'people':>8} {'events':>8} {'per parameter':>14}  so that"
    for c in told.criteria:
        yield (
            f"  {c.people:>8,} {c.events:>8,.0f} {number(c.events_per_parameter, 1):>14}  {c.rule}"
        )
    if told.enough:
        yield f"  There are enough: {told.people_needed:,} are needed by all three."
        return
    yield (
        f"  {told.people_needed:,} are needed by all three. Unpenalised effects from "
        f"{told.people:,} people would have to be multiplied by {number(told.shrinkage, 2)}; these "
        f"are enough for {told.parameters_within} parameters, chosen beforehand."
    )


def _validation(told: ValidationPlan) -> Iterator[str]:
    how = "at the test sites" if told.block == "external" else "each held out once"
    yield f"Validating: {told.people} people, {how}, if the model is calibrated and ranks so."
    yield f"  {'95 % interval':>16} {'people needed':>14}  for"
    for m in told.measures:
        interval = f"{number(m.expected.low, 2)} to {number(m.expected.high, 2)}"
        yield (
            f"  {interval:>16} {m.people_needed:>14,}  {_MEASURES[m.measure]}, an interval "
            f"{number(m.target_width, 2)} wide"
        )


def _curve(told: Curve) -> Iterator[str]:
    yield (
        f"Learning curve: {', '.join(told.candidates)}, {told.settings}, {told.repetitions} "
        "repetitions on subsets of each fold's training people, ranks only."
    )
    yield f"  {'trained on':>12} {'AUROC':>24}"
    for size in told.sizes:
        half = 1.96 * size.standard_error
        low, high = max(0.0, size.auroc - half), min(1.0, size.auroc + half)
        yield f"  {size.people:>12,.0f} {_with(size.auroc, low, high):>24}"
    yield f"  {'all, now':>12} {_with(told.now.value, told.now.low, told.now.high):>24}"
    yield f"  {'more people':>12} {'AUROC':>24} {'gain':>24}"
    for m in told.more:
        level = _with(m.auroc.value, m.auroc.low, m.auroc.high)
        gain = _with(m.gain.value, m.gain.low, m.gain.high, sign=True)
        yield f"  {f'+{m.more}':>12} {level:>24} {gain:>24}"
    yield (
        "  Beyond the people there are this is extrapolated, with 95 % intervals, for people like "
        "them; a curve that does not fall is assumed."
    )


def _with(value: float | None, low: float | None, high: float | None, *, sign: bool = False) -> str:
    return f"{number(value, 3, sign)} ({number(low, 3, sign)} to {number(high, 3, sign)})"
