"""The commands of docs/own-code.md say what it shows, in the project that `seedbed new` writes."""

import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.docs.console import shape

DOCUMENT = (Path(__file__).parents[1] / "docs" / "own-code.md").read_text()
PROJECT = Path(__file__).parents[1] / "src" / "seedbed" / "project_template"
NAME = "spiral_lab"


def sessions() -> list[tuple[str, list[str]]]:
    """Return each command with the lines that are shown below it."""
    shown = []
    for block in re.findall(r"```console\n(.*?)```", DOCUMENT, re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *lines = part.splitlines()
            shown.append((command, lines))
    return shown


@pytest.fixture
def project(command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yield the folder of the project of the document, which is the working folder."""
    assert command("new", NAME).code == 0
    monkeypatch.chdir(tmp_path / NAME)
    yield tmp_path / NAME
    for module in [name for name in sys.modules if name.partition(".")[0] == NAME]:
        del sys.modules[module]


# The presets run in test_new.py, with all that these commands name one by one.
COMPOSED = ("train experiment=spirals", "train -m experiment=spirals", "predict")


def test_the_commands_say_what_is_shown(command, project: Path) -> None:
    for line, lines in sessions():
        words = shlex.split(line)
        refused = bool(lines) and lines[0].startswith("seedbed:")
        if words[1] == "new" or (" ".join(words[1:]).startswith(COMPOSED) and not refused):
            continue
        outcome = command(*words[1:])
        assert outcome.code == (2 if refused else 0), outcome.err
        printed = {shape(text) for text in (outcome.out + outcome.err).splitlines()}
        missing = [text for text in lines if text != "..." and shape(text) not in printed]
        assert not missing, (line, outcome.out)


def test_the_others_compose(command, project: Path) -> None:
    others = [
        line for line, _ in sessions() if line.startswith("seedbed train experiment=spirals ")
    ]
    assert len(others) >= 8
    for line in others:
        outcome = command(*shlex.split(line)[1:], function=lambda config, words: 0)
        assert outcome.code == 0, outcome.err


def test_the_files_that_are_shown_are_those_of_the_project() -> None:
    for path, text in re.findall(r"```yaml\n# (configs/\S+)\n(.*?)```", DOCUMENT, re.DOTALL):
        file = (PROJECT / path).read_text().replace("project_name", NAME)
        for line in filter(None, text.splitlines()):
            assert line.split(" #")[0].rstrip() in [
                other.split(" #")[0].rstrip() for other in file.splitlines()
            ]
