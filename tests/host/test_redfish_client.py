"""How a service is spoken to: who asks, what is refused, what it costs."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from collector.sources.host.protocol import HostSourceError
from collector.sources.host.redfish.login import Login
from collector.sources.host.redfish.options import RedfishOptions, checked_url, keeps_secrets
from collector.sources.host.redfish.source import RedfishSource
from tests.host.bmc import SESSIONS, Bmc, serving
from tests.host.services import service
from tests.mqtt.certificates import Authority

POWER = "/redfish/v1/Chassis/1/Power"
ROOT = "/redfish/v1/"
SECRET = "s3cret \u00fc"  # noqa: S105 - the service in the test has it


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def password_file(tmp_path: Path) -> Path:
    path = tmp_path / "password"
    path.write_text(f"{SECRET}\n", encoding="utf-8")
    return path


@asynccontextmanager
async def asking(bmc: Bmc, **options: Any) -> AsyncIterator[RedfishSource]:
    async with serving(bmc):
        source = RedfishSource(RedfishOptions(url=bmc.url, **options))
        try:
            yield source
        finally:
            await source.close()


def guarded(**behaviour: Any) -> Bmc:
    return Bmc(service("old-server"), user="reader", password=SECRET, **behaviour)


async def refused(source: RedfishSource) -> HostSourceError:
    with pytest.raises(HostSourceError) as caught:
        await source.open()
    return caught.value


async def test_a_session_is_used_and_given_back(password_file: Path) -> None:
    bmc = guarded()
    async with asking(bmc, username="reader", password_file=password_file) as source:
        await source.open()
        for _ in range(3):
            await source.read()
        assert (bmc.logins, len(bmc.tokens)) == (1, 1)
    assert bmc.tokens == {}
    assert {who for address, who in bmc.asked if address == POWER} == {"token"}


async def test_a_session_that_the_service_ended_is_begun_anew(password_file: Path) -> None:
    bmc = guarded()
    async with asking(bmc, username="reader", password_file=password_file) as source:
        await source.open()
        bmc.tokens.clear()
        (reading,) = await source.read()
        assert reading.milliwatts == 344_000
        assert bmc.logins == 2


async def test_basic_authentication_where_there_are_no_sessions(password_file: Path) -> None:
    bmc = guarded(has_sessions=False)
    async with asking(bmc, username="reader", password_file=password_file) as source:
        await source.open()
        await source.read()
        assert bmc.logins == 1
    assert {who for address, who in bmc.asked if address == POWER} == {"Basic"}


async def test_a_service_that_tells_strangers_nothing(password_file: Path) -> None:
    bmc = guarded(root_is_open=False)
    async with asking(bmc, username="reader", password_file=password_file) as source:
        await source.open()
        assert len(await source.read()) == 1


def wrong(password_file: Path) -> None:
    password_file.write_text("wr0ng")


@pytest.mark.parametrize("has_sessions", [True, False])
async def test_a_wrong_password_is_tried_once_and_never_told(
    password_file: Path, caplog: pytest.LogCaptureFixture, *, has_sessions: bool
) -> None:
    caplog.set_level(logging.DEBUG)
    wrong(password_file)
    bmc = guarded(has_sessions=has_sessions)
    async with asking(bmc, username="reader", password_file=password_file) as source:
        error = await refused(source)
    assert error.word == "unauthorized"
    assert error.retry_seconds == 600
    assert bmc.logins == 1
    assert sum(who == "Basic" for _, who in bmc.asked) <= 1
    assert "wr0ng" not in f"{error}{error.action}{caplog.text}"


async def test_without_a_name_a_guarded_service_says_what_to_do() -> None:
    async with asking(guarded()) as source:
        error = await refused(source)
    assert (error.word, "username" in error.action) == ("unauthorized", True)


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff\xfe"])
async def test_a_password_file_without_a_password(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "password"
    if content is not None:
        path.write_bytes(content)
    bmc = guarded()
    async with asking(bmc, username="reader", password_file=path) as source:
        error = await refused(source)
    assert error.word == "password_file"
    assert str(path) in str(error)
    assert bmc.logins == 0


async def test_a_password_never_leaves_the_machine_unencrypted(password_file: Path) -> None:
    for url in ("http://192.0.2.1", "http://bmc.example", "http://10.0.0.1:8000"):
        assert not keeps_secrets(url)
        login = Login(RedfishOptions(url=url, username="reader", password_file=password_file))
        async with aiohttp.ClientSession() as session:
            with pytest.raises(HostSourceError, match="unencrypted"):
                await login.begin(session, f"{url}{SESSIONS}")
        assert login.headers == {}
    for safe in ("https://bmc", "http://localhost:8000", "http://[::1]", "http://169.254.3.1"):
        assert keeps_secrets(safe)


async def test_tls_is_verified(authority: Authority) -> None:
    bmc = Bmc(service("old-server"))
    async with serving(bmc, authority.sign("bmc")):
        good = RedfishSource(RedfishOptions(url=bmc.url, ca_file=authority.pair.cert))
        await good.open()
        assert len(await good.read()) == 1
        await good.close()
        stranger = RedfishSource(RedfishOptions(url=bmc.url))
        error = await refused(stranger)
        await stranger.close()
    assert error.word == "tls"
    assert "ca_file" in error.action
    assert "certificate" in str(error)


async def test_a_self_signed_certificate_is_refused_and_another_name_too(
    tmp_path: Path, authority: Authority
) -> None:
    own = Authority(tmp_path, "self")
    bmc = Bmc(service("old-server"))
    async with serving(bmc, own.pair):
        source = RedfishSource(RedfishOptions(url=bmc.url, ca_file=authority.pair.cert))
        assert (await refused(source)).word == "tls"
        await source.close()
    async with serving(bmc, authority.sign("other", "DNS:other.example")):
        source = RedfishSource(RedfishOptions(url=bmc.url, ca_file=authority.pair.cert))
        error = await refused(source)
        await source.close()
    assert error.word == "tls"
    assert bmc.asked == []


async def test_a_ca_file_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    source = RedfishSource(RedfishOptions(url="https://127.0.0.1:1", ca_file=path))
    assert "No such file" in str(await refused(source))
    path.write_text("no certificate")
    assert "holds no certificate" in str(await refused(source))
    await source.close()


async def test_redirects_stay_at_the_same_service() -> None:
    bmc = Bmc(service("old-server"))
    bmc.resources["/redfish/v1/Chassis/1/Power/"] = bmc.resources[POWER]
    bmc.statuses[POWER] = 308
    bmc.headers["Location"] = f"{POWER}/"
    async with asking(bmc) as source:
        await source.open()
        (reading,) = await source.read()
        assert reading.milliwatts == 344_000
        bmc.statuses[f"{POWER}/"] = 307
        with pytest.raises(HostSourceError, match="in circles"):
            await source.read()


@pytest.mark.parametrize("location", ["https://other.example/x", "//other.example/x", "ftp://x/"])
async def test_nobody_leads_us_elsewhere(location: str) -> None:
    bmc = Bmc(service("old-server"))
    bmc.statuses["/redfish/v1/Chassis"] = 302
    bmc.headers["Location"] = location
    async with asking(bmc) as source:
        error = await refused(source)
    assert (error.word, "another server" in str(error)) == ("redirect", True)


async def test_links_to_another_server_are_not_followed() -> None:
    bmc = Bmc(service("old-server"))
    bmc.resources[ROOT]["Chassis"] = {"@odata.id": "http://other.example/redfish/v1/Chassis"}
    async with asking(bmc) as source:
        assert (await refused(source)).word == "redirect"


@pytest.mark.parametrize(
    ("status", "word"),
    [(401, "unauthorized"), (429, "busy"), (503, "busy")],
)
async def test_a_service_that_is_not_well_is_asked_later(status: int, word: str) -> None:
    bmc = Bmc(service("old-server"), headers={"Retry-After": "120"})
    bmc.statuses["/redfish/v1/Chassis/1"] = status
    async with asking(bmc) as source:
        error = await refused(source)
    assert error.word == word
    assert error.retry_seconds == (600 if status == 401 else 120)
    assert str(status) in str(error)


@pytest.mark.parametrize("status", [403, 404, 405, 500])
async def test_a_resource_that_is_not_well_is_a_hole(status: int) -> None:
    bmc = Bmc(service("rack-server"))
    bmc.statuses["/redfish/v1/Chassis/System.Embedded.1/EnvironmentMetrics"] = status
    async with asking(bmc) as source:
        await source.open()
        assert [reading.via for reading in await source.read()] == ["Sensors"]


async def test_a_slow_service_times_out(password_file: Path) -> None:
    bmc = guarded()
    async with asking(
        bmc, username="reader", password_file=password_file, timeout_seconds=0.3
    ) as source:
        await source.open()
        bmc.delays[POWER] = 5
        began = time.monotonic()
        with pytest.raises(HostSourceError, match=r"within 0\.3 s") as caught:
            await source.read()
        assert caught.value.word == "timeout"
        assert time.monotonic() - began < 1
        bmc.delays[SESSIONS] = 5
        bmc.delays |= dict.fromkeys(bmc.tokens.values(), 5.0)
        began = time.monotonic()
        await source.close()
        assert time.monotonic() - began < 1.5, "closing waits for a service that does not answer"


async def test_after_a_timeout_the_rest_is_not_asked_for() -> None:
    bmc = Bmc(service("hgx-tray"))
    async with asking(bmc, timeout_seconds=0.3) as source:
        await source.open()
        bmc.delays["/redfish/v1/Chassis/HGX_ProcessorModule_0/EnvironmentMetrics"] = 5
        bmc.asked.clear()
        readings = {reading.device: reading for reading in await source.read()}
    assert readings["Chassis_0"].milliwatts == 5_213_250
    assert readings["HGX_ProcessorModule_0"].error == "timeout"
    assert readings["CPU_1"].error == "timeout"
    assert len(bmc.asked) == 2


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"7", b"\xff\xfe", b"[" * 100_000, b'{"a": ' * 20_000],
    ids=["empty", "open", "array", "null", "number", "no text", "deep array", "deep object"],
)
async def test_a_body_that_is_no_object_is_a_hole(body: bytes) -> None:
    bmc = Bmc(service("old-server"))
    async with asking(bmc) as source:
        await source.open()
        bmc.bodies[POWER] = body
        with pytest.raises(HostSourceError) as caught:
            await source.read()
    assert caught.value.word == "invalid"


async def test_not_a_number_is_no_number() -> None:
    bmc = Bmc(service("old-server"))
    async with asking(bmc) as source:
        await source.open()
        bmc.bodies[POWER] = b'{"PowerControl": [{"PowerConsumedWatts": NaN}]}'
        with pytest.raises(HostSourceError) as caught:
            await source.read()
    assert caught.value.word == "no_reading"


async def test_a_huge_body_is_not_read_to_its_end() -> None:
    bmc = Bmc(service("old-server"))
    async with asking(bmc) as source:
        await source.open()
        bmc.bodies[POWER] = b'{"a": "' + b"x" * 50_000_000 + b'"}'
        began = time.monotonic()
        with pytest.raises(HostSourceError) as caught:
            await source.read()
        assert caught.value.word == "too_large"
        assert time.monotonic() - began < 2
        del bmc.bodies[POWER]
        assert len(await source.read()) == 1


async def test_no_connection() -> None:
    async with serving(Bmc({})) as gone:
        url = gone.url
    source = RedfishSource(RedfishOptions(url=url))
    error = await refused(source)
    assert (error.word, url in str(error)) == ("unreachable", True)
    await source.close()


async def test_a_service_that_hangs_up() -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    source = RedfishSource(RedfishOptions(url=f"http://127.0.0.1:{port}"))
    assert (await refused(source)).word == "broken"
    source_tls = RedfishSource(RedfishOptions(url=f"https://127.0.0.1:{port}"))
    assert (await refused(source_tls)).word in {"unreachable", "tls", "broken"}
    await source.close()
    await source_tls.close()
    server.close()


async def test_it_is_never_asked_more_often_than_every_5_s() -> None:
    assert RedfishSource(RedfishOptions(url="https://bmc", seconds=0.1)).seconds == 5
    assert RedfishSource(RedfishOptions(url="https://bmc", seconds=30)).seconds == 30


@pytest.mark.parametrize("good", ["https://bmc", "https://10.0.0.7:8443/", "http://[fe80::1]:80"])
def test_urls_that_are_allowed(good: str) -> None:
    assert checked_url(good) == good.rstrip("/")


@pytest.mark.parametrize(
    "bad",
    [
        "bmc",
        "ftp://bmc",
        "https://",
        "https://a:b@bmc",
        "https://bmc/redfish/v1",
        "https://bmc?x=1",
    ],
)
def test_urls_that_are_not(bad: str) -> None:
    with pytest.raises(ValueError, match="allowed is"):
        checked_url(bad)
