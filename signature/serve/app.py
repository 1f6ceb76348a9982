"""A thin server for one model: ``signature serve MODEL``.

``POST /score`` scores, ``GET /health/live`` says that the process runs, ``GET /health/ready`` that
the model answers, ``GET /openapi.json`` (and ``/docs``) which columns a row has. Nothing of a
request is written to a log or repeated in an answer but the names of columns.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from signature.exceptions import MissingExtraError, ServingError
from signature.serve.answering import Answerer
from signature.serve.openapi import describe
from signature.serve.reception import JSON, READING_SECONDS, Reception

if TYPE_CHECKING:
    from fastapi import FastAPI, Request, Response

_LAST_PORT = 65535


def create_app(answerer: Answerer, *, reading_seconds: float = READING_SECONDS) -> FastAPI:
    """Return the application that serves a model.

    Parameters
    ----------
    answerer : Answerer
    reading_seconds : float
        How long a sender may take to send a request.
    """
    from fastapi import FastAPI, Response

    reception = Reception(answerer, reading_seconds)
    card = answerer.scorer.card
    app = FastAPI(title=f"immune-signature: {card.experiment}", version=card.package_version)

    def reply(status: int, content: bytes) -> Response:
        return Response(content, status_code=status, media_type=JSON)

    async def score(request: Request) -> Response:
        status, said = await reception.respond(request)
        return reply(status, said if isinstance(said, bytes) else _said(said))

    # a plain route: the body is read and checked by us alone
    app.add_route("/score", score, methods=["POST"])

    @app.get("/health/live")
    async def live() -> dict[str, str]:
        """Say that the process runs."""
        return {"status": "live"}

    @app.get("/health/ready")
    async def ready() -> dict[str, str]:
        """Say which model answers."""
        said = {"model": card.experiment, "candidate": card.candidate, "digest": card.digest}
        return {"status": "ready"} | said

    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = describe(plain(), answerer.scorer, answerer.limits)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
    return app


def _said(message: str) -> bytes:
    return json.dumps({"error": message}).encode()


def serve(
    answerer: Answerer, host: str, port: int, *, listening: Callable[[int], None] | None = None
) -> None:
    """Listen until stopped.

    Parameters
    ----------
    answerer : Answerer
    host, port : where to listen
        Port 0 is any that is free.
    listening : callable, optional
        Given the port once senders can connect.

    Raises
    ------
    MissingExtraError
        Where the web framework is not installed.
    ServingError
        When nobody can listen there.
    """
    try:
        import fastapi  # noqa: F401 - what `create_app` needs is said here, in one line
        import uvicorn
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"serving needs {error.name}, which is not installed; install immune-signature[serve]"
        ) from None
    settings = uvicorn.Config(
        create_app(answerer),
        # it warns of each request that is no HTTP
        log_level="error",
        access_log=False,
        timeout_keep_alive=60,
    )
    # opened here: the server would leave with its own code, or a traceback
    with _opened(host, port) as opened:
        if listening is not None:
            listening(opened.getsockname()[1])
        with suppress(KeyboardInterrupt):
            uvicorn.Server(settings).run(sockets=[opened])


def _opened(host: str, port: int) -> socket.socket:
    """Return a socket that listens."""
    if not 0 <= port <= _LAST_PORT:
        raise ServingError(f"cannot listen at port {port}; ports are numbers up to {_LAST_PORT}")
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        made = socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or "no such host"
        raise ServingError(
            f"cannot listen at {host}, port {port}: {why}; choose another --port or --host, or "
            "stop what listens there"
        ) from None
    # asyncio sends at once only through what says that it is TCP; else an answer waits up to
    # 40 ms for the acknowledgement of its first part
    return socket.socket(family, made.type, socket.IPPROTO_TCP, made.detach())
