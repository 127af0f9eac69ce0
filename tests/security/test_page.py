"""docs/security.md says what the code does."""

import re
from pathlib import Path

from exporters.http.limits import Limits
from exporters.http.refusals import ANSWERS, Reason
from exporters.http.webconfig_schema import HeadersPart, HttpPart, RatePart, TlsPart, WebFile

PAGE = (Path(__file__).parents[2] / "docs/security.md").read_text(encoding="utf-8")


def test_every_reason_is_there_with_what_clients_are_told() -> None:
    rows = dict(re.findall(r"(?m)^\| `(\w+)` \| [^|]+ \| ([^|]+) \|$", PAGE))
    assert rows.keys() == {reason.value for reason in Reason}
    for reason, answer in ANSWERS.items():
        assert answer.split()[1].decode() == rows[reason.value]


def test_the_limits_are_those_of_the_code() -> None:
    limits = Limits()
    for words in (
        f"{limits.connections_of_address} from one address",
        f"{limits.rate.per_second:.0f} a second from one address",
        f"{limits.rate.burst} at once",
        f"{limits.head_bytes // 1000} kB in all, {limits.head_seconds:.0f} s",
        f"{limits.answer_seconds:.0f} s to take one; {limits.idle_seconds:.0f} s idle",
    ):
        assert words in PAGE


def test_every_key_of_the_web_file_is_spoken_of() -> None:
    for part in (WebFile, TlsPart, HttpPart, RatePart):
        for name in part.model_fields:
            if name not in {
                "interval",
                "burst",
                "http_server_config",
                "prefer_server_cipher_suites",
            }:
                assert name in PAGE, name
    assert len(HeadersPart.model_fields) == 5
