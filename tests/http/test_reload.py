"""Changed files are taken while the server runs; broken ones change nothing, and are told of."""

import asyncio
import logging
import time
from pathlib import Path

import bcrypt
import pytest

from collector.model import Tick
from exporters.http.access import load_access
from exporters.http.keeper import Keeper
from exporters.http.options import HttpOptions
from exporters.http.passwords import PasswordHash
from exporters.http.stamps import stamps_of
from tests.e2e.test_access import header
from tests.http.loops import on_both_loops
from tests.http.serving import Served, client, serving
from tests.mqtt.certificates import Authority, Pair
from tests.page.made_up import eight

EXPIRY = "wattkeeper_tls_certificate_expiry_timestamp_seconds"


def bcrypted(password: str) -> str:
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()


def users(file: Path, **passwords: str) -> Path:
    lines = [f"  {name}: '{bcrypted(password)}'" for name, password in passwords.items()]
    replace(file, "\n".join(["basic_auth_users:", *lines, ""]))
    return file


def replace(file: Path, text: str) -> None:
    """As tools do it that know how: the file is never half written."""
    new = file.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    new.rename(file)


async def asked(served: Served, user: str, password: str) -> int:
    return (await served.get("/metrics", Authorization=header(user, password))).status


async def look(served: Served, later_seconds: float = 0.0) -> None:
    """Look at the files now, or as if so much time had passed."""
    keeper = served.server._keeper
    assert keeper is not None
    await keeper.look(time.monotonic() + later_seconds)


@on_both_loops
async def test_users_of_a_web_file(tmp_path: Path) -> None:
    file = users(tmp_path / "web.yml", alice="open", bob="sesame")
    async with serving(web_config_file=file) as served:
        for _ in range(2):
            assert await asked(served, "alice", "open") == 200
            assert await asked(served, "bob", "sesame") == 200
        for user, password in (("alice", "sesame"), ("bob", "open"), ("carol", "open"), ("", "")):
            assert await asked(served, user, password) == 401
        assert (await served.get("/livez")).status == 200
        users(file, alice="open", bob="barley")
        await look(served)
        assert await asked(served, "alice", "open") == 200
        assert await asked(served, "bob", "sesame") == 401, "although it was remembered"
        assert await asked(served, "bob", "barley") == 200


@on_both_loops
async def test_it_looks_by_itself(tmp_path: Path) -> None:
    hash_file = tmp_path / "hash"
    hash_file.write_text(PasswordHash.of("open", b"salt", n=1024))
    async with serving(username="prom", password_hash_file=hash_file) as served:
        assert await asked(served, "prom", "open") == 200
        replace(hash_file, PasswordHash.of("sesame", b"salt", n=1024))
        for _ in range(200):
            if await asked(served, "prom", "open") == 401:
                break
            await asyncio.sleep(0.05)
        assert await asked(served, "prom", "sesame") == 200


@on_both_loops
async def test_a_renewed_certificate(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    authority = Authority(tmp_path)
    first, second = authority.sign("first", "IP:127.0.0.1"), authority.sign("second")
    cert, key = tmp_path / "tls.crt", tmp_path / "tls.key"
    replace(cert, first.cert.read_text())
    replace(key, first.key.read_text())
    async with serving(cert_file=cert, key_file=key) as served:
        before = await shown(served, authority)
        assert before[0] == "first"
        assert before[1] == pytest.approx(time.time() + 2 * 86_400, abs=3600)
        # The certificate first, then the key: between them they do not fit.
        replace(cert, second.cert.read_text())
        await look(served)
        assert (await shown(served, authority))[0] == "first"
        replace(key, second.key.read_text())
        await look(served)
        assert (await shown(served, authority))[0] == "second"
    assert [record.getMessage() for record in caplog.records] == [
        "http access: took the changed certificates, users and headers"
    ]


async def shown(served: Served, authority: Authority) -> tuple[str, float]:
    """Whose certificate a new client sees, and when it ends as the metric tells."""
    context = client(authority)
    context.check_hostname = False
    _, writer = await served.connect(tls=context)
    subject = writer.get_extra_info("peercert")["subject"]
    writer.transport.abort()
    served.server.update(Tick.of(eight(1)))
    text = (await served.get("/metrics", tls=context)).body.decode()
    (line,) = [line for line in text.splitlines() if line.startswith(EXPIRY)]
    return subject[0][0][1], float(line.split()[1])


@on_both_loops
async def test_a_broken_file_keeps_what_was_there(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = users(tmp_path / "web.yml", alice="open")
    async with serving(web_config_file=file) as served:
        replace(file, "basic_auth_users: {alice: s3cret}\n")
        await look(served)
        assert await asked(served, "alice", "open") == 200
        assert not caplog.records, "it may be half written"
        for _ in range(3):
            await look(served, 3)
        assert len(caplog.records) == 1
        served.server.update(Tick.of(eight(1)))
        health = await served.get("/healthz", Authorization=header("alice", "open"))
        assert health.status == 503
        assert b'"http access"' in health.body
        assert b"alice: this is no bcrypt hash" in health.body
        assert b"mend the file" in health.body
        metrics = await served.get("/metrics", Authorization=header("alice", "open"))
        assert b"\nwattkeeper_faults 1.0\n" in metrics.body
        users(file, alice="sesame")
        await look(served, 4)
        assert await asked(served, "alice", "sesame") == 200
        served.server.update(Tick.of(eight(2)))
        health = await served.get("/healthz", Authorization=header("alice", "sesame"))
        assert health.status == 200
    begin, end = caplog.records
    assert (begin.levelno, end.levelno) == (logging.ERROR, logging.WARNING)
    assert "alice: this is no bcrypt hash" in begin.getMessage()
    assert "well again after" in end.getMessage()
    assert "s3cret" not in caplog.text


def keeper_of(file: Path) -> Keeper:
    options = HttpOptions(listen="127.0.0.1:0", web_config_file=file)
    return Keeper(lambda: load_access(options), lambda _access: None)


@pytest.mark.parametrize("text", ["", "basic_auth_users: {}\n", "http_server_config: {}\n"])
async def test_a_file_that_was_cut_off_opens_the_port_to_nobody(tmp_path: Path, text: str) -> None:
    file = users(tmp_path / "web.yml", alice="open")
    keeper = keeper_of(file)
    file.write_text(text)
    await keeper.look(100.0)
    await keeper.look(110.0)
    assert set(keeper.access.users) == {"alice"}
    assert keeper.fault is not None
    assert "no password would be needed" in keeper.fault.problem


async def test_no_protection_goes_without_a_restart(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    pair = authority.sign("localhost")
    tls = f"tls_server_config:\n  cert_file: {pair.cert.name}\n  key_file: {pair.key.name}\n"
    ca = (
        f"  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: {authority.pair.cert}\n"
    )
    sans = "  client_allowed_sans: [a]\n"
    file = tmp_path / "web.yml"
    for before, after, said in (
        (tls, "", "TLS would be switched off"),
        ("", tls, "TLS would be switched on"),
        (tls + ca, tls, "no client certificate would be needed"),
        (tls + ca + sans, tls + ca, "any client certificate would do"),
    ):
        replace(file, before)
        keeper = keeper_of(file)
        access = keeper.access
        replace(file, after)
        await keeper.look(100.0)
        await keeper.look(103.0)
        assert keeper.access is access
        assert keeper.fault is not None
        assert said in keeper.fault.problem


async def test_what_was_missing_is_found_when_it_comes(tmp_path: Path) -> None:
    """Nobody looks at a file that only the broken configuration names; it is tried again."""
    authority = Authority(tmp_path)
    first, second = authority.sign("first"), authority.sign("second")
    key = second.key.read_text()
    second.key.unlink()
    file = tmp_path / "web.yml"
    replace(file, names(first))
    keeper = keeper_of(file)
    access = keeper.access
    replace(file, names(second))
    await keeper.look(100.0)
    assert keeper.access is access
    second.key.write_text(key)
    await keeper.look(105.0)
    assert keeper.access is access
    assert keeper.fault is not None
    await keeper.look(111.0)
    assert keeper.access is not access
    assert keeper.fault is None


def names(pair: Pair) -> str:
    return f"tls_server_config:\n  cert_file: {pair.cert}\n  key_file: {pair.key}\n"


def test_what_makes_a_file_another(tmp_path: Path) -> None:
    """Also rights that are given: what could not be read can be."""
    file = tmp_path / "tls.key"
    seen = [stamps_of([file])]

    def changed() -> None:
        seen.append(stamps_of([file]))
        assert seen[-1] == stamps_of([file])
        assert seen[-1] not in seen[:-1]

    file.write_text("a")
    changed()
    time.sleep(0.02)  # a tick of the file system's clock
    file.write_text("b")
    changed()
    time.sleep(0.02)
    file.chmod(0o600)
    changed()
    replace(file, "b")
    changed()
    file.unlink()
    assert stamps_of([file]) == seen[0]
