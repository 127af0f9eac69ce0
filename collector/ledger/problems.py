"""Says in words what is wrong with the ledger's file, and what to do about it."""

import os
import pwd
import shutil
import sqlite3
from pathlib import Path

from collector.ledger.model import LedgerError
from collector.shown import shown

_PRIMARY = 0xFF  # an extended result code of SQLite carries its primary code in the low byte
_CORRUPT = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_NO_TEXT = "Could not decode to UTF-8"
_KEPT = "what is measured meanwhile is kept in memory and written as soon as that works"


def is_corrupt(error: BaseException) -> bool:
    """Whether the file holds something else than a sound database."""
    return isinstance(error, sqlite3.Error) and _code(error) in _CORRUPT


def describe(error: Exception, path: Path) -> LedgerError:
    """The error in words for people.

    Args:
        error: what SQLite or the system said.
        path: the ledger's file.
    """
    if isinstance(error, LedgerError):
        return error
    if isinstance(error, OSError):
        return LedgerError(
            f"the ledger {path} cannot be used: {error.strerror or error}"
            + (f" ({error.filename})" if error.filename else ""),
            f"check {path.parent}",
        )
    if not isinstance(error, sqlite3.Error):
        return LedgerError(
            f"the ledger {path} hit a bug: {type(error).__name__}: {shown(str(error))}",
            "report it with the log",
        )
    return _describe_sqlite(error, path)


def retried(fault: LedgerError) -> LedgerError:
    """The same fault of a running ledger, saying that nothing is lost meanwhile."""
    return LedgerError(fault.problem, f"{fault.action}; {_KEPT}")


def no_permission(what: str, path: Path) -> LedgerError:
    """The error for a place that this user may not use.

    Args:
        what: what is not allowed: "write to the directory".
        path: the file or directory.
    """
    user = user_name()
    return LedgerError(
        f"no permission to {what} {path} as user {user}",
        f"chown it to {user}, or set [ledger] path to a place that {user} may write",
    )


def user_name() -> str:
    """The user that this process runs as."""
    uid = os.geteuid()
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"with id {uid}"


def _describe_sqlite(error: sqlite3.Error, path: Path) -> LedgerError:
    place = path.parent
    match _code(error):
        case sqlite3.SQLITE_FULL:
            return LedgerError(
                f"the disk of the ledger {path} is full ({_free(place)})",
                f"make room on {place}",
            )
        case sqlite3.SQLITE_READONLY:
            return LedgerError(
                f"the ledger {path} is read-only",
                f"make {place} and the files in it writable for user {user_name()} (was the file"
                f" system mounted read-only after an error?)",
            )
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return LedgerError(
                f"the ledger {path} is locked by another program",
                f"end the program that holds it (fuser {path})",
            )
        case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM | sqlite3.SQLITE_AUTH:
            return LedgerError(
                f"the ledger {path} cannot be opened",
                f"see that {place} is there and that user {user_name()} may write it",
            )
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return LedgerError(
                f"the ledger {path} is corrupt",
                f"the daemon sets it aside and starts a new one; check the disk of {place}",
            )
        case sqlite3.SQLITE_IOERR:
            return LedgerError(
                f"the disk of the ledger {path} fails: {shown(str(error))} ({_name(error)},"
                f" {_free(place)})",
                "check the disk, its quota and the kernel's log",
            )
        case _:
            return LedgerError(
                f"the ledger {path} cannot be used: {shown(str(error))} ({_name(error)})",
                "report it with the log",
            )


def _code(error: sqlite3.Error) -> int:
    if _NO_TEXT in str(error):  # the library's own error, which has no code
        return sqlite3.SQLITE_CORRUPT
    return getattr(error, "sqlite_errorcode", 0) & _PRIMARY


def _name(error: sqlite3.Error) -> str:
    return str(getattr(error, "sqlite_errorname", "no code"))


def _free(place: Path) -> str:
    try:
        usage = shutil.disk_usage(place)
    except OSError:
        return "free space not known"
    return f"{usage.free / 1e6:,.1f} MB of {usage.total / 1e6:,.0f} MB free"
