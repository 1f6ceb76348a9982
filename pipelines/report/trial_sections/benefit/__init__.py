"""What held-out predicted benefit is worth: by quantile, as a ranking, and in its size."""

from __future__ import annotations

from typing import Any

from pipelines.report.trial_results import TrialResults
from pipelines.report.trial_words import decimals, shown, unit_of_difference
from signature.effect.benefit.benefit_quantiles import EffectByGroup
from signature.effect.trial_record import BenefitResult

TITLE = "Predicted and observed benefit"
ORDER = 50


def summarize(results: TrialResults) -> dict[str, Any] | None:
    """Collect effects by quantile and rankings; None where no benefit was predicted."""
    record = results.record
    if not record.candidates:
        return None
    headline = next(one for one in record.candidates if one.headline)
    event = record.endpoint["kind"] != "continuous"
    arms = (record.arms[0], record.treated)
    pairs = any(one.c_for_benefit is not None for one in record.candidates)
    curve = headline.targeting
    risk_name = "Predicted risk" if event else "Predicted outcome"
    head = [
        *arms,
        *(f"{'Risk' if event else 'Mean outcome'}, {arm}" for arm in arms),
        "Benefit",
        *(["Risk ratio"] if event else []),
    ]
    return {
        "treated": record.treated,
        "control": record.arms[0],
        "unit": unit_of_difference(record),
        "digits": decimals(record),
        "event": event,
        "predictive": record.claim.predictive,
        "headline": headline.label,
        "constant": headline.constant,
        "by_benefit": _by_group(headline.groups, ["Group", "Predicted benefit", *head]),
        "by_risk": _by_group(record.risk_groups, ["Group", risk_name, *head]),
        "risk_name": risk_name,
        "curve": []
        if curve is None
        else [
            {"share": share, **shown(point)}
            for share, point in zip(curve.shares, curve.toc, strict=True)
        ],
        "candidates": [_candidate(one) for one in record.candidates],
        "pairs": pairs,
        "calibration_head": [
            "Candidate",
            "Observed less predicted",
            "Calibration slope",
            *(["C-for-benefit"] if pairs else []),
        ],
    }


def _by_group(found: EffectByGroup | None, head: list[str]) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "head": head,
        "ends": shown(found.highest_minus_lowest),
        "groups": [
            {
                "label": f"{i} of {len(found.groups)}",
                "controls": group.controls,
                "treated": group.treated,
                "predicted": group.predicted,
                "mean_control": group.mean_control,
                "mean_treated": group.mean_treated,
                "risk_ratio": shown(group.risk_ratio),
                **shown(group.benefit),
            }
            for i, group in enumerate(found.groups, 1)
        ],
    }


def _candidate(one: BenefitResult) -> dict[str, Any]:
    found = one.calibration
    return {
        "label": one.label,
        "headline": one.headline,
        "constant": one.constant,
        "ends": shown(None if one.groups is None else one.groups.highest_minus_lowest),
        "autoc": shown(None if one.targeting is None else one.targeting.autoc),
        "qini": shown(None if one.targeting is None else one.targeting.qini),
        "in_the_large": shown(None if found is None else found.in_the_large),
        "slope": shown(None if found is None else found.slope),
        "c": shown(None if one.c_for_benefit is None else one.c_for_benefit.c),
    }


def draw(summary: dict[str, Any]) -> dict[str, Any]:
    """Draw benefit by quantile of prediction and of prognosis, and the targeting curve."""
    figures = {}
    if summary["by_benefit"] is not None:
        figures["by_benefit"] = _draw_groups(
            summary,
            "by_benefit",
            f"Predicted benefit ({summary['unit']})",
            "Observed against predicted benefit, by group of predicted benefit: points with 95 % "
            "intervals; on the dashed diagonal the two agree, and on the dotted line treatment "
            "makes no difference.",
        )
    if summary["by_risk"] is not None:
        figures["by_risk"] = _draw_groups(
            summary,
            "by_risk",
            summary["risk_name"],
            "Observed benefit by group of predicted outcome whatever the arm: points with 95 % "
            "intervals; on the dotted line treatment makes no difference.",
        )
    if summary["curve"]:
        figures["targeting"] = _draw_curve(summary)
    return figures


def _draw_groups(summary: dict[str, Any], name: str, along: str, description: str) -> Any:
    from pipelines.report.figures import GRID, MAIN, MUTED, canvas, to_svg

    known = [group for group in summary[name]["groups"] if group["value"] is not None]
    with canvas(3.0) as (figure, axes):
        axes.axhline(0, color=MUTED, linewidth=1, linestyle=(0, (1, 2)))
        x = [group["predicted"] for group in known]
        if name == "by_benefit" and x:
            axes.plot([min(x), max(x)], [min(x), max(x)], color=MUTED, lw=1, linestyle=(0, (3, 2)))
        for group in known:
            ends = [group["low"], group["high"]]
            if None not in ends:
                axes.plot([group["predicted"]] * 2, ends, color=MAIN, linewidth=1.8)
        axes.plot(x, [group["value"] for group in known], "o", color=MAIN, markersize=5.5)
        axes.grid(color=GRID)
        axes.set_ylabel("observed benefit")
        figure.supxlabel(along, fontsize=9)
        return to_svg(
            figure,
            key=f"benefit-{name.replace('_', '-')}",
            title=f"Benefit by group: {along}",
            description=description,
        )


def _draw_curve(summary: dict[str, Any]) -> Any:
    from pipelines.report.figures import GRID, MUTED, PALE, SECOND, canvas, to_svg

    points = summary["curve"]
    at = [point["share"] for point in points]
    with canvas(2.8) as (figure, axes):
        axes.axhline(0, color=MUTED, linewidth=1, linestyle=(0, (1, 2)))
        ends = [
            [point["value"] if point[end] is None else point[end] for point in points]
            for end in ("low", "high")
        ]
        axes.fill_between(at, *ends, color=PALE, linewidth=0)
        axes.plot(at, [point["value"] for point in points], "o-", color=SECOND, markersize=4)
        axes.set_xlim(0, 1.02)
        axes.grid(color=GRID)
        axes.set_ylabel("benefit over average")
        figure.supxlabel("share of people treated, largest predicted benefit first", fontsize=9)
        return to_svg(
            figure,
            key="benefit-targeting",
            title="Targeting operator characteristic",
            description="Average benefit of those ranked first, less that of all, against the "
            "share of people treated, with its pointwise 95 % band; a ranking that finds nobody "
            "stays on the dotted line at 0.",
        )
