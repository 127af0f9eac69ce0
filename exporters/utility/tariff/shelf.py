"""Finds tariff files: those that come with Wattkeeper, and a folder of one's own before them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import pairwise
from pathlib import Path

from exporters.utility.tariff.errors import TariffError, TariffFileError
from exporters.utility.tariff.parse import parse
from exporters.utility.tariff.spec import FileSpec, OptionSpec
from exporters.utility.tariff.text import FileRef, read

_PART = "-common.toml"
"""Files that end so hold what others include, and no tariff of their own."""


@dataclass(frozen=True, slots=True)
class Shelved:
    """One tariff of one file."""

    spec: FileSpec
    option: OptionSpec
    files: tuple[FileRef, ...]


@cache
def shelf(own: Path | None = None) -> Mapping[str, tuple[Shelved, ...]]:
    """Every tariff, by id, oldest version first.

    Args:
        own: a folder whose files are looked at too; one there hides a shipped one of its name.

    Raises:
        TariffFileError: a file is wrong, or two versions of a tariff overlap.
        TariffError: the folder cannot be read.
    """
    contents = dict(_contents(files("exporters.utility.tariff") / "files"))
    if own is not None:
        try:
            contents |= dict(_contents(own))
        except OSError as error:
            raise TariffError(f"tariffs in {own}: {error.strerror}") from None
    found: dict[str, list[Shelved]] = {}
    for name in sorted(contents):
        if not name.endswith(_PART):
            text = read(name, contents.__getitem__)
            spec = parse(text)
            for option in spec.tariff:
                found.setdefault(option.id, []).append(Shelved(spec, option, text.files))
    for versions in found.values():
        versions.sort(key=lambda each: each.spec.meta.valid_from)
    _check_overlaps(found)
    return {name: tuple(found[name]) for name in sorted(found)}


def from_file(path: Path) -> tuple[Shelved, ...]:
    """The tariffs of one file; what it includes is beside it or comes with Wattkeeper.

    Raises:
        TariffFileError: the file is wrong.
        TariffError: it cannot be read.
    """
    shipped = files("exporters.utility.tariff") / "files"

    def content(name: str) -> bytes:
        beside = path.parent / name
        if beside.is_file():
            return beside.read_bytes()
        if (shipped / name).is_file():
            return (shipped / name).read_bytes()
        raise KeyError(name)

    try:
        text = read(path.name, content)
    except KeyError:
        raise TariffError(f"{path}: there is no such file") from None
    except OSError as error:
        raise TariffError(f"{path}: {error.strerror}") from None
    spec = parse(text)
    return tuple(Shelved(spec, option, text.files) for option in spec.tariff)


def _contents(folder: Traversable) -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        if entry.name.endswith(".toml") and entry.is_file():
            yield entry.name, entry.read_bytes()


def _check_overlaps(found: Mapping[str, list[Shelved]]) -> None:
    for name, versions in found.items():
        for one, other in pairwise(versions):
            end = one.spec.meta.valid_to
            if end is None or end >= other.spec.meta.valid_from:
                raise TariffFileError(
                    f"{other.files[0].name}: {name} is valid from {other.spec.meta.valid_from}, "
                    f"but {one.files[0].name} is valid until {end or 'further notice'}"
                )
