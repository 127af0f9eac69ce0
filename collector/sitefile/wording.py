"""Turns what pydantic finds wrong in a table into a sentence."""

import re
from collections.abc import Mapping
from difflib import get_close_matches

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from collector.shown import without_credentials

_NEVER_SHOWN = {"url", "runbook_url", "secret_file"}
"""Keys into which people put secrets by mistake."""
_SHOWN_LENGTH = 60
_KINDS: Mapping[str, str] = {
    "string_type": "allowed is text, in quotes",
    "bool_type": "allowed is true or false",
    "int_type": "allowed is a whole number",
    "float_type": "allowed is a number",
    "finite_number": "allowed is a finite number",
    "list_type": "allowed is a list, in [ ]",
    "dict_type": "a table is expected here",
    "mapping_type": "a table is expected here",
    "model_type": "a table is expected here",
    "date_type": "allowed is a date without quotes, for example 2026-01-01",
}


def sentence(detail: ErrorDetails, model: type[BaseModel]) -> str:
    """What is wrong and what is allowed, without the key's name.

    Args:
        detail: one of pydantic's errors.
        model: the table that it was found in.
    """
    kind, keys = detail["type"], detail["loc"]
    if kind == "extra_forbidden":
        return f"unknown key{hint(str(keys[-1]), known_keys(model))}"
    if kind == "missing":
        field = next(f for n, f in model.model_fields.items() if keys[-1] in {n, f.alias})
        return f"is missing: {field.description}"
    if not keys:  # the table as a whole: its own words, for its values may hold secrets
        return _allowed(detail)
    secret = any(key in _NEVER_SHOWN for key in keys)
    return _allowed(detail) if secret else f"{_shown(detail['input'])}: {_allowed(detail)}"


def known_keys(model: type[BaseModel]) -> list[str]:
    """The keys of a table, as they are written in the file."""
    return [field.alias or name for name, field in model.model_fields.items()]


def hint(name: str, known: list[str]) -> str:
    """`; did you mean ...?`, or what there is."""
    close = get_close_matches(name[:_SHOWN_LENGTH], known, n=1)
    return f'; did you mean "{close[0]}"?' if close else f"; known here are {', '.join(known)}"


def _allowed(detail: ErrorDetails) -> str:
    kind = detail["type"]
    if kind == "literal_error":
        return f"allowed are {re.sub(' or ', ', ', detail['ctx']['expected'])}"
    if kind == "value_error":
        return str(detail["ctx"]["error"])
    return _KINDS.get(kind, detail["msg"][:1].lower() + detail["msg"][1:])


def _shown(value: object) -> str:
    text = f'"{without_credentials(value)}"' if isinstance(value, str) else _short_repr(value)
    if len(text) > _SHOWN_LENGTH:
        text = f"{text[:_SHOWN_LENGTH]}..."
    return text if text.isprintable() else ascii(text)


def _short_repr(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    try:
        return str(value)
    except ValueError:  # a whole number of thousands of digits
        return "a very long number"
