"""How held-out predictions did in parts of the people, where these are enough to say."""

from __future__ import annotations

from typing import Any

from pipelines.fit.results_folder import Results
from pipelines.words.blocks import block_words
from pipelines.words.metrics import METRICS
from signature.records.for_whom import BlockSubgroups, SubgroupGap, SubgroupLine
from signature.validation.subgroup_performance import FEWEST_OF_A_CLASS
from signature.validation.subgroup_performance import METRICS as MEASURED

TITLE = "For whom"
ORDER = 66


def summarize(results: Results) -> dict[str, Any] | None:
    """Collect the subgroups of each block; None where the experiment names none."""
    record = results.for_whom
    if record is None or not record.subgroups:
        return None
    found = {b.block: b for b in record.subgroups}
    return {
        "blocks": [
            {**block_words(block, results.evaluation), **_block(found[block.name], record.labels)}
            for block in results.blocks
            if block.name in found
        ],
        "fewest": FEWEST_OF_A_CLASS,
        "metrics": [
            {"name": m, "label": METRICS[m].label, "digits": METRICS[m].digits} for m in MEASURED
        ],
    }


def _block(found: BlockSubgroups, labels: dict[str, str]) -> dict[str, Any]:
    everybody = _line(found.everybody, labels)
    lines = [_line(line, labels) for line in found.lines]
    large = [line for line in lines if not line["suppressed"]]
    gaps = [_gap(gap, labels) for gap in found.gaps]
    compared = [g for g in gaps if g["apart"] is not None]
    return {
        "lines": [everybody, *lines],
        # without a subgroup to compare, nothing is drawn of everybody either
        "drawn": [everybody, *large] if large else [],
        "gaps": gaps,
        "compared": len(compared),
        "apart": sum(g["apart"] for g in compared),
        "by_chance": 0.05 * len(compared),
        "alike": [labels[c] for c in found.alike],
        "draws": found.draws,
    }


def _line(line: SubgroupLine, labels: dict[str, str]) -> dict[str, Any]:
    return {**line.model_dump(), "label": _label(line.column, line.level, labels)}


def _gap(gap: SubgroupGap, labels: dict[str, str]) -> dict[str, Any]:
    auroc = gap.metrics["auroc"]
    known = auroc.low is not None and auroc.high is not None
    return {
        "label": _label(gap.column, gap.level, labels),
        "against": _plain(gap.against),
        "metrics": {name: e.model_dump() for name, e in gap.metrics.items()},
        "apart": (auroc.low > 0 or auroc.high < 0) if known else None,  # type: ignore[operator]
    }


def _label(column: str, level: str, labels: dict[str, str]) -> str:
    return f"{labels[column]}: {_plain(level)}" if column else _plain(level).capitalize()


def _plain(level: str) -> str:
    return level.replace("_", " ")


def draw(summary: dict[str, Any]) -> dict[str, Any]:
    """Draw the AUROC by subgroup, with a line at everybody's."""
    from pipelines.report.plots import forest_figure

    figures = {}
    for block in summary["blocks"]:
        drawn = block["drawn"]
        if not drawn:
            continue
        figures[block["name"]] = forest_figure(
            [line["label"] for line in drawn],
            [line["metrics"]["auroc"] for line in drawn],
            reference=drawn[0]["metrics"]["auroc"]["value"],
            highlight=[True],
            along="AUROC within the subgroup, 95 % interval (dashed: everybody)",
            key=f"subgroups-{block['name']}",
            title=f"AUROC by subgroup, {block['title']}",
            description="One line per subgroup that is large enough: a point for the AUROC on "
            "held-out people, a bar for its 95 % interval. Everybody is on top, in the second "
            "colour, and marked by a dashed line.",
        )
    return figures
