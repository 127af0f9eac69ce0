"""Files of passwords and certificates that are not what they should be."""

from collections.abc import Callable
from pathlib import Path

import pytest

from exporters.delivery import DeliveryError
from exporters.mqtt.credentials import password, tls_context
from exporters.mqtt.options import MqttOptions
from tests.mqtt.certificates import Authority


def test_no_file_no_password() -> None:
    assert password(MqttOptions(host="broker")) is None


def test_the_first_line_is_the_password(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(" with spaces \nand more\n")
    assert password(MqttOptions(host="broker", password_file=file)) == " with spaces "


def _missing(_: Path) -> None:
    pass


def _empty(path: Path) -> None:
    path.write_text("\n")


def _binary(path: Path) -> None:
    path.write_bytes(b"\xff\xfe\x00secret")


def _folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize("spoil", [_missing, _empty, _binary, _folder])
def test_a_bad_password_file_is_named(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    file = tmp_path / "password"
    spoil(file)
    with pytest.raises(DeliveryError) as caught:
        password(MqttOptions(host="broker", password_file=file))
    assert caught.value.word == "password"
    assert f"mqtt.password_file {file}" in caught.value.text
    assert "secret" not in caught.value.text
    assert caught.value.action


def test_no_tls_no_context() -> None:
    assert tls_context(MqttOptions(host="broker")) is None


@pytest.mark.parametrize("spoil", [_missing, _empty, _folder])
def test_a_bad_authority_is_named(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    file = tmp_path / "ca.pem"
    spoil(file)
    with pytest.raises(DeliveryError) as caught:
        tls_context(MqttOptions(host="broker", tls=True, ca_file=file))
    assert caught.value.word == "tls"
    assert f"mqtt.tls.ca_file {file}" in caught.value.text


def test_a_key_of_another_certificate_is_told(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    one, other = authority.sign("one"), authority.sign("other")
    options = MqttOptions(host="broker", tls=True, cert_file=one.cert, key_file=other.key)
    with pytest.raises(DeliveryError, match="key values mismatch") as caught:
        tls_context(options)
    assert str(one.cert) in caught.value.text
    assert str(other.key) in caught.value.text


def test_a_key_with_a_passphrase_does_not_ask_for_it(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    pair = authority.sign("one")
    locked = authority.lock(pair)
    options = MqttOptions(host="broker", tls=True, cert_file=pair.cert, key_file=locked)
    with pytest.raises(DeliveryError) as caught:
        tls_context(options)
    assert "passphrase" in caught.value.action
