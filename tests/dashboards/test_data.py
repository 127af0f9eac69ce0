"""Every query of every panel brings data from real servers that two simulated sites have filled."""

import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from dashboards.parts.queries import names
from tests.dashboards.asking import Answer, answer
from tests.dashboards.filled import Filled, filled
from tests.dashboards.queries import (
    EVERYTHING,
    Asked,
    annotation_queries,
    every_query,
    variable_queries,
)

HOUR, DAY = 3600, 86_400
RANGES = {"an hour": HOUR, "a day": DAY, "a month": 30 * DAY}
SERVERS = ("prometheus", "victoria")
LATEST_HOURS = 1
"""How long after the begin of a range its first value may be."""
_WAIT_SECONDS = 150
"""Until what is alive has gone through scrapes, rules, alerts and their notifications."""
_ASK_AT_ONCE = 4

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    """Servers with two simulated sites in them."""
    with filled(tmp_path_factory.mktemp("dashboards")) as found:
        yield found


def promql(range_seconds: int) -> list[Asked]:
    """Every query to Prometheus."""
    asked = every_query(range_seconds=range_seconds)
    return [one for one in asked if one.language == "promql"]


def answers(
    url: str, asked: Iterable[Asked], now_s: float, *, on_the_hour: bool = False
) -> dict[Asked, Answer]:
    """What each query brings."""
    asked, ask = list(asked), partial(answer, url, now_s=now_s, on_the_hour=on_the_hour)
    with ThreadPoolExecutor(_ASK_AT_ONCE) as pool:
        return dict(zip(asked, pool.map(ask, asked), strict=True))


def still_empty(url: str, asked: Iterable[Asked]) -> list[str]:
    """The queries that bring nothing, however long one waits."""
    until = time.monotonic() + _WAIT_SECONDS
    while True:
        found = answers(url, asked, time.time() - 2)
        asked = [one for one, brought in found.items() if not brought.series]
        if not asked or time.monotonic() > until:
            return [str(one) for one in asked]
        time.sleep(2)


@pytest.mark.parametrize("span", RANGES)
@pytest.mark.parametrize("server", SERVERS)
def test_every_query_brings_data(sites: Filled, server: str, span: str) -> None:
    asked = promql(RANGES[span])
    assert len(asked) > 300
    assert still_empty(getattr(sites, server), asked) == []


@pytest.mark.parametrize("span", ["a day", "a month"])
@pytest.mark.parametrize("server", SERVERS)
def test_lines_begin_where_the_range_begins(sites: Filled, server: str, span: str) -> None:
    """Those of series that are recorded for long ranges."""
    asked = [
        one
        for one in promql(RANGES[span])
        if not one.instant and set(names(one.text)) <= sites.past_names
    ]
    assert len(asked) >= 20
    now_s = time.time()
    found = answers(getattr(sites, server), asked, now_s, on_the_hour=True)
    late = {
        str(one): hours
        for one, brought in found.items()
        if (hours := (brought.first_s - now_s + one.range_seconds) / HOUR) > LATEST_HOURS
    }
    assert late == {}


@pytest.mark.parametrize("server", SERVERS)
def test_variables_and_annotations_bring_data(sites: Filled, server: str) -> None:
    texts = {f"{uid} {name}": selector for uid, name, selector in variable_queries()}
    texts |= {f"{uid} {text}": text for uid, text in annotation_queries()}
    asked = [
        Asked(name, "", "", "promql", text, True, HOUR, 15, 0)  # noqa: FBT003 - as it stands there
        for name, text in texts.items()
    ]
    assert still_empty(getattr(sites, server), asked) == []


@pytest.mark.parametrize("server", SERVERS)
def test_a_site_that_is_not_there_brings_nothing(sites: Filled, server: str) -> None:
    """So it is the site's own series that the queries above bring."""
    asked = [
        one
        for one in every_query({**EVERYTHING, "site": "elsewhere"})
        if one.language == "promql" and "elsewhere" in one.text
    ]
    assert len(asked) > 300
    found = answers(getattr(sites, server), asked, time.time())
    assert [str(one) for one, brought in found.items() if brought.series] == []
