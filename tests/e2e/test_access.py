"""TLS and passwords on the daemon's own server."""

import asyncio
import base64
import http.client
import shutil
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from exporters.http.basic_auth import BasicAuth, BusyError
from exporters.http.passwords import PasswordHash
from tests.e2e.conftest import MakeDaemon, MakeFake
from tests.e2e.daemon import Daemon
from tests.e2e.test_user_mistakes import refused, run

SALT, DIGEST = "c2FsdA==", base64.b64encode(bytes(64)).decode()
CHEAP = PasswordHash.of("p:w", b"x", n=1024)
_CLIENTS = 50


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


@contextmanager
def hammering(port: int, statuses: Counter[int]) -> Iterator[None]:
    """Fifty clients ask again and again, each with a wrong password of its own each time."""
    over = threading.Event()

    def client(number: int) -> None:
        asked = 0
        while not over.is_set():
            asked += 1
            wrong = {"Authorization": header("prom", f"wrong-{number}-{asked}")}
            statuses[ask(port, "127.0.0.1", wrong)] += 1

    clients = [threading.Thread(target=client, args=(i,)) for i in range(_CLIENTS)]
    for thread in clients:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in clients:
            thread.join()


def ask(port: int, source: str, headers: dict[str, str], path: str = "/metrics") -> int:
    """GET from an address of this machine. Returns the status."""
    connection = http.client.HTTPConnection(
        "127.0.0.1", port, timeout=20, source_address=(source, 0)
    )
    try:
        connection.request("GET", path, headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


def test_wrong_passwords_hold_nobody_else_up(
    make_fake: MakeFake, make_daemon: MakeDaemon, tmp_path: Path
) -> None:
    """Probes, a client that was let in before, and a new one from another machine."""
    secret = tmp_path / "hash"
    secret.write_text(PasswordHash.of("s3cret", b"salt"))
    daemon = make_daemon(
        make_fake(gpus=1),
        PROMETHEUS__BASIC_AUTH__USERNAME="prom",
        PROMETHEUS__BASIC_AUTH__PASSWORD_HASH_FILE=secret,
    )
    right = {"Authorization": header("prom", "s3cret")}
    statuses: Counter[int] = Counter()
    with hammering(daemon.port, statuses):
        daemon.wait_for(lambda: statuses[401] + statuses[429] > _CLIENTS, "they are at it")
        # Not remembered yet: it has to wait its turn, but not behind those of another address.
        began = time.monotonic()
        assert ask(daemon.port, "127.0.0.2", right) == 200
        assert time.monotonic() - began < 5
        waits = []
        for _ in range(10):
            for path, headers in (("/livez", {}), ("/metrics", right)):
                began = time.monotonic()
                assert ask(daemon.port, "127.0.0.1", headers, path) == 200
                waits.append(time.monotonic() - began)
        assert max(waits) < 1
    assert set(statuses) == {401, 429}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain",
        "scrypt:1:2:3:4",
        f"scrypt:a:8:1:{SALT}:{DIGEST}",
        f"scrypt:16384:8:1:{SALT}:no base64",
        f"bcrypt:16384:8:1:{SALT}:{DIGEST}",
    ],
)
def test_what_is_no_hash(text: str) -> None:
    with pytest.raises(ValueError, match="scrypt:N:R:P:SALT:HASH"):
        PasswordHash.parse(text)


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ("3:8:1", "N is 3; allowed is a power of two"),
        ("1:8:1", "N is 1; allowed is a power of two"),
        ("0:8:1", "N is 0; allowed is a power of two"),
        ("-16384:8:1", "N is -16384; allowed is a power of two"),
        ("16384:0:1", "R is 0; allowed is 1 or more"),
        ("16384:8:0", "P is 0; allowed is 1 or more"),
        ("1048576:8:1", "N=1048576, R=8 take 1024 MiB; allowed are 128 MiB"),
        (f"{2**200}:8:1", "allowed are 128 MiB"),
        ("16384:8:100000", "N=16384, R=8, P=100000 take too long"),
        ("2:1:1000000000", "take too long"),
    ],
)
def test_a_hash_that_cannot_be_computed(numbers: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        PasswordHash.parse(f"scrypt:{numbers}:{SALT}:{DIGEST}")


@pytest.mark.parametrize("digest", ["", "aGFzaA=="])
def test_a_hash_too_short_to_protect(digest: str) -> None:
    with pytest.raises(ValueError, match=r"HASH has \d bytes; allowed are 16 to 1024"):
        PasswordHash.parse(f"scrypt:1024:8:1:{SALT}:{digest}")


@pytest.mark.parametrize("numbers", ["2:1:1", "1024:8:1", "131072:8:1", "16384:8:5", "2:1:2000"])
def test_what_parses_can_be_checked(numbers: str) -> None:
    assert not PasswordHash.parse(f"scrypt:{numbers}:{SALT}:{DIGEST}").matches("a")


def test_a_password_may_be_as_costly_as_the_file_allows() -> None:
    text = PasswordHash.of("p", b"x", n=131072)
    assert PasswordHash.parse(text).matches("p")


def test_a_wrong_hash_file_is_a_sentence(tmp_path: Path) -> None:
    secret = tmp_path / "hash"
    secret.write_text(f"scrypt:3:8:1:{SALT}:{DIGEST}")
    found = run(
        "node",
        WATTKEEPER_SAMPLING__SOURCE="simulated",
        WATTKEEPER_LEDGER__PATH=str(tmp_path / "l.sqlite3"),
        WATTKEEPER_PROMETHEUS__BASIC_AUTH__USERNAME="prom",
        WATTKEEPER_PROMETHEUS__BASIC_AUTH__PASSWORD_HASH_FILE=str(secret),
    )
    refused(found, 1, "prometheus.basic_auth.password_hash_file", str(secret), "N is 3")


async def test_a_hash_fits_its_password_only() -> None:
    auth = BasicAuth({"u": PasswordHash.parse(CHEAP)})
    for _ in range(2):  # the second time from memory
        assert await auth.allows(header("u", "p:w"), "a")
        assert await auth.allows(header("u", "p:w").replace("Basic", "bAsIc"), "a")
        for wrong in (header("u", "p"), header("v", "p:w"), "", "Basic !!"):
            assert not await auth.allows(wrong, "a")
        assert not await auth.allows(header("u", "p:w").replace("Basic", "Bearer"), "a")


def counting(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The passwords that scrypt is asked about from now on."""
    asked: list[str] = []
    real = PasswordHash.matches

    def matches(self: PasswordHash, password: str) -> bool:
        asked.append(password)
        return real(self, password)

    monkeypatch.setattr(PasswordHash, "matches", matches)
    return asked


async def test_wrong_passwords_do_not_make_it_forget_the_right_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    auth = BasicAuth({"u": PasswordHash.parse(CHEAP)})
    asked = counting(monkeypatch)
    assert await auth.allows(header("u", "p:w"), "a")
    for attempt in range(20):
        assert not await auth.allows(header("u", f"wrong-{attempt}"), "a")
    assert await auth.allows(header("u", "p:w"), "a")
    assert asked == ["p:w", *(f"wrong-{attempt}" for attempt in range(20))]


async def test_the_same_right_password_at_the_same_time_is_computed_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    auth = BasicAuth({"u": PasswordHash.parse(CHEAP)})
    asked = counting(monkeypatch)
    answers = await asyncio.gather(*(auth.allows(header("u", "p:w"), "a") for _ in range(4)))
    assert answers == [True] * 4
    assert asked == ["p:w"]


async def test_only_few_may_wait() -> None:
    """Four of one address, sixteen altogether; who comes later is told at once."""
    auth = BasicAuth({"u": PasswordHash.parse(CHEAP)})

    async def attempts(peers: list[str]) -> Counter[str]:
        found = await asyncio.gather(
            *(auth.allows(header("u", f"wrong-{i}"), peer) for i, peer in enumerate(peers)),
            return_exceptions=True,
        )
        return Counter("busy" if isinstance(one, BusyError) else str(one) for one in found)

    assert await attempts(["a"] * 30) == {"False": 4, "busy": 26}
    assert await attempts([f"peer-{i}" for i in range(30)]) == {"False": 16, "busy": 14}
    assert await attempts(["a"] * 3) == {"False": 3}
    assert await auth.allows(header("u", "p:w"), "a")


async def test_who_gives_up_waits_no_longer() -> None:
    auth = BasicAuth({"u": PasswordHash.parse(CHEAP)})
    for _ in range(10):
        waiting = asyncio.create_task(auth.allows(header("u", "wrong"), "a"))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    assert await auth.allows(header("u", "p:w"), "a")


async def test_who_is_known_is_let_in_even_when_many_wait() -> None:
    auth = BasicAuth({"u": PasswordHash.parse(CHEAP)})
    assert await auth.allows(header("u", "p:w"), "a")
    wrong = [asyncio.create_task(auth.allows(header("u", f"w{i}"), "a")) for i in range(4)]
    await asyncio.sleep(0)
    assert await auth.allows(header("u", "p:w"), "a")
    assert await asyncio.gather(*wrong) == [False] * 4


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
    del make_fake
    found = run(
        "node",
        WATTKEEPER_SAMPLING__SOURCE="simulated",
        WATTKEEPER_LEDGER__PATH=str(tmp_path / "l.sqlite3"),
        WATTKEEPER_PROMETHEUS__TLS__CERT_FILE=str(tmp_path / "none.pem"),
        WATTKEEPER_PROMETHEUS__TLS__KEY_FILE=str(tmp_path / "none.key"),
    )
    refused(found, 1, "prometheus.tls", "none.pem")
