"""From a tariff file's text to checked values."""

from functools import cache

from pydantic import TypeAdapter, ValidationError

from collector.shown import shown
from exporters.utility.tariff.checks import Problem, problems
from exporters.utility.tariff.errors import TariffFileError
from exporters.utility.tariff.spec import FileSpec
from exporters.utility.tariff.text import Text

_MOST_LINES = 50
_MOST_WORDS = 400


@cache
def _adapter() -> TypeAdapter[FileSpec]:
    return TypeAdapter(FileSpec)


def parse(text: Text) -> FileSpec:
    """Check a file wholly: no hour without a band, no band without a price.

    Raises:
        TariffFileError: with every problem, each with its file and line.
    """
    try:
        spec = _adapter().validate_python(text.document)
    except ValidationError as error:
        raise _refused(text, [(each["loc"], each["msg"]) for each in error.errors()]) from None
    if found := problems(spec):
        raise _refused(text, found)
    return spec


def _refused(text: Text, found: list[Problem]) -> TariffFileError:
    lines = [
        f"{text.where(loc)}: {'.'.join(shown(str(part)) for part in loc)}: "
        f"{shown(message, _MOST_WORDS)}"
        for loc, message in found[:_MOST_LINES]
    ]
    if len(found) > _MOST_LINES:
        lines.append(f"... and {len(found) - _MOST_LINES} more mistakes")
    return TariffFileError("\n".join(lines))
