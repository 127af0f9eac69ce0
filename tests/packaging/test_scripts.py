"""The scripts fail in sentences, and do nothing twice."""

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def copy_of(folder: Path) -> Path:
    """A copy of what scripts/setup looks at."""
    for name in ("scripts", "requirements"):
        shutil.copytree(ROOT / name, folder / name)
    (folder / "collector").mkdir()
    for name in ("pyproject.toml", "collector/__init__.py"):
        shutil.copy(ROOT / name, folder / name)
    return folder


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def setup(root: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(root / "scripts/setup"), *arguments],
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], "HOME": str(root)} | environment,
        check=False,
    )


@pytest.mark.parametrize("version", ["3.10", "3.14", "2.7"])
def test_setup_refuses_another_python_in_one_sentence(tmp_path: Path, version: str) -> None:
    root = copy_of(tmp_path)
    python = program(root / "bin/python", f"echo {version}")
    done = setup(root, PYTHON=str(python))
    assert done.returncode == 1
    assert f"is Python {version}, allowed are 3.11, 3.12 and 3.13" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (root / ".venv").exists()


def test_setup_says_that_there_is_no_python(tmp_path: Path) -> None:
    done = setup(copy_of(tmp_path), PYTHON="python-of-nowhere")
    assert done.returncode == 1
    assert done.stderr.startswith("scripts/setup: there is no python-of-nowhere here; install")
    assert done.stderr.count("\n") == 1


def test_setup_knows_two_sets(tmp_path: Path) -> None:
    done = setup(copy_of(tmp_path), "everything")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "allowed are dev (the default) and node" in done.stderr


def test_setup_leaves_a_folder_alone_that_is_no_environment(tmp_path: Path) -> None:
    root = copy_of(tmp_path)
    precious = root / ".venv/precious"
    precious.parent.mkdir()
    precious.touch()
    done = setup(root)
    assert done.returncode == 1
    assert "is no virtual environment; move it away" in done.stderr
    assert precious.exists()


def fake_environment(root: Path) -> Path:
    """An environment whose Python only notes what it is asked to install."""
    log = root / "pip.log"
    program(
        root / ".venv/bin/python",
        f'case "$*" in *version_info*) echo 3.11 ;; *install*) echo "$@" >> {log} ;; esac',
    )
    program(root / ".venv/bin/wattkeeper", "")
    (root / ".venv/pyvenv.cfg").touch()
    return log


def test_setup_installs_with_hashes_once_and_again_when_a_lock_changed(tmp_path: Path) -> None:
    root = copy_of(tmp_path)
    log = fake_environment(root)

    def installs(*arguments: str) -> list[str]:
        log.write_text("")
        done = setup(root, *arguments)
        assert (done.returncode, done.stderr) == (0, "")
        return log.read_text().splitlines()

    locked, backend, project = installs("node")
    assert "--require-hashes -r requirements/node.txt" in locked
    assert "--require-hashes -r /dev/fd/" in backend
    assert "--no-build-isolation --editable ." in project
    assert installs("node") == []
    (locked,) = installs()
    assert "--require-hashes -r requirements/dev.txt" in locked
    assert installs() == []
    assert installs("node") == [], "the full set holds the small one"
    for name in ("node", "dev"):
        with (root / f"requirements/{name}.txt").open("a") as file:
            file.write("# changed\n")
    (locked,) = installs("node")
    assert "requirements/node.txt" in locked
    (locked,) = installs()
    assert "requirements/dev.txt" in locked
    with (root / "pyproject.toml").open("a") as file:
        file.write("# changed\n")
    assert len(installs()) == 2, "backend and project, no packages"


def test_setup_makes_a_moved_environment_anew(tmp_path: Path) -> None:
    root = copy_of(tmp_path)
    fake_environment(root)
    (root / ".venv/setup-place").write_text("/another/place\n")
    python = program(root / "bin/python", 'case "$*" in *version_info*) echo 3.11 ;; esac')
    done = setup(root, PYTHON=str(python))
    assert "Making .venv with Python 3.11" in done.stdout
    assert not (root / ".venv/bin").exists()


def test_the_build_backend_is_pinned_with_hashes() -> None:
    done = subprocess.run(
        [str(ROOT / "scripts/build-requirements")], capture_output=True, text=True, check=True
    )
    blocks = [line for line in done.stdout.splitlines() if not line.startswith(" ")]
    assert all("==" in block for block in blocks)
    assert {block.split("==")[0] for block in blocks} >= {"hatchling", "editables"}
    assert done.stdout.count("--hash=sha256:") >= len(blocks)


def test_a_build_backend_that_is_not_locked_is_told(tmp_path: Path) -> None:
    root = copy_of(tmp_path)
    lock = root / "requirements/dev.txt"
    lock.write_text(lock.read_text().replace("hatchling==", "hatchling-renamed=="))
    done = subprocess.run(
        [str(root / "scripts/build-requirements")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "correct the list in this script" in done.stderr


@pytest.mark.parametrize(
    ("failing", "code", "last"),
    [
        ((), 0, "passed: scripts/check scripts/test"),
        (("check",), 1, "FAILED: scripts/check"),
        (("test",), 1, "FAILED: scripts/test"),
        (("check", "test"), 1, "FAILED: scripts/check scripts/test"),
    ],
)
def test_ci_runs_both_and_fails_if_either_failed(
    tmp_path: Path, failing: tuple[str, ...], code: int, last: str
) -> None:
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci/run", tmp_path / ".ci/run")
    for name in ("check", "test"):
        program(tmp_path / "scripts" / name, f"echo ran {name}; exit {int(name in failing)}")
    done = subprocess.run(
        [str(tmp_path / ".ci/run")], capture_output=True, text=True, check=False, cwd="/"
    )
    assert done.returncode == code
    assert "ran check" in done.stdout
    assert "ran test" in done.stdout
    assert done.stdout.splitlines()[-1] == last


def test_scripts_are_executable_and_parse() -> None:
    for script in [*(ROOT / "scripts").iterdir(), ROOT / ".ci/run"]:
        if script.is_file() and script.read_text(encoding="utf-8").startswith("#!"):
            assert os.access(script, os.X_OK), script
            if "bash" in script.read_text(encoding="utf-8").partition("\n")[0]:
                subprocess.run(["bash", "-n", str(script)], check=True)
