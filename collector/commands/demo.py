"""`wattkeeper demo`: a node on this machine, its page, and nothing left behind."""

import argparse
import socket
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from collector.commands.log import set_up
from collector.config import Settings, load
from collector.daemon.run import run_node
from collector.sources.choose import choose
from collector.sources.nvml.library import Library
from collector.sources.protocol import SourceError

_PORT = 9410


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


def run(arguments: argparse.Namespace) -> int:
    """Run until Ctrl-C."""
    with tempfile.TemporaryDirectory(prefix="wattkeeper-demo-") as folder:
        settings = _settings(arguments, Path(folder))
        set_up(debug=arguments.debug)
        simulated = settings.sampling.source == "simulated"

        def ready(address: str) -> None:
            what = "SIMULATED GPUs" if simulated else "the GPUs of this machine"
            print(  # noqa: T201 - what the user came for
                f"\n  Wattkeeper watches {what}.\n\n"
                f"    page      {address}\n"
                f"    metrics   {address}metrics\n\n"
                "  Ctrl-C ends it and leaves nothing behind.\n",
                flush=True,
            )

        return run_node(settings, choose(settings), on_ready=ready)


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
        "prometheus": {"listen": arguments.listen or f"127.0.0.1:{_free_port()}"},
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


def _free_port() -> int:
    """The usual port if it is free, else any."""
    for port in (_PORT, 0):
        with socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                sock.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(sock.getsockname()[1])
    print("wattkeeper: no free port on 127.0.0.1", file=sys.stderr)  # noqa: T201
    return _PORT
