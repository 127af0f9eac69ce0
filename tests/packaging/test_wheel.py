"""The wheel holds what it must and nothing else, and installs."""

import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from collector import __version__

ROOT = Path(__file__).parents[2]
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
    there = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
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
