"""What thousands of meters cost the site daemon: `python -m benchmarks.site_meters`.

A real Mosquitto, a publisher in a process of its own (the facility's contract: two of three meters
once a second, the others when they change), and the site daemon as installed. Prints its share of a
core, its memory, and how many accounts are in the ledger.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.rig import cpu_seconds, resident_megabytes
from collector.ledger import LedgerReader
from tests.e2e.site import SiteDaemon
from tests.meters.publisher import meter_id
from tests.mqtt.broker import Broker

_SETTLE_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Result:
    """What was seen."""

    messages_per_second: float
    core_ratio: float
    first_megabytes: float
    last_megabytes: float
    kept_meters: int
    rejected: float

    def text(self, meters: int, seconds: float) -> str:
        """For people."""
        return (
            f"{meters} meters, {seconds:.0f} s: {self.messages_per_second:.0f} messages/s, "
            f"{self.core_ratio:.1%} of a core, memory {self.first_megabytes:.0f} MB then "
            f"{self.last_megabytes:.0f} MB, {self.kept_meters} accounts in the ledger, "
            f"{self.rejected:.0f} rejected"
        )


def site_text(meters: int, *, register: bool) -> str:
    """A site file with so many meters, each of a branch of its own."""
    text = (
        '[site]\nname = "many"\nzone = "Asia/Seoul"\n\n'
        '[[branch]]\nid = "grid"\nlevel = "feed"\ncontract_watts = "1 GW"\n'
    )
    for number in range(meters):
        text += (
            f'\n[[branch]]\nid = "b{number}"\nlevel = "busway"\nparent = "grid"\n'
            f'rating_watts = "300 kW"\n\n[[meter]]\nid = "m{number}"\nbranch = "b{number}"\n'
            f'role = "it"\nregister = {str(register).lower()}\n'
            f'dsx_object = "{meter_id(number)}"\n'
        )
    return text


def measure(
    meters: int, seconds: float, *, register: bool, window_seconds: int, qos: int
) -> Result:
    """Run everything once."""
    with tempfile.TemporaryDirectory(prefix="wattkeeper-meters-") as name:
        folder = Path(name)
        (folder / "broker").mkdir()
        site = folder / "site.toml"
        site.write_text(site_text(meters, register=register), encoding="utf-8")
        broker = Broker(folder / "broker", ("allow_anonymous true", "log_type none")).start()
        daemon = SiteDaemon(folder, site, broker.port, WINDOW__SECONDS=window_seconds)
        publisher = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.meters.publisher", "--port", str(broker.port)),
                *("--meters", str(meters), "--qos", str(qos)),
                *("--seconds", str(seconds + _SETTLE_SECONDS + 5)),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            with daemon:
                process = daemon.process
                if process is None:
                    raise RuntimeError("the daemon is gone")
                pid = process.pid
                time.sleep(_SETTLE_SECONDS)
                began, spent = time.monotonic(), cpu_seconds(pid)
                received = daemon.value("wattkeeper_meter_messages_total") or 0.0
                first = resident_megabytes(pid)
                time.sleep(seconds)
                elapsed, used = time.monotonic() - began, cpu_seconds(pid) - spent
                now = daemon.value("wattkeeper_meter_messages_total") or 0.0
                last = resident_megabytes(pid)
                rejected = sum(daemon.metrics().get("wattkeeper_meter_rejected_total", {}).values())
                said = json.loads((publisher.communicate(timeout=120)[0]).splitlines()[-1])
                print(f"published {said['sent']} values")
                time.sleep(3)
                daemon.stop(timeout_seconds=60)
            with LedgerReader(daemon.ledger) as reader:
                kept = len(reader.accounts())
        finally:
            publisher.kill()
            broker.kill()
    return Result((now - received) / elapsed, used / elapsed, first, last, kept, rejected)


def main() -> None:
    """Print one line for each way of keeping registers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--meters", type=int, default=5000)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--window", type=int, default=10, help="seconds of a window")
    parser.add_argument("--qos", type=int, choices=(0, 1), default=1, help="of the publisher")
    asked = parser.parse_args()
    for register in (False, True):
        found = measure(
            asked.meters,
            asked.seconds,
            register=register,
            window_seconds=asked.window,
            qos=asked.qos,
        )
        kept = "registers kept" if register else "totals only"
        print(f"{kept}: {found.text(asked.meters, asked.seconds)}", flush=True)


if __name__ == "__main__":
    main()
