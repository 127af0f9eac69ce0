"""Site files to begin with, and what loading them says."""

from pathlib import Path

from collector.sitefile import SiteFileError, load
from collector.sitefile.model import Site

SITE = """\
[site]
name = "north"
zone = "Asia/Seoul"
"""

TREE = f"""\
{SITE}
[[branch]]
id = "grid"
level = "feed"

[[branch_range]]
id = "ups-{{side}}"
count = {{ side = ["a", "b"] }}
level = "ups"
parent = "grid"
redundancy_group = "ups"
rating_watts = "1 MW"

[[rack]]
id = "r1"
hall = "east"
branches = ["ups-a", "ups-b"]
limit_watts = "132 kW"
"""
"""A sound site: one feed, A and B, one rack."""


def loaded(folder: Path, text: str) -> Site:
    """The site that a text says."""
    file = folder / "site.toml"
    file.write_text(text, encoding="utf-8")
    return load(file)


def errors_of(folder: Path, text: str) -> list[str]:
    """What is wrong with a text, without the folder."""
    try:
        site = loaded(folder, text)
    except SiteFileError as error:
        return [problem.replace(f"{folder}/", "") for problem in error.problems]
    raise AssertionError(f"it loads: {site}")


def warnings_of(folder: Path, text: str) -> list[str]:
    """What a text is warned of, without the folder."""
    return [warning.replace(f"{folder}/", "") for warning in loaded(folder, text).warnings]


def line_of(text: str, part: str) -> int:
    """The line in which a part of a text is first found."""
    return text[: text.index(part)].count("\n") + 1
