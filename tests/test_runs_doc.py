"""What docs/runs.md and docs/slurm.md say can be typed is so."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from scripts.list_benchmark import record

from seedbed.config.schema.field import declared
from seedbed.config.schema.root import MOST_TAGS, Train

DOCS = Path(__file__).parents[1] / "docs"
RUNS, SLURM = ((DOCS / name).read_text() for name in ("runs.md", "slurm.md"))
BLOCKS = re.findall(r"```sh\n(.*?)```", RUNS + SLURM, re.DOTALL)
COMMANDS = [
    line.partition("seedbed ")[2]
    for block in BLOCKS
    for line in block.replace("\\\n", "").splitlines()
    if "seedbed train" in line
]
FILTERS = re.findall(r"^\| (`.*?) \| .* \|$", RUNS, re.MULTILINE)


@pytest.mark.parametrize("line", [line for line in COMMANDS if " -m " not in line])
def test_the_commands_compose(command: Any, line: str) -> None:
    outcome = command(*shlex.split(line), "--cfg", "job")
    assert (outcome.code, outcome.err) == (0, ""), outcome.err


def test_the_words_of_the_table_are_understood(command: Any, tmp_path: Path) -> None:
    hyperparameters = {"model": "mlp", "optimizer.lr": 0.01, "seed": 1}
    for name in ("a", "b"):
        folder = tmp_path / "outputs/runs" / name
        folder.mkdir(parents=True)
        fields = {**record(1), "hyperparameters": hyperparameters}
        (folder / "run.json").write_text(json.dumps(fields))
    words = [word for cell in FILTERS for word in re.findall(r"`([a-z.]+=[^`]*)`", cell)]
    assert len(words) == 16
    for word in words:
        outcome = command("list", "runs", *shlex.split(word))
        assert (outcome.code, outcome.err) == (0, ""), word


def test_the_limits_of_labels_are_those_of_the_schema() -> None:
    keys = declared(Train)
    for name, limit in re.findall(r"^\| `(name|notes)` \|.*?([0-9,]+) letters", RUNS, re.MULTILINE):
        assert keys[name].metadata["most_letters"] == int(limit.replace(",", ""))
    assert f"{MOST_TAGS} tags of {keys['tags'].metadata['most_letters']} letters" in RUNS
