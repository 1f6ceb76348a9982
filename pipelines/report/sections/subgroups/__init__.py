"""How held-out predictions did in parts of the people, where these are enough to say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from pipelines.fit.results_folder import Results
from pipelines.words.blocks import BlockWords, words_of
from pipelines.words.metrics import METRICS, Metric
from signature.records.estimates import Estimate
from signature.records.for_whom import BlockSubgroups, SubgroupGap, SubgroupLine
from signature.validation.subgroup_performance import FEWEST_OF_A_CLASS
from signature.validation.subgroup_performance import METRICS as MEASURED

TITLE = "For whom"
ORDER = 66


@dataclass(frozen=True)
class Subgroup:
    """Held-out metrics of some of the people; none where ``suppressed`` says why."""

    label: str
    people: int
    events: int | None
    suppressed: str | None
    metrics: Mapping[str, Estimate]


@dataclass(frozen=True)
class Gap:
    """One level minus another one.

    ``apart`` says whether the interval of the difference in AUROC leaves 0 out; None where there
    is no interval.
    """

    label: str
    against: str
    metrics: Mapping[str, Estimate]
    apart: bool | None


@dataclass(frozen=True, kw_only=True)
class BlockParts(BlockWords):
    """The people of one block, and parts of them.

    Parameters
    ----------
    lines : tuple of Subgroup
        Everybody first.
    drawn : tuple of Subgroup
        Everybody and the subgroups with metrics; empty where there are none of these.
    gaps : tuple of Gap
    compared, apart : int
        Gaps whose AUROC has an interval, and those of them that it holds apart.
    by_chance : float
        Gaps to be expected apart where no level differs.
    alike : tuple of str
        Labels of columns that tell nobody apart here.
    draws : int
        Bootstrap samples.
    """

    lines: tuple[Subgroup, ...]
    drawn: tuple[Subgroup, ...]
    gaps: tuple[Gap, ...]
    compared: int
    apart: int
    by_chance: float
    alike: tuple[str, ...]
    draws: int


@dataclass(frozen=True)
class Subgroups:
    """Subgroups by block, the headline first.

    ``fewest`` people with the event, and as many without it, are asked of a subgroup; ``metrics``
    are in the order of the columns.
    """

    blocks: tuple[BlockParts, ...]
    fewest: int
    metrics: Mapping[str, Metric]


def summarize(results: Results) -> Subgroups | None:
    """Collect the subgroups of each block; None where the experiment names none."""
    record = results.for_whom
    if record is None or not record.subgroups:
        return None
    found = {b.block: b for b in record.subgroups}
    return Subgroups(
        blocks=tuple(
            _parts(found[block.name], record.labels, words_of(block, results.evaluation))
            for block in results.blocks
            if block.name in found
        ),
        fewest=FEWEST_OF_A_CLASS,
        metrics={m: METRICS[m] for m in MEASURED},
    )


def _parts(found: BlockSubgroups, labels: Mapping[str, str], words: BlockWords) -> BlockParts:
    everybody, *lines = (_subgroup(line, labels) for line in (found.everybody, *found.lines))
    large = [line for line in lines if not line.suppressed]
    gaps = tuple(_gap(gap, labels) for gap in found.gaps)
    compared = [gap.apart for gap in gaps if gap.apart is not None]
    return BlockParts(
        **vars(words),
        lines=(everybody, *lines),
        # without a subgroup to compare, nothing is drawn of everybody either
        drawn=(everybody, *large) if large else (),
        gaps=gaps,
        compared=len(compared),
        apart=sum(compared),
        by_chance=0.05 * len(compared),
        alike=tuple(labels[c] for c in found.alike),
        draws=found.draws,
    )


def _subgroup(line: SubgroupLine, labels: Mapping[str, str]) -> Subgroup:
    return Subgroup(
        label=_label(line.column, line.level, labels),
        people=line.people,
        events=line.events,
        suppressed=line.suppressed,
        metrics=line.metrics,
    )


def _gap(gap: SubgroupGap, labels: Mapping[str, str]) -> Gap:
    low, high = gap.metrics["auroc"].low, gap.metrics["auroc"].high
    return Gap(
        label=_label(gap.column, gap.level, labels),
        against=_plain(gap.against),
        metrics=gap.metrics,
        apart=None if low is None or high is None else low > 0 or high < 0,
    )


def _label(column: str, level: str, labels: Mapping[str, str]) -> str:
    return f"{labels[column]}: {_plain(level)}" if column else _plain(level).capitalize()


def _plain(level: str) -> str:
    return level.replace("_", " ")


def draw(summary: Subgroups) -> dict[str, Markup]:
    """Draw the AUROC by subgroup, with a line at everybody's."""
    return {block.name: _aurocs(block) for block in summary.blocks if block.drawn}


def _aurocs(block: BlockParts) -> Markup:
    from pipelines.report.plots import forest_figure

    aurocs = [line.metrics["auroc"] for line in block.drawn]
    return forest_figure(
        [line.label for line in block.drawn],
        aurocs,
        reference=aurocs[0].value,
        highlight=[True],
        along="AUROC within the subgroup, 95 % interval (dashed: everybody)",
        key=f"subgroups-{block.name}",
        title=f"AUROC by subgroup, {block.title}",
        description="One line per subgroup that is large enough: a point for the AUROC on "
        "held-out people, a bar for its 95 % interval. Everybody is on top, in the second "
        "colour, and marked by a dashed line.",
    )
