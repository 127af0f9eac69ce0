"""The first look at a request: what it lets pass, and that it never fails."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.http.head import Head, read_head, refused_early
from exporters.http.refusals import Reason

_NAMES = st.sampled_from(["Host", "Accept", "X-Content-Length", "User-Agent", "Cookie"])
_VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30)
_PATHS = st.text(st.sampled_from("/abc.-_%20"), min_size=1, max_size=20).map("/".__add__)


@given(
    st.sampled_from(["GET", "HEAD"]),
    _PATHS,
    st.sampled_from(["", "?history=1", "?a?b"]),
    st.lists(st.tuples(_NAMES, _VALUES), max_size=5),
)
def test_every_plain_question_passes(
    method: str, path: str, query: str, headers: list[tuple[str, str]]
) -> None:
    lines = [f"{method} {path}{query} HTTP/1.1", *(f"{name}: {text}" for name, text in headers)]
    head = ("\r\n".join(lines) + "\r\n\r\n").encode()
    assert read_head(head) == Head(path=path, authorization="")
    for size in range(1, len(head) + 1):
        assert refused_early(head[:size]) is None


@given(st.sampled_from(["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "GETS", "get"]))
def test_every_other_method_is_known_by_its_first_word(method: str) -> None:
    head = f"{method} / HTTP/1.1\r\nHost: a\r\n\r\n".encode()
    assert read_head(head) is Reason.METHOD
    assert refused_early(head) is Reason.METHOD


@given(st.binary(min_size=1, max_size=200))
def test_nothing_makes_it_fail(data: bytes) -> None:
    assert refused_early(data) in {None, Reason.METHOD, Reason.MALFORMED}
    assert isinstance(read_head(data), Head | Reason)


@pytest.mark.parametrize(
    ("header", "body"),
    [
        ("Content-Length: 1", True),
        ("CONTENT-LENGTH:10", True),
        ("Content-Length: 0", False),
        ("Content-Length:\t00 ", False),
        ("Content-Length: 0x10", True),
        ("Content-Length: -1", True),
        ("Content-Length:", True),
        ("Transfer-Encoding: gzip, chunked", True),
        ("transfer-encoding:identity", True),
        ("X-Content-Length: 9", False),
        ("Trailer: Content-Length: 9", False),
    ],
)
def test_what_announces_a_body(header: str, body: bool) -> None:  # noqa: FBT001 - a parameter
    found = read_head(f"GET / HTTP/1.1\r\nHost: a\r\n{header}\r\n\r\n".encode())
    assert (found is Reason.BODY) is body


def test_the_authorization_is_found_whatever_its_case() -> None:
    for name in ("Authorization", "authorization", "AUTHORIZATION"):
        head = f"GET /metrics?x HTTP/1.1\r\nHost: a\r\n{name}:  Basic abc= \r\nB: c\r\n\r\n"
        assert read_head(head.encode()) == Head(path="/metrics", authorization="Basic abc=")
