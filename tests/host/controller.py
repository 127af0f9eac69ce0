"""A management controller: OpenIPMI's ipmi_sim with a module that answers DCMI."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

HEADERS: Final = Path("/usr/include/OpenIPMI/mcserv.h")
SOURCE: Final = Path(__file__).with_name("ipmi_dcmi.c")
_LAN = """\
name "node"
set_working_mc 0x20
  startlan 1
    addr 127.0.0.1 {port}
    priv_limit admin
    allowed_auths_callback none md2 md5 straight
    allowed_auths_user none md2 md5 straight
    allowed_auths_operator none md2 md5 straight
    allowed_auths_admin none md2 md5 straight
    guid a123456789abcdefa123456789abcdef
  endlan
  user 1 true "" "secret" user 10 none md2 md5 straight
  user 2 true "tester" "secret" admin 10 none md2 md5 straight
loadlib "{module}" "{said}"
"""
_EMULATED = """\
mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
mc_enable 0x20
"""


class Controller:
    """The running simulator.

    Args:
        folder: for its files.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said = folder / "power"
        self.port = _free_port()

    def say(self, watts: int, *, measures: bool = True) -> None:
        """Set what it answers."""
        self.said.write_text(f"{watts} {int(measures)}\n")

    def tools(self, *names: str) -> str:
        """A folder with the tools as they would be on its host: asking it by themselves."""
        folder = self.folder / f"bin-{'-'.join(names)}"
        folder.mkdir(exist_ok=True)
        ways = {
            "ipmitool": f"-I lan -H 127.0.0.1 -p {self.port} -U tester -P secret -L ADMINISTRATOR",
            "ipmi-dcmi": f"-h 127.0.0.1:{self.port} -u tester -p secret -l ADMIN",
        }
        for name in names:
            real = shutil.which(name, path="/usr/bin:/usr/sbin")
            script(folder / name, f'exec {real} {ways[name]} "$@"')
        return str(folder)


def script(path: Path, body: str) -> None:
    """A program of one line."""
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


@contextmanager
def running(folder: Path) -> Iterator[Controller]:
    """Start the simulator; skip the test where something is missing."""
    for need in ("ipmi_sim", "ipmitool", "ipmi-dcmi", "gcc"):
        if shutil.which(need, path="/usr/bin:/usr/sbin") is None:
            pytest.skip(f"{need} is not installed")
    if not HEADERS.exists():
        pytest.skip("the headers of OpenIPMI (libopenipmi-dev) are not installed")
    module = folder / "dcmi.so"
    subprocess.run(
        ["gcc", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", module, SOURCE],
        check=True,
        timeout=60,
    )
    controller = Controller(folder)
    (folder / "lan.conf").write_text(
        _LAN.format(port=controller.port, module=module, said=controller.said)
    )
    (folder / "emulated").write_text(_EMULATED)
    (folder / "state").mkdir()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["ipmi_sim", "-c", "lan.conf", "-f", "emulated", "-s", "state", "-n"],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        _wait(controller, process)
        yield controller
    finally:
        process.kill()
        process.wait()


def _wait(controller: Controller, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 15
    controller.say(1)
    tool = Path(controller.tools("ipmitool")) / "ipmitool"
    while time.monotonic() < until and process.poll() is None:
        done = subprocess.run(
            [tool, "dcmi", "power", "reading"], check=False, capture_output=True, timeout=15
        )
        if done.returncode == 0:
            return
        time.sleep(0.2)
    pytest.fail(f"ipmi_sim did not start: {(controller.folder / 'log').read_text()}")


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
