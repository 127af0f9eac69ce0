"""An authority, and certificates that it signed, made with openssl."""

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its key, PEM."""

    cert: Path
    key: Path


class Authority:
    """A certificate authority of its own.

    Args:
        folder: for its files.
        name: what it is called.
    """

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self._folder = folder
        self.pair = Pair(folder / f"{name}.crt", folder / f"{name}.key")
        _openssl(
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-subj", f"/CN={name}", "-days", "2"),
            *("-keyout", str(self.pair.key), "-out", str(self.pair.cert)),
        )

    def sign(self, name: str, alternative: str = "DNS:localhost,IP:127.0.0.1") -> Pair:
        """A certificate made out to these names."""
        pair = Pair(self._folder / f"{name}.crt", self._folder / f"{name}.key")
        request, extensions = self._folder / f"{name}.csr", self._folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={alternative}\n")
        _openssl(
            *("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-subj", f"/CN={name}", "-keyout", str(pair.key), "-out", str(request)),
        )
        _openssl(
            *("x509", "-req", "-in", str(request), "-CA", str(self.pair.cert)),
            *("-CAkey", str(self.pair.key), "-CAcreateserial", "-days", "2"),
            *("-extfile", str(extensions), "-out", str(pair.cert)),
        )
        return pair

    def lock(self, pair: Pair) -> Path:
        """The key again, with a passphrase."""
        locked = pair.key.with_suffix(".locked")
        _openssl(
            *("pkcs8", "-topk8", "-in", str(pair.key), "-out", str(locked)),
            *("-passout", "pass:not told"),
        )
        return locked


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=30)
