"""A real browser for the page's tests."""

import html
import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

BINARY = Path("/usr/bin/chromium")


@dataclass(frozen=True, slots=True)
class Visit:
    """What came of looking at a page.

    Attributes:
        dom: the document as it stood at the end.
        console: lines that the page wrote to the console, errors of the browser among them.
        requests: every address that the page asked for. What the browser asks for on its own
            account is not the page's doing, and finds no name server here.
    """

    dom: str
    console: tuple[str, ...]
    requests: frozenset[str]

    def text(self, id_: str) -> str:
        """The text of the element with that id, without the tags in it."""
        found = re.search(rf'<(\w+)[^>]*\bid="{id_}".*?</\1>', self.dom, re.DOTALL)
        assert found is not None, f"no element with id {id_}"
        return plain(found.group())

    @property
    def cards(self) -> list[str]:
        """The cards of the GPUs, as HTML."""
        return re.findall(r'<li class="panel gpu".*?</li>', self.dom, re.DOTALL)


def plain(source: str) -> str:
    """HTML without tags, its white space made simple."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", "", source)).split())


def visit(url: str, folder: Path, *, milliseconds: int) -> Visit:
    """Look at a page for so long, in virtual time that does not wait for idle timers."""
    log = folder / "requests.json"
    done = subprocess.run(
        [
            str(BINARY),
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--enable-logging=stderr",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            f"--user-data-dir={folder / 'profile'}",
            f"--log-net-log={log}",
            f"--virtual-time-budget={milliseconds}",
            "--dump-dom",
            url,
        ],
        capture_output=True,
        text=True,
        timeout=50,
        check=True,
    )
    console = tuple(line for line in done.stderr.splitlines() if ":CONSOLE" in line)
    origin = "/".join(url.split("/")[:3])
    events = [event.get("params", {}) for event in json.loads(log.read_text())["events"]]
    requests = frozenset(
        event["url"] for event in events if "url" in event and event.get("initiator") == origin
    )
    return Visit(dom=done.stdout, console=console, requests=requests)
