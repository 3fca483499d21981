"""The script that puts Debian's archives of FashionMNIST into the data folder."""

import os
import subprocess
from pathlib import Path

import pytest

from seedbed.data.datasets.fashion_mnist_files import FILES

SCRIPT = Path(__file__).parents[2] / "scripts" / "fetch_fashion_mnist.sh"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "data" / "fashion_mnist"
    folder.mkdir(parents=True)
    return folder


def run_script(data_folder: Path, commands: Path) -> str:
    """Run it with `commands` before the system's in the search path; return its only line."""
    environment = {**os.environ, "PATH": f"{commands}:{os.environ['PATH']}"}
    result = subprocess.run(
        [str(SCRIPT), str(data_folder)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    lines = result.stdout.splitlines()
    assert len(lines) == 1, lines
    return lines[0]


@pytest.fixture
def commands(tmp_path: Path) -> Path:
    """A folder of stand-ins for apt-get and dpkg-deb, which deliver a package of empty archives."""
    folder = tmp_path / "commands"
    folder.mkdir()
    write_command(folder / "apt-get", "touch dataset-fashion-mnist_1_all.deb")
    write_command(
        folder / "dpkg-deb",
        'mkdir -p "$3/usr/share/datasets/fashion-mnist"\n'
        'cd "$3/usr/share/datasets/fashion-mnist"\n'
        + "\n".join(f"echo {file.name} >{file.name}.gz" for file in FILES),
    )
    return folder


def write_command(path: Path, body: str) -> None:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def test_it_moves_the_packaged_archives_into_the_data_folder(
    tmp_path: Path, commands: Path
) -> None:
    folder = tmp_path / "data folder" / "fashion_mnist"

    assert "fetched" in run_script(folder.parent, commands)
    assert {path.name: path.read_text().strip() for path in folder.iterdir()} == {
        f"{file.name}.gz": file.name for file in FILES
    }


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_it_does_nothing_where_the_files_are(folder: Path, commands: Path, suffix: str) -> None:
    for file in FILES:
        (folder / f"{file.name}{suffix}").write_bytes(b"mine")

    assert "already there" in run_script(folder.parent, commands)
    assert {path.read_bytes() for path in folder.iterdir()} == {b"mine"}


def test_without_a_source_it_succeeds_and_leaves_nothing(folder: Path, commands: Path) -> None:
    write_command(commands / "apt-get", "echo 'E: Failed to fetch it' >&2; exit 100")

    line = run_script(folder.parent, commands)

    assert "no source" in line
    assert "tests on real images will be skipped" in line
    assert list(folder.iterdir()) == []
