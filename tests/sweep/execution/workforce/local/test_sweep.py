"""A sweep of local workers ends as one of a single process does."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from tests.command_line import seedbed

WORDS = (
    *("train", "-m", "seed=range(0,34)", "trainer.max_epochs=3", "trainer=cpu", "optimizer=adam"),
    *("callbacks=quiet", "logger=none", "sweep.page_rows=0"),
)


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "results.csv").open() as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        del row["seconds"]
    return rows


@pytest.mark.slow
def test_the_table_is_that_of_one_process(tmp_path: Path) -> None:
    ended = [
        seedbed(tmp_path, *WORDS, *more, f"hydra.sweep.dir={folder}")
        for folder, more in (("here", []), ("there", ["sweep.workers=2"]))
    ]

    assert [each.returncode for each in ended] == [0, 0], ended[1].stderr
    assert rows_of(tmp_path / "there") == rows_of(tmp_path / "here")
    assert ended[1].stdout.count("17 jobs side by side") == 2
    assert "workers 2 local processes" in ended[1].stdout
    assert "a pool of 2 processes runs 2 units" in ended[1].stderr
    # A worker has trained it, which had its share of the threads.
    pids = {
        json.loads((tmp_path / name / "33" / "run.json").read_text())["process"]["pid"]
        for name in ("here", "there")
    }
    note = json.loads((tmp_path / "there" / ".sweep" / "controller.json").read_text())
    assert note["pid"] not in pids
    assert len(pids) == 2


@pytest.mark.parametrize(
    ("value", "more"),
    [
        ("0", ("seed=0,1", "sweep.plan=true")),
        ("", ("seed=0,1", "hydra/launcher=joblib")),
        ("two", ("sweep.resume=nowhere",)),
        ("true", ("seed=0,1",)),
    ],
)
def test_what_is_no_number_of_workers_is_refused(
    refused: Any, value: str, more: tuple[str, ...]
) -> None:
    said = refused("train", "-m", f"sweep.workers={value}", *more)
    found = value or "''"
    assert said == f"seedbed: sweep.workers: {found}; expected a number from 1 on, auto or null\n"
