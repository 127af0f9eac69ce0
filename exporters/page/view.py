"""What the HTTP server asks of a page."""

from collections.abc import Mapping
from typing import Protocol

from collector.model import Tick


class View(Protocol):
    """A page at `/` and the data that it polls."""

    def update(self, tick: Tick) -> None:
        """Take the newest tick; cheap, for nothing is rendered before somebody asks."""

    def payload(self, *, history: bool) -> bytes:
        """The page's data as JSON in UTF-8; `null` before the first update.

        Args:
            history: with the whole history instead of its last few seconds.
        """

    def assets(self) -> Mapping[str, tuple[bytes, str]]:
        """URL path (`/`, `/page.js`, ...) to content and content type."""
