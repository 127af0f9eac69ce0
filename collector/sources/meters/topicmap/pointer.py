"""JSON Pointer (RFC 6901): where in a JSON document a value is."""

import re
from typing import Any

Pointer = tuple[str, ...]
"""Its parts, unescaped; none at all is the whole document."""

_INDEX = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)


def pointer_of(text: str) -> Pointer:
    """Read a pointer: empty for the whole document, else `/key/0/key`.

    Raises:
        ValueError: it is none. The text says what is allowed.
    """
    if not text:
        return ()
    if not text.startswith("/") or re.search(r"~(?![01])", text):
        raise ValueError('allowed is a JSON pointer: "" for the whole payload, or "/ENERGY/Power"')
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in text[1:].split("/"))


def found(document: Any, pointer: Pointer) -> Any:
    """The value that a pointer points at.

    Raises:
        LookupError: there is none.
    """
    for part in pointer:
        if type(document) is dict:
            document = document[part]
        elif type(document) is list and _INDEX.fullmatch(part):
            document = document[int(part)]
        else:
            raise LookupError(part)
    return document
