"""From a matplotlib figure to inline SVG that is labelled, small, and the same in every run."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from typing import Any

from markupsafe import Markup

INK, MUTED, GRID = "#22303c", "#5c6b78", "#d5dce2"
MAIN, SECOND, PALE = "#1f5f8b", "#b3541e", "#c9dceb"
LOW, MIDDLE, HIGH = "#2f7fb8", "#a9a3ad", "#c2571a"
_VARIABLES = {
    INK: "ink",
    MUTED: "muted",
    GRID: "rule",
    MAIN: "main",
    SECOND: "second",
    PALE: "pale",
}

WIDTH = 5.0
"""Inches. One width for all figures, so that their type has one size on the page."""

_STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "report",
    "text.parse_math": False,  # a "$" in a column's label is a "$"
    "font.family": "DejaVu Sans",  # ships with matplotlib: the layout is the same everywhere
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "axes.titlecolor": INK,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
}


@contextmanager
def canvas(
    height: float, rows: int = 1, columns: int = 1, **subplots: Any
) -> Iterator[tuple[Any, Any]]:
    """Open a figure in the report's style; yields the figure and its axes as `plt.subplots` does.

    No global state is left behind, and no window system is needed.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    # The style holds while drawing and while saving: the caller saves inside the block.
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        FigureCanvasSVG(figure)
        yield figure, figure.subplots(rows, columns, **subplots)


def to_svg(figure: Any, *, key: str, title: str, description: str) -> Markup:
    """Return the figure as an inline ``<svg>`` element.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Drawn inside `canvas`.
    key : str
        Prefix of every id, unique in the page.
    title, description : str
        What a screen reader says: what is drawn, and what is to be seen.
    """
    buffer = io.StringIO()
    nothing: dict[str, None] = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    # saving would draw all of it once more to lay it out
    figure.get_layout_engine().execute(figure)
    figure.set_layout_engine(None)
    figure.savefig(buffer, format="svg", dpi=160, transparent=True, metadata=nothing)
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    # matplotlib always writes one <svg> with a viewBox, so neither search can come back empty
    head, body = re.match(r"(<svg[^>]*>)(.*)", svg, flags=re.DOTALL).groups()  # type: ignore[union-attr]
    box = re.search(r'viewBox="[^"]*"', head).group()  # type: ignore[union-attr]
    body = _own_ids(body.replace("xlink:href", "href"), key)
    # The page's own type, and no style sheet of the figure's: inlined, it would rule the page.
    body = re.sub(r" font-family: 'DejaVu Sans';?", "", body)
    body = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", body, flags=re.DOTALL)
    for colour, name in _VARIABLES.items():
        body = body.replace(colour, f"var(--{name}, {colour})")
    body = re.sub(r"\s*\n\s*", "\n", body)
    return Markup(
        f'<svg {box} role="img" aria-labelledby="{key}-title {key}-desc">\n'
        f'<title id="{key}-title">{escape(title)}</title>\n'
        f'<desc id="{key}-desc">{escape(description)}</desc>{body}'
    )


def _own_ids(body: str, key: str) -> str:
    """Drop ids that nothing refers to, and prefix the others: matplotlib's repeat per figure."""
    used = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', body))

    def own(match: re.Match[str]) -> str:
        return f' id="{key}-{match[1]}"' if match[1] in used else ""

    body = re.sub(r'\s+id="([^"]+)"', own, body)
    return re.sub(r'(url\(#|href="#)([^)"]+)', rf"\g<1>{key}-\g<2>", body)


def percentile_colours() -> Any:
    """Return the colours of percentiles 0 to 1: mid tones, readable on light and on dark."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("percentile", [LOW, MIDDLE, HIGH])
