"""`wattkeeper node`: the daemon on a GPU node."""

import argparse

from collector.commands.log import set_up
from collector.config import load
from collector.daemon.run import run_node
from collector.sources.choose import choose


def run(arguments: argparse.Namespace) -> int:
    """Run the daemon until it is told to stop."""
    settings = load(arguments.config)
    set_up(debug=arguments.debug)
    return run_node(settings, choose(settings))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing of its own: a daemon is configured by its file."""
    del parser
