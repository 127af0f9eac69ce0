"""Files that hold secrets, and those beside them: whether they are there, and who may read them."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from collector.support.finding import Finding, Known, Section

_SECRET_ENDS = ("password_file", "token_file", "key_file", "hash_file")


def secrets(named: Mapping[str, Path]) -> Section:
    """The files that a configuration names.

    Args:
        named: each by its key.
    """
    findings: list[Finding] = []
    document: dict[str, object] = {
        Known(key): _look(key, path, findings) for key, path in named.items()
    }
    return Section(
        name="files.json",
        about="whether the files that the configuration names can be read, and by whom",
        document=document,
        findings=tuple(findings),
    )


def _look(key: str, path: Path, findings: list[Finding]) -> dict[str, object]:
    try:
        status = path.stat()
        readable = os.access(path, os.R_OK)
    except OSError as error:
        findings.append(
            Finding(
                topic=key,
                text=f"{path}: {(error.strerror or str(error)).lower()}",
                action=f"create it, or correct {key}"
                + ("; it is there while the service runs" if _is_credential(path) else ""),
                weight="note" if _is_credential(path) else "problem",
            )
        )
        return {"exists": False}
    findings += _judge(key, path, status, readable=readable)
    return {
        "exists": True,
        "mode": Known(f"{status.st_mode & 0o7777:04o}"),
        "bytes": status.st_size,
        "readable_here": readable,
    }


def _judge(key: str, path: Path, status: os.stat_result, *, readable: bool) -> Iterator[Finding]:
    if key.endswith(_SECRET_ENDS) and status.st_mode & 0o007:
        yield Finding(
            topic=key,
            text=f"{path} can be read by every user of this machine",
            action=f"chmod o= {path}; then change what is in it, since others may have read it",
        )
    if not readable:
        yield Finding(
            topic=key,
            text=f"{path} cannot be read by the user who runs this check",
            action="that is well if the daemon's user can; run the check as that user to see",
            weight="note",
        )
    elif not status.st_size:
        yield Finding(topic=key, text=f"{path} is empty", action="write into it what it is for")


def _is_credential(path: Path) -> bool:
    """Whether systemd hands it to the service alone, see systemd.exec(5), LoadCredential=."""
    return "credentials" in path.parts
