"""The changes that docs/extending.md shows, made in a copy of the tree and run there."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.command_line import environment
from tests.experiments import curve

ROOT = Path(__file__).parents[1]
# What an instruction says of the code block below it.
INSTRUCTION = re.compile(
    r"(?P<new>New file)\s`(?P<path1>[^`]+)`:"
    r"|At\sthe\s(?P<end>end)\sof\s`(?P<path2>[^`]+)`:"
    r"|In\s`(?P<path3>[^`]+)`,\s(?P<place>after|before|in\splace\sof)\sthe\sline\s`(?P<line>[^`]+)`:"
)
BLOCK = re.compile(
    r"(?P<text>[^\n]+(?:\n[^\n]+)*)\n\n```(?:python|yaml)\n(?P<code>.*?)```", re.DOTALL
)


def section(title: str) -> str:
    """Return the text of the document below a heading."""
    text = (ROOT / "docs" / "extending.md").read_text()
    return text.split(f"\n## {title}\n")[1].split("\n## ")[0]


def extended(title: str, tree: Path) -> list[list[str]]:
    """Copy the tree, apply the changes of a section, and return the words of its commands."""
    for folder in ("src", "configs"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / folder, tree / folder, ignore=ignored)
    text = section(title)
    for block in BLOCK.finditer(text):
        apply(block["text"], block["code"], tree)
    return [shlex.split(line) for line in re.findall(r"^\$ (.*)$", text, re.MULTILINE)]


def apply(instruction: str, code: str, tree: Path) -> None:
    """Make the change of one code block."""
    match = INSTRUCTION.search(instruction)
    assert match, f"no instruction above a code block: {instruction}"
    path = tree / (match["path1"] or match["path2"] or match["path3"])
    if match["new"]:
        assert not path.exists()
        path.write_text(code)
        return
    lines = path.read_text().splitlines(keepends=True)
    if match["end"]:
        path.write_text("".join([*lines, code]))
        return
    (number,) = (n for n, line in enumerate(lines) if line.strip() == match["line"])
    kept = {"after": (number + 1, number + 1), "before": (number, number)}
    start, end = kept.get(match["place"], (number, number + 1))
    path.write_text("".join([*lines[:start], code, *lines[end:]]))


def run(words: list[str], tree: Path, folder: Path) -> tuple[list[Path], str]:
    """Run a command with the extended tree in a folder; return its run folders and its output."""
    assert words[0] == "seedbed"
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder,
        env={**environment(), "PYTHONPATH": str(tree / "src")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return sorted(path.parent for path in folder.glob("outputs/**/run.json")), done.stdout


def metrics(folder: Path) -> dict[str, Any]:
    """Return the metrics of a run."""
    return json.loads((folder / "run.json").read_text())["metrics"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("title", "metric"), [("An optimizer", "train/loss"), ("A metric", "train/within_one")]
)
def test_an_option_that_fuses_reaches_the_same_metrics_alone_and_in_a_sweep(
    tmp_path: Path, title: str, metric: str
) -> None:
    alone, sweep = extended(title, tmp_path / "tree")
    (run_folder,), _ = run(alone, tmp_path / "tree", tmp_path / "alone")
    (first, second), output = run(sweep, tmp_path / "tree", tmp_path / "sweep")
    assert "2 jobs side by side" in output
    assert metrics(first)[metric] == pytest.approx(metrics(run_folder)[metric], rel=1e-4)
    assert metrics(second)[metric] != pytest.approx(metrics(run_folder)[metric], rel=1e-4)


@pytest.mark.slow
def test_a_new_dataset_trains_alone_and_in_a_sweep(tmp_path: Path) -> None:
    alone, sweep = extended("A dataset", tmp_path / "tree")
    (run_folder,), _ = run(alone, tmp_path / "tree", tmp_path / "alone")
    # The variance of a sine is 1 / 2, that of the noise 0.01.
    assert 0.005 < metrics(run_folder)["val/loss"] < 0.1
    folders, output = run(sweep, tmp_path / "tree", tmp_path / "sweep")
    assert "2 jobs side by side" in output
    assert len({metrics(folder)["train/loss"] for folder in folders}) == 2


@pytest.mark.slow
def test_a_new_callback_logs_beside_the_metrics(tmp_path: Path) -> None:
    (command,) = extended("A callback", tmp_path / "tree")
    (run_folder,), _ = run(command, tmp_path / "tree", tmp_path / "alone")
    norms = curve(run_folder, "train/gradient_norm")
    assert list(norms) == list(range(1, 21))
    assert min(norms.values()) > 0
