"""The commands of docs/predict.md say what it shows."""

import re
import shlex
from importlib.resources import files
from pathlib import Path
from typing import Any

from tests.docs.console import shape

DOCUMENT = (Path(__file__).parents[1] / "docs" / "predict.md").read_text()
# Rows of which the third lacks its target.
ROWS = [*range(8), 278, 279, 280, 281]


def sessions() -> list[tuple[str, list[str]]]:
    """Return each command of Seedbed's with the lines that are shown below it."""
    shown = []
    for block in re.findall(r"```console\n(.*?)```", DOCUMENT, re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *lines = part.splitlines()
            if command.startswith("seedbed "):
                shown.append((command, lines))
    return shown


def test_the_commands_say_what_is_shown(command: Any, tmp_path: Path) -> None:
    text = (files("palmerpenguins") / "data/penguins.csv").read_text()
    header, *rows = text.splitlines()
    chosen = [rows[number] for number in ROWS]
    chosen[2] = chosen[2].replace("Adelie", "", 1)
    (tmp_path / "penguins.csv").write_text(text)
    (tmp_path / "new.csv").write_text("\n".join([header, *chosen]) + "\n")
    count = 0
    for line, lines in sessions():
        words = shlex.split(line)[1:]
        if "masses" in line or "thermometer" in line:  # Longer trainings, whose config is right.
            if words[0] == "train" and "-m" not in words:
                assert command(*words, function=lambda config, typed: 0).code == 0
            continue
        quick = ["logger=none", "callbacks=quiet"] if words[0] == "train" else []
        outcome = command(*words, *quick)
        assert outcome.code == 0, outcome.err
        printed = {shape(text) for text in (outcome.out + outcome.err).splitlines()}
        missing = [text for text in lines if text != "..." and shape(text) not in printed]
        assert not missing, (line, outcome.out)
        count += 1
    assert count == 4
