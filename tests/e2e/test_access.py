"""TLS and passwords on the daemon's own server."""

import base64
import shutil
import ssl
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from exporters.prometheus.auth import BasicAuth, PasswordHash
from tests.e2e.conftest import MakeDaemon, MakeFake


def header(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def test_a_password_is_asked_for_but_not_of_probes(
    make_fake: MakeFake, make_daemon: MakeDaemon, tmp_path: Path
) -> None:
    secret = tmp_path / "hash"
    secret.write_text(PasswordHash.of("s3cret", b"salt", n=1024) + "\n")
    daemon = make_daemon(
        make_fake(gpus=1),
        PROMETHEUS__BASIC_AUTH__USERNAME="prom",
        PROMETHEUS__BASIC_AUTH__PASSWORD_HASH_FILE=secret,
    )
    assert daemon.get("/metrics")[0] == 401
    assert daemon.get("/metrics", Authorization=header("prom", "wrong"))[0] == 401
    assert daemon.get("/metrics", Authorization=header("other", "s3cret"))[0] == 401
    assert daemon.get("/metrics", Authorization="Basic !!")[0] == 401
    assert daemon.get("/metrics", Authorization=header("prom", "s3cret"))[0] == 200
    assert daemon.get("/", Authorization=header("prom", "s3cret"))[0] == 200
    assert daemon.get("/livez")[0] == 200
    assert "s3cret" not in daemon.said()


@pytest.mark.parametrize("text", ["", "plain", "scrypt:1:2:3:4", "scrypt:a:8:1:c2FsdA==:aGFzaA=="])
def test_what_is_no_hash(text: str) -> None:
    with pytest.raises(ValueError, match="scrypt:N:R:P:SALT:HASH"):
        PasswordHash.parse(text)


def test_a_hash_fits_its_password_only() -> None:
    auth = BasicAuth("u", PasswordHash.parse(PasswordHash.of("p:w", b"x", n=1024)))
    assert auth.allows(header("u", "p:w"))
    assert not auth.allows(header("u", "p"))
    assert not auth.allows("")


def test_tls(make_fake: MakeFake, tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-keyout", str(key), "-out", str(cert), "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"),
        ],
        check=True,
        capture_output=True,
    )
    from tests.e2e.daemon import Daemon  # noqa: PLC0415 - started by hand: /livez is HTTPS here

    folder = tmp_path / "node"
    folder.mkdir()
    fake = make_fake(gpus=1)
    daemon = Daemon(
        folder,
        fake.environment(),
        PROMETHEUS__TLS__CERT_FILE=cert,
        PROMETHEUS__TLS__KEY_FILE=key,
    )
    trusting = ssl.create_default_context(cafile=str(cert))

    def answers() -> bool:
        try:
            url = f"https://127.0.0.1:{daemon.port}/livez"
            with urllib.request.urlopen(url, timeout=5, context=trusting) as response:
                return bool(response.status == 200)
        except urllib.error.URLError:
            return False

    daemon._alive = answers  # type: ignore[method-assign]
    with daemon:
        assert answers()
        with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
            urllib.request.urlopen(f"https://127.0.0.1:{daemon.port}/livez", timeout=5)
        assert f"https://127.0.0.1:{daemon.port}/" in daemon.said()


def test_a_missing_certificate_is_named(make_fake: MakeFake, tmp_path: Path) -> None:
    from tests.e2e.test_user_mistakes import refused, run  # noqa: PLC0415 - shared with it

    del make_fake
    found = run(
        "node",
        WATTKEEPER_SAMPLING__SOURCE="simulated",
        WATTKEEPER_LEDGER__PATH=str(tmp_path / "l.sqlite3"),
        WATTKEEPER_PROMETHEUS__TLS__CERT_FILE=str(tmp_path / "none.pem"),
        WATTKEEPER_PROMETHEUS__TLS__KEY_FILE=str(tmp_path / "none.key"),
    )
    refused(found, 1, "prometheus.tls", "none.pem")
