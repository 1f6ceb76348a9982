"""A thin server for one model: ``signature serve MODEL``.

``POST /score`` scores, ``GET /health/live`` says that the process runs, ``GET /health/ready`` that
the model answers, ``GET /openapi.json`` (and ``/docs``) which columns a row has. Nothing of a
request is written to a log or repeated in an answer but the names of columns.
"""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING, Any

from signature.exceptions import MissingExtraError, ModelInputError
from signature.serve.answering import Answerer
from signature.serve.openapi import describe

if TYPE_CHECKING:
    from fastapi import FastAPI, Request, Response

JSON = "application/json"
LARGE = 200_000
"""Bytes from which on a request is scored beside the loop that listens."""

READING_SECONDS = 30.0
"""A sender who has not finished by then is told so."""

_log = logging.getLogger("signature.serve")


def create_app(answerer: Answerer, *, reading_seconds: float = READING_SECONDS) -> FastAPI:
    """Return the application that serves a model.

    Parameters
    ----------
    answerer : Answerer
    reading_seconds : float
        How long a sender may take to send a request.
    """
    from fastapi import FastAPI, Response
    from fastapi.concurrency import run_in_threadpool

    card = answerer.scorer.card
    app = FastAPI(title=f"immune-signature: {card.experiment}", version=card.package_version)

    def reply(status: int, content: bytes) -> Response:
        return Response(content, status_code=status, media_type=JSON)

    async def score(request: Request) -> Response:
        kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
        if kind != JSON:
            return reply(415, _said(f"send JSON, with the header 'Content-Type: {JSON}'"))
        try:
            body = await asyncio.wait_for(_read(request, answerer), reading_seconds)
            if len(body) > LARGE:
                answer = await run_in_threadpool(answerer.answer, body)
            else:
                answer = answerer.answer(body)
        except TimeoutError:
            return reply(408, _said(f"the request was not whole after {reading_seconds:g} s"))
        except _TooLongError as error:
            return reply(413, _said(str(error)))
        except ModelInputError as error:
            return reply(400, _said(str(error)))
        except Exception as error:
            # its text, and its traceback, may hold rows
            _log.error("a request could not be answered: %s", type(error).__name__)
            return reply(500, _said("the request could not be answered; this is our fault"))
        return reply(200, answer)

    # a plain route: the body is read and checked by us alone
    app.add_route("/score", score, methods=["POST"])

    @app.get("/health/live")
    async def live() -> dict[str, str]:
        """Say that the process runs."""
        return {"status": "live"}

    @app.get("/health/ready")
    async def ready() -> dict[str, str]:
        """Say which model answers."""
        return {"status": "ready", "model": card.experiment, "candidate": card.candidate}

    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = describe(plain(), answerer.scorer, answerer.limits)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
    return app


class _TooLongError(Exception):
    """A body that is longer than it may be, while it is being read."""


async def _read(request: Request, answerer: Answerer) -> bytes:
    """Read a body, and stop where it is longer than it may be."""
    most = answerer.limits.most_bytes
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > most:
            raise _TooLongError(str(answerer.limits.too_long()))
        chunks.append(chunk)
    return b"".join(chunks)


def _said(message: str) -> bytes:
    return json.dumps({"error": message}).encode()


def serve(answerer: Answerer, host: str, port: int) -> None:
    """Listen until stopped.

    Parameters
    ----------
    answerer : Answerer
    host, port : where to listen

    Raises
    ------
    MissingExtraError
        Where the web framework is not installed.
    """
    try:
        import fastapi  # noqa: F401 - what `create_app` needs is said here, in one line
        import uvicorn
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"serving needs {error.name}, which is not installed; install immune-signature[serve]"
        ) from None
    uvicorn.run(
        create_app(answerer),
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        timeout_keep_alive=60,
    )
