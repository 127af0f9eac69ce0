"""What the image's HEALTHCHECK says of a daemon that is alive, sick, silent or not there."""

import os
import shutil
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "deploy/healthcheck.py"


@contextmanager
def serving(status: int = 200, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """A server whose `/livez` answers with that status, and all else with 404. Yields its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/livez" else 404)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def check(script: Path = SCRIPT, **variables: str) -> tuple[int, str]:
    """Run it as the image does. Returns exit code and output."""
    done = subprocess.run(
        [sys.executable, "-IS", str(script)],
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"]} | variables,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout


def configured(folder: Path, toml: str) -> Path:
    """The script, with its configuration file in another place."""
    config = folder / "wattkeeper.toml"
    config.write_text(toml, encoding="utf-8")
    text = SCRIPT.read_text(encoding="utf-8")
    assert "/etc/wattkeeper/wattkeeper.toml" in text
    script = folder / "healthcheck.py"
    script.write_text(text.replace("/etc/wattkeeper/wattkeeper.toml", str(config)), "utf-8")
    return script


def test_a_daemon_that_turns_is_alive() -> None:
    with serving() as port:
        assert check(WATTKEEPER_PROMETHEUS__LISTEN=f"0.0.0.0:{port}") == (0, "")


def test_another_answer_or_none_is_told() -> None:
    with serving(500) as port:
        code, said = check(WATTKEEPER_PROMETHEUS__LISTEN=f"127.0.0.1:{port}")
    assert code == 1
    assert "500" in said
    code, said = check(WATTKEEPER_PROMETHEUS__LISTEN=f"127.0.0.1:{port}")
    assert code == 1
    assert f"no answer from 127.0.0.1 port {port}" in said


def test_the_file_says_where_and_the_environment_overrides_it(tmp_path: Path) -> None:
    with serving() as port:
        script = configured(tmp_path, f'[prometheus]\nlisten = "127.0.0.1:{port}"\n')
        assert check(script) == (0, "")
        assert check(script, WATTKEEPER_PROMETHEUS__LISTEN="127.0.0.1:1")[0] == 1


@pytest.mark.parametrize("toml", ["[prometheus", "prometheus = 3\n", "[prometheus]\nlisten = 5\n"])
def test_a_wrong_file_is_no_traceback(tmp_path: Path, toml: str) -> None:
    code, _ = check(configured(tmp_path, toml), WATTKEEPER_PROMETHEUS__LISTEN="127.0.0.1:1")
    assert code == 1


def test_a_wrong_address_is_no_traceback() -> None:
    code, said = check(WATTKEEPER_PROMETHEUS__LISTEN="nowhere")
    assert (code, said) == (1, 'wattkeeper: prometheus.listen = "nowhere" is no HOST:PORT\n')


def test_where_nothing_is_served_nothing_is_asked(tmp_path: Path) -> None:
    assert check(configured(tmp_path, "[prometheus]\nenabled = false\n"))[0] == 0
    assert check(WATTKEEPER_PROMETHEUS__ENABLED="false")[0] == 0


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl here")
@pytest.mark.parametrize("client_certificate_wanted", [False, True])
def test_tls_is_answered_by_its_handshake(
    tmp_path: Path, *, client_certificate_wanted: bool
) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-nodes", "-subj", "/CN=node"),
            *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
            *("-keyout", str(key), "-out", str(cert)),
        ],
        capture_output=True,
        check=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    if client_certificate_wanted:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cert)
    with serving(context=context) as port:
        listen = f"127.0.0.1:{port}"
        toml = f'[prometheus]\nlisten = "{listen}"\n[prometheus.tls]\ncert_file = "{cert}"\n'
        assert check(configured(tmp_path, toml)) == (0, "")
        assert check(
            WATTKEEPER_PROMETHEUS__LISTEN=listen, WATTKEEPER_PROMETHEUS__TLS__CERT_FILE=str(cert)
        ) == (0, "")
