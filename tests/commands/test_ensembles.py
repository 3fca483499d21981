"""Jobs of a sweep predict together: against the mean of what torch makes of their checkpoints."""

import csv
import json
from pathlib import Path
from statistics import stdev
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, log_loss, mean_absolute_error

QUIET = ("logger=none", "optimizer=adam", "trainer.max_epochs=4", "hydra.sweep.dir=sweep")


def linear(folder: Path) -> tuple[torch.Tensor, torch.Tensor]:
    """Weight and bias of a linear model in the checkpoint of its best epoch."""
    state = torch.load(folder / "checkpoints/best.ckpt", weights_only=True)["state_dict"]
    return state["net.weight"].double(), state["net.bias"].double()


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def without_folder(table: Path, *numbers: str) -> None:
    """Leave these jobs without a folder in a table, as where sweep.keep has removed it."""
    rows = rows_of(table)
    with table.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        for row in rows:
            writer.writerow(row | {"folder": ""} if row["number"] in numbers else row)


def best_jobs(folder: Path, axis: str) -> list[dict[str, str]]:
    """The jobs of the configuration with the best mean of the best val/loss."""
    rows = rows_of(folder / "results.csv")
    values = {row[axis] for row in rows}
    means = {
        value: np.mean([float(row["best/val/loss"]) for row in rows if row[axis] == value])
        for value in values
    }
    best = min(means, key=means.__getitem__)
    return [row for row in rows if row[axis] == best]


def test_probabilities_are_averaged_over_seeds_and_folds(command: Any, tmp_path: Path) -> None:
    words = ("data=clusters", "data.rows=60", "data.test_size=0.2", "model=linear", *QUIET)
    axes = ("optimizer.lr=0.1,0.001", "seed=0,1", "sweep.folds=2")
    done = command("train", "-m", *words, *axes)
    assert done.code == 0, done.err
    sweep = tmp_path / "sweep"
    jobs = best_jobs(sweep, "optimizer.lr")
    assert len(jobs) == 4
    points = torch.tensor([[3.0, 3.0], [0.5, 0.1], [-1.0, -2.0]], dtype=torch.float64)
    each = []
    for job in jobs:
        weight, bias = linear(sweep / job["folder"])
        each.append(torch.sigmoid(points @ weight.T + bias)[:, 0])
    mean = torch.stack(each).mean(dim=0).numpy()
    said = command("predict", "run=sweep", f"input={points.tolist()}", "output=out.csv")
    assert said.code == 0, said.err
    lr = jobs[0]["optimizer.lr"]
    assert f"mean of      4 jobs of optimizer.lr={lr}, the best by best val/loss" in said.err
    for job in jobs:
        assert f"{job['number']} (epoch {job['best/epoch']})" in said.err
    found = [float(row["probability of 1"]) for row in rows_of(tmp_path / "out.csv")]
    np.testing.assert_allclose(found, mean, rtol=1e-5)

    # On labelled rows the mean is measured as a network with these probabilities would be.
    lines = zip(points.tolist(), (1, 1, 0), strict=True)
    table = "x1,x2,class\n" + "".join(f"{a},{b},{c}\n" for (a, b), c in lines)
    (tmp_path / "new.csv").write_text(table)
    said = command("evaluate", "run=sweep", "input=new.csv")
    assert said.code == 0, said.err
    result = json.loads((sweep / "evaluate-new.csv.json").read_text())
    metrics = result["metrics"]
    assert metrics["input/accuracy"] == accuracy_score([1, 1, 0], mean > 0.5)
    assert metrics["input/loss"] == pytest.approx(log_loss([1, 1, 0], mean), rel=1e-5)
    assert [job["number"] for job in result["jobs"]] == [int(job["number"]) for job in jobs]

    # All folds have the same test rows, and others to validate.
    said = command("predict", "run=sweep", "split=test", "output=test.csv", "ensemble=all")
    assert said.code == 0, said.err
    assert "mean of      8 jobs" in said.err
    assert len(rows_of(tmp_path / "test.csv")) == 12
    refused = command("predict", "run=sweep", "split=val")
    assert refused.code == 2
    assert "out_of_fold.csv has what no fold was trained on" in refused.err
    refused = command("predict", "run=sweep", "split=test", "apply_softmax=false")
    assert (refused.code, "mean of their probabilities" in refused.err) == (2, True)

    # As where sweep.keep leaves some folders, or none.
    without_folder(sweep / "results.csv", jobs[0]["number"])
    said = command("predict", "run=sweep", "input=[[1,2]]")
    assert "mean of      3 of the 4 jobs" in said.err
    assert f"without jobs whose folders were not kept: {jobs[0]['number']}" in said.err
    without_folder(sweep / "results.csv", *(job["number"] for job in jobs[:-1]))
    said = command("predict", "run=sweep", "input=[[1,2]]")
    assert f"job          {jobs[-1]['number']} of the 4 jobs of optimizer.lr={lr}, " in said.err
    assert "mean of" not in said.err
    numbers = [row["number"] for row in rows_of(sweep / "results.csv")]
    without_folder(sweep / "results.csv", *numbers)
    for words in (("predict", "run=sweep", "input=[[1,2]]"), ("evaluate", "run=sweep")):
        refused = command(*words)
        assert (refused.code, "has kept its folder" in refused.err) == (2, True)


def test_values_are_averaged_in_their_own_units_with_their_deviation(
    command: Any, tmp_path: Path
) -> None:
    words = ("data=linear_noise", "data.rows=40", "data.features=2", "data.test_size=0.2")
    scaled = ("data.target_scale=standard", "data.input_scale=standard", "model=linear", *QUIET)
    done = command("train", "-m", *words, *scaled, "sweep.folds=3", "optimizer.lr=0.05")
    assert done.code == 0, done.err
    sweep = tmp_path / "sweep"
    points = torch.tensor([[0.2, 0.7], [0.9, 0.1]], dtype=torch.float64)
    each = []
    for job in rows_of(sweep / "results.csv"):
        folder = sweep / job["folder"]
        weight, bias = linear(folder)
        fitted = json.loads((folder / "preparation.json").read_text())["preparation"]
        (in_shift, in_scale), (shift, scale) = (
            [torch.tensor(fitted[name][key], dtype=torch.float64) for key in ("shift", "scale")]
            for name in ("input_scaling", "target_scaling")
        )
        output = ((points - in_shift) / in_scale) @ weight.T + bias
        each.append((output * scale + shift)[:, 0].tolist())
    said = command("predict", "run=sweep", f"input={points.tolist()}", "output=out.csv")
    assert said.code == 0, said.err
    rows = rows_of(tmp_path / "out.csv")
    name, deviation = list(rows[0])
    assert deviation == f"{name} (deviation)"
    values = list(zip(*each, strict=True))
    mean = [np.mean(some) for some in values]
    np.testing.assert_allclose([float(row[name]) for row in rows], mean, rtol=1e-5)
    spread = [stdev(some) for some in values]
    np.testing.assert_allclose([float(row[deviation]) for row in rows], spread, rtol=1e-4)

    true = [0.5, -0.25]
    lines = [f"{a},{b},{c}" for (a, b), c in zip(points.tolist(), true, strict=True)]
    (tmp_path / "new.csv").write_text("\n".join(["a,b,target", *lines]) + "\n")
    said = command("evaluate", "run=sweep", "input=new.csv", "output=result.json")
    assert said.code == 0, said.err
    assert "in the targets' own units: the jobs scale them differently" in said.out
    metrics = json.loads((tmp_path / "result.json").read_text())["metrics"]
    assert metrics["input/mae"] == pytest.approx(mean_absolute_error(true, mean), rel=1e-5)
    assert metrics["input/loss"] == pytest.approx(np.square(np.subtract(true, mean)).mean())
