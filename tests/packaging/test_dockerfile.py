"""What the image's recipe promises; tests/packaging/test_image.py builds it."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def instructions(name: str) -> list[str]:
    """The Dockerfile's lines that begin with an instruction, without its name."""
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    return [line.removeprefix(name).strip() for line in lines if line.startswith(f"{name} ")]


def test_the_user_is_a_number_and_not_root() -> None:
    user, _, group = instructions("USER")[-1].partition(":")
    assert int(user) > 0
    assert int(group) > 0


def test_dependencies_come_with_hashes_from_the_lock_files_alone() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    installs = [part for part in text.split("&&") if "install -q" in part and "apt" not in part]
    assert len(installs) == 3
    for part in installs:
        assert "--no-deps" in part
        assert "--require-hashes" in part or "--no-index" in part


def test_what_the_recipe_copies_is_not_ignored() -> None:
    kept = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert kept[1] == "*"
    for line in instructions("COPY"):
        if not line.startswith("--from"):
            for source in line.split()[:-1]:
                assert f"!{source}" in kept, source
                assert (ROOT / source).exists()


def test_a_node_is_the_default_and_each_set_is_a_lock_with_all_it_needs() -> None:
    assert "SET=node" in instructions("ARG")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for name in ("node", "site", "report"):
        lock = (ROOT / f"requirements/{name}.txt").read_text(encoding="utf-8")
        locked = {line.split("==")[0] for line in lock.splitlines() if "==" in line}
        more = project["optional-dependencies"].get(name, [])
        wanted = {re.split("[<>=]", need)[0] for need in [*project["dependencies"], *more]}
        assert wanted <= locked, name
