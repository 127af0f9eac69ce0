"""Prometheus's web configuration file: what is understood, and what is refused, in words."""

import ssl
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.http.access_spec import AccessSpec
from exporters.http.limits import Rate
from exporters.http.passwords import BcryptHash
from exporters.http.webconfig import WebConfigError, read_web_config

HASH = "$2y$10$mDwo.lAisC94iLAyP81MCesa29IzH37oigHC/42V2pdJlUprsJPze"
"""Of the example that comes with the format."""
TLS = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n"


def read(folder: Path, text: str) -> AccessSpec:
    file = folder / "web.yml"
    file.write_text(text, encoding="utf-8")
    return read_web_config(file)


def test_the_example_that_comes_with_the_format(tmp_path: Path) -> None:
    config = read(
        tmp_path,
        TLS + f"basic_auth_users:\n  alice: {HASH}\n  bob: {HASH}\n"
        'rate_limit:\n  interval: "1s"\n  burst: 20\n',
    )
    assert config.tls is not None
    assert config.tls.cert_file == tmp_path / "server.crt"
    assert config.tls.key_file == tmp_path / "server.key"
    assert config.tls.client_auth is ssl.CERT_NONE
    assert set(config.users) == {"alice", "bob"}
    assert config.rate == Rate(per_second=1.0, burst=20)
    assert HASH not in repr(config)


def test_every_key_that_is_supported(tmp_path: Path) -> None:
    config = read(
        tmp_path,
        f"{TLS}  client_ca_file: /etc/ca.crt\n"
        "  client_auth_type: RequireAndVerifyClientCert\n"
        "  client_allowed_sans: [prometheus.example, 10.0.0.7]\n"
        "  min_version: TLS12\n  max_version: TLS12\n"
        "  cipher_suites:\n"
        "    - TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384\n    - TLS_AES_128_GCM_SHA256\n"
        "  prefer_server_cipher_suites: false\n  curve_preferences: [CurveP384]\n"
        "http_server_config:\n  http2: true\n  headers:\n"
        "    X-Frame-Options: sameorigin\n    Strict-Transport-Security: max-age=60\n"
        '    X-XSS-Protection: ""\n',
    )
    tls = config.tls
    assert tls is not None
    assert tls.client_ca_file == Path("/etc/ca.crt")
    assert tls.client_auth is ssl.CERT_REQUIRED
    assert tls.client_allowed_sans == {"prometheus.example", "10.0.0.7"}
    assert tls.max_version is ssl.TLSVersion.TLSv1_2
    assert tls.ciphers == ("ECDHE-RSA-AES256-GCM-SHA384",)
    assert not tls.own_order
    assert tls.curve == "secp384r1"
    assert config.headers == {
        "X-Frame-Options": "sameorigin",
        "Strict-Transport-Security": "max-age=60",
    }
    assert config.rate is None


@pytest.mark.parametrize("text", ["", "# nothing\n", "basic_auth_users: {}\n"])
def test_a_file_that_says_nothing_protects_nothing(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text) == AccessSpec()


def test_suites_of_tls_13_alone_mean_tls_13_alone(tmp_path: Path) -> None:
    config = read(tmp_path, TLS + "  cipher_suites: [TLS_AES_128_GCM_SHA256]\n")
    assert config.tls is not None
    assert config.tls.min_version is ssl.TLSVersion.TLSv1_3


@pytest.mark.parametrize(
    ("interval", "per_second"),
    [("1s", 1.0), ("500ms", 2.0), ("1m30s", 1 / 90), ("0.25s", 4.0), ("0", None), ("0s", None)],
)
def test_times_as_go_writes_them(tmp_path: Path, interval: str, per_second: float | None) -> None:
    config = read(tmp_path, f"rate_limit: {{interval: {interval}, burst: 3}}\n")
    wanted = None if per_second is None else pytest.approx(per_second)
    assert (config.rate.per_second if config.rate else None) == wanted


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tls_server_confg: {}\n", 'tls_server_confg: unknown key; did you mean "tls_server_con'),
        (TLS + "  cert_fil: a\n", 'tls_server_config.cert_fil: unknown key; did you mean "cert_f'),
        (TLS + "  nonsense: a\n", "tls_server_config.nonsense: unknown key; known here are cert"),
        ("tls_server_config:\n  cert_file: a\n", "tls_server_config: key_file is missing"),
        ("tls_server_config:\n  key_file: a\n", "tls_server_config: cert_file is missing"),
        ("tls_server_config: {}\n", "tls_server_config: cert_file is missing"),
        (TLS + "  cert: abc\n", "tls_server_config.cert: not supported here: put it into a file"),
        (TLS + "  key: s3cret\n", "tls_server_config.key: not supported here: put it into a file"),
        (TLS + "  client_ca: abc\n", "tls_server_config.client_ca: not supported here: put it"),
        (
            TLS + "  client_auth_type: RequireAnyClientCert\n",
            "tls_server_config.client_auth_type = RequireAnyClientCert: not supported here: a cert",
        ),
        (
            TLS + "  client_auth_type: Maybe\n",
            "client_auth_type = Maybe: allowed are NoClientCert, VerifyClientCertIfGiven, Require",
        ),
        (TLS + "  client_ca_file: a\n", "client_ca_file needs client_auth_type: RequireAndVerify"),
        (
            TLS + "  client_auth_type: RequireAndVerifyClientCert\n",
            "client_auth_type: RequireAndVerifyClientCert needs client_ca_file",
        ),
        (
            TLS + "  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: a\n"
            "  client_allowed_sans: [a]\n",
            "client_allowed_sans needs client_auth_type: RequireAndVerifyClientCert",
        ),
        (TLS + "  min_version: TLS10\n", "min_version = TLS10: allowed are TLS12, TLS13"),
        (TLS + "  min_version: TLS13\n  max_version: TLS12\n", "min_version is above max_version"),
        (
            TLS + "  cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]\n",
            "cipher_suites = TLS_RSA_WITH_RC4_128_SHA: allowed are TLS_AES",
        ),
        (TLS + "  curve_preferences: [P256]\n", "curve_preferences = P256: allowed are X25519"),
        (
            TLS + "  curve_preferences: [X25519, CurveP256]\n",
            "curve_preferences: more than one is not supported here; name one, or none",
        ),
        (TLS + "  prefer_server_cipher_suites: perhaps\n", "prefer_server_cipher_suites = perha"),
        ("http_server_config: {http2: 1}\n", "http_server_config.http2 = 1: "),
        (
            "http_server_config: {headers: {Server: me}}\n",
            "http_server_config.headers.Server: unknown key; known here are Content-Security",
        ),
        (
            "http_server_config: {headers: {X-Frame-Options: allow}}\n",
            "headers.X-Frame-Options = allow: allowed is '', 'deny' or 'sameorigin'",
        ),
        (
            'http_server_config: {headers: {X-XSS-Protection: "0\\r\\nSet-Cookie: a"}}\n',
            "allowed is one line of plain text",
        ),
        ("basic_auth_users: {alice: s3cret}\n", "basic_auth_users.alice: this is no bcrypt hash"),
        ("basic_auth_users: {alice: 12345}\n", "basic_auth_users.alice: this is no bcrypt hash"),
        (f"basic_auth_users: {{'': {HASH}}}\n", "a user's name must not be empty"),
        (f"basic_auth_users: {{'a:b': {HASH}}}\n", "have no colon in it"),
        (
            f"basic_auth_users: {{alice: {HASH.replace('$10$', '$20$')}}}\n",
            "the bcrypt hash's cost is 20; allowed are 4 to 14",
        ),
        ("rate_limit: {interval: often}\n", "rate_limit.interval = often: allowed is a time such"),
        ("rate_limit: {interval: 1s, burst: 0}\n", "rate_limit.burst = 0: allowed is greater"),
        ("basic_auth_users: [s3cret]\n", "basic_auth_users: "),
        ("basic_auth_users: s3cret\n", "basic_auth_users: a table of names and values is exp"),
        ("tls_server_config: s3cret\n", "tls_server_config: a table of names and values is expe"),
        ("- s3cret\n", ": a table of names and values is expected here"),
        ("s3cret", ": a table of names and values is expected here"),
        ("basic_auth_users: {alice: s3cret\n", ", line 2: no YAML: "),
        (f"basic_auth_users:\n  a: {HASH}\n  a: {HASH}\n", ", line 3: no YAML: a stands there twi"),
        ("a: &x [s3cret]\n? *x\n: 1\n", "no YAML: "),
        ("a: !!python/object/apply:os.system [s3cret]\n", "no YAML: could not determine a constru"),
        ("[" * 10_000, "it is no YAML"),
    ],
)
def test_what_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(WebConfigError) as caught:
        read(tmp_path, text)
    file, words = str(tmp_path / "web.yml"), str(caught.value)
    assert words.startswith(file)
    words = words.removeprefix(file)
    assert said in words
    assert "s3cret" not in words
    assert HASH not in words


@given(st.text(max_size=60))
def test_a_hash_is_a_hash_or_a_sentence_without_it(text: str) -> None:
    with pytest.raises(ValueError, match=r"no bcrypt hash|cost is") as caught:
        BcryptHash.parse(text)
    assert not text.strip() or len(text) < 8 or text not in str(caught.value)


def test_a_file_that_is_not_there_or_too_large(tmp_path: Path) -> None:
    with pytest.raises(WebConfigError, match="No such file"):
        read_web_config(tmp_path / "none.yml")
    with pytest.raises(WebConfigError, match="larger than 64 KiB"):
        read(tmp_path, "#" * 1_100_000)
