"""The token in its file, read again when the file changes. It never enters a message."""

import json
from pathlib import Path

from exporters.delivery import DeliveryError

_MOST_BYTES = 16_384


class TokenFile:
    """Reads the token.

    Args:
        path: the file; None where the server asks for no token.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._token = ""
        self._seen: tuple[int, int, int] | None = None

    def current(self) -> str:
        """The token as the file holds it now; empty where there is no file to read.

        Raises:
            DeliveryError: the file cannot be read or holds no token.
        """
        if self._path is None:
            return ""
        try:
            stat = self._path.stat()
            # Inode too: a secret that Kubernetes renews is another file under the same name.
            seen = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
            if seen != self._seen:
                with self._path.open("rb") as file:
                    self._token = _checked(file.read(_MOST_BYTES), self._path)
                self._seen = seen
        except OSError as error:
            self._seen = None
            raise DeliveryError(
                "token_file",
                f"the token file {self._path} cannot be read: {error.strerror}",
                action="let the daemon's user read it; it is tried again by itself",
            ) from None
        return self._token

    def hidden(self, text: str) -> str:
        """The text without the token, should a server have echoed it."""
        if not self._token:
            return text
        as_json = json.dumps(self._token)[1:-1]  # where a body is shown as it came
        return text.replace(self._token, "***").replace(as_json, "***")


def _checked(content: bytes, path: Path) -> str:
    try:
        token = content.decode("ascii").strip()
    except UnicodeDecodeError:
        token = ""
    if not token or not token.isprintable() or " " in token:
        raise DeliveryError(
            "token_file",
            f"the token file {path} holds no token",
            action="put the token into it, alone on one line; it is read again by itself",
        )
    return token
