"""The password and the certificates, read from their files anew for every connection.

So a changed file is used at the next connection, and a wrong one is put right without a restart.
"""

import ssl
from pathlib import Path

from exporters.delivery import DeliveryError
from exporters.mqtt.options import MqttOptions


def password(options: MqttOptions) -> str | None:
    """The first line of the password's file; None without one.

    Raises:
        DeliveryError: `password`: the file cannot be read, or is empty.
    """
    path = options.password_file
    if path is None:
        return None
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable("password", "mqtt.password_file", path, error) from None
    if not lines or not lines[0]:
        raise DeliveryError(
            "password",
            f"mqtt.password_file {path} is empty",
            action="write the password into its first line",
        )
    return lines[0]


def tls_context(options: MqttOptions) -> ssl.SSLContext | None:
    """What TLS is made with: the broker's certificate and name are verified. None without TLS.

    Raises:
        DeliveryError: `tls`: a file cannot be read, or is not what it should be.
    """
    if not options.tls:
        return None
    if options.ca_file is None:
        context = ssl.create_default_context()
    else:
        try:
            context = ssl.create_default_context(cafile=options.ca_file)
        except (OSError, ssl.SSLError) as error:
            raise _unreadable("tls", "mqtt.tls.ca_file", options.ca_file, error) from None
    if options.cert_file is not None:
        try:
            # Without this, OpenSSL asks for the passphrase of an encrypted key on a terminal.
            context.load_cert_chain(options.cert_file, options.key_file, password=lambda: "")
        except (OSError, ssl.SSLError) as error:
            raise _bad_pair(options, error) from None
    context.sslsocket_class = _TlsSocket
    return context


class _TlsSocket(ssl.SSLSocket):
    """Closes itself when the handshake fails; paho leaves that to the garbage collector."""

    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002 - not our signature
        try:
            super().do_handshake(block)
        except BaseException:
            self.close()
            raise


def _bad_pair(options: MqttOptions, error: OSError) -> DeliveryError:
    files = f"mqtt.tls.cert_file {options.cert_file}, mqtt.tls.key_file {options.key_file}"
    return DeliveryError(
        "tls",
        f"{files}: {_reason(error)}",
        action="check that both are PEM, can be read by the daemon, belong together, and that the "
        "key has no passphrase",
    )


def _unreadable(word: str, key: str, path: Path, error: Exception) -> DeliveryError:
    return DeliveryError(
        word,
        f"{key} {path}: {_reason(error)}",
        action=f"check {key} and that the daemon may read the file",
    )


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or "not PEM").replace("_", " ").lower()
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return "is not text"
