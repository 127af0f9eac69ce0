"""What the daemon is told from outside: to stop, or to start anew."""

import asyncio
import logging
import signal
from collections.abc import Callable

log = logging.getLogger(__name__)


class Signals:
    """SIGTERM and SIGINT stop; SIGHUP stops in order to start anew, if that may be.

    Args:
        may_reload: asked at SIGHUP; None lets SIGHUP stop like the others.
    """

    def __init__(self, may_reload: Callable[[], bool] | None) -> None:
        self.stopping = asyncio.Event()
        self.reload = False
        self._may_reload = may_reload
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop, number)
        loop.add_signal_handler(signal.SIGHUP, self._hang_up)

    def _stop(self, number: int) -> None:
        log.info("%s: stopping", signal.Signals(number).name)
        self.stopping.set()

    def _hang_up(self) -> None:
        if self._may_reload is None:  # the terminal was closed
            self._stop(signal.SIGHUP)
        elif self._may_reload():
            self.reload = True
            self._stop(signal.SIGHUP)
