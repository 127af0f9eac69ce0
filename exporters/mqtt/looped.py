"""aiomqtt's client, told apart from its file descriptor.

aiomqtt hands a descriptor's number to the event loop one turn later. If the connection broke in
between, the number is closed, or is another socket's by then. Here the socket itself is asked.
"""

import contextlib
import socket
from collections.abc import Callable
from typing import Any

import aiomqtt
from paho.mqtt.client import Client


class LoopedClient(aiomqtt.Client):
    """Watches its socket only while that is open. The arguments are aiomqtt's."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._abandoned = False
        self._reached = False

    @property
    def reached(self) -> bool:
        """Whether there was a connection to send on, TLS included."""
        return self._reached

    # The thread that connects calls the next two; from then on it is the loop's.

    def _on_socket_open(self, client: Client, userdata: Any, sock: Any) -> None:
        del userdata
        if self._abandoned:  # that thread cannot be stopped: what it made is closed
            shut(sock)
            return
        self._reached = True

        def watch() -> None:
            if (now := client.socket()) is not None and now is sock:
                self._loop.add_reader(now.fileno(), lambda: self._guarded(client.loop_read))
                self._misc_task = self._loop.create_task(self._misc_loop())

        self._loop.call_soon_threadsafe(watch)

    def _on_socket_register_write(self, client: Client, userdata: Any, sock: Any) -> None:
        del userdata

        def watch() -> None:
            if (now := client.socket()) is not None and now is sock:
                self._loop.add_writer(now.fileno(), lambda: self._guarded(client.loop_write))

        self._loop.call_soon_threadsafe(watch)

    def _guarded(self, step: Callable[[], object]) -> None:
        try:
            step()
            sock = self._client.socket()
            # TLS may have decrypted more than one packet; the descriptor does not tell.
            while sock is not None and getattr(sock, "pending", int)():
                self._client.loop_read()
                sock = self._client.socket()
        except Exception as error:  # noqa: BLE001 - whatever it is, the connection is of no more use
            if not self._disconnected.done():
                self._disconnected.set_exception(error)


def shut(sock: Any) -> None:
    """Close both directions, so that whoever reads sees the end."""
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
