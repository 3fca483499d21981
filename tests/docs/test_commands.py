"""The commands that the documentation shows are run, and print what it shows."""

import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.command_line import SEEDBED, environment
from tests.docs.console import DOCS, Command, commands, shape
from tests.docs.working_folder import prepare

# Their commands are run by tests of their own.
ELSEWHERE = {
    "export": "tests/test_export_document.py",
    "extending": "tests/test_extending.py",
    "metrics": "tests/test_metrics_document.py",
    "own-code": "tests/test_own_code_doc.py",
    "predict": "tests/test_predict_doc.py",
    "runs": "tests/test_runs_doc.py",
}
PAGES = [
    page.stem
    for page in sorted(DOCS.glob("*.md"))
    if page.stem not in ELSEWHERE and commands(page.read_text(encoding="utf-8"))
]


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page_print_what_it_shows(
    page: str, command: Callable[..., Any], tmp_path: Path
) -> None:
    prepare(tmp_path, page)
    for each in commands((DOCS / f"{page}.md").read_text(encoding="utf-8")):
        if each.not_run:
            continue
        if each.shown[-1:] == ("Killed",):
            killed(tmp_path, each)
            continue
        code, printed = done(tmp_path, each, command)
        refused = any(line.startswith("seedbed: ") for line in each.shown)
        assert code == (2 if refused else 0), (each.line, printed)
        lines = [shape(line) for line in printed.splitlines()]
        shown = [line for line in each.shown if line != "..." and not each.words]
        missing = [line for line in shown if not any(map(pattern(line).fullmatch, lines))]
        assert not missing, f"{each.line}\n{printed}"


def done(folder: Path, each: Command, command: Callable[..., Any]) -> tuple[int, str]:
    """Run a command; return its exit code and all that it printed."""
    words = shlex.split(each.line)
    if words[0] == "seedbed":
        added = each.words if words[1] == "train" else ()
        keys = {word.partition("=")[0] for word in added}
        typed = [word for word in words[1:] if word.partition("=")[0] not in keys]
        outcome = command(*typed, *added)
        return outcome.code, outcome.out + outcome.err
    if words[0] == "python":
        each = Command(shlex.join([sys.executable, *words[1:]]), each.shown)
    ended = subprocess.run(
        each.line, cwd=folder, shell=True, capture_output=True, text=True, timeout=60, check=False
    )
    return ended.returncode, ended.stdout + ended.stderr


def pattern(line: str) -> re.Pattern[str]:
    """Return what a shown line stands for, in which ... stands for anything."""
    parts = re.split(r" ?\.\.\. ?", line)
    return re.compile(".*".join(re.escape(shape(part)) for part in parts))


def killed(folder: Path, each: Command) -> None:
    """Start a training, and kill it as soon as it has a checkpoint."""
    words = [*SEEDBED, *shlex.split(each.line)[1:], *each.words]
    process = subprocess.Popen(words, cwd=folder, env=environment())
    while not list(folder.glob("outputs/runs/*/*/checkpoints/last.ckpt")):
        assert process.poll() is None
        time.sleep(0.02)
    process.kill()
    process.wait()


def test_pages_with_tests_of_their_own_have_them() -> None:
    for page, test in ELSEWHERE.items():
        assert (DOCS / f"{page}.md").is_file()
        assert (DOCS.parent / test).is_file()


def test_every_page_is_on_the_site() -> None:
    site = (DOCS.parent / "mkdocs.yml").read_text(encoding="utf-8")
    for page in DOCS.glob("*.md"):
        assert f": {page.name}\n" in site, page
