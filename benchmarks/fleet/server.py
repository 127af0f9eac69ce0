"""Serves every node's `/metrics` at a path of its own, and the site daemon's.

A protocol of a few lines on plain asyncio: a web framework would cost more than the metrics. A node
that does not answer has its connection closed, as from a machine that is gone.
"""

import asyncio
import json
from collections.abc import Callable
from typing import cast

from benchmarks.fleet.exposition import Exposition
from benchmarks.fleet.fleet import Fleet
from benchmarks.fleet.node_values import NodeTruth
from benchmarks.fleet.site_side import SiteSide
from benchmarks.fleet.targets import SITE_PATH, node_path, place

_GRID_SECONDS = 0.25
"""Scrapes that come at about the same time are answered for the same instant, which lets nodes of
one job share its working out."""
_MOST_REQUEST = 16_384
_TEXT = b"text/plain; version=0.0.4; charset=utf-8"
_SITE_LOOK_SECONDS = 2.0


class Pages:
    """What is served at which path.

    Args:
        fleet: the fleet.
        clock: gives now, UTC seconds since 1970.
        site: the site daemon; None where there is none.
        truth: makes the nodes' snapshots.
    """

    def __init__(
        self,
        fleet: Fleet,
        clock: Callable[[], float],
        site: SiteSide | None,
        truth: NodeTruth | None = None,
    ) -> None:
        self.fleet = fleet
        self.clock = clock
        self.truth = truth or NodeTruth(fleet)
        self.served = 0
        self.address = ""
        self._site = site
        self._exposition = Exposition()
        self._nodes = {node_path(name): name for name in fleet.machines}

    def page(self, path: str) -> tuple[bytes, bytes] | None:
        """Content type and body; None when nobody answers there now.

        Raises:
            KeyError: there is no such path.
        """
        name = self._nodes.get(path)
        if name is not None:
            return self._node(name)
        if path == SITE_PATH and self._site is not None:
            at_s = self.clock()
            self._site.advance(at_s)
            self.served += 1
            return _TEXT, self._site.exposition(at_s)
        if path == "/sd/nodes":
            return b"application/json", self._discovery()
        raise KeyError(path)

    def _node(self, name: str) -> tuple[bytes, bytes] | None:
        at_s = self.clock() // _GRID_SECONDS * _GRID_SECONDS
        machine = self.fleet.machines[name]
        if not self.truth.answers(machine, at_s):
            return None
        self.served += 1
        shown = self.truth.show(name, at_s)
        return _TEXT, self._exposition.write(shown, self.truth.started_s(machine, at_s))

    def _discovery(self) -> bytes:
        """The nodes as Prometheus's `http_sd` has them."""
        site = self.fleet.site
        groups = [
            {
                "targets": [self.address],
                "labels": {
                    "__metrics_path__": node_path(name),
                    "instance": machine.node.address,
                    **place(site, machine.node),
                },
            }
            for name, machine in self.fleet.machines.items()
        ]
        return json.dumps(groups).encode()


class _Connection(asyncio.Protocol):
    """One client's requests, one after the other."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._got = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember whom to answer."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but name

    def data_received(self, data: bytes) -> None:
        """Answer every request that is whole."""
        self._got += data
        transport = self._transport
        while transport is not None and b"\r\n\r\n" in self._got:
            request, _, self._got = self._got.partition(b"\r\n\r\n")
            line = request.split(b"\r\n", 1)[0].split(b" ")
            if len(line) < 3 or line[0] != b"GET":
                transport.write(_answer(b"405 Method Not Allowed", b"text/plain", b"GET only\n"))
                transport.close()
                return
            path = line[1].decode("latin-1").partition("?")[0]
            try:
                page = self._pages.page(path)
            except KeyError:
                page = (b"text/plain", b"nothing is here\n")
                transport.write(_answer(b"404 Not Found", *page))
                continue
            if page is None:
                transport.abort()
                return
            transport.write(_answer(b"200 OK", *page))
        if len(self._got) > _MOST_REQUEST and transport is not None:
            transport.close()


def _answer(status: bytes, content_type: bytes, body: bytes) -> bytes:
    return b"HTTP/1.1 %b\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n%b" % (
        status,
        content_type,
        len(body),
        body,
    )


async def serve(pages: Pages, host: str, port: int) -> asyncio.Server:
    """Listen.

    Args:
        pages: what is served; told its address.
        host: where.
        port: where; 0 takes a free one.

    Raises:
        OSError: the port is taken, ...
    """
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(pages), host, port, backlog=4096)
    bound = server.sockets[0].getsockname()[1]
    pages.address = f"{host}:{bound}"
    return server


async def keep_up(site: SiteSide, clock: Callable[[], float]) -> None:
    """Let the site daemon hear its meters, scraped or not; until cancelled."""
    while True:
        site.advance(clock())
        await asyncio.sleep(_SITE_LOOK_SECONDS)
