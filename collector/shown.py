"""Text and values from outside in words for people: one line, printable, not long, no credentials.

It imports nothing of Wattkeeper, so every part may use it.
"""

MOST_CHARACTERS = 120


def shown(text: str, most: int = MOST_CHARACTERS) -> str:
    """Text from outside, safe for a log or an error.

    Args:
        text: it may hold anything.
        most: so many characters of it are shown.
    """
    safe = "".join(one if one.isprintable() else "?" for one in text[:most])
    return safe + ("..." if len(text) > most else "")


def quoted(text: str, most: int = MOST_CHARACTERS) -> str:
    """The same in quotes, with what cannot be printed as Python writes it."""
    return repr(text[:most]) + ("..." if len(text) > most else "")


def value_shown(value: object, most: int = MOST_CHARACTERS) -> str:
    """A value of a TOML or JSON document: text in quotes, of a table or list that it is one."""
    match value:
        case str():
            return f'"{shown(without_credentials(value), most)}"'
        case dict():
            return "{...}"
        case list() | tuple():
            return "[...]"
    try:
        return shown(str(value), most)
    except ValueError:  # a whole number of thousands of digits
        return "a very long number"


def without_credentials(text: str) -> str:
    """Text without what stands before its last `@`: user and password, where it is a URL."""
    before, at, host = text.rpartition("@")
    if not at:
        return text
    scheme, colon, _ = before.partition("://")
    return f"{scheme}{colon}***@{host}" if colon else f"***@{host}"
