"""What the README shows is what happens."""

import os
import pty
import re
import shlex
import shutil
import subprocess
import time
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.command_line import SEEDBED, environment, seedbed
from tests.docs.console import shape

from seedbed.config import groups

PENGUINS = Path(str(files("palmerpenguins"))) / "data" / "penguins.csv"
README = (Path(__file__).parents[1] / "README.md").read_text()


def sessions() -> list[list[tuple[str, list[str]]]]:
    """Return the commands of each console block with the lines that follow them."""
    found = []
    for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL):
        session: list[tuple[str, list[str]]] = []
        for line in block.splitlines():
            if line.startswith("$ "):
                session.append((line[2:], []))
            else:
                session[-1][1].append(line)
        found.append(session)
    return found


def killed(folder: Path, words: list[str]) -> None:
    """Start a training, and kill it as soon as it has a checkpoint."""
    process = subprocess.Popen([*SEEDBED, *words], cwd=folder, env=environment())
    while not list(folder.glob("outputs/runs/*/*/checkpoints/last.ckpt")):
        assert process.poll() is None
        time.sleep(0.02)
    process.kill()
    process.wait()


def printed_in_a_terminal(folder: Path, words: list[str]) -> str:
    """Return what a command prints in a terminal of 100 columns."""
    leader, follower = pty.openpty()
    subprocess.run(
        [*SEEDBED, *words],
        cwd=folder,
        env=environment() | {"COLUMNS": "100"},
        stdout=follower,
        timeout=60,
        check=True,
    )
    os.close(follower)
    printed = os.read(leader, 1 << 16).decode()
    os.close(leader)
    return printed


@pytest.mark.slow
@pytest.mark.parametrize(
    "session", sessions(), ids=["table", "folds", "mistake", "search", "go on"]
)
def test_the_commands_of_the_readme_say_what_it_shows(
    tmp_path: Path, session: list[tuple[str, list[str]]]
) -> None:
    shutil.copy(PENGUINS, tmp_path)
    for command, shown in session:
        words = shlex.split(command)
        assert words[0] == "seedbed"
        if words[1] == "dashboard":  # tested in test_dashboard.py; it does not end by itself
            continue
        if shown[-1:] == ["Killed"]:
            killed(tmp_path, words[1:])
            continue
        if words[1:] == ["list", "runs"]:  # Its lines follow the width of the terminal.
            lines = printed_in_a_terminal(tmp_path, words[1:]).splitlines()
            assert [shape(line) for line in lines] == [shape(line) for line in shown]
            continue
        done = seedbed(tmp_path, *words[1:])
        refused = bool(shown) and shown[0].startswith("seedbed:")
        assert done.returncode == (2 if refused else 0), done.stderr
        printed = {shape(line) for line in (done.stdout + done.stderr).splitlines()}
        missing = [line for line in shown if line != "..." and shape(line) not in printed]
        assert not missing, "\n".join(sorted(printed))


@pytest.mark.slow
def test_the_python_of_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(PENGUINS, tmp_path)
    monkeypatch.chdir(tmp_path)
    [code] = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)  # It is ours.
    run, sweep = names["run"], names["sweep"]
    assert run.status == sweep.status == "completed"
    assert len(run.predict("penguins.csv")) == 344
    assert sweep.configurations.get_column("jobs").to_list() == [20, 20]
    assert isinstance(sweep.best.model(), torch.nn.Module)


def test_the_table_of_groups_is_current() -> None:
    for group, meaning in groups.LISTED.items():
        names = ", ".join(f"`{option}`" for option in groups.options(group))
        assert f"| `{group}` | {meaning} | {names} |" in README


def test_files_that_the_readme_names_exist() -> None:
    root = Path(__file__).parents[1]
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("http") or (root / target).exists(), target
