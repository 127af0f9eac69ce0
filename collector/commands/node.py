"""`wattkeeper node`: the daemon on a GPU node."""

import argparse
import logging

from collector.commands.log import set_up
from collector.config import ConfigError, load
from collector.daemon.run import RELOAD, run_node
from collector.sources.choose import choose

log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing of its own: a daemon is configured by its file."""
    del parser


def run(arguments: argparse.Namespace) -> int:
    """Run the daemon until it is told to stop; SIGHUP makes it start anew with a new file."""
    settings = load(arguments.config)
    set_up(debug=arguments.debug)

    def acceptable() -> bool:
        try:
            load(arguments.config)
        except ConfigError as error:
            log.error("SIGHUP: the configuration stays as it was: %s", error)  # noqa: TRY400
            return False
        return True

    while (code := run_node(settings, choose(settings), may_reload=acceptable)) == RELOAD:
        settings = load(arguments.config)
    return code
