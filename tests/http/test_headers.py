"""What every answer says to a browser, and that nothing can be changed over the port."""

from pathlib import Path

import pytest

from tests.http.loops import on_both_loops
from tests.http.serving import serving

PATHS = ("/", "/live.json", "/metrics", "/healthz", "/livez", "/readyz", "/nothing")


@on_both_loops
async def test_every_answer_is_safe_in_a_browser() -> None:
    async with serving() as served:
        for path in PATHS:
            answer = await served.get(path)
            headers = answer.headers
            assert headers["x-content-type-options"] == "nosniff", path
            assert headers["x-frame-options"] == "deny"
            assert headers["referrer-policy"] == "no-referrer"
            assert headers["cross-origin-resource-policy"] == "same-origin"
            assert "default-src 'none'" in headers["content-security-policy"]
            assert "frame-ancestors 'none'" in headers["content-security-policy"]
            assert headers["cache-control"] == ("no-cache" if path == "/" else "no-store")
            assert "server" not in headers
            assert "set-cookie" not in headers
            assert not any(name.startswith("access-control-") for name in headers)
        page = (await served.get("/")).headers["content-security-policy"]
        assert "unsafe" not in page
        assert "http" not in page
        assert "base-uri 'none'" in page
        assert "form-action 'none'" in page


@on_both_loops
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"]
)
async def test_nothing_can_be_changed(path: str, method: str) -> None:
    async with serving() as served:
        said = await served.send(f"{method} {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        assert said.startswith(b"HTTP/1.1 405 ")
        assert b"Allow: GET, HEAD\r\n" in said


@on_both_loops
async def test_the_operator_has_the_last_word(tmp_path: Path) -> None:
    file = tmp_path / "web.yml"
    file.write_text(
        "http_server_config:\n  headers:\n    X-Frame-Options: sameorigin\n"
        "    Strict-Transport-Security: max-age=31536000\n    X-XSS-Protection: '0'\n"
    )
    async with serving(web_config_file=file) as served:
        headers = (await served.get("/")).headers
        assert headers["x-frame-options"] == "sameorigin"
        assert "frame-ancestors 'self'" in headers["content-security-policy"]
        assert headers["strict-transport-security"] == "max-age=31536000"
        assert headers["x-xss-protection"] == "0"
        file.write_text(
            "http_server_config:\n  headers:\n    Content-Security-Policy: default-src 'self'\n"
        )
        keeper = served.server._keeper
        assert keeper is not None
        await keeper.look(0.0)
        headers = (await served.get("/")).headers
        assert headers["content-security-policy"] == "default-src 'self'"
        assert headers["x-frame-options"] == "deny"
        assert "strict-transport-security" not in headers
