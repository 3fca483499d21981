"""The script that installs Debian's Chromium."""

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "fetch_chromium.sh"
TOOLS = ("bash", "env", "grep", "mktemp", "rm", "timeout", "touch", "chmod", "sh")


@pytest.fixture
def commands(tmp_path: Path) -> Path:
    """A folder of commands that has no browser: the tools, root, an apt-get that delivers one."""
    folder = tmp_path / "commands"
    folder.mkdir()
    for tool in TOOLS:
        path = next(p for p in (Path("/usr/bin") / tool, Path("/bin") / tool) if p.exists())
        (folder / tool).symlink_to(path)
    write_command(folder / "id", "echo 0")
    write_command(folder / "apt-get", f"touch {folder}/chromium; chmod +x {folder}/chromium")
    return folder


def write_command(path: Path, body: str) -> None:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def run_script(commands: Path, **environment: str) -> str:
    """Run it with `commands` alone in the search path; return its only line."""
    result = subprocess.run(
        [str(SCRIPT)],
        env={"PATH": str(commands), **environment},
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


def test_it_installs_the_package(commands: Path) -> None:
    assert run_script(commands) == f"chromium: installed, {commands}/chromium"


def test_it_renews_the_lists_where_they_are_missing(commands: Path) -> None:
    install = (commands / "apt-get").read_text().splitlines()[1]
    write_command(
        commands / "apt-get",
        f'if [ "$2" = update ]; then touch {commands}/lists; exit; fi\n'
        f'[ -e {commands}/lists ] || {{ echo "E: Unable to locate package"; exit 100; }}\n'
        f"{install}",
    )
    assert "chromium: installed" in run_script(commands)


@pytest.mark.parametrize("name", ["chromium", "google-chrome"])
def test_it_does_nothing_where_there_is_a_browser(commands: Path, name: str) -> None:
    write_command(commands / name, "")
    write_command(commands / "apt-get", "exit 100")
    assert run_script(commands) == f"chromium: already there, {commands}/{name}"


def test_it_takes_the_browser_that_is_named(commands: Path, tmp_path: Path) -> None:
    write_command(tmp_path / "mine", "")
    line = run_script(commands, SEEDBED_CHROMIUM=str(tmp_path / "mine"))
    assert line == f"chromium: already there, {tmp_path}/mine"


@pytest.mark.parametrize(
    ("name", "body", "reason"),
    [
        ("apt-get", "echo 'E: Failed to fetch it' >&2; exit 100", "apt-get could not install it"),
        ("apt-get", "exit 0", "the package holds no chromium"),
        ("id", "echo 1000", "apt-get needs root: sudo apt-get install chromium"),
    ],
)
def test_without_a_source_it_succeeds_and_says_so(
    commands: Path, name: str, body: str, reason: str
) -> None:
    write_command(commands / name, body)
    line = run_script(commands)
    assert line == f"chromium: not installed ({reason}): tests in a browser will be skipped"


def test_without_apt_it_succeeds_and_says_so(commands: Path) -> None:
    (commands / "apt-get").unlink()
    assert "(no apt-get here)" in run_script(commands)
