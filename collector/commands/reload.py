"""SIGHUP: the daemon takes another configuration inside its process, and says what changed."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar, cast

from collector.commands.log import set_up
from collector.config import ConfigError, Settings, SiteSettings
from collector.config.changes import Change, changes, told
from collector.config.files import changed_files, fingerprints
from collector.config.load import file_keys, variable_of
from collector.daemon.run import RELOAD, StartError, check_access

log = logging.getLogger(__name__)

_AT_START: Mapping[str, str] = {
    "ledger.path": "stop the daemon, move the ledger with its totals, start it",
}
"""Keys that are not taken over by SIGHUP, and what to do instead."""
_READ_BY_THE_SERVER = "prometheus."
"""The HTTP server looks after its own files, and keeps what it has when a new one is broken."""

S = TypeVar("S", bound=Settings | SiteSettings)
T = TypeVar("T")


class Start(Protocol[S, T]):
    """Runs the daemon with a configuration."""

    def __call__(self, taken: "Taken[S, T]", *, may_reload: Callable[[], bool], again: bool) -> int:
        """Returns the exit code, or `RELOAD`.

        Args:
            taken: the configuration.
            may_reload: asked at SIGHUP.
            again: whether the daemon ran in this process before.

        Raises:
            StartError, ConfigError: it cannot start with this configuration.
        """


@dataclass(frozen=True, slots=True)
class Taken(Generic[S, T]):
    """A configuration that was read, and what else was read by it: the site file, say."""

    settings: S
    more: T


class Reloader(Generic[S, T]):
    """Runs a daemon, again with each configuration that it is given.

    Args:
        read: reads the configuration and checks all that can be checked of it.
        start: runs the daemon.
        path: the configuration's file; None for the default one.
        debug: log everything.
    """

    def __init__(
        self,
        read: Callable[[], Taken[S, T]],
        start: Start[S, T],
        *,
        path: Path | None,
        debug: bool,
    ) -> None:
        self._read = read
        self._start = start
        self._path = path
        self._debug = debug
        self._take(read())
        self._next = self._running
        self._in_file: Mapping[str, Any] = file_keys(path)

    def run(self) -> int:
        """Run until told to stop. Returns the exit code.

        Raises:
            StartError, ConfigError: it cannot start.
        """
        earlier: Taken[S, T] | None = None
        again = False
        while True:
            try:
                code = self._start(self._running, may_reload=self.may_reload, again=again)
            except (StartError, ConfigError) as error:
                if earlier is None:
                    raise
                log.error(  # noqa: TRY400 - said for people
                    "SIGHUP: the new configuration cannot be used: %s; the earlier one goes on",
                    _line(error),
                )
                self._take(earlier)
                earlier = None
                continue
            if code != RELOAD:
                return code
            earlier, again = self._running, True
            self._take(self._next)

    def may_reload(self) -> bool:
        """Read the configuration anew, say what changed; whether to start anew with it."""
        try:
            new, in_file = self._read(), file_keys(self._path)
        except (ConfigError, StartError) as error:
            log.error("SIGHUP: the configuration stays as it was: %s", _line(error))  # noqa: TRY400
            return False
        found = changes(self._running.settings, new.settings)
        taken = [change for change in found if change.key not in _AT_START]
        late = [change for change in found if change.key in _AT_START]
        merged = Taken(_keep_ledger(new.settings, self._running.settings), new.more)
        self._warn(late, in_file)
        files = self._changed_files(merged.settings)
        if not taken and not files:
            log.info("SIGHUP: nothing %schanged; it goes on", "else " if late else "")
            return False
        whats: list[Change | str] = [*taken, *(f"the file of {key}" for key in files)]
        if all(change.key.startswith("log.") for change in taken) and not files:
            self._take(merged)
            log.info("SIGHUP: %s", told(whats))
            return False
        log.info("SIGHUP: %s; starting anew with it inside this process", told(whats))
        self._next = merged
        return True

    def _take(self, taken: Taken[S, T]) -> None:
        self._running = taken
        self._files = fingerprints(taken.settings)
        set_up(taken.settings.log, debug=self._debug)

    def _changed_files(self, settings: S) -> list[str]:
        found = changed_files(self._files, fingerprints(settings))
        return [key for key in found if not key.startswith(_READ_BY_THE_SERVER)]

    def _warn(self, late: list[Change], in_file: Mapping[str, Any]) -> None:
        """Name what only a restart takes over."""
        needs = [f"{change} ({_AT_START[change.key]})" for change in late]
        before, self._in_file = self._in_file, in_file
        for key in sorted(before.keys() | in_file.keys()):
            name = variable_of(key)
            if name is not None and before.get(key) != in_file.get(key):
                needs.append(f"{key} (the environment variable {name} overrides the file)")
        if needs:
            log.warning("SIGHUP: needs a restart: %s", told(needs))


def check_files(settings: Settings | SiteSettings) -> None:
    """See that the HTTP server could start with its files: it must not end over a reload.

    Raises:
        StartError: it could not.
    """
    check_access(settings.prometheus)


def _keep_ledger(new: S, running: S) -> S:
    """The new configuration with the ledger where it is."""
    ledger = new.ledger.model_copy(update={"path": running.ledger.path})
    return cast("S", new.model_copy(update={"ledger": ledger}))


def _line(error: Exception) -> str:
    return "; ".join(str(error).splitlines())
