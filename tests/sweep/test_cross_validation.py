"""Sweeps with folds on the command line: their table, out-of-fold predictions and refit."""

import csv
import json
import re
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import PredefinedSplit, cross_val_predict, cross_val_score
from tests.composing import specified

from seedbed.data import DataModule
from seedbed.experiment.build import build_data, build_net

LINEAR = (
    *("data=linear_noise", "data.rows=41", "data.features=3", "data.noise=0.5", "data.test_size=6"),
    *("optimizer=lbfgs", "trainer.max_epochs=6", "trainer.precision=64-true"),
)
BLOBS = ("data=blobs", "data.rows=50", "model=mlp", "optimizer=adam", "trainer.max_epochs=4")
BLOBS_SWEEP = (*BLOBS, "optimizer.lr=0.05,0.001", "sweep.folds=3", "sweep.repeats=2")


@dataclass(frozen=True)
class Swept:
    """What a sweep has printed and left."""

    out: str
    path: Path

    def rows(self, name: str) -> list[dict[str, str]]:
        with (self.path / name).open(newline="") as lines:
            return list(csv.DictReader(lines))

    def said(self, title: str) -> str:
        [line] = re.findall(rf"^{title} +(.*)$", self.out, re.MULTILINE)
        return str(line)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kept")


@pytest.fixture
def sweep(command: Any, kept: Path) -> Any:
    """Return a function that sweeps once, and gives the same sweep to every test that asks."""

    def run(name: str, *words: str) -> Swept:
        path = kept / name
        if not path.exists():
            outcome = command("train", "-m", *words, f"hydra.sweep.dir={path}")
            assert outcome.code == 0, outcome.err
            (kept / f"{name}.txt").write_text(outcome.out)
        return Swept((kept / f"{name}.txt").read_text(), path)

    return run


@pytest.fixture
def linear(sweep: Any) -> Swept:
    return sweep("linear", *LINEAR, "sweep.folds=5", "sweep.refit=true")


@pytest.fixture
def blobs(sweep: Any) -> Swept:
    return sweep("blobs", *BLOBS_SWEEP, "sweep.keep=best", "sweep.top=1", "sweep.chunk_size=5")


def module_of(*words: str) -> tuple[Any, DataModule]:
    """Return the spec and the data of a run."""
    spec = specified(*words)
    data = build_data(spec)
    data.setup("fit")
    return spec, data


def raw(data: DataModule, split: str) -> tuple[list[int], torch.Tensor, torch.Tensor]:
    [rows] = data.rows_to_check(split)
    return [int(number) for number in rows.numbers], *rows.batch


@dataclass(frozen=True)
class Reference:
    """The rows that are not test rows, and the fold of each."""

    X: np.ndarray
    y: np.ndarray
    folds: PredefinedSplit
    numbers: list[int]


@pytest.fixture(scope="module")
def reference() -> Reference:
    parts = [raw(module_of(*LINEAR, "data.folds=5", f"data.fold={k}")[1], "val") for k in range(5)]
    numbers = [number for part in parts for number in part[0]]
    order = np.argsort(numbers)
    fold_of = np.repeat(range(5), [len(part[0]) for part in parts])[order]
    X = torch.cat([part[1] for part in parts]).numpy()[order]
    y = torch.cat([part[2] for part in parts]).numpy()[order]
    return Reference(X, y, PredefinedSplit(fold_of), sorted(numbers))


def test_a_linear_model_has_the_scores_of_scikit_learn(linear: Swept, reference: Reference) -> None:
    expected = cross_val_score(
        LinearRegression(), reference.X, reference.y, cv=reference.folds, scoring="r2"
    )
    rows = linear.rows("results.csv")
    assert [row["data.fold"] for row in rows] == list("01234")
    np.testing.assert_allclose([float(row["val/r2"]) for row in rows], expected, rtol=1e-3)


def test_every_row_is_predicted_once_as_by_scikit_learn(
    linear: Swept, reference: Reference
) -> None:
    rows = linear.rows("out_of_fold.csv")
    assert list(rows[0]) == ["row", "fold", "target", "prediction"]
    assert [int(row["row"]) for row in rows] == reference.numbers
    assert [int(row["fold"]) for row in rows] == reference.folds.test_fold.tolist()
    np.testing.assert_array_equal([float(row["target"]) for row in rows], reference.y[:, 0])
    expected = cross_val_predict(LinearRegression(), reference.X, reference.y, cv=reference.folds)
    found = [float(row["prediction"]) for row in rows]
    np.testing.assert_allclose(found, expected[:, 0], rtol=1e-3, atol=1e-4)


def test_the_refit_is_the_model_of_all_rows_but_the_test_rows(
    linear: Swept, reference: Reference, command: Any
) -> None:
    refit = linear.path / "refit"
    epochs = [int(row["best/epoch"]) for row in linear.rows("results.csv")]
    fields = json.loads((refit / "run.json").read_text())
    assert fields["status"] == "completed"
    assert fields["checkpoints"]["last"]["epoch"] == round(np.median(epochs))
    assert "best" not in fields["checkpoints"]
    assert sorted(path.name for path in (refit / "checkpoints").iterdir()) == ["last.ckpt"]
    assert {name.partition("/")[0] for name in fields["metrics"]} == {"train", "test"}
    weights = torch.load(refit / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
    exact = LinearRegression().fit(reference.X, reference.y)
    np.testing.assert_allclose(weights["net.weight"], exact.coef_, rtol=1e-3)
    measured = command("evaluate", f"run={refit}")
    assert measured.code == 0, measured.err
    assert "has kept its last epoch alone" in measured.out
    assert command("predict", f"run={refit}", "input=[[1,2,3]]").code == 0


def test_the_command_of_the_refit_repeats_it(linear: Swept, command: Any, tmp_path: Path) -> None:
    fields = json.loads((linear.path / "refit" / "run.json").read_text())
    words = shlex.split(fields["command"])
    assert words[:2] == ["seedbed", "train"]
    assert not any("fold" in word or word.startswith("sweep") for word in words)
    outcome = command(*words[1:], f"hydra.run.dir={tmp_path / 'again'}")
    assert outcome.code == 0, outcome.err
    again = json.loads((tmp_path / "again" / "run.json").read_text())
    assert again["metrics"] == fields["metrics"]


def test_configurations_are_ranked_by_their_mean_over_folds(blobs: Swept, command: Any) -> None:
    rows = blobs.rows("results.csv")
    assert len(rows) == 12
    losses = np.array([float(row["best/val/loss"]) for row in rows]).reshape(2, 3, 2).mean(axis=2)
    lines = [line.split() for line in blobs.out.splitlines()]
    for rate, by_fold in zip(("0.05", "0.001"), losses, strict=True):
        [line] = [line for line in lines if line[:1] == [rate]]
        mean, deviation, _, accuracy, _, jobs = line[1:]
        of_rate = [row for row in rows if row["optimizer.lr"] == rate]
        accuracies = [float(row["best/val/accuracy"]) for row in of_rate]
        assert float(accuracy) == pytest.approx(np.mean(accuracies), rel=1e-5)
        assert float(mean) == pytest.approx(by_fold.mean(), rel=1e-5)
        assert float(deviation) == pytest.approx(by_fold.std(ddof=1), rel=1e-2)
        assert jobs == "6"
    rate = ("0.05", "0.001")[int(losses.mean(axis=1).argmin())]
    [first, _] = blobs.rows("configurations.csv")
    assert [first[name] for name in ("optimizer.lr", "folds", "jobs")] == [rate, "3", "6"]
    assert float(first["best/val/loss"]) == pytest.approx(losses.mean(axis=1).min(), rel=1e-12)
    spread = losses[losses.mean(axis=1).argmin()].std(ddof=1)
    assert float(first["best/val/loss deviation"]) == pytest.approx(spread, rel=1e-9)
    assert blobs.said("deviation") == "over 3 folds, of their means over 2 seeds"
    best = shlex.split(blobs.said("all folds"))
    assert best == [*["seedbed", "train", "-m"], *BLOBS, f"optimizer.lr={rate}", *best[-2:]]
    assert best[-2:] == ["seed=0,1", "sweep.folds=3"]
    told = command("report", str(blobs.path))
    assert told.code == 0
    for title in ("deviation", "all folds", "out of fold"):
        assert blobs.said(title).split(":")[0] in told.out


def test_the_best_configuration_is_kept_with_all_its_folds(blobs: Swept) -> None:
    folders = {path.name for path in blobs.path.glob("*") if (path / "run.json").exists()}
    assert folders == {str(number) for number in range(6)}
    assert [row["folder"] for row in blobs.rows("results.csv")] == [*"012345", *[""] * 6]


def test_out_of_fold_predictions_are_those_of_each_fold_averaged_over_seeds(blobs: Swept) -> None:
    found = {int(row["row"]): row for row in blobs.rows("out_of_fold.csv")}
    assert sorted(found) == list(range(50))
    for fold in range(3):
        words = (*BLOBS, "data.folds=3", f"data.fold={fold}")
        spec, data = module_of(*words)
        numbers, inputs, targets = raw(data, "val")
        net, total = build_net(spec).eval(), torch.zeros(len(numbers), 3)
        for number in (2 * fold, 2 * fold + 1):
            kept = torch.load(blobs.path / f"{number}/checkpoints/best.ckpt", weights_only=True)
            net.load_state_dict(
                {name.removeprefix("net."): value for name, value in kept["state_dict"].items()}
            )
            total += net(inputs.float()).softmax(dim=1).detach() / 2
        for number, target, shares in zip(numbers, targets.tolist(), total, strict=True):
            row = found.pop(number)
            assert (int(row["fold"]), int(row["target"])) == (fold, target)
            assert int(row["class"]) == int(shares.argmax())
            told = [float(row[f"probability of {name}"]) for name in range(3)]
            np.testing.assert_allclose(told, shares, rtol=1e-5, atol=1e-7)
    assert not found


def test_a_sweep_that_goes_on_makes_them_again(linear: Swept, command: Any, tmp_path: Path) -> None:
    copied = tmp_path / "copied"
    shutil.copytree(linear.path, copied)
    expected = (copied / "out_of_fold.csv").read_bytes()
    refit = json.loads((copied / "refit" / "run.json").read_text())
    (copied / "out_of_fold.csv").unlink()
    # As if it had been killed.
    killed = {**refit, "status": "interrupted"}
    (copied / "refit" / "run.json").write_text(json.dumps(killed))
    outcome = command("train", "-m", f"sweep.resume={copied}")
    assert outcome.code == 0, outcome.err
    assert (copied / "out_of_fold.csv").read_bytes() == expected
    again = json.loads((copied / "refit" / "run.json").read_text())
    assert (again["status"], again["metrics"]) == ("completed", refit["metrics"])
    command("train", "-m", f"sweep.resume={copied}")
    assert json.loads((copied / "refit" / "run.json").read_text()) == again


def test_without_weights_there_is_a_word_instead_of_predictions(sweep: Any) -> None:
    swept = sweep("record", *BLOBS, "sweep.folds=2", "sweep.keep=record")
    assert "sweep.keep=record keeps no weights" in swept.said("out of fold")
    assert not (swept.path / "out_of_fold.csv").exists()
    assert swept.said("final model").startswith("seedbed train data=blobs")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["sweep.refit=true"], "it follows a cross-validation; give sweep.folds=5 as well"),
        (["sweep.folds=1"], "sweep.folds: 1 is out of range: it must be at least 2"),
        (["sweep.folds=2,3"], "the keys of sweep cannot be swept"),
        (
            ["sweep.folds=2", "sweep.refit=true", "scheduler=plateau", "scheduler.monitor=val/r2"],
            "sweep.refit=true trains without validation: scheduler.monitor: 'val/r2' is not logged",
        ),
        (
            ["sweep.folds=2", "sweep.refit=true", "~callbacks.checkpoint"],
            "sweep.refit=true: no weights are kept without callbacks.checkpoint",
        ),
    ],
)
def test_what_cannot_be_cross_validated_is_refused(
    refused: Any, words: list[str], reason: str
) -> None:
    assert reason in refused("train", "-m", "data=thermometer", "optimizer.lr=1e-4,1e-5", *words)
