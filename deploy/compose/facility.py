"""Publishes the meters of a made-up site to a broker, as a facility's own system would.

facility.py HOST PORT: until it is stopped. The site is that of `wattkeeper demo`.
"""

# ruff: noqa: INP001, TID251 - one file that is mounted into a container, no part of a package

import asyncio
import contextlib
import sys
from collections.abc import Callable, Sequence

from collector.sources.meters.reading import MeterReading
from collector.sources.simulated.site import SimulatedSite
from collector.sources.simulated.site_dsx import SitePublisher


async def main(host: str, port: int) -> None:
    """Publish to a broker until cancelled.

    Args:
        host: of the broker.
        port: of the broker.
    """
    await SitePublisher(SimulatedSite(), host, port).run(_nowhere)


def _nowhere(_readings: Sequence[MeterReading], _committed: Callable[[], None]) -> None:
    """Nothing is handed over directly: all goes by the broker."""


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main(sys.argv[1], int(sys.argv[2])))
