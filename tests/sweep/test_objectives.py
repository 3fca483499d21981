"""Sweeps by several objectives, from the command to the table."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.mark.parametrize("fuse", ["auto", "never"])
def test_the_front_of_a_grid(command: Callable[..., Any], tmp_path: Path, fuse: str) -> None:
    words = ["model.hidden=[1],[9],[8]", "search.constraints=['model/parameters<=50']"]
    objectives = "optimized_metric=[model/parameters,val/loss]"
    data = ["data=clusters", "data.val_size=20", "data.train_size=20"]
    training = ["model=mlp", "optimizer=adam", "optimizer.lr=0.1", "trainer.max_epochs=3"]
    kept = ["sweep.keep=best", f"sweep.fuse={fuse}", "hydra.sweep.dir=s"]
    done = command("train", "-m", *data, *training, objectives, *words, *kept)
    assert done.code == 0, done.err
    assert (
        "objectives   model/parameters (min), val/loss (min); val/loss picks the best" in done.out
    )
    with (tmp_path / "s" / "results.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    # An MLP of two inputs and one output has 4 h + 1 parameters.
    assert [float(row["model/parameters"]) for row in rows] == [5.0, 37.0, 33.0]
    losses = [float(row["best/val/loss"]) for row in rows]
    parameters = [5.0, 37.0, 33.0]
    beaten = [
        any(
            losses[other] <= losses[one] and parameters[other] <= parameters[one] and other != one
            for other in range(3)
        )
        for one in range(3)
    ]
    assert [row["pareto_rank"] != "1" for row in rows] == beaten
    folders = [int(row["folder"]) for row in rows if row["folder"]]
    assert folders == [one for one in range(3) if not beaten[one]]
    record = json.loads((tmp_path / "s" / str(folders[0]) / "run.json").read_text())
    assert record["trained_parameters"] == parameters[folders[0]]
    assert record["optimized_metric"] == "val/loss"
    shown = command("report", "s")
    table = done.out[done.out.index("ranked by Pareto fronts") : done.out.index("jobs    ")]
    assert table in shown.out
    assert "front        " in shown.out
