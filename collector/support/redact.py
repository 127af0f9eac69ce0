"""What may leave the site: what is on a list, and nothing else.

A list of what is secret is never complete. So text is kept word by word, and only words that stand
in Wattkeeper's own source, which anybody may read, and small numbers. Names of hosts, addresses,
paths, users, tokens and the words of other programs are no such words.
"""

import errno
import os
import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from importlib.resources import files
from importlib.resources.abc import Traversable

from collector.support.finding import Known

HIDDEN = "[...]"
_PACKAGES = ("collector", "exporters")
_EDGE = "()[]{}<>\"'`,;:!?."
_NUMBER = re.compile(
    r"[+-]?\d{1,3}(,\d{3})?(\.\d{1,6})?(%|ns|us|ms|s|W|kW|Hz|kB|MB|GB|°C)?|\d{1,5}"
)
_VERSION = re.compile(r"v?\d{1,4}(\.\d{1,5}){1,2}")
"""Three parts at most: four are an address."""
_TIME = re.compile(r"\d{4}-\d\d-\d\d|\d\d:\d\d(:\d\d)?")
_OF_LIBRARIES = """
certificate verify failed: self-signed self signed expired hostname mismatch unable to get local
issuer unknown ca handshake failure wrong version number name or service not known temporary failure
in name resolution no address associated with hostname nodename nor servname provided database disk
image is malformed file is not a database is locked readonly attempt to write connection closed
reset by peer server disconnected cannot connect to host bad gateway payload too large not
authorized
"""
"""Words of OpenSSL, the resolver, SQLite and HTTP clients: written here, they are ours."""


class Words:
    """The words that may leave.

    Args:
        names: words that may not, though they are ours: a rack may be called `power`.
        also: words that may, though they are not: names that the operator decided to tell.
    """

    def __init__(self, names: Iterable[str] = (), also: Iterable[str] = ()) -> None:
        told = set(also)
        self._own = _own_words()
        self._allowed = (self._own - (set(names) - told)) | told

    def only(self, text: str) -> str:
        """The text, with `[...]` for each word that is not allowed."""
        lines = [" ".join(map(self._word, line.split())) for line in text.splitlines()]
        return "\n".join(lines)

    def clean(self, value: object) -> object:
        """A document, with nothing in it but numbers, `Known` text and allowed words."""
        match value:
            case Known():
                return str(value)
            case None | bool() | int() | float():
                return value
            case str():
                return self.only(value)
            case Mapping():
                return {self._key(key): self.clean(item) for key, item in value.items()}
            case list() | tuple():
                return [self.clean(item) for item in value]
        return HIDDEN

    def _key(self, key: object) -> str:
        """Keys are words of our own, whatever a rack is called."""
        return str(key) if isinstance(key, Known) or key in self._own else HIDDEN

    def _word(self, word: str) -> str:
        core = word.strip(_EDGE)
        if not core or self._may(core):
            return word
        begin = word.index(core)
        return f"{word[:begin]}{HIDDEN}{word[begin + len(core) :]}"

    def _may(self, core: str) -> bool:
        return core in self._allowed or any(
            form.fullmatch(core) for form in (_NUMBER, _VERSION, _TIME)
        )


def _own_words() -> set[str]:
    found = set()
    for package in _PACKAGES:
        for text in _sources(files(package)):
            found |= {core for word in text.split() if (core := word.strip(_EDGE))}
            found.update(re.findall(r"[A-Za-z]+(?:[_-][A-Za-z]+)*", text))
    for number in errno.errorcode:
        found.update(os.strerror(number).split())
    for status in HTTPStatus:
        found.update(status.phrase.split())
    return found


def _sources(folder: Traversable) -> Iterable[str]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _sources(entry)
        elif entry.name.endswith(".py"):
            yield entry.read_text(encoding="utf-8")
