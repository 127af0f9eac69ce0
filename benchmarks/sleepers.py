"""Threads that only sleep to their next deadline: what the machine itself adds to any sampler.

    python -m benchmarks.sleepers HZ SECONDS

Prints the ticks, those more than 2 ms late, those late by half a period or missed, and the share
of a core that was used.
"""

import json
import subprocess
import sys
import threading
import time
from types import TracebackType
from typing import Self

from collector.sampling.ticker import POWER_STAGGER_NS, Ticker

THREADS = 8


class Sleepers:
    """As many threads as eight GPUs have for power, in a process of its own.

    Args:
        hz: how often each wakes.
        seconds: for how long.
    """

    def __init__(self, hz: int, seconds: float) -> None:
        self.ticks = self.delayed = self.late = 0
        self.share = 0.0
        self._command = (sys.executable, "-m", "benchmarks.sleepers", str(hz), str(seconds))
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if self._process is not None:
            said, _ = self._process.communicate()
            self.ticks, self.delayed, self.late, self.share = json.loads(said)


def main() -> None:
    """Sleep, and print."""
    period_ns, seconds = round(1e9 / float(sys.argv[1])), float(sys.argv[2])
    began_ns = time.monotonic_ns()
    tickers = [
        Ticker(period_ns, began_ns + period_ns + index * POWER_STAGGER_NS)
        for index in range(THREADS)
    ]
    for ticker in tickers:
        threading.Thread(target=_run, args=(ticker,), daemon=True).start()
    time.sleep(seconds)
    used = time.process_time() / seconds
    late = sum(ticker.late + ticker.skipped for ticker in tickers)
    ticks, delayed = (sum(getattr(t, name) for t in tickers) for name in ("ticks", "delayed"))
    print(json.dumps([ticks, delayed, late, used]))


def _run(ticker: Ticker) -> None:
    while True:
        time.sleep(max(ticker.deadline_ns - time.monotonic_ns(), 0) * 1e-9)
        now_ns = time.monotonic_ns()
        ticker.done(now_ns, time.monotonic_ns())


if __name__ == "__main__":
    main()
