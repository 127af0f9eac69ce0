"""The site page's files: served whole, and asking nobody else for anything."""

import re

from exporters.page import assets
from exporters.page.site import site_assets


def text(path: str) -> str:
    return site_assets()[path][0].decode()


def test_everything_that_is_referred_to_is_there() -> None:
    referred = set(re.findall(r'(?:src|href)="(?!data:)([^"]+)"', text("/")))
    for path in site_assets():
        referred |= set(re.findall(r'from "\./([^"]+)"', text(path)))
    links = {"metrics", "healthz"}
    assert referred - links == {path[1:] for path in site_assets()} - {""}


def test_what_is_shared_is_the_same() -> None:
    shared = site_assets().keys() & assets().keys() - {"/"}
    assert {"/style.css", "/dom.js", "/feed.js", "/format.js", "/health.js"} == shared
    assert all(site_assets()[path] == assets()[path] for path in shared)
    assert site_assets()["/"] != assets()["/"]


def test_it_asks_nobody_else_and_nothing_is_inline() -> None:
    for path in site_assets():
        addresses = set(re.findall(r"https?://[\w.]+", text(path)))
        assert addresses <= {"http://www.w3.org"}, path
        assert "url(" not in text(path), path
        assert "innerHTML" not in text(path), path
    assert not re.search(r"<style|\sstyle=|\son\w+=", text("/"))
    assert re.findall(r"<script[^>]*>(.*?)</script>", text("/"), re.DOTALL) == [""]


def test_every_id_that_is_asked_for_is_there() -> None:
    asked = set()
    for path in site_assets():
        if path.endswith(".js"):
            asked |= set(re.findall(r'\bat\("([\w-]+)"\)', text(path)))
    there = set(re.findall(r'\bid="([\w-]+)"', text("/")))
    assert asked <= there
