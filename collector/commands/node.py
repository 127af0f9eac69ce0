"""`wattkeeper node`: the daemon on a GPU node."""

import argparse
from collections.abc import Callable

from collector.commands.reload import Reloader, Taken, check_files
from collector.config import Settings, load
from collector.daemon.run import run_node
from collector.sources.choose import choose


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing of its own: a daemon is configured by its file."""
    del parser


def run(arguments: argparse.Namespace) -> int:
    """Run the daemon until it is told to stop; SIGHUP makes it take its file anew."""

    def read() -> Taken[Settings, None]:
        settings = load(arguments.config)
        choose(settings)  # tells of a trace that cannot be used
        check_files(settings)
        return Taken(settings, None)

    return Reloader(read, _start, path=arguments.config, debug=arguments.debug).run()


def _start(taken: Taken[Settings, None], *, may_reload: Callable[[], bool], again: bool) -> int:
    return run_node(taken.settings, choose(taken.settings), may_reload=may_reload, again=again)
