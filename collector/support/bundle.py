"""Packs what was found for support: redacted, readable, and with a list of what is in it."""

import contextlib
import gzip
import io
import json
import os
import tarfile
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from collector.support.finding import Section
from collector.support.redact import HIDDEN, Words

_README = """\
A support bundle of Wattkeeper, made {time}.

{files}

Everything in it is text. Of your own names, addresses, paths and of other programs' words nothing
is in it{except_names}: {hidden} stands in their place. No password, token, key or certificate was
read for it. What is kept is what stands on a list: numbers, versions, choices, and words of
Wattkeeper's own. Look through it all the same before you send it.
"""


class BundleError(Exception):
    """The bundle cannot be written. The text says why, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """A file of a bundle: its name, what it holds, and its content."""

    name: str
    about: str
    content: bytes


def pack(sections: Sequence[Section], words: Words, *, keep_names: bool) -> tuple[Packed, ...]:
    """The files of a bundle, as they may leave the site.

    Args:
        sections: what was found.
        words: which words may leave.
        keep_names: whether names may; said in the first file.
    """
    packed = [
        Packed(name=section.name, about=section.about, content=_json(words, section.document))
        for section in sections
    ]
    findings = [
        {
            "topic": finding.topic,
            "weight": finding.weight,
            "text": finding.text,
            "action": finding.action,
        }
        for section in sections
        for finding in section.findings
    ]
    about = "what was found to be wrong, and what to do"
    packed.append(
        Packed(name="findings.json", about=about, content=_json(words, {"findings": findings}))
    )
    packed.sort(key=lambda one: one.name)
    readme = _README.format(
        time=time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()),
        files="\n".join(f"  {one.name:20} {one.about}" for one in packed),
        except_names=", but for the names that you decided to tell" if keep_names else "",
        hidden=HIDDEN,
    )
    first = Packed(name="README.txt", about="this list", content=readme.encode())
    return (first, *packed)


def write(path: Path, files: Sequence[Packed]) -> int:
    """Write a bundle, whole or not at all, for its owner alone. Returns its size in bytes.

    Raises:
        BundleError: it cannot be written.
    """
    folder = f"wattkeeper-support-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}"
    raw = io.BytesIO()
    # Neither the user's name nor the file's own goes into it.
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=raw) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for one in files:
            entry = tarfile.TarInfo(f"{folder}/{one.name}")
            entry.size, entry.mode, entry.mtime = len(one.content), 0o600, int(time.time())
            archive.addfile(entry, io.BytesIO(one.content))
    temporary = None
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(descriptor, "wb") as file:  # made with mode 0600
            file.write(raw.getvalue())
        Path(temporary).replace(path)
    except OSError as error:
        if temporary is not None:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
        raise BundleError(
            f"--bundle {path}: cannot write there ({error.strerror or error}); give a file in a "
            "directory that exists and that you may write to"
        ) from None
    return len(raw.getvalue())


def _json(words: Words, document: object) -> bytes:
    text = json.dumps(words.clean(document), indent=1, ensure_ascii=False)
    return f"{text}\n".encode()
