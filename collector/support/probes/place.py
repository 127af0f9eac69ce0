"""The ledger's place: whose it is, how much room it has, what it lies on."""

import os
import pwd
import re
from pathlib import Path

from collector.support.finding import Finding, Known, Section

_LEAST_BYTES = 200_000_000
_REMOTE = {"nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "glusterfs", "lustre", "fuse.sshfs"}
_PASSING = {"tmpfs", "ramfs"}
_KIND = re.compile(r"[a-z0-9]{2,12}")
_FILES = ("", "-wal", "-shm", ".lock")


def place(ledger: Path) -> Section:
    """The folder of the ledger, and the files in it that the daemon must write."""
    folder = ledger.parent
    findings: list[Finding] = []
    document: dict[str, object] = {"exists": folder.is_dir()}
    try:
        if folder.is_dir():
            document |= _folder(folder, findings)
            document["files"] = _files(ledger, findings)
        else:
            findings.append(_missing(folder))
    except PermissionError as error:
        findings.append(
            Finding(
                topic="state folder",
                text=f"no permission to look into {error.filename or folder}",
                action="run this check as root, or as the user that the daemon runs as",
                weight="note",
            )
        )
    return Section(
        name="place.json",
        about="the ledger's folder: owners, permissions, room",
        document=document,
        findings=tuple(findings),
    )


def _missing(folder: Path) -> Finding:
    if folder.parent.is_dir():
        return Finding(
            topic="state folder",
            text=f"{folder} does not exist yet",
            action="the daemon makes it if it may; with systemd, StateDirectory= does",
            weight="note",
        )
    return Finding(
        topic="state folder",
        text=f"neither {folder} nor {folder.parent} exists",
        action="create it, or set [ledger] path to another place",
    )


def _folder(folder: Path, findings: list[Finding]) -> dict[str, object]:
    status, system = folder.stat(), os.statvfs(folder)
    free = system.f_bavail * system.f_frsize
    kind = _kind(folder)
    read_only = bool(system.f_flag & os.ST_RDONLY)
    if read_only:
        findings.append(
            Finding(
                topic="state folder",
                text=f"{folder} is on a read-only file system",
                action="make it writable (was it mounted read-only after an error?), or set "
                "[ledger] path to another place",
            )
        )
    elif os.geteuid() == status.st_uid and not os.access(folder, os.W_OK | os.X_OK):
        findings.append(
            Finding(
                topic="state folder",
                text=f"{folder} is not writable for its owner {_user(status.st_uid)}",
                action=f"chmod u+rwx {folder}",
            )
        )
    elif os.geteuid() not in {0, status.st_uid} and not os.access(folder, os.W_OK | os.X_OK):
        findings.append(
            Finding(
                topic="state folder",
                text=f"{folder} belongs to {_user(status.st_uid)} and is not writable for "
                f"{_user(os.geteuid())}, who runs this check",
                action="run the check as the user that the daemon runs as; if you did, chown the "
                "folder to that user",
            )
        )
    if free < _LEAST_BYTES:
        findings.append(
            Finding(
                topic="disk",
                text=f"{folder} has {free / 1e6:,.0f} MB left",
                action="make room: a full disk is caught up with later, but only from memory",
            )
        )
    if kind in _REMOTE:
        findings.append(
            Finding(
                topic="disk",
                text=f"{folder} is on a network file system ({kind})",
                action="keep the ledger on a local disk: locks and syncs of others are not to be "
                "relied on",
            )
        )
    if kind in _PASSING:
        findings.append(
            Finding(
                topic="disk",
                text=f"{folder} is in memory ({kind}): the ledger is gone after a reboot",
                action="set [ledger] path to a place on a disk",
            )
        )
    return {
        "mode": Known(f"{status.st_mode & 0o7777:04o}"),
        "owner": _owner(status.st_uid),
        "read_only": read_only,
        "free_bytes": free,
        "size_bytes": system.f_blocks * system.f_frsize,
        "free_inodes": system.f_favail,
        "file_system": Known(kind) if _KIND.fullmatch(kind) else "",
    }


def _files(ledger: Path, findings: list[Finding]) -> dict[str, object]:
    found: dict[str, object] = {}
    folder = ledger.parent.stat()
    for suffix in _FILES:
        path = ledger.with_name(ledger.name + suffix)
        if not path.exists():
            continue
        status = path.stat()
        found[Known(f"ledger{suffix}")] = {
            "bytes": status.st_size,
            "mode": Known(f"{status.st_mode & 0o7777:04o}"),
            "owner": _owner(status.st_uid),
        }
        # Its lock need only be there; others of another owner were made by a run as root.
        if status.st_uid != folder.st_uid and suffix != ".lock":
            findings.append(
                Finding(
                    topic="state folder",
                    text=f"{path} belongs to {_user(status.st_uid)}, its folder to "
                    f"{_user(folder.st_uid)}",
                    action=f"chown --reference={ledger.parent} {path}",
                )
            )
    return found


def _kind(folder: Path) -> str:
    """The type of the file system that a folder is on."""
    device = folder.stat().st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    try:
        lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    for line in lines:  # see proc(5)
        before, _, after = line.partition(" - ")
        if before.split()[2] == wanted:
            return after.split()[0]
    return ""


def _owner(uid: int) -> Known:
    if uid == 0:
        return Known("root")
    return Known("this user" if uid == os.geteuid() else "another user")


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
