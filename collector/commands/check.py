"""`wattkeeper check`."""

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """To come."""
    del parser


def run(arguments: argparse.Namespace) -> int:
    """To come."""
    del arguments
    return 1
