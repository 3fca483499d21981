"""Searches from the command line to the table, begun at once or with a raised budget."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

WORDS = (
    *("train", "-m", "data=linear_noise", "data.rows=20", "data.batch_size=10", "trainer=cpu"),
    *("data.val_size=5", "trainer.max_epochs=1", "logger=none", "sweep.repeats=2", "name=rates"),
    *("callbacks=quiet", "search=tpe", "search.generation=2", "search.n_startup_trials=2"),
    *("optimizer.lr=tag(log,interval(1e-4,1e-1))", "optimizer.momentum=interval(0,0.9)"),
    *("sweep.keep=record", "stop=none", "sweep.fuse=always"),
)

TWO_NUMBERS = ("optimizer.lr=interval(0,1)", "optimizer.momentum=interval(0,0.9)")


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "results.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


def journal(folder: Path) -> list[dict[str, Any]]:
    """Return the lines of a journal, without the times."""
    lines = map(json.loads, (folder / "optuna.log").read_text().splitlines())
    return [{key: line[key] for key in line if not key.startswith("datetime")} for line in lines]


def test_a_search_whose_budget_is_raised_is_the_one_that_had_it_from_the_start(
    command: Any, tmp_path: Path
) -> None:
    for name, trials in (("whole", 4), ("raised", 2)):
        done = command(*WORDS, f"search.trials={trials}", f"hydra.sweep.dir={tmp_path / name}")
        assert done.code == 0, done.err
    # Named once more, the total is what it was; it never shrinks, and no other key changes.
    for trials in (4, 4):
        done = command(
            "train", "-m", f"sweep.resume={tmp_path / 'raised'}", f"search.trials={trials}"
        )
        assert done.code == 0, done.err
    rows = table(tmp_path / "raised")
    assert rows == table(tmp_path / "whole")
    assert len(rows) == 8
    assert journal(tmp_path / "raised") == journal(tmp_path / "whole")
    plans = [
        json.loads((tmp_path / name / "sweep.json").read_text()) for name in ("whole", "raised")
    ]
    assert [plan["search"]["trials"] for plan in plans] == [4, 4]
    assert plans[0]["search"]["space"] == plans[1]["search"]["space"]
    assert [len(planned["jobs"]) for planned in plans[1]["rounds"]] == [4, 4]
    for word, reason in (
        ("search.trials=3", "at least the 4"),
        ("search.seed=1", "as it was begun"),
    ):
        refused = command("train", "-m", f"sweep.resume={tmp_path / 'raised'}", word)
        assert refused.code == 2
        assert reason in refused.err


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["search=cmaes", "optimizer.lr=interval(0,1)"], "needs 2 numbers"),
        (["search=tpe", "optimizer.lr=interval(0,1)", "sweep.zip=[seed]"], "takes sweep.zip"),
        (["search=tpe", "optimizer.lr=interval(0,1)", "search.trials=0"], "at least 1"),
        (["search=tpe", "optimizer.lr=interval(-1,1)"], "at least 0"),
        (["search.seed=1,2", "search=tpe"], "cannot be swept"),
        (["search=pbt", "optimizer.lr=interval(0,1)", "search.perturb=[]"], "no factors"),
        (["search=pbt", "optimizer.lr=interval(0,1)", "search.perturb=[0.8,-1]"], "above 0"),
        (
            [*TWO_NUMBERS, "search=cmaes", "search.with_margin=true", "search.lr_adapt=true"],
            "search.with_margin and search.lr_adapt are both true",
        ),
    ],
)
def test_a_search_that_cannot_be_is_refused_before_anything_is_written(
    command: Any, tmp_path: Path, words: list[str], reason: str
) -> None:
    refused = command("train", "-m", *words, f"hydra.sweep.dir={tmp_path / 'sweep'}")
    assert (refused.code, refused.out) == (2, "")
    assert reason in refused.err
    assert len(refused.err.splitlines()) <= 2
    assert not (tmp_path / "sweep").exists()


def test_a_rule_that_stops_nothing_is_refused_before_the_columns_are_shown(
    command: Any, tmp_path: Path
) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("a,y\n" + "".join(f"{row},{row % 7}\n" for row in range(20)))
    words = ("data=table", f"data.file={file}", "data.target=y", "optimizer.lr=interval(0,1)")
    words += ("search=random", "search.trials=3", "search.generation=3", "stop=median")
    refused = command("train", "-m", *words, f"hydra.sweep.dir={tmp_path / 'sweep'}")
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.startswith("seedbed: stop=median: ")
    assert not (tmp_path / "sweep").exists()


def test_the_plan_of_a_search_tells_space_budget_and_epochs(command: Any, tmp_path: Path) -> None:
    words = ["search=random", "search.trials=16", "stop=top_k_after", "stop.min_epochs=5"]
    words.append("stop.reduction_factor=4")
    space = ["optimizer.lr=tag(log,interval(1e-4,1e-1))", "trainer.max_epochs=10", "data=clusters"]
    done = command("train", "-m", *words, *space, "sweep.plan=true")
    assert done.code == 0, done.err
    assert done.out.splitlines() == [
        "search  random, 16 trials, all at once",
        "  optimizer.lr=tag(log,interval(0.0001,0.1))",
        "  16 jobs side by side (numbers 0 to 15)",
        "stop    top_k_after: looks after epoch 5; 1 of 4 goes on",
        "epochs  160 at most, 100 where each look lets 1 of 4 go on",
    ]
