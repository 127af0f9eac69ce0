"""The long form: `scripts/fuzz --help`."""

import argparse
import os
import sys
import time
from collections.abc import Iterator, Mapping

from tests.fuzz import logs
from tests.fuzz.choices import Choices
from tests.fuzz.every import TARGETS
from tests.fuzz.long_form import Total, fuzz, shares
from tests.fuzz.worker import Limits

_MEGABYTE = 1 << 20


def main() -> int:
    """Returns 1 when something was found."""
    arguments = _arguments()
    if arguments.replay:
        return _replay(*arguments.replay)
    names = arguments.only or list(TARGETS)
    if arguments.each:
        counts = dict.fromkeys(names, arguments.each)
    else:
        counts = shares(names, arguments.inputs)
    limits = Limits(seconds=arguments.seconds, memory_bytes=arguments.memory_mb * _MEGABYTE)
    began = time.monotonic()
    totals = fuzz(
        counts, seed=arguments.seed, processes=arguments.processes, limits=limits, told=_progress
    )
    took = time.monotonic() - began
    sys.stdout.write("\n".join(_page(totals, arguments, took)) + "\n")
    return 1 if any(total.defects for total in totals.values()) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description=__doc__)
    add = parser.add_argument
    add("--inputs", type=int, default=1_000_000, metavar="N", help="altogether (1000000)")
    add("--each", type=int, metavar="N", help="inputs of each parser, instead")
    add("--only", action="append", choices=TARGETS, metavar="NAME", help="this parser alone")
    add("--seed", type=int, default=1, help="another one makes other inputs (1)")
    add("--processes", type=int, default=os.cpu_count() or 1, metavar="N")
    add("--memory-mb", type=int, default=512, metavar="MB", help="for what inputs need (512)")
    add("--seconds", type=float, default=1.0, help="of processor time for an input (1)")
    add("--replay", nargs=2, metavar=("NAME", "SEED"), help="one input again, to see where it ends")
    return parser.parse_args()


def _replay(name: str, seed: str) -> int:
    given = TARGETS[name].make(Choices.seeded(int(seed)))
    sys.stdout.write(f"{given!r}\n")
    with logs.read():
        taken = TARGETS[name].run(given)
    sys.stdout.write("taken\n" if taken else "refused\n")
    return 0


def _progress(totals: Mapping[str, Total]) -> None:
    done = sum(total.inputs for total in totals.values())
    found = sum(len(total.defects) for total in totals.values())
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{done} inputs, {found} defects ")


def _page(totals: Mapping[str, Total], arguments: argparse.Namespace, took: float) -> Iterator[str]:
    whole = sum(total.inputs for total in totals.values())
    cpu = sum(total.cpu_seconds for total in totals.values())
    yield (
        f"{whole:,} inputs, seed {arguments.seed}, {arguments.processes} processes, "
        f"{took:,.0f} s ({cpu:,.0f} s of a core in parsers); limits of an input: "
        f"{arguments.seconds:g} s of a core, {arguments.memory_mb} MB."
    )
    yield ""
    yield "| parser | inputs | taken | refused | ms each | slowest | peak memory | defects |"
    yield "|---|---|---|---|---|---|---|---|"
    for name, total in totals.items():
        refused = total.inputs - total.taken
        yield (
            f"| {name} | {total.inputs:,} | {total.taken:,} | {refused:,} "
            f"| {1000 * total.cpu_seconds / max(total.inputs, 1):.2f} "
            f"| {1000 * total.slowest_seconds:.0f} ms | {total.peak_bytes / 1e6:.0f} MB "
            f"| {len(total.defects)} |"
        )
    for name, total in totals.items():
        for alike, (seed, words) in total.defects.items():
            yield f"\n- `{name}`, `--replay {name} {seed}`: {alike}: {words}"


if __name__ == "__main__":
    sys.exit(main())
