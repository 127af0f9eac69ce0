"""The page's files, ready to be served."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What the page needs and nothing more: value of the header of that name, for `/`."""

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
}


SHARED = ("/style.css", "/dom.js", "/feed.js", "/format.js", "/health.js")
"""What other pages than the node's use too."""


@cache
def assets() -> Mapping[str, tuple[bytes, str]]:
    """The page's files, read once.

    Returns:
        URL path (`/`, `/page.js`, ...) to content and content type. `/` is the page itself; all
        others are named relative to it, so a reverse proxy may put any prefix before them.
    """
    return MappingProxyType(files_of(__package__))


def files_of(package: str) -> dict[str, tuple[bytes, str]]:
    """A package's files that can be served, by URL path; `index.html` is `/`."""
    found: dict[str, tuple[bytes, str]] = {}
    for file in files(package).iterdir():
        _, dot, suffix = file.name.rpartition(".")
        content_type = _TYPES.get(dot + suffix)
        if content_type:
            path = "/" if file.name == "index.html" else f"/{file.name}"
            found[path] = (file.read_bytes(), content_type)
    return found
