"""URL, token, and what the servers' answers mean."""

import os
import time
from email.utils import formatdate
from pathlib import Path

import pytest

from exporters.delivery import DeliveryError
from exporters.influxdb import InfluxOptions, checked_url
from exporters.influxdb.errors import Answer, of_answer
from exporters.influxdb.token import TokenFile

OPTIONS = InfluxOptions(url="http://db:8086", org="o", bucket="b", token_file=Path("/t"))


@pytest.mark.parametrize("url", ["http://db:8086", "https://db/influx", "http://[::1]:8086/"])
def test_urls_of_servers_are_allowed(url: str) -> None:
    assert checked_url(url) == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "db:8086",
        "ftp://db",
        "http://",
        "http://db:port",
        "http://db?org=o",
        "http://d b",
        "http://[::1",
    ],
)
def test_what_is_no_url_of_a_server_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="allowed is http"):
        checked_url(url)


def test_a_password_in_the_url_is_refused_and_not_repeated() -> None:
    with pytest.raises(ValueError, match="token_file") as caught:
        checked_url("http://me:sekret@db:8086")
    assert "sekret" not in str(caught.value)


def test_the_token_is_read_again_when_its_file_changes(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("one\n")
    token = TokenFile(path)
    assert token.current() == "one"
    path.write_text("three")
    assert token.current() == "three"
    new = tmp_path / "new"
    new.write_text("seven")
    stat = path.stat()
    os.utime(new, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    new.rename(path)
    assert token.current() == "seven"
    assert token.hidden("token seven is wrong") == "token *** is wrong"


@pytest.mark.parametrize("content", [b"", b"\n", b"two words", b"\xff", b"a\nb"])
def test_a_file_without_a_token_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "token"
    path.write_bytes(content)
    with pytest.raises(DeliveryError, match="holds no token") as caught:
        TokenFile(path).current()
    assert str(path) in caught.value.text


def test_a_missing_token_file_is_named_and_looked_for_again(tmp_path: Path) -> None:
    token = TokenFile(tmp_path / "token")
    with pytest.raises(DeliveryError, match="No such file") as caught:
        token.current()
    assert caught.value.word == "token_file"
    (tmp_path / "token").write_text("here")
    assert token.current() == "here"
    assert TokenFile(None).current() == ""


@pytest.mark.parametrize(
    ("status", "word", "lost"),
    [
        (401, "unauthorized", False),
        (403, "forbidden", False),
        (404, "not_found", False),
        (302, "redirected", False),
        (308, "redirected", False),
        (408, "server", False),
        (413, "too_large", False),
        (429, "throttled", False),
        (500, "server", False),
        (502, "server", True),
        (503, "server", True),
        (504, "server", True),
        (200, "not_influxdb", False),
        (400, "rejected", False),
        (405, "rejected", False),
        (599, "server", False),
    ],
)
def test_answers_are_told_apart(status: int, word: str, *, lost: bool) -> None:
    error = of_answer(Answer(status, b"words", {}), OPTIONS, "words")
    assert (error.word, error.lost_connection) == (word, lost)
    assert f"({status}: words)" in error.text
    assert "http://db:8086" in error.text


def test_a_server_that_says_when_is_not_gone() -> None:
    error = of_answer(Answer(503, b"", {"Retry-After": "7"}), OPTIONS, "")
    assert (error.retry_after_seconds, error.lost_connection) == (7.0, False)


def test_retry_after_an_hour_by_the_clock() -> None:
    header = formatdate(time.time() + 3600, usegmt=True)
    found = Answer(503, b"", {"Retry-After": header}).retry_after_seconds
    assert found is not None
    assert 3500 <= found <= 3601


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [
        ("120", 120, 120),
        ("Sun, 06 Nov 1994 08:49:37 GMT", None, None),
        ("soon", None, None),
        ("-5", None, None),
        ("1e9", None, None),
        ("", None, None),
        ("9" * 400, None, None),
    ],
)
def test_retry_after(header: str, least: float | None, most: float | None) -> None:
    found = Answer(503, b"", {"Retry-After": header}).retry_after_seconds
    if least is None or most is None:
        assert found is None
    else:
        assert found is not None
        assert least <= found <= most


@pytest.mark.parametrize(
    ("status", "body", "bad"),
    [
        (400, b'{"code":"invalid","message":"unable to parse \'x\': missing fields"}', True),
        (400, b'{"code":"invalid","message":"partial write: dropped=1"}', True),
        (422, b'{"code":"unprocessable entity","message":"field type conflict"}', True),
        (400, b'{"error":"partial write of line protocol occurred","data":[]}', True),
        (400, b'{"error":"parsing failed for write_lp endpoint","data":{}}', True),
        (400, b"cannot find auth: unable to parse", False),
        (400, b"<html>400 Bad Request</html>", False),
        (400, b'{"code":"invalid","message":"bucket is required"}', False),
        (400, b"", False),
        (400, b"[1]", False),
        (500, b'{"message":"partial write"}', False),
    ],
)
def test_points_are_blamed_only_when_the_server_speaks_of_them(
    status: int, body: bytes, *, bad: bool
) -> None:
    assert Answer(status, body, {}).bad_points is bad


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"code":"x","message":"a  b\\nc"}', "a b c"),
        (b'{"error":"why","data":[{"line_number":2}]}', 'why [{"line_number": 2}]'),
        (b"plain\x00\xff", "plain �"),
        (b"<html><body>No</body></html>", "Bad Request"),
        (b"", "Bad Request"),
        (b'{"message":7}', '{"message":7}'),
    ],
)
def test_the_servers_words_are_one_line_for_people(body: bytes, words: str) -> None:
    assert Answer(400, body, {}).words == words


def test_words_are_not_longer_than_a_line_holds() -> None:
    assert len(Answer(400, b"x" * 10_000, {}).words) == 300
