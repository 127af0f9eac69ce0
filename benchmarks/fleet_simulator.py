"""A site's nodes and site daemon in one process, for rules, dashboards and engines.

python -m benchmarks.fleet_simulator --site deploy/sites/computing-centre-phase-1.toml --sd DIR
prometheus --config.file=DIR/prometheus.yml ...
"""

import argparse
import asyncio
import contextlib
import gc
import signal
import sys
from pathlib import Path
from time import time

import uvloop

from benchmarks.fleet import Fleet, ScenarioError, load_scenario, write_targets
from benchmarks.fleet.running import Options, run
from benchmarks.fleet.targets import RULES
from collector.sitefile.load import load
from collector.sitefile.problems import SiteFileError
from collector.sources.simulated.models import MODELS


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fleet_simulator")
    parser.add_argument("--site", type=Path, required=True, help="the site file")
    parser.add_argument("--nodes", type=int, help="only so many of its nodes, the first ones")
    parser.add_argument("--model", choices=sorted(MODELS), default="GB200")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=19500)
    parser.add_argument("--sd", type=Path, metavar="DIR", help="write Prometheus's files here")
    parser.add_argument("--rules", type=Path, default=RULES, metavar="DIR", help="rules to load")
    parser.add_argument("--scenario", type=Path, metavar="FILE", help="what goes wrong (TOML)")
    parser.add_argument("--mqtt", metavar="HOST:PORT", help="publish the meters to this broker")
    parser.add_argument("--no-site", action="store_true", help="without the site daemon")
    return parser.parse_args()


async def _serve(arguments: argparse.Namespace, fleet: Fleet, options: Options) -> None:
    def ready(address: str) -> None:
        if arguments.sd is not None:
            write_targets(
                fleet.site, arguments.sd, address, nodes=fleet.machines, rules=arguments.rules
            )
        gpus = sum(len(machine.boards) for machine in fleet.machines.values())
        print(
            f"{len(fleet.machines)} nodes, {gpus} GPUs, {len(fleet.racks)} racks of "
            f"{fleet.site.name} at http://{address}/nodes/NODE/metrics and /site/metrics",
            flush=True,
        )
        gc.collect()
        gc.freeze()  # what stands for good need not be gone through at each collection

    task = asyncio.ensure_future(run(fleet, options, ready))
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task


def main() -> int:
    """Serve until SIGTERM or Ctrl-C. Returns the exit code."""
    arguments = _arguments()
    broker = None
    if arguments.mqtt:
        host, _, port = arguments.mqtt.rpartition(":")
        if not host or not port.isdigit():
            return _complain(f"--mqtt is HOST:PORT, not {arguments.mqtt}", 2)
        broker = (host, int(port))
    try:
        site = load(arguments.site)
        fleet = Fleet(site, seed=arguments.seed, nodes=arguments.nodes, model=arguments.model)
        if arguments.scenario is not None:
            fleet.apply(*load_scenario(arguments.scenario, time()))
    except (SiteFileError, ScenarioError) as error:
        return _complain(str(error), 2)
    options = Options(
        host=arguments.host,
        port=arguments.port,
        broker=broker,
        site_daemon=not arguments.no_site,
    )
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(arguments, fleet, options))
    except OSError as error:
        return _complain(f"{arguments.host}:{arguments.port}: {error.strerror}", 1)
    return 0


def _complain(text: str, code: int) -> int:
    print(f"fleet_simulator: {text}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
