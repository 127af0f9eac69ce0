"""Every word of the pages. The texts are in a file for each language, beside this one."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources


class Words:
    """The words of one language.

    Args:
        language: `en` or `ko`.
    """

    def __init__(self, language: str) -> None:
        self.language = language
        tables = _tables(language)
        self._texts, self._lines, self._bands = tables["text"], tables["line"], tables["band"]

    def __call__(self, key: str, **values: object) -> str:
        """A text with values put in."""
        return self._texts[key].format(**values)

    @property
    def korean(self) -> bool:
        """Whether it is Korean."""
        return self.language == "ko"

    def band(self, name: str) -> str:
        """A band; one that is not known by its name."""
        return self._bands.get(name) or name.replace("_", " ")

    def line(self, line_id: str, titles: Mapping[str, str]) -> str:
        """A line of a bill.

        Args:
            line_id: its id.
            titles: what the tariff file calls its charges.
        """
        known = {**titles, **self._lines}
        if line_id in known:
            return known[line_id]
        for name, title in known.items():
            if line_id.startswith(f"{name}_"):
                return f"{title}, {self.band(line_id.removeprefix(f'{name}_'))}"
        return line_id.replace("_", " ")


@cache
def _tables(language: str) -> Mapping[str, Mapping[str, str]]:
    folder = resources.files("exporters.utility.report.words")
    return tomllib.loads((folder / f"{language}.toml").read_text(encoding="utf-8"))
