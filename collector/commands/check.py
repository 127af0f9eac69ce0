"""`wattkeeper check`: what every GPU offers, what it says, what the reads cost."""

import argparse
import io
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from collector.check.document import as_json
from collector.check.host import check_host
from collector.check.judge import Rates
from collector.check.model import Report
from collector.check.record import RecordError, capture, make_sure_writable, write
from collector.check.run import NoSuchGpuError, Task, check
from collector.check.table import show
from collector.commands import check_deep
from collector.commands.log import set_up
from collector.config import ConfigError, Settings, load
from collector.daemon.host_setup import host_sources
from collector.sources.choose import choose
from collector.sources.protocol import DriverMissingError

_LEAST_SECONDS, _MOST_SECONDS = 0.5, 3600.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to check, and in what form to say it."""
    parser.add_argument(
        "--seconds", type=_seconds, default=6.0, metavar="S", help="how long to read (default 6)"
    )
    parser.add_argument("--gpu", type=int, metavar="N", help="only the GPU with this index")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of tables")
    parser.add_argument(
        "--record", type=Path, metavar="FILE", help="keep what the driver answered in a file"
    )
    parser.add_argument(
        "--keep-ids",
        action="store_true",
        help="with --record: keep serial numbers and UUIDs (default: pseudonyms)",
    )
    parser.add_argument("--simulated", action="store_true", help="check simulated GPUs")
    check_deep.add_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Check, print, keep. Returns 0 when every GPU answered.

    Raises:
        ConfigError: wrong arguments.
        SourceError: there is no driver, or no GPU.
    """
    if arguments.deep or arguments.bundle is not None:
        return _deep(arguments)
    if arguments.site or arguments.keep_names:
        raise ConfigError("--site and --keep-names belong to --deep")
    return _check(arguments)


def _check(arguments: argparse.Namespace) -> int:
    settings = _settings(arguments)
    set_up(debug=arguments.debug)
    source = choose(settings)
    if arguments.record is not None and source.simulated:
        raise ConfigError("--record keeps what a driver answers; simulated GPUs have none")
    # Sensors' names and units hold characters that an old locale may lack.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    try:
        if arguments.record is not None:
            make_sure_writable(arguments.record)
        if sys.stderr.isatty():
            sys.stderr.write(f"Reading all GPUs for {arguments.seconds:g} s ...\n")
        report = check(source, _task(arguments, settings))
        if arguments.json:
            sys.stdout.write(as_json(report))
        else:
            show(report)
        sys.stdout.flush()
        if arguments.record is not None:
            write(arguments.record, capture(report, keep_ids=arguments.keep_ids))
    except NoSuchGpuError as error:
        raise ConfigError(str(error)) from None
    except DriverMissingError as error:
        raise DriverMissingError(
            f"{error}; install or load the NVIDIA driver (nvidia-smi must work), or try "
            "'wattkeeper check --simulated'",
            error.word,
        ) from None
    except RecordError as error:
        sys.stderr.write(f"wattkeeper: {error}\n")
        return 1
    return 0 if report.answered else 1


def _deep(arguments: argparse.Namespace) -> int:
    if arguments.record is not None:
        raise ConfigError("--record and --deep are two commands: run one after the other")
    set_up(debug=arguments.debug)

    def read(settings: Settings) -> Report:
        if arguments.simulated:
            sampling = settings.sampling.model_copy(update={"source": "simulated"})
            settings = settings.model_copy(update={"sampling": sampling})
        if sys.stderr.isatty():
            sys.stderr.write(f"Reading all GPUs for {arguments.seconds:g} s ...\n")
        return check(choose(settings), _task(arguments, settings))

    return check_deep.run(arguments, read)


def _settings(arguments: argparse.Namespace) -> Settings:
    flags: Mapping[str, Any] = {"sampling": {"source": "simulated"}} if arguments.simulated else {}
    return load(arguments.config, flags)


def _task(arguments: argparse.Namespace, settings: Settings) -> Task:
    sampling = settings.sampling
    return Task(
        seconds=arguments.seconds,
        gpu=arguments.gpu,
        rates=Rates(
            power_hz=sampling.power_hz,
            telemetry_hz=sampling.telemetry_hz,
            slow_seconds=sampling.slow_seconds,
            power_buffer=sampling.power_buffer == "auto",
        ),
        host=partial(check_host, list(host_sources(settings))),
    )


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not _LEAST_SECONDS <= seconds <= _MOST_SECONDS:
        raise argparse.ArgumentTypeError(
            f"{text!r}: allowed are {_LEAST_SECONDS:g} to {_MOST_SECONDS:g} seconds"
        )
    return seconds
