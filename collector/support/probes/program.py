"""The program: its version, Python, and the packages that it uses."""

import platform
import re
import sys
from importlib import metadata

from collector import __version__
from collector.support.finding import Known, Section

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def program() -> Section:
    """What runs. Of the installed packages only those that Wattkeeper asks for, with theirs."""
    return Section(
        name="program.json",
        about="versions of Wattkeeper, Python and the packages that it uses",
        document={
            "wattkeeper_version": Known(__version__),
            "python_version": Known(platform.python_version()),
            "python_implementation": Known(platform.python_implementation()),
            "machine": Known(platform.machine()),
            "system": Known(platform.system()),
            "own_environment": sys.prefix != sys.base_prefix,
            "packages": {Known(name): Known(version) for name, version in _packages().items()},
        },
    )


def _packages() -> dict[str, str]:
    found: dict[str, str] = {}
    todo = ["wattkeeper"]
    while todo:
        name = re.sub(r"[-_.]+", "-", todo.pop()).lower()
        if name in found:
            continue
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue  # asked for by an extra, or another platform
        found[name] = distribution.version
        wanted = (_NAME.match(text) for text in distribution.requires or ())
        todo += [match.group() for match in wanted if match is not None]
    return dict(sorted(found.items()))
