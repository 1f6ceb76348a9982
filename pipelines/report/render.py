"""Render the sections of a report into one HTML file that needs nothing else."""

from __future__ import annotations

import sys
from dataclasses import dataclass, fields
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from markupsafe import Markup

from pipelines.fit.processes import Call, run_all
from pipelines.fit.results_folder import Results
from signature.discovery import load_all
from signature.exceptions import DefinitionError, ResultsError, SignatureError
from signature.page import render, render_page
from signature.writing import write_whole

SECTION_EXPORTS = ("TITLE", "ORDER", "summarize")
"""What a section, a folder of ``pipelines/report/sections/``, must export beside ``page.html``.

``summarize(results)`` returns a frozen dataclass of plain numbers, or None to leave the section
out; ``page.html`` prints its fields and holds no arithmetic. ``draw(summary)``, where there are
figures, returns SVG by name.
"""

TEMPLATE = "page.html"
FILE_NAME = "report.html"


@dataclass(frozen=True)
class Rendered:
    """One section as it stands in the page."""

    name: str
    title: str
    body: Markup
    figures: dict[str, Any]
    failed: str = ""
    """Why there is nothing in it, where it could not be made."""


def render_sections(
    results: Any, package: str = "pipelines.report.sections", *, jobs: int = 1
) -> list[Rendered]:
    """Summarize, draw and render every section that is found, in their order.

    Parameters
    ----------
    results : Results, or TrialResults for the sections of trials
    package : str
        Where the sections are.
    jobs : int
        Number of processes; each reads the results for itself.

    Raises
    ------
    DefinitionError
        When a section lacks an export or its template.
    """
    found = load_all(package, SECTION_EXPORTS)
    ordered = sorted(found, key=lambda name: (found[name].ORDER, name))
    calls: list[Call[Rendered | None]] = [(_made, (package, name, results)) for name in ordered]
    made = run_all(calls, jobs=jobs, ordered=True)
    return [section for section in made if section is not None]


def _made(package: str, name: str, results: Any) -> Rendered | None:
    section = import_module(f"{package}.{name}")
    try:
        summary = section.summarize(results)
        return None if summary is None else render_section(name, section, summary)
    except SignatureError:
        raise
    except Exception as error:
        # its text may hold numbers of people
        return _not_drawn(name, section, type(error).__name__)


def _not_drawn(name: str, section: ModuleType, kind: str) -> Rendered:
    """Say in a section's place that it failed; the rest of the report, and the run, stand."""
    said = f"This section could not be made ({kind}); that is a fault of the software."
    return Rendered(
        name, section.TITLE, Markup("<p><strong>{}</strong></p>").format(said), {}, said
    )


def render_section(name: str, section: ModuleType, summary: Any) -> Rendered:
    """Draw and render one section from what it summarized."""
    figures = section.draw(summary) if hasattr(section, "draw") else {}
    values = {field.name: getattr(summary, field.name) for field in fields(summary)}
    # of escaped text, by this code's own template: safe to inline
    body = Markup(render(template_of(section), **values, figures=figures))
    # a section may have to know its findings before it can be named
    return Rendered(name, values.get("section_title", section.TITLE), body, figures)


def template_of(section: ModuleType) -> Path:
    """Return the template file of a section.

    Raises
    ------
    DefinitionError
        When there is none.
    """
    assert section.__file__ is not None
    template = Path(section.__file__).with_name(TEMPLATE)
    if not template.is_file():
        raise DefinitionError(f"{section.__name__.replace('.', '/')} must hold a {TEMPLATE}")
    return template


def write_report(folder: Path, *, jobs: int = 1) -> Path:
    """Write ``report.html`` into a results folder, and its figures as files to ``figures/``.

    Parameters
    ----------
    folder : Path
        ``results/<experiment>``, with the files of the earlier steps in it.
    jobs : int
        Number of processes.

    Returns
    -------
    Path
        The report.

    Raises
    ------
    ResultsError
        When the folder or one of its files is missing or damaged, or of another version.
    """
    if not folder.is_dir():
        raise ResultsError(
            f"there is no results folder {folder}; make it with: "
            f"python -m pipelines.train experiments/{folder.name}.toml"
        )
    sections = render_sections(Results(folder), jobs=jobs)
    results = Results(folder)
    return write_page(
        folder,
        title=results.experiment.title,
        name=results.experiment.name,
        started=results.launch.started,
        code_version=results.launch.code_version,
        sections=sections,
    )


def write_page(
    folder: Path,
    *,
    title: str,
    name: str,
    started: str,
    code_version: str,
    sections: list[Rendered],
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
    sections : list of Rendered
        From `render_sections`.
    """
    page = render_page(
        Path(__file__).with_name("report.html"),
        title=title,
        name=name,
        started=started,
        code_version=code_version,
        sections=sections,
    )
    path = folder / FILE_NAME
    write_whole(path, page)
    for section in sections:
        if section.failed:
            print(f"report, {section.title}: {section.failed}", file=sys.stderr)
    _write_figures(sections, folder / "figures")
    return path


def _write_figures(sections: list[Rendered], folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.svg"):
        old.unlink()
    for section in sections:
        for name, svg in section.figures.items():
            # inside a page an SVG needs no namespace, as a file of its own it does
            alone = str(svg).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
            write_whole(folder / f"{section.name}-{name}.svg", alone)
