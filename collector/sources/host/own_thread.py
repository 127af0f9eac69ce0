"""A thread for calls that may hang: a read from a slow bus never holds up the event loop."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import TypeVar

from collector.sources.host.protocol import HostSourceError

Result = TypeVar("Result")


class OwnThread:
    """Runs calls one after the other in a daemon thread, which is begun with the first.

    A call that hangs keeps this thread and nothing else: not the loop, not the end of the program.

    Args:
        name: of the thread, and of what hangs, in words for people.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._queue: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._busy = False

    async def call(self, work: Callable[[], Result], timeout_seconds: float) -> Result:
        """Run `work` in the thread and return its result.

        Raises:
            HostSourceError: it takes longer than that, or the call before it still does.
            Exception: what `work` raises.
        """
        if self._busy:
            raise HostSourceError(f"{self._name}: an earlier read has not returned", "timeout")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()

        def run() -> None:
            outcome = _outcome(work, future)
            self._busy = False
            with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
                loop.call_soon_threadsafe(outcome)

        self._busy = True
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name=self._name, daemon=True)
            self._thread.start()
        self._queue.put(run)
        try:
            async with asyncio.timeout(timeout_seconds):
                return await future
        except TimeoutError:
            raise HostSourceError(
                f"{self._name}: no answer within {timeout_seconds:g} s", "timeout"
            ) from None

    def stop(self) -> None:
        """Let the thread end; another call begins a new one.

        One whose call hangs stays, so that calls which hang do not gather one thread each.
        """
        if self._thread is not None and not self._busy:
            self._queue.put(None)
            self._thread = None

    def _serve(self) -> None:
        while (run := self._queue.get()) is not None:
            run()


def _outcome(work: Callable[[], Result], future: asyncio.Future[Result]) -> Callable[[], None]:
    """Do the work; what is then to be done in the loop, where somebody may still wait."""
    try:
        result = work()
    except BaseException as error:  # noqa: BLE001 - whoever asked gets it
        failure = error
        return lambda: None if future.done() else future.set_exception(failure)
    return lambda: None if future.done() else future.set_result(result)
