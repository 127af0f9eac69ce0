"""The end of a certificate, read from its bytes, against what openssl made."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.http.expiry import first_expiry, not_after


def made(folder: Path, ends: str, *more: str) -> str:
    """A certificate that ends then; dates from 2050 on are written in another way."""
    cert = folder / f"{ends}.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt"),
            *("ec_paramgen_curve:P-256", "-nodes", "-keyout", str(folder / "key")),
            *("-out", str(cert), "-subj", "/CN=a", *more),
            *days(ends),
        ],
        check=True,
        capture_output=True,
    )
    return cert.read_text()


def days(ends: str) -> tuple[str, str]:
    left = datetime.fromisoformat(ends).replace(tzinfo=UTC) - datetime.now(UTC)
    return "-days", str(left.days)


@pytest.mark.parametrize("ends", ["2031-05-07", "2049-06-01", "2051-03-09", "2101-01-01"])
def test_as_openssl_tells_it(tmp_path: Path, ends: str) -> None:
    text = made(tmp_path, ends)
    told = subprocess.run(
        ["openssl", "x509", "-noout", "-enddate"],
        input=text, capture_output=True, text=True, check=True,
    ).stdout.strip().removeprefix("notAfter=")  # fmt: skip
    wanted = datetime.strptime(told, "%b %d %H:%M:%S %Y GMT").replace(tzinfo=UTC)
    assert first_expiry(text) == wanted.timestamp()


def test_of_a_chain_the_first(tmp_path: Path) -> None:
    early, late = made(tmp_path, "2031-05-07"), made(tmp_path, "2051-03-09")
    assert first_expiry(late + "some words\n" + early) == first_expiry(early)


def test_what_is_none() -> None:
    assert first_expiry("") is None
    assert first_expiry("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----") is None
    assert first_expiry("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----") is None


@given(st.binary(max_size=300))
def test_nothing_makes_it_fail_in_another_way(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever it says
        not_after(data)
