"""One way to be a command: ``main(function)`` turns a function into one."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from typing import Any

from pipelines import GO_ON
from signature.exceptions import SignatureError, one_line

# Many small problems on one thread each, in as many processes as there are cores; libraries of
# linear algebra read this when they are loaded, which is after this module.
for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")

USER_ERROR = 2
"""Exit code when the user can put it right; a bug leaves with a traceback and 1."""

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it."""


def run(body: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
    """Call the body of a command; Ctrl-C, and what the user can put right, become one line.

    The latter is a `SignatureError`, and whatever the system refuses: a full disk, a folder that
    may not be written to, an output that nobody reads.
    """
    try:
        body(*args, **kwargs)
        sys.stdout.flush()
    except SignatureError as error:
        _leave(str(error))
    except KeyboardInterrupt:
        print(f"stopped; {GO_ON}", file=sys.stderr, flush=True)
        sys.exit(INTERRUPTED)
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        _leave(f"{error.strerror or error or type(error).__name__}{where}")


def _leave(message: str) -> None:
    print(one_line(f"error: {message}"), file=sys.stderr)
    try:
        sys.stdout.flush()
    except OSError:
        # else Python tries again on its way out, and says so in a traceback
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.exit(USER_ERROR)


def main(function: Callable[..., None]) -> None:
    """Run a function as a command line program; its signature and docstring are the interface."""
    import typer

    # typer's own traceback can show local variables, and those can hold patients' rows
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

    @functools.wraps(function)
    def command(*args: Any, **kwargs: Any) -> None:
        run(function, *args, **kwargs)

    app.command()(command)
    app()
