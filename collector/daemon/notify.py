"""Tells systemd that the daemon is ready, alive or stopping (sd_notify(3)), if it asked."""

import os
import socket
import time


class Notifier:
    """Speaks to the socket that systemd names in the environment, if it does."""

    def __init__(self) -> None:
        address = os.environ.get("NOTIFY_SOCKET", "")
        self._address = f"\0{address[1:]}" if address.startswith("@") else address

    def ready(self) -> None:
        """Start-up is over."""
        self._send("READY=1")

    def alive(self) -> None:
        """The event loop turns."""
        self._send("WATCHDOG=1")

    def reloading(self) -> None:
        """Another configuration is being taken; `ready` ends that.

        Not `stopping`: systemd would kill a service that has said so and still runs.
        """
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """Shutdown has begun."""
        self._send("STOPPING=1")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sock:
                sock.sendto(message.encode(), self._address)
        except OSError:
            # A supervisor that does not listen is not the daemon's trouble.
            self._address = ""
