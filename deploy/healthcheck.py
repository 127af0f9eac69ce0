"""Whether the daemon's event loop turns: exit code 0 if so, else 1 and a sentence.

For HEALTHCHECK. It runs once a minute on every node, so it imports only what it needs, and asks
`/livez`: a sick GPU is no reason to restart the daemon that reports it.
"""

# ruff: noqa: INP001 - one file of the image, no part of a package

import os
import socket
import sys

CONFIG = "/etc/wattkeeper/wattkeeper.toml"
TIMEOUT_SECONDS = 4.0


def prometheus_table(config: str) -> dict[str, object]:
    """The `[prometheus]` table, the environment over the file; empty where the file is wrong.

    Args:
        config: path of the configuration file, which need not exist.
    """
    table: dict[str, object] = {}
    if os.path.exists(config):  # noqa: PTH110 - pathlib costs more than all the rest
        import tomllib  # noqa: PLC0415 - most containers are configured by their environment

        try:
            with open(config, "rb") as file:  # noqa: PTH123 - likewise
                found = tomllib.load(file).get("prometheus")
        except (OSError, ValueError, RecursionError):
            found = None
        table = found if isinstance(found, dict) else {}
    prefix = "WATTKEEPER_PROMETHEUS__"
    for name, value in os.environ.items():
        if name.upper().startswith(prefix):
            key = name.upper().removeprefix(prefix).lower()
            table["tls" if key.startswith("tls__") else key] = value
    return table


def ask(host: str, port: int, *, tls: bool) -> str:
    """Ask `/livez`. Returns what is wrong, or nothing.

    Args:
        host: address to connect to.
        port: its port.
        tls: the server speaks TLS. Then the handshake is the answer, since the server may want a
            certificate from who asks more.
    """
    try:
        with socket.create_connection((host, port), TIMEOUT_SECONDS) as connection:
            if tls:
                import ssl  # noqa: PLC0415 - costly, and seldom needed

                context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
                context.wrap_socket(connection).close()
                return ""
            connection.sendall(b"GET /livez HTTP/1.0\r\n\r\n")
            status = connection.recv(64).split(b"\r\n")[0].decode("ascii", "replace")
    except (OSError, OverflowError) as error:
        return f"no answer from {host} port {port}: {error}"
    return "" if " 200" in status else f"{host} port {port} answered {status!r}"


def _shown(value: object) -> str:
    """A value as text; Python refuses to write whole numbers of thousands of digits."""
    try:
        return str(value)
    except ValueError:
        return "a number of thousands of digits"


def main() -> int:
    """Returns the exit code."""
    table = prometheus_table(CONFIG)
    if _shown(table.get("enabled", True)).lower() in {"false", "0", "no", "off", "f", "n"}:
        print("nothing is served, so nothing can be asked")  # noqa: T201 - what the user reads
        return 0
    listen = _shown(table.get("listen", "0.0.0.0:9410"))
    host, _, port = listen.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or len(port) > 5:  # noqa: PLR2004
        shown = ascii(listen[:80])[1:-1]
        print(f'wattkeeper: prometheus.listen = "{shown}" is no HOST:PORT')  # noqa: T201 - likewise
        return 1
    host = {"0.0.0.0": "127.0.0.1", "[::]": "::1"}.get(host, host.strip("[]"))  # noqa: S104 - only asked
    wrong = ask(host, int(port), tls="tls" in table)
    if wrong:
        print(f"wattkeeper: {wrong}")  # noqa: T201 - what the user reads
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
