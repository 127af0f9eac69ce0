"""Keeps the daemon running, as systemd does."""

import signal
import subprocess
import threading
import time
from collections import Counter
from typing import Final

from tests.e2e.daemon import Daemon

_PAUSE_SECONDS: Final = 1.0
"""Before a daemon that ended by itself is started anew."""
_PATIENCE_SECONDS: Final = 20.0


class Supervisor:
    """Starts the daemon again whenever it ends, until told otherwise.

    Args:
        daemon: not started.

    Attributes:
        ends: how often it ended, by its exit code; below 0 by a signal.
    """

    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon
        self.ends: Counter[int] = Counter()
        self._running = threading.Condition()
        self._not_before = 0.0
        self._ending = False
        self._thread = threading.Thread(target=self._keep, daemon=True)

    def start(self) -> None:
        """Start it, and wait until it answers.

        Raises:
            AssertionError: it does not.
        """
        self._thread.start()
        with self._running:
            self._running.wait_for(lambda: self.daemon.process is not None)
        self.daemon.wait_for(self.answers, "the daemon answers", _PATIENCE_SECONDS)

    def answers(self) -> bool:
        """Whether it runs and answers."""
        try:
            return self.daemon.get("/livez")[0] == 200
        except (OSError, AssertionError):
            return False

    def down(self, number: signal.Signals, seconds: float) -> None:
        """Send a signal, and do not start it anew for so long. Returns when it has ended."""
        self._not_before = time.monotonic() + seconds
        process = self.daemon.process
        if process is not None and process.poll() is None:
            process.send_signal(number)
            process.wait(_PATIENCE_SECONDS)

    def end(self) -> int:
        """End it for good, in good order. Returns its exit code."""
        self._ending = True
        process = self.daemon.process
        if process is None:
            return 0
        process.send_signal(signal.SIGTERM)
        self._thread.join(_PATIENCE_SECONDS)
        return process.wait(_PATIENCE_SECONDS)

    def _keep(self) -> None:
        while not self._ending:
            pause = self._not_before - time.monotonic()
            if pause > 0:
                time.sleep(pause)
            with self.daemon.log.open("ab") as log:
                process = subprocess.Popen(
                    self.daemon.arguments,
                    env=self.daemon.environment,
                    stdout=log,
                    stderr=log,
                    stdin=subprocess.DEVNULL,
                )
            with self._running:
                self.daemon.process = process
                self._running.notify_all()
            code = process.wait()
            self.ends[code] += 1
            if self._not_before <= time.monotonic() and not self._ending:
                self._not_before = time.monotonic() + _PAUSE_SECONDS
