"""The page in a real browser, under its strict policy and behind a proxy's prefix."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from collector.model import GpuSnapshot, Snapshot
from exporters.page import assets
from tests.page import chromium
from tests.page.made_up import eight, gpu, identity, node, with_sick
from tests.page.server import Served, serve

pytestmark = pytest.mark.skipif(
    not chromium.BINARY.exists(), reason=f"{chromium.BINARY} is not installed"
)

POLLS_MS = 4_000


def look(
    snapshot: Callable[[int], Snapshot],
    folder: Path,
    *,
    silent: range = range(0),
    milliseconds: int = POLLS_MS,
) -> tuple[chromium.Visit, Served]:
    with serve(snapshot, silent=silent) as served:
        return chromium.visit(served.url, folder, milliseconds=milliseconds), served


def polls(served: Served) -> list[str]:
    return [path for path in served.asked if path.startswith("/live.json")]


def test_a_node_of_eight(tmp_path: Path) -> None:
    seen, served = look(eight, tmp_path)
    newest = 300 + len(polls(served)) - 1
    possible = {
        f"{sum(float(gpu(i, second).history_watts or 0) for i in range(8)) / 1000:.2f} kW"
        for second in range(newest - 1, newest + 1)
    }
    assert seen.text("power") in possible
    assert seen.text("node") == "node-17"
    assert 'id="simulated" class="badge" title="These GPUs are made up">' in seen.dom
    assert seen.text("state") == "Live"
    assert seen.text("health-summary") == "All well"
    assert "of 5.60 kW, the sum of the GPUs' limits" in seen.text("power-note")
    assert len(seen.cards) == 8
    for index, card in enumerate(seen.cards):
        words = chromium.plain(card)
        assert words.startswith(f"GPU {index}")
        for expected in ("of 700 W", "54 °C", "61 °C", "98 %", "1980 MHz", "120.3 GiB", "kWh"):
            assert expected in words
        assert "Clocks held by" in words
        assert "power limit" in words
        assert 'data-level="bad"' not in card
    assert seen.text("version") == "Wattkeeper 0.1.0"
    assert "10 Hz" in seen.text("rate")


def test_it_is_quiet_and_stays_at_home(tmp_path: Path) -> None:
    seen, served = look(eight, tmp_path)
    assert seen.console == ()
    assert f"{served.url}live.json?history=1" in seen.requests
    assert f"{served.url}style.css" in seen.requests
    assert {url for url in seen.requests if not url.startswith(served.url)} == set()
    assert set(served.asked) <= {"/live.json", "/live.json?history=1", *assets()}


def test_it_asks_for_the_whole_history_once(tmp_path: Path) -> None:
    _, served = look(eight, tmp_path)
    asked = polls(served)
    assert asked[0] == "/live.json?history=1"
    assert len(asked) >= 3
    assert set(asked[1:]) == {"/live.json"}


def test_a_sick_gpu_says_why_and_what_to_do(tmp_path: Path) -> None:
    seen, _ = look(with_sick, tmp_path)
    card = seen.cards[3]
    assert 'data-up="false"' in card
    for expected in ("Not answering", "The driver has not answered for 62 s", "Drain the node"):
        assert expected in chromium.plain(card)
    assert "1 part is not well" in seen.text("health-summary")
    assert "GPU 3" in seen.text("faults")
    assert "since" in seen.text("faults")
    assert seen.text("power-title") == "Power of 7 of 8 GPUs"


def test_only_trouble_is_coloured(tmp_path: Path) -> None:
    seen, _ = look(with_sick, tmp_path)
    hot = seen.cards[5]
    assert hot.count('data-level="bad"') == 2
    words = chromium.plain(hot)
    assert "heat (hardware)" in words
    assert "hardware slowdown" not in words
    assert "integrated" in words
    assert "93.0 %" in words


def test_a_gap_is_a_gap(tmp_path: Path) -> None:
    def gappy(second: int) -> Snapshot:
        watts = None if 100 <= second < 140 else gpu(0, second).history_watts
        return node(second, (replace(gpu(0, second), history_watts=watts),))

    seen, _ = look(gappy, tmp_path)
    lines = [part.split('"')[0] for part in seen.dom.split('class="line" d="')[1:]]
    assert len(lines) == 2  # of the node and of its GPU
    assert [line.count("M") for line in lines] == [2, 2]


def test_what_is_absent_is_said_to_be(tmp_path: Path) -> None:
    def bare(second: int) -> Snapshot:
        return node(second, (GpuSnapshot(gpu=identity(), up=True, values={}),))

    seen, _ = look(bare, tmp_path)
    assert seen.text("power") == "\u2013not reported"
    assert (
        seen.cards[0].count('title="not reported"') == 9
    )  # every value; one of them, coverage, is hidden
    assert not seen.console


def test_names_are_text_and_never_markup(tmp_path: Path) -> None:
    def hostile(second: int) -> Snapshot:
        return replace(node(second), node="<b id=oops>node</b>")

    seen, _ = look(hostile, tmp_path)
    assert "<b id" not in seen.dom
    assert "&lt;b id=oops&gt;" in seen.dom


def test_a_lost_connection_shows_and_how_old_the_data_is(tmp_path: Path) -> None:
    seen, _ = look(eight, tmp_path, silent=range(2, 1_000), milliseconds=9_000)
    assert seen.text("state") == "Connection lost"
    notice = seen.text("notice")
    assert "Connection lost: no answer." in notice
    age = int(notice.split("What you see is ")[1].split(" s")[0])
    assert age >= 5
    assert '<body data-old="true">' in seen.dom
    assert len(seen.cards) == 8


def test_it_recovers_and_fetches_what_it_missed(tmp_path: Path) -> None:
    seen, served = look(eight, tmp_path, silent=range(2, 10), milliseconds=14_000)
    asked = polls(served)
    assert len(asked) > 11
    assert asked[10:12] == ["/live.json", "/live.json?history=1"]
    assert seen.text("state") == "Live"
    assert '<body data-old="false">' in seen.dom


def test_seventy_two_gpus_are_dense(tmp_path: Path) -> None:
    seen, _ = look(lambda second: node(second, tuple(gpu(i, second) for i in range(72))), tmp_path)
    assert len(seen.cards) == 72
    assert 'data-dense="true"' in seen.dom
    assert not seen.console
