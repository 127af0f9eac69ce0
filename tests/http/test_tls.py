"""TLS, client certificates and what a web configuration file can ask of them."""

import asyncio
import contextlib
import ssl
from pathlib import Path

import pytest

from exporters.http.options import ServeError
from exporters.http.refusals import Reason
from tests.http.loops import on_both_loops
from tests.http.serving import Served, client, serving
from tests.mqtt.certificates import Authority, Pair

pytestmark = pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def server_pair(authority: Authority) -> Pair:
    return authority.sign("localhost")


@pytest.fixture(scope="module")
def client_pair(authority: Authority) -> Pair:
    return authority.sign("prometheus", "DNS:prometheus.example,IP:10.0.0.7,email:ops@example")


def web_file(folder: Path, pair: Pair, more: str = "") -> Path:
    file = folder / "web.yml"
    file.write_text(
        f"tls_server_config:\n  cert_file: {pair.cert}\n  key_file: {pair.key}\n{more}",
        encoding="utf-8",
    )
    return file


async def fails(served: Served, context: ssl.SSLContext, reason: Reason) -> None:
    """In TLS 1.3 a client learns only after its handshake that it was refused."""
    before = served.refused(reason)
    with pytest.raises((OSError, IndexError)):  # a reset, an alert, or no answer
        await served.get(tls=context)
    await served.until(lambda: served.refused(reason) == before + 1, "it is counted")


@on_both_loops
async def test_over_tls_and_only_over_tls(authority: Authority, server_pair: Pair) -> None:
    async with serving(cert_file=server_pair.cert, key_file=server_pair.key) as served:
        assert served.url.startswith("https://")
        for _ in range(3):
            assert (await served.get("/metrics", tls=client(authority))).status == 200
        assert b"200 OK" not in await served.send(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
        await served.until(lambda: served.refused(Reason.HANDSHAKE) == 1, "it is counted")
        await served.until(lambda: not served.clients, "nobody is left")


@on_both_loops
async def test_who_begins_a_handshake_and_leaves_it_at_that(server_pair: Pair) -> None:
    async with serving(cert_file=server_pair.cert, key_file=server_pair.key) as served:
        reader, writer = await served.connect()
        writer.write(b"\x16\x03\x01\x02\x00\x01")
        with contextlib.suppress(ConnectionResetError):
            await reader.read()
        await served.until(lambda: served.refused(Reason.HANDSHAKE) == 1, "it is counted")
        assert not served.clients
        writer.close()


@on_both_loops
async def test_clients_must_show_a_certificate_of_the_authority(
    authority: Authority, server_pair: Pair, client_pair: Pair, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path, "stranger")
    async with serving(
        cert_file=server_pair.cert,
        key_file=server_pair.key,
        client_ca_file=authority.pair.cert,
    ) as served:
        assert (await served.get(tls=client(authority, client_pair))).status == 200
        await fails(served, client(authority), Reason.HANDSHAKE)
        await fails(served, client(authority, stranger.sign("prometheus")), Reason.HANDSHAKE)


@on_both_loops
@pytest.mark.parametrize(
    ("allowed", "may"),
    [
        ("prometheus.example", True),
        ("10.0.0.7", True),
        ("ops@example", True),
        ("other.example", False),
        ("example", False),
    ],
)
async def test_a_certificate_must_have_an_allowed_name(
    authority: Authority,
    server_pair: Pair,
    client_pair: Pair,
    tmp_path: Path,
    allowed: str,
    may: bool,  # noqa: FBT001 - a parameter
) -> None:
    file = web_file(
        tmp_path,
        server_pair,
        f"  client_auth_type: RequireAndVerifyClientCert\n"
        f"  client_ca_file: {authority.pair.cert}\n  client_allowed_sans: ['{allowed}']\n",
    )
    async with serving(web_config_file=file) as served:
        context = client(authority, client_pair)
        if may:
            assert (await served.get(tls=context)).status == 200
        else:
            await fails(served, context, Reason.CERTIFICATE)


@on_both_loops
async def test_a_certificate_that_may_be_shown_must_be_good(
    authority: Authority, server_pair: Pair, client_pair: Pair, tmp_path: Path
) -> None:
    file = web_file(
        tmp_path,
        server_pair,
        f"  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: {authority.pair.cert}\n",
    )
    stranger = Authority(tmp_path, "stranger")
    async with serving(web_config_file=file) as served:
        assert (await served.get(tls=client(authority))).status == 200
        assert (await served.get(tls=client(authority, client_pair))).status == 200
        await fails(served, client(authority, stranger.sign("prometheus")), Reason.HANDSHAKE)


@on_both_loops
@pytest.mark.parametrize(
    ("more", "spoken"),
    [
        ("", {"TLSv1.2", "TLSv1.3"}),
        ("  min_version: TLS13\n", {"TLSv1.3"}),
        ("  max_version: TLS12\n", {"TLSv1.2"}),
        ("  cipher_suites: [TLS_AES_256_GCM_SHA384]\n", {"TLSv1.3"}),
    ],
    ids=["both", "13", "12", "suites of 13"],
)
async def test_versions(
    authority: Authority, server_pair: Pair, tmp_path: Path, more: str, spoken: set[str]
) -> None:
    found = set()
    async with serving(web_config_file=web_file(tmp_path, server_pair, more)) as served:
        for version in (ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = client(authority)
            context.minimum_version = context.maximum_version = version
            try:
                _, writer = await served.connect(tls=context)
            except OSError:
                continue
            found.add(writer.get_extra_info("ssl_object").version())
            writer.transport.abort()
    assert found == spoken


@on_both_loops
async def test_ciphers_and_curve(authority: Authority, server_pair: Pair, tmp_path: Path) -> None:
    """The server's order counts, and only what is named is spoken."""
    more = (
        "  max_version: TLS12\n  curve_preferences: [CurveP384]\n  cipher_suites:\n"
        "    - TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256\n"
        "    - TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384\n"
    )
    async with serving(web_config_file=web_file(tmp_path, server_pair, more)) as served:
        context = client(authority)
        context.set_ciphers("ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305")
        _, writer = await served.connect(tls=context)
        assert writer.get_extra_info("cipher")[0] == "ECDHE-ECDSA-CHACHA20-POLY1305"
        writer.transport.abort()
        context.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")
        await fails(served, context, Reason.HANDSHAKE)
        other = client(authority)
        other.set_ecdh_curve("prime256v1")
        await fails(served, other, Reason.HANDSHAKE)


@pytest.mark.parametrize("what", ["none", "mixed up", "locked", "no PEM", "CA", "unreadable CA"])
def test_wrong_files_are_a_sentence(
    authority: Authority, server_pair: Pair, client_pair: Pair, tmp_path: Path, what: str
) -> None:
    """Also for a key with a passphrase, which must not be asked for on a terminal."""
    cert, key, ca, said = server_pair.cert, server_pair.key, authority.pair.cert, ""
    if what == "none":
        cert, said = tmp_path / "none.crt", "none.crt: No such file"
    elif what == "mixed up":
        key, said = client_pair.key, "the key does not belong to the certificate"
    elif what == "locked":
        key, said = authority.lock(server_pair), "the key has a passphrase"
    elif what == "no PEM":
        cert, said = tmp_path / "x.crt", "x.crt"
        cert.write_text("s3cret")
    else:
        ca = tmp_path / "ca.crt"
        said = "client CA" if what == "CA" else "ca.crt: Is a directory"
        ca.write_text("s3cret") if what == "CA" else ca.mkdir()

    async def start() -> None:
        async with serving(cert_file=cert, key_file=key, client_ca_file=ca):
            pytest.fail("it started")

    with pytest.raises(ServeError) as caught:
        asyncio.run(start())
    assert said in str(caught.value)
    assert "prometheus.tls" in str(caught.value)
    assert "s3cret" not in str(caught.value)
