"""`wattkeeper demo`: a node and a small site on this machine, and nothing left behind."""

import argparse
import contextlib
import socket
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from collector.commands.demo_site import DemoSite, broker, running
from collector.commands.log import set_up
from collector.config import ConfigError, Settings, load
from collector.daemon.run import run_node
from collector.sources.choose import choose
from collector.sources.nvml.library import Library
from collector.sources.protocol import SourceError

_PORT = 9410
_SITE_PORT = 9411


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What a demonstration lets one choose."""
    parser.add_argument("--listen", metavar="HOST:PORT", help="default: 127.0.0.1:9410 if free")
    parser.add_argument("--gpus", type=int, help="number of simulated GPUs (default 8)")
    parser.add_argument("--model", help="model of the simulated GPUs (default H200)")
    parser.add_argument("--seed", type=int, help="seed of the simulation (default 1)")
    parser.add_argument("--trace", type=Path, help="replay measured power from a CSV file")
    parser.add_argument(
        "--simulated", action="store_true", help="simulate even if there are real GPUs"
    )
    parser.add_argument("--no-site", action="store_true", help="only the node, without a site")
    parser.add_argument(
        "--mqtt",
        metavar="HOST:PORT",
        help="publish the site's simulated meters to this MQTT broker, and read them from there",
    )


def run(arguments: argparse.Namespace) -> int:
    """Run until Ctrl-C."""
    with contextlib.ExitStack() as until_the_end:
        folder = until_the_end.enter_context(tempfile.TemporaryDirectory(prefix="wattkeeper-demo-"))
        settings = _settings(arguments, Path(folder))
        site_listen = _site_listen(arguments)
        set_up(debug=arguments.debug)
        site = DemoSite()
        if site_listen:
            site = until_the_end.enter_context(
                running(
                    site_listen,
                    seed=settings.simulation.seed,
                    mqtt=arguments.mqtt,
                    debug=arguments.debug,
                )
            )
        simulated = settings.sampling.source == "simulated"

        def ready(address: str) -> None:
            what = "SIMULATED GPUs" if simulated else "the GPUs of this machine"
            print(  # noqa: T201 - what the user came for
                f"\n  Wattkeeper watches {what}.\n\n"
                f"    page      {address}\n"
                f"    metrics   {address}metrics\n\n"
                f"{_of_site(site)}"
                "  Ctrl-C ends it and leaves nothing behind.\n",
                flush=True,
            )

        return run_node(settings, choose(settings), on_ready=ready)


def _of_site(site: DemoSite) -> str:
    if site.address:
        return (
            "  And a SIMULATED site: four racks, two feeds, their meters.\n\n"
            f"    page      {site.address}\n"
            f"    metrics   {site.address}metrics\n\n"
        )
    return f"  The simulated site is not there: {site.problem}\n\n" if site.problem else ""


def _site_listen(arguments: argparse.Namespace) -> str:
    """Where the site's page is to be: beside the node's; empty without a site.

    Raises:
        ConfigError: the broker's address is none.
    """
    if arguments.mqtt is not None:
        try:
            broker(arguments.mqtt)
        except argparse.ArgumentTypeError as error:
            raise ConfigError(f"--mqtt: {error}") from None
    if arguments.no_site:
        return ""
    host = arguments.listen.rpartition(":")[0] if arguments.listen else "127.0.0.1"
    return f"{host}:{_free_port(_SITE_PORT)}"


def _settings(arguments: argparse.Namespace, folder: Path) -> Settings:
    chosen = {
        key: value
        for key in ("gpus", "model", "seed", "trace")
        if (value := getattr(arguments, key)) is not None
    }
    simulate = arguments.simulated or bool(chosen) or not _has_gpus()
    flags: Mapping[str, Any] = {
        "sampling": {"source": "simulated" if simulate else "nvml"},
        "simulation": chosen,
        "ledger": {"path": folder / "ledger.sqlite3"},
        "prometheus": {"listen": arguments.listen or f"127.0.0.1:{_free_port(_PORT)}"},
    }
    # A node's own configuration is not for a demonstration beside it.
    return load(arguments.config, flags, default=False)


def _has_gpus() -> bool:
    library = Library()
    try:
        library.open()
    except SourceError:
        return False
    try:
        return library.count() > 0
    except SourceError:
        return False
    finally:
        library.close()


def _free_port(usual: int) -> int:
    """The usual port if it is free, else any."""
    for port in (usual, 0):
        with socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                sock.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(sock.getsockname()[1])
    print("wattkeeper: no free port on 127.0.0.1", file=sys.stderr)  # noqa: T201
    return usual
