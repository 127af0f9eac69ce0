"""Tells the guard when the HTTP library has answered, and keeps the library's log readable."""

import asyncio
import logging

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger
from aiohttp.http_exceptions import HttpProcessingError

from exporters.http.connection import Connection
from exporters.http.refusals import Reason, Refusals

_BAD_REQUEST = 400


class _Quiet(logging.Filter):
    """Drops what the library says, with a traceback, of clients that speak no HTTP."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record stays."""
        kind = record.exc_info[0] if record.exc_info else None
        return not (kind is not None and issubclass(kind, HttpProcessingError))


def library_log() -> logging.Logger:
    """The log for what the library has to say: bugs."""
    log = logging.getLogger(f"{__name__}.library")
    if not log.filters:
        log.addFilter(_Quiet())
    return log


def answer_listener(refusals: Refusals) -> type[AbstractAccessLogger]:
    """What the library calls after each answer; it makes one for each connection.

    Args:
        refusals: counts what the library itself refused.
    """

    class AnswerListener(AbstractAccessLogger):
        """Writes no log."""

        def log(
            self,
            request: web.BaseRequest,
            response: web.StreamResponse,
            time: float,  # noqa: ARG002 - the library's signature
        ) -> None:
            """An answer was written."""
            if response.status == _BAD_REQUEST:
                refusals.count(Reason.MALFORMED)
            transport = request.transport
            connection = None if transport is None else transport.get_protocol()
            if isinstance(connection, Connection):
                connection.answered()
                asyncio.get_running_loop().call_soon(connection.settle)

    return AnswerListener
