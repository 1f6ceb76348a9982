"""Render the sections of a report into one HTML file that needs nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from signature.exceptions import ResultsError

if TYPE_CHECKING:
    from jinja2 import Environment

SECTION_EXPORTS = ("TITLE", "ORDER", "summarize", "TEMPLATE")
"""What a file in ``pipelines/sections/`` must export.

``summarize(results)`` returns plain numbers, or None to leave the section out; ``TEMPLATE`` prints
them and holds no arithmetic. ``draw(summary)``, where there are figures, returns SVG by name.
"""

FILE_NAME = "report.html"

_TEMPLATES = Path(__file__).parent / "templates"


def environment() -> Environment:
    """Return the template engine: everything is escaped, and an unknown name is an error."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    from pipelines.words.numbers import FILTERS

    jinja = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    jinja.filters.update(FILTERS)
    return jinja


def render_sections(
    results: Any, package: str = "pipelines.report.sections"
) -> list[dict[str, Any]]:
    """Summarize, draw and render every section that is found, in their order.

    Parameters
    ----------
    results : Results, or TrialResults for the sections of trials
    package : str
        Where the sections are.
    """
    from signature.discovery import load_all

    jinja = environment()
    found = load_all(package, SECTION_EXPORTS)
    rendered = []
    for name, section in sorted(found.items(), key=lambda item: (item[1].ORDER, item[0])):
        summary: dict[str, Any] | None = section.summarize(results)
        if summary is None:
            continue
        figures = section.draw(summary) if hasattr(section, "draw") else {}
        body = jinja.from_string(section.TEMPLATE).render(summary, figures=figures)
        # a section may have to know its findings before it can be named
        title = summary.get("section_title", section.TITLE)
        rendered.append({"name": name, "title": title, "body": body, "figures": figures})
    return rendered


def write_report(folder: Path) -> Path:
    """Write ``report.html`` into a results folder, and its figures as files to ``figures/``.

    Parameters
    ----------
    folder : Path
        ``results/<experiment>``, with the files of the earlier steps in it.

    Returns
    -------
    Path
        The report.

    Raises
    ------
    ResultsError
        When the folder or one of its files is missing or damaged, or of another version.
    """
    from pipelines.fit.results_folder import Results

    if not folder.is_dir():
        raise ResultsError(
            f"there is no results folder {folder}; make it with: "
            f"python -m pipelines.train experiments/{folder.name}.toml"
        )
    results = Results(folder)
    return write_page(
        folder,
        title=results.experiment.title,
        name=results.experiment.name,
        started=results.launch.started,
        code_version=results.launch.code_version,
        sections=render_sections(results),
    )


def write_page(
    folder: Path,
    *,
    title: str,
    name: str,
    started: str,
    code_version: str,
    sections: list[dict[str, Any]],
) -> Path:
    """Write rendered sections as one page, and its figures as files.

    Parameters
    ----------
    folder : Path
        ``results/<experiment>``.
    title, name : str
        Of the experiment.
    started, code_version : str
        Of the run.
    sections : list of dict
        From `render_sections`.
    """
    from markupsafe import Markup

    # Rendered by this code from escaped text, hence safe to inline.
    inlined = [s | {"body": Markup(s["body"])} for s in sections]
    page = (
        environment()
        .get_template("page.html")
        .render(
            title=title,
            name=name,
            started=started,
            code_version=code_version,
            css=Markup((_TEMPLATES / "page.css").read_text(encoding="utf-8")),
            sections=inlined,
        )
    )
    path = folder / FILE_NAME
    path.write_text(page, encoding="utf-8")
    _write_figures(inlined, folder / "figures")
    return path


def _write_figures(sections: list[dict[str, Any]], folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.svg"):
        old.unlink()
    for section in sections:
        for name, svg in section["figures"].items():
            # inside a page an SVG needs no namespace, as a file of its own it does
            alone = str(svg).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
            (folder / f"{section['name']}-{name}.svg").write_text(alone, encoding="utf-8")
