"""Opens the sockets that clients come to."""

import asyncio
import contextlib
import errno
import socket

from exporters.http.limits import Limits
from exporters.http.options import ServeError

_BACKLOG = 4096
"""Connections that wait to be accepted, those that were closed meanwhile among them. Who finds the
line full asks again only after 1 s. The kernel's net.core.somaxconn may cut it."""


async def listening_sockets(listen: str, limits: Limits) -> list[socket.socket]:
    """Listen at all addresses that a host's name has.

    Args:
        listen: HOST:PORT; IPv6 in brackets. `[::]` is every address, those of IPv4 too.
        limits: what the sockets hand on to every connection.

    Raises:
        ServeError: it cannot. Says why, and what to do.
    """
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    found: list[socket.socket] = []
    with contextlib.ExitStack() as stack:
        try:
            infos = await asyncio.get_running_loop().getaddrinfo(
                host, int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )
            for family, kind, protocol, _, address in dict.fromkeys(infos):
                sock = socket.socket(family, kind, protocol)
                stack.callback(sock.close)
                sock.settimeout(0)
                _prepare(sock, limits)
                sock.bind(address)
                sock.listen(_BACKLOG)
                found.append(sock)
        except OSError as error:
            raise ServeError(_why(error, listen)) from None
        stack.pop_all()
    return found


def _prepare(sock: socket.socket, limits: Limits) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, limits.send_buffer_bytes)
    # Also ends connections that are closed here, but whose client takes no more.
    timeout_ms = round((limits.answer_seconds + limits.leave_seconds) * 1000)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, timeout_ms)
    # Who says nothing stays with the kernel for so long, and costs this process nothing.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, int(limits.head_seconds))
    if sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)


def _why(error: OSError, listen: str) -> str:
    port = listen.rpartition(":")[2]
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} is taken by another program; stop it, or set prometheus.listen "
            "(WATTKEEPER_PROMETHEUS__LISTEN) to another HOST:PORT"
        )
    if error.errno == errno.EACCES:
        return f"no permission to listen on {listen}; choose a port from 1024 up"
    return f"cannot listen on {listen}: {error.strerror or error}; check prometheus.listen"
