"""From a request over HTTP to status and answer: the one way, whichever server listens.

Headers are looked at before the body, the body is counted while it arrives, and nothing is built
from one that is too long, too slow, compressed, or one of too many at once. Nothing of a request is
written to a log.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from signature.exceptions import ModelInputError
from signature.serve.answering import Answerer

if TYPE_CHECKING:
    from starlette.requests import Request

JSON = "application/json"

LARGE = 200_000
"""Bytes from which on a request is scored beside the loop that listens."""

READING_SECONDS = 30.0
"""A sender who has not finished by then is told so."""

AT_ONCE = 4
"""Bodies of the greatest length that may be in memory at the same time."""

_SILENCE = 60.0
"""Seconds between two lines of the log about senders."""

_log = logging.getLogger("signature.serve")


class Reception:
    """Reads requests, has them answered, and says what is wrong.

    Parameters
    ----------
    answerer : Answerer
    reading_seconds : float
        How long a sender may take to send a request.
    """

    def __init__(self, answerer: Answerer, reading_seconds: float = READING_SECONDS) -> None:
        self.answerer = answerer
        self.reading_seconds = reading_seconds
        self._held = 0
        self._large = asyncio.Semaphore(2)
        self._unfinished = _Seldom("senders who did not finish their request")

    async def respond(self, request: Request) -> tuple[int, bytes | str]:
        """Return the status and, with 200, the answer as JSON; else what is wrong, in words.

        Parameters
        ----------
        request : Request
            Of a web framework on Starlette, its body unread.
        """
        from starlette.requests import ClientDisconnect

        body = bytearray()
        try:
            self._look(request)
            await asyncio.wait_for(self._read(request, body), self.reading_seconds)
            return 200, await self._answer(bytes(body))
        except TimeoutError:
            self._unfinished.happened()
            return 408, f"the request was not whole after {self.reading_seconds:g} s"
        except ClientDisconnect:
            self._unfinished.happened()
            return 400, "the sender left"  # nobody reads it
        except _RefusedError as error:
            return error.status, str(error)
        except ModelInputError as error:
            return 400, str(error)
        except Exception as error:
            # its text, and its traceback, may hold rows
            _log.error("a request could not be answered: %s", type(error).__name__)
            return 500, "the request could not be answered; this is our fault"
        finally:
            self._held -= len(body)

    def _look(self, request: Request) -> None:
        """Refuse by the headers alone."""
        headers = request.headers
        if headers.get("content-type", "").split(";")[0].strip().lower() != JSON:
            raise _RefusedError(415, f"send JSON, with the header 'Content-Type: {JSON}'")
        if headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise _RefusedError(415, "send the request as it is, without 'Content-Encoding'")
        announced = headers.get("content-length", "")
        if announced.isdecimal() and len(announced) < 20:
            self._check_length(int(announced))

    async def _read(self, request: Request, body: bytearray) -> None:
        most = AT_ONCE * self.answerer.limits.most_bytes
        async for chunk in request.stream():
            self._check_length(len(body) + len(chunk))
            if self._held + len(chunk) > most:
                raise _RefusedError(503, "too many large requests at once; send it again later")
            body += chunk
            self._held += len(chunk)

    def _check_length(self, length: int) -> None:
        if length > self.answerer.limits.most_bytes:
            raise _RefusedError(413, str(self.answerer.limits.too_long()))

    async def _answer(self, body: bytes) -> bytes:
        if len(body) <= LARGE:
            return self.answerer.answer(body)
        async with self._large:
            return await asyncio.to_thread(self.answerer.answer, body)


class _RefusedError(Exception):
    """A request that is not read to its end."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class _Seldom:
    """A line of the log for what may happen often: at once, and then once a minute at most."""

    def __init__(self, what: str) -> None:
        self.what = what
        self._count = 0
        self._said = -_SILENCE

    def happened(self) -> None:
        self._count += 1
        now = time.monotonic()
        if now - self._said >= _SILENCE:
            _log.warning("%s: %d", self.what, self._count)
            self._count, self._said = 0, now
