"""What fuzzing found in parsers of servers' answers and of sensors, each as the smallest input."""

import base64
import copy
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from collector.daemon.faults import FaultBoard
from collector.daemon.it_power import PART, ItPowerReader
from collector.sources.host.dcmi import TOOLS, failure, milliwatts
from collector.sources.host.hwmon import HwmonSource
from collector.sources.host.protocol import HostSourceError, NothingHereError
from collector.sources.host.rapl import RaplSource
from collector.sources.host.redfish import shapes
from collector.sources.host.redfish.options import RedfishOptions
from collector.sources.host.redfish.source import RedfishSource
from collector.sources.nvml import NvmlSource
from exporters.http.basic_auth import BasicAuth
from exporters.http.passwords import PasswordHash
from exporters.influxdb.errors import Answer
from exporters.influxdb.token import TokenFile
from exporters.utility.split import Server, SplitError
from exporters.utility.split.server import duration
from tests.captures import fake_path
from tests.fuzz.odd import DIGITS, SECRET
from tests.fuzz.words import checked
from tests.host.bmc import Bmc, serving
from tests.host.services import service
from tests.host.sysfs import acpi_meter, lay, rapl_zone
from tests.replay import ReplayDoor, read_capture

CHASSIS = "/redfish/v1/Chassis"
DEEP = b"[" * 100_000


@pytest.mark.parametrize(
    "address", ["http://[::1", "//bmc:port/x", "http://[::1]:99999/", "https://a\x1b[31m/"]
)
async def test_a_link_to_what_is_no_address(address: str) -> None:
    """One such link ended the whole source with a traceback."""
    resources = service("openbmc")
    resources[CHASSIS]["Members"].append({"@odata.id": address})
    async with serving(Bmc(resources)) as bmc:
        source = RedfishSource(RedfishOptions(url=bmc.url))
        try:
            await source.open()
            assert [one.milliwatts for one in await source.read()] == [232_000]
        except HostSourceError as error:
            assert error.word == "redirect"  # noqa: PT017 - either will do
            checked(error)
        finally:
            await source.close()


async def test_a_redirect_to_what_is_no_address() -> None:
    bmc = Bmc(service("openbmc"), statuses={CHASSIS: 302}, headers={"Location": "http://[::1"})
    async with serving(bmc):
        source = RedfishSource(RedfishOptions(url=bmc.url))
        with pytest.raises(HostSourceError) as caught:
            await source.open()
        await source.close()
    checked(caught.value)


def test_readings_that_no_float_can_be() -> None:
    assert shapes.milliwatts(10**400) is None
    assert shapes.milliwatts(float("nan")) is None
    assert shapes.milliwatts(412.5) == 412_500


def test_supplies_without_end_are_not_all_looked_at() -> None:
    """Their names are told apart one by one, which took the square of their number."""
    found = dict(shapes.legacy_supplies({"PowerSupplies": [{}] * 100_000}))
    assert len(found) == 96


async def test_a_service_that_says_too_much_is_not_remembered_whole() -> None:
    resources = service("openbmc")
    padding = "x" * 400_000
    for number in range(90):
        address = f"{CHASSIS}/more-{number}"
        resources[address] = {"Id": f"more-{number}", "padding": padding}
        resources[CHASSIS]["Members"].append({"@odata.id": address})
    async with serving(Bmc(resources)) as bmc:
        source = RedfishSource(RedfishOptions(url=bmc.url))
        with pytest.raises(NothingHereError, match="tells no power"):
            await source.open()
        await source.close()
        assert 30 < len([address for address, _ in bmc.asked if "more" in address]) < 50


@pytest.mark.parametrize(
    "printed", ["\x1b]0;x\x07", "Power Reading state is: \x1b[31m" + "x" * 9999]
)
def test_what_a_tool_prints_is_not_shown_as_it_is(printed: str) -> None:
    for tool in TOOLS:
        checked(failure(tool, printed))
        with pytest.raises(HostSourceError) as caught:
            milliwatts(tool, printed)
        checked(caught.value)


def test_a_line_of_blanks_is_read_in_time() -> None:
    """It took the cube of its length: days for what a tool may print."""

    def took(length: int) -> float:
        began = time.process_time()
        for _ in range(20):
            with pytest.raises(HostSourceError):
                milliwatts(TOOLS[0], " " * length)
        return time.process_time() - began

    assert took(64_000) < 100 * max(took(3200), 1e-3)  # 20 times as long; its cube is 8000


@pytest.mark.parametrize("label", ["Grace Power Socket " + "9" * 3000, "Grace Power Socket ٣"])
async def test_a_label_that_would_be_a_page_long(tmp_path: Path, label: str) -> None:
    lay(tmp_path, acpi_meter(0, 168_000_000, label) | acpi_meter(1, 5, "Grace Power Socket 0"))
    source = HwmonSource(tmp_path)
    await source.open()
    assert [one.device for one in await source.read()] == ["grace-0"]
    await source.close()


@pytest.mark.parametrize("content", ["9" * 300, "1_0", "٣"])
async def test_a_number_that_the_kernel_cannot_have_written(tmp_path: Path, content: str) -> None:
    good = rapl_zone("intel-rapl:1", "package-1", 5)
    lay(tmp_path, rapl_zone("intel-rapl:0", "package-0", content) | good)
    source = RaplSource(tmp_path)
    await source.open()
    assert [one.error for one in await source.read()] == ["invalid", ""]
    await source.close()


async def asked(body: bytes) -> Any:
    """What a server that answers this to everything is told of."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(app) as server, Server(str(server.make_url("/"))) as split:
        return await split.query("up", 0)


@pytest.mark.parametrize(
    "data",
    [
        [],
        {},
        {"result": 5},
        {"result": [5]},
        {"result": [{"metric": [], "value": [0, "1"]}]},
        {"result": [{"metric": {"node": []}, "value": [0, "1"]}]},
        {"result": [{"metric": {}}]},
    ],
)
async def test_an_answer_of_another_shape(data: object) -> None:
    with pytest.raises(SplitError, match="no answer of Prometheus") as caught:
        await asked(json.dumps({"status": "success", "data": data}).encode())
    checked(caught.value)


async def test_an_answer_nested_too_deep_or_with_words_that_cannot_be_shown() -> None:
    with pytest.raises(SplitError, match="no answer of Prometheus"):
        await asked(DEEP)
    with pytest.raises(SplitError) as caught:
        await asked(json.dumps({"status": "error", "error": "a\x1b[31m"}).encode())
    checked(caught.value)


def test_durations_that_are_none() -> None:
    assert duration("1y6w") == (365 + 42) * 86_400
    for text in ("..d", "1.2.3d", "9" * 500 + "y", "²d", "10GB", ""):
        assert duration(text) is None, text


def test_a_long_duration_is_read_in_time() -> None:
    def took(length: int) -> float:
        began = time.process_time()
        for _ in range(20):
            duration("1" * length)
        return time.process_time() - began

    assert took(64_000) < 100 * max(took(3200), 1e-3)  # 20 times as long; its square is 400


@pytest.mark.parametrize(
    "body",
    [
        DEEP,
        b'{"data":{"result":[{"value":[0,' + b"9" * 400 + b"]}]}}",
        b'{"data":{"result":[{"value":[0,"' + b"x" * 5000 + b'"]}]}}',
        b'{"data":{"result":[{"value":[0,"a\\u001b[31m"]}]}}',
    ],
)
async def test_the_power_of_the_nodes_is_asked_from_something_odd(body: bytes) -> None:
    """The first two ended the site daemon."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json")

    app = web.Application()
    app.router.add_get("/api/v1/query", answer)
    async with TestServer(app) as server:
        faults = FaultBoard()
        reader = ItPowerReader(str(server.make_url("/")), "site", faults)
        async with ClientSession() as session:
            await reader._look(session)
    assert reader.latest is None
    (fault,) = faults.standing
    assert fault.part == PART
    checked(fault.problem)


def test_answers_of_influxdb_that_ended_in_a_traceback() -> None:
    assert Answer(400, DEEP, {}).words
    assert not Answer(400, DEEP, {}).bad_points
    assert Answer(400, f"dropped={DIGITS}".encode(), {}).dropped is None
    assert Answer(400, b"dropped=17 points", {}).dropped == 17
    for later in (
        "Fri, 20 Nov 99999999999999999999 14:00:00 GMT",
        "Fri, 20 Nov 2026 14:00:00 +99999999999",
        DIGITS,
    ):
        assert Answer(429, b"", {"Retry-After": later}).retry_after_seconds is None, later


@pytest.mark.parametrize(
    "wrap",
    [
        lambda secret: secret,
        lambda secret: "x" * 293 + secret,  # the cut would leave half of it
        lambda secret: json.dumps({"error": "bad", "data": [secret]}),
    ],
)
def test_a_token_that_a_server_echoes_is_hidden(tmp_path: Path, wrap: Callable[[str], str]) -> None:
    secret = f'{SECRET}"\\end'
    path = tmp_path / "token"
    path.write_text(secret)
    token = TokenFile(path)
    token.current()
    words = Answer(401, wrap(secret).encode(), {}).words_without(token.hidden)
    assert not any(secret[at : at + 7] in words for at in range(len(secret) - 7))


@pytest.mark.parametrize(("password", "allowed"), [("right", True), ("right\0", False)])
async def test_a_zero_behind_a_password_is_another_password(password: str, allowed: bool) -> None:  # noqa: FBT001 - a parameter of pytest's
    """Scrypt and bcrypt take it for none (HMAC fills short keys up with zeros)."""
    auth = BasicAuth({"user": PasswordHash.parse(PasswordHash.of("right", b"salt", n=2, r=1))})
    header = f"Basic {base64.b64encode(f'user:{password}'.encode()).decode()}"
    assert await auth.allows(header, "192.0.2.1") is allowed
    auth.close()


def test_a_driver_that_counts_instances_without_end() -> None:
    """Each was asked for, which took hours for a count that is garbage."""
    capture = copy.deepcopy(read_capture(fake_path("a100-mig")))
    asked: list[int] = []
    for call in capture["gpus"][0]["calls"]:
        if call["function"] == "nvmlDeviceGetMaxMigDeviceCount":
            call["outputs"] = ["ffffffff"]
    door = _Counting(capture, asked)
    source = NvmlSource(door=door)
    source.open()
    first = next(iter(source.discover()))
    before = len(first.read(slow=True).values["gpu_mig_info"])
    assert before > 0
    assert 0 < len(asked) <= 3 * 64


class _Counting(ReplayDoor):
    """Counts how often an instance is asked for."""

    def __init__(self, capture: Any, asked: list[int]) -> None:
        super().__init__(capture)
        self._asked = asked

    def function(self, name: str) -> Any:
        """A function, as recorded."""
        found = super().function(name)
        if name != "nvmlDeviceGetMigDeviceHandleByIndex" or found is None:
            return found

        def counted(*parameters: Any) -> int:
            self._asked.append(1)
            return found(*parameters)

        return counted
