"""The wheel holds what it must and nothing else, and installs."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from collector import __version__

ROOT = Path(__file__).parents[2]
# Not WATTKEEPER_...: such a variable would have to be a configuration key.
ONLINE = os.environ.get("TEST_INDEX") == "1"
PACKAGES = ("alerts", "collector", "dashboards", "exporters")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    (file,) = folder.glob("*.whl")
    return file


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_its_top_level_is_the_four_packages_and_its_metadata(wheel: Path) -> None:
    top = {name.split("/")[0] for name in names(wheel)}
    assert top == {*PACKAGES, f"wattkeeper-{__version__}.dist-info"}


def test_every_file_of_the_packages_is_inside(wheel: Path) -> None:
    # Without what git ignores: the wheel is made by the same rules.
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *PACKAGES],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode != 0:
        pytest.skip("no git checkout")
    there = {name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()}
    inside = {name for name in names(wheel) if ".dist-info/" not in name}
    assert there == inside
    # The listing above would agree with itself if these were gone from both.
    for ending in (".sql", ".html", ".js", ".css", "/py.typed"):
        assert any(name.endswith(ending) for name in inside), ending


def test_it_carries_the_licence_and_the_command(wheel: Path) -> None:
    info = f"wattkeeper-{__version__}.dist-info"
    with zipfile.ZipFile(wheel) as archive:
        assert "Apache License" in archive.read(f"{info}/licenses/LICENSE").decode()
        entry_points = archive.read(f"{info}/entry_points.txt").decode()
    assert "wattkeeper = collector.__main__:main" in entry_points


def test_it_installs_into_a_fresh_environment_and_runs(wheel: Path, tmp_path: Path) -> None:
    place = tmp_path / "environment"
    venv.create(place, symlinks=True)
    python = place / "bin/python"
    subprocess.run(
        [
            sys.executable,
            *("-m", "pip", "--python", str(python)),
            *("install", "--quiet", "--no-deps", "--no-index", str(wheel)),
        ],
        capture_output=True,
        check=True,
    )
    # Its dependencies are the ones under test; ours of the same name must not come along.
    (site_packages,) = place.glob("lib/python*/site-packages")
    (site_packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    done = subprocess.run(
        [str(place / "bin/wattkeeper"), "--version"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
    )
    assert done.stdout == f"wattkeeper {__version__}\n"
    where = subprocess.run(
        [str(python), "-c", "import collector; print(collector.__file__)"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
    )
    assert where.stdout.startswith(str(site_packages))


@pytest.fixture
def whole(wheel: Path, tmp_path: Path) -> Path:
    """An environment of its own with the wheel and what is locked for a node, as pipx makes one."""
    place = tmp_path / "environment"
    uv = [sys.executable, "-m", "uv"]
    subprocess.run([*uv, "venv", "--quiet", "--python", sys.executable, str(place)], check=True)
    install = [*uv, "pip", "install", "--quiet", "--python", str(place)]
    locked = [*install, "--require-hashes", "--requirements", str(ROOT / "requirements/node.txt")]
    done = subprocess.run(
        locked if ONLINE else [*locked, "--offline"], capture_output=True, text=True, check=False
    )
    if done.returncode != 0 and not ONLINE:
        pytest.skip("the locked packages are not all in uv's cache: set TEST_INDEX=1 to fetch them")
    assert done.returncode == 0, done.stderr
    subprocess.run([*install, "--no-deps", "--offline", str(wheel)], check=True)
    return place


@pytest.mark.timeout(300)
def test_with_what_is_locked_it_needs_nothing_else(whole: Path, tmp_path: Path) -> None:
    def say(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(whole / "bin/wattkeeper"), *arguments],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
            check=False,
        )

    assert say("--version").stdout == f"wattkeeper {__version__}\n"
    for command in ("node", "site", "demo", "check", "render", "report", "tariff"):
        done = say(command, "--help")
        assert (done.returncode, done.stderr) == (0, ""), command
    site = ROOT / "deploy/compose/site.toml"
    done = say("render", "--site", str(site), "--out", str(tmp_path / "rendered"))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "rendered/dashboards/wk-site.json").is_file()


@pytest.mark.skipif(Path("/dev/nvidiactl").exists(), reason="this machine has NVIDIA's driver")
def test_without_a_driver_it_says_so_in_one_line(whole: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [str(whole / "bin/wattkeeper"), "check"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("wattkeeper: ")
    assert done.stderr.count("\n") == 1
