"""Self-contained HTML pages: no scripts, nothing loaded from elsewhere.

``page.html`` is the frame that a page extends, ``page.css`` its look, ``macros.html`` what
templates share. `numbers` is the only place where numbers become text.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment

SHARED = Path(__file__).parent


def environment(*folders: Path) -> Environment:
    """Return the template engine: everything is escaped, and an unknown name is an error.

    Parameters
    ----------
    *folders : Path
        Where templates are looked for, before those that all pages share.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    from signature.page.numbers import FILTERS

    jinja = Environment(
        loader=FileSystemLoader([*folders, SHARED]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    jinja.filters.update(FILTERS)
    return jinja


def render(template: Path, **values: Any) -> str:
    """Render a template file; it may use what lies beside it and what all pages share."""
    return environment(template.parent).get_template(template.name).render(values)


def render_page(template: Path, **values: Any) -> str:
    """Render a template that extends ``page.html``, with the look of all pages in it."""
    from markupsafe import Markup

    css = Markup((SHARED / "page.css").read_text(encoding="utf-8"))
    return render(template, css=css, **values)
