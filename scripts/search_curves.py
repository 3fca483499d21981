"""Curves of a grid of trainings, asked in place of training: what the search benchmarks share.

Six tasks, four tables of classes, one of a regression, and FashionMNIST on 2,000 rows, are each
trained once over a grid of learning rate, weight decay, hidden units and dropout, as Seedbed's own
fused sweep with every epoch in its curves. What a sampler asks for between the points of the grid
is interpolated, in the logarithm of the loss; so a search is a look-up, and a hundred of them take
seconds. All trainings of a task start from the same seed: the noise of a seed is in the points.

The curves are kept below outputs/search_curves/, a file a task, and made where they are missing:

  python scripts/search_curves.py [--only TASK[,TASK...]]
"""

import argparse
import csv
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / "outputs" / "search_curves"
Array = NDArray[np.float64]
# A training that diverges, or ends worse, counts as this many times the median of the last epoch.
WORST = 100.0


@dataclass(frozen=True)
class Axis:
    """Axis of the space: a key, the values that were trained, and whether it is searched in log.

    `whole` says that only whole numbers are asked for.
    """

    key: str
    values: tuple[float, ...]
    log: bool = False
    whole: bool = False

    @property
    def low(self) -> float:
        """The smallest value."""
        return self.values[0]

    @property
    def high(self) -> float:
        """The largest value."""
        return self.values[-1]

    @property
    def word(self) -> str:
        """The axis as Seedbed's command line has it."""
        text = f"interval({self.low:g},{self.high:g})"
        text = f"int({text})" if self.whole else text
        return f"{self.key}={f'tag(log,{text})' if self.log else text}"


AXES = (
    Axis("optimizer.lr", tuple(1e-4 * 2.5**step for step in range(9)), log=True),
    Axis("optimizer.weight_decay", tuple(1e-6 * 10**step for step in range(6)), log=True),
    Axis("model.hidden_size", (4, 8, 16, 32, 64, 128), log=True, whole=True),
    Axis("model.dropout", (0.0, 0.2, 0.4, 0.6)),
)
# Images take long: fewer points.
IMAGE_AXES = (
    Axis("optimizer.lr", tuple(1e-4 * 4.0**step for step in range(6)), log=True),
    Axis("optimizer.weight_decay", (1e-6, 1e-4, 1e-2), log=True),
    Axis("model.hidden_size", (8, 16, 32), log=True, whole=True),
    Axis("model.dropout", (0.0, 0.5)),
)


@dataclass(frozen=True)
class Task:
    """Task that is tabulated: its name, the words of its data, its epochs, and its grid."""

    name: str
    words: tuple[str, ...]
    epochs: int
    axes: tuple[Axis, ...] = AXES

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of values of each axis."""
        return tuple(len(axis.values) for axis in self.axes)


def _table(name: str, batch_size: int = 32) -> Task:
    kind = "number" if name == "diabetes" else "category"
    words = (
        *("data=table", f"data.file={KEPT / 'tables' / f'{name}.csv'}", "data.target=target"),
        *(f"data.columns={{target: {kind}}}", "data.val_size=0.3", "data.test_size=0"),
        *(f"data.batch_size={batch_size}", "data.target_scale=standard"),
    )
    return Task(name, words if name == "diabetes" else words[:-1], 40)


_IMAGES = (
    *("data=fashion_mnist", "data.train_size=2000", "data.val_size=1000", "data.batch_size=100"),
    *(f"paths.data={ROOT / 'data'}",),
)
TASKS = {
    task.name: task
    for task in (
        *map(_table, ("diabetes", "breast_cancer", "wine", "iris")),
        _table("digits", 64),
        Task("fashion_mnist", _IMAGES, 12, IMAGE_AXES),
    )
}


class Curves:
    """Curves of the validation loss over a space, known at the points of a grid.

    Attributes:
        task: the task.
        grid: losses, (points, epochs), in the order of `itertools.product` of the axes.
    """

    def __init__(self, task: Task, losses: Array) -> None:
        """`losses` are those of the trainings, (points, epochs), NaN where one had diverged."""
        self.task = task
        worst = WORST * float(np.nanmedian(losses[:, -1]))
        self.grid = np.minimum(np.where(np.isfinite(losses), losses, worst), worst)
        self._logs = np.log(np.maximum(self.grid, 1e-12)).reshape(*task.shape, losses.shape[1])

    @property
    def best(self) -> float:
        """The best loss of any epoch of any training, which regret is measured from."""
        return float(self.grid.min())

    @property
    def median(self) -> float:
        """The median over trainings of the best loss of each."""
        return float(np.median(self.grid.min(axis=1)))

    def at(self, points: Array) -> Array:
        """Return the losses, (points, epochs), at points of (points, axes) in the keys' own units.

        Outside of the grid they are those of its edge.
        """
        places = np.stack(
            [_place(axis, points[:, at]) for at, axis in enumerate(self.task.axes)], axis=1
        )
        lower = np.minimum(places.astype(int), np.array(self.task.shape) - 2)
        share = places - lower
        logs = np.zeros((len(points), self._logs.shape[-1]))
        for corner in product((0, 1), repeat=len(self.task.axes)):
            weight = np.prod(np.where(corner, share, 1 - share), axis=1)
            logs += weight[:, None] * self._logs[tuple((lower + corner).T)]
        losses: Array = np.exp(logs)
        return losses


def _place(axis: Axis, values: Array) -> Array:
    """Return where values lie among those that were trained: 0 at the first, 1 at the second."""
    known = np.array(axis.values)
    if axis.log:
        known, values = np.log(known), np.log(values)
    return np.interp(values, known, np.arange(len(known)))


def curves_of(name: str) -> Curves:
    """Return the curves of a task by its name, trained now where nobody has before."""
    task, file = TASKS[name], KEPT / f"{name}.npz"
    if not file.is_file():
        started = time.monotonic()
        losses = _trained(task)
        KEPT.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(file, losses=losses)
        seconds = time.monotonic() - started
        print(f"{name}: {losses.shape[0]:,} trainings of {task.epochs} epochs, {seconds:.0f} s")
    with np.load(file, allow_pickle=False) as content:
        return Curves(task, content["losses"])


def _trained(task: Task) -> Array:
    """Train the grid of a task as a sweep; return the validation losses, (points, epochs)."""
    write_table(task.name)
    points = list(product(*(axis.values for axis in task.axes)))
    with tempfile.TemporaryDirectory() as folder:
        _write_points(Path(folder) / "grid.csv", points)
        command = [
            *(sys.executable, "-m", "seedbed", "train", "-m", *task.words, "model=mlp"),
            *("optimizer=adam", f"trainer.max_epochs={task.epochs}", f"sweep.points={task.epochs}"),
            *("sweep.fuse=always", f"sweep.table={folder}/grid.csv"),
            f"hydra.sweep.dir={folder}/sweep",
        ]
        finished = subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
        if finished.returncode not in (0, 1):
            sys.exit(f"search_curves: seedbed ended with {finished.returncode}")
        return _read_losses(Path(folder) / "sweep", len(points), task.epochs)


def write_table(name: str) -> None:
    """Write a table of scikit-learn's as a CSV file, unless it is there."""
    file = KEPT / "tables" / f"{name}.csv"
    if file.is_file() or name == "fashion_mnist":
        return
    from sklearn import datasets

    loaded = getattr(datasets, f"load_{name}")()
    names = [str(column) for column in loaded.feature_names]
    frame = pl.DataFrame(loaded.data, schema=names).with_columns(target=pl.Series(loaded.target))
    file.parent.mkdir(parents=True, exist_ok=True)
    frame.write_csv(file)


def _write_points(file: Path, points: Sequence[tuple[float, ...]]) -> None:
    with file.open("w", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow([axis.key.replace("hidden_size", "hidden") for axis in AXES])
        for lr, decay, hidden, dropout in points:
            writer.writerow([repr(lr), repr(decay), f"[{hidden:.0f}]", dropout])


def _read_losses(sweep: Path, points: int, epochs: int) -> Array:
    """Return the losses that the states of a sweep's groups hold, by the jobs' numbers."""
    import json

    import torch

    losses = np.full((points, epochs), np.nan)
    [planned] = json.loads((sweep / "sweep.json").read_text())["rounds"]
    for group in planned["groups"]:
        state = torch.load(sweep / ".sweep" / f"chunk-{group[0]}.ckpt", weights_only=True)
        history = state["engine"]["history"]
        at = history["epochs"].numpy() - 1
        losses[np.ix_(group, at)] = history["curves"]["val/loss"].numpy()
    return losses


def main() -> None:
    """Make the curves that are missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="tasks, with commas between")
    chosen = list(filter(None, parser.parse_args().only.split(","))) or list(TASKS)
    if unknown := set(chosen) - set(TASKS):
        sys.exit(f"search_curves: no task {', '.join(unknown)}; tasks: {', '.join(TASKS)}")
    for name in chosen:
        curves = curves_of(name)
        print(f"{name:14} best loss {curves.best:.5g}, median {curves.median:.5g}")


if __name__ == "__main__":
    main()
