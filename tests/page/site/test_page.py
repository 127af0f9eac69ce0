"""A site's page in a real browser, under its strict policy."""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from collector.model import Snapshot, Tick
from collector.sitefile.model import Site
from exporters.page import CONTENT_SECURITY_POLICY
from exporters.page.site import SiteView, site_assets
from tests.page import chromium
from tests.page.site.made_up import centre, gigawatt, snapshot, troubled, values, well

pytestmark = pytest.mark.skipif(
    not chromium.BINARY.exists(), reason=f"{chromium.BINARY} is not installed"
)
PREFIX = "/behind/a/proxy/"


@contextmanager
def serve(site: Site, at: Callable[[float], Snapshot], begin: float) -> Iterator[str]:
    """Serve the page over loopback; two more seconds pass at each poll."""
    view = SiteView(site)
    for second in range(0, 500, 15):
        if second >= begin:
            view.update(Tick.of(at(second)))
    polls = 0

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            nonlocal polls
            path = "/" + self.path.removeprefix(PREFIX).partition("?")[0]
            if path == "/live.json":
                polls += 1
                view.update(Tick.of(at(500 + 2 * polls)))
                self._send(view.payload(history=False), "application/json")
            elif path in site_assets():
                self._send(*site_assets()[path])
            else:
                self.send_error(404)

        def _send(self, body: bytes, content_type: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Security-Policy", CONTENT_SECURITY_POLICY)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Tests are quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{PREFIX}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def look(
    site: Site, at: Callable[[float], Snapshot], folder: Path, *, begin: float = 1
) -> chromium.Visit:
    with serve(site, at, begin) as url:
        seen = chromium.visit(url, folder, milliseconds=5_000)
        assert seen.console == ()
        assert {one for one in seen.requests if not one.startswith(url)} == set()
    return seen


def rows(seen: chromium.Visit, body: str) -> list[str]:
    found = re.search(rf'<tbody id="{body}">(.*?)</tbody>', seen.dom, re.DOTALL)
    assert found is not None
    return [chromium.plain(row) for row in re.findall(r"<tr.*?</tr>", found[1], re.DOTALL)]


def path_of(seen: chromium.Visit, name: str) -> str:
    found = re.search(rf'<path class="{name}" d="([^"]*)"', seen.dom)
    assert found is not None, name
    return found[1]


def test_a_site_that_is_well(tmp_path: Path) -> None:
    found = well(centre())
    seen = look(centre(), lambda second: snapshot(found, second), tmp_path)
    assert seen.text("site") == "accelerator-centre"
    assert seen.text("state") == "Live"
    assert seen.text("health-summary") == "All well"
    assert "of 1.300 MW, the contract" in seen.text("power-note")
    assert 'id="power-quality" class="note warn" hidden' in seen.dom
    assert "all within their limits" in seen.text("tree-note")
    assert "Within the target: nothing to cut." in chromium.plain(seen.dom)
    assert seen.text("meters-note") == "15 of 15 good"
    assert rows(seen, "figures")[0] == "15 minutes1.203100.0 %1.000"
    assert rows(seen, "figures")[2].startswith("30 days\u2013not reported41.0 %")
    grid, *below = rows(seen, "tree")
    assert "grid" in grid
    assert len(below) == 14
    assert not any("h01r01k1" in row for row in below)  # that level is closed
    assert 'data-state="over"' not in seen.dom


def test_the_burn_up_is_drawn(tmp_path: Path) -> None:
    seen = look(centre(), troubled, tmp_path, begin=150)
    assert path_of(seen, "unseen").startswith("M0 100L150")
    assert path_of(seen, "line").startswith("M150 ")
    assert "L900 " in path_of(seen, "forecast")
    assert path_of(seen, "deadline") == "M640.0 0V100"
    assert path_of(seen, "limit").endswith("H900")
    assert path_of(seen, "band").endswith("Z")
    words = chromium.plain(seen.dom)
    assert re.search(r"Cut 140.0 kW in \d+ (s|min), by .* to keep the target", words)
    assert "317.0 kWh allowed" in words
    assert "12 months, on peak" in words


def test_trouble_is_seen_without_a_click(tmp_path: Path) -> None:
    seen = look(centre(), troubled, tmp_path, begin=150)
    found = rows(seen, "tree")
    over = next(row for row in found if "h01r01k1" in row)
    assert "over limit" in over
    assert "104 % of 132.0 kW" in over
    side = next(row for row in found if "h01r02-ups-a" in row)
    assert "at least, at most 250.1 kW, 75.0 % known" in side
    assert "by h01-msb" in side
    assert rows(seen, "meters")[0].startswith("h01r02-ups-a-outputno reading yet\u2013not reported")
    assert rows(seen, "meters")[1].startswith("h01r02k3-powerstale30 min")
    assert "silent meters" in seen.text("faults")
    assert rows(seen, "coolant")[0] == "h01r01k1-power32.2 °C42.7 °C10.5 °C"
    assert rows(seen, "coolant")[3].count("not reported") == 2


def test_what_is_not_known_is_said_to_be(tmp_path: Path) -> None:
    found = values(centre(), {})
    seen = look(centre(), lambda second: snapshot(found, second), tmp_path)
    assert seen.text("power") == "\u2013not reported"
    assert seen.text("power-quality").startswith("at most 1.2")
    assert "Too little of this quarter-hour is known" in chromium.plain(seen.dom)
    assert path_of(seen, "line") == path_of(seen, "forecast") == ""
    assert "NaN" not in seen.dom
    assert "undefined" not in seen.dom
    assert seen.text("meters-note") == "0 of 15 good"


def test_a_gigawatt_is_a_few_rows(tmp_path: Path) -> None:
    found = well(gigawatt())
    seen = look(gigawatt(), lambda second: snapshot(found, second), tmp_path)
    assert len(rows(seen, "tree")) == 3
    assert "4877 branches" in seen.text("tree-note")
    assert "the worst 300 are listed" in seen.text("tree-note")
    assert len(rows(seen, "meters")) == 12
    assert "3559 more are not listed" in seen.text("meters-note")
    assert "Show 48 more" in seen.text("meters-all")


def test_names_are_text_and_never_markup(tmp_path: Path) -> None:
    found = well(centre())
    found["site_demand_peak_watts"] = {("grid", "month", "<b id=oops>x</b>"): 1.0}
    seen = look(centre(), lambda second: snapshot(found, second), tmp_path)
    assert "<b id" not in seen.dom
    assert "&lt;b id=oops&gt;" in seen.dom
