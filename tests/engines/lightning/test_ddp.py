"""Two processes on the CPU train as one does, and have the metrics of one."""

import json
import multiprocessing
from datetime import timedelta
from functools import partial
from math import isfinite
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torchmetrics as tm
from tests.command_line import only_run, seedbed
from torch import Tensor
from torchmetrics import classification as tmc

from seedbed.config.metrics import metrics_of
from seedbed.engines.lightning.module import SupervisedModule
from seedbed.training.metrics import METRICS, EpochMetrics
from seedbed.training.metrics.by_torchmetrics import make_named
from seedbed.training.tasks import Binary, Multiclass, Regression, Task

CASES = {
    "full batches": ("data.batch_size=null",),
    # 15 rows in batches of 5: one process gets 3 rows of a batch, the other 2.
    "uneven shares": (
        *("data.batch_size=5", "data.val_size=3", "trainer.accumulate_grad_batches=2"),
        *("data.weight=humidity", "data.target_scale=standard"),
        # Its norm is a metric, compared with the others.
        "+callback@callbacks.gradients=gradients",
    ),
    # 15 rows in batches of 7: the last batch is one row, and one process gets none.
    "an empty share": ("data.batch_size=7",),
}


@pytest.mark.slow
@pytest.mark.parametrize("overrides", CASES.values(), ids=CASES.keys())
def test_two_processes_give_the_loss_and_weights_of_one(
    tmp_path: Path, overrides: tuple[str, ...]
) -> None:
    found = {}
    for trainer in ("ddp", "cpu"):
        folder = tmp_path / trainer
        folder.mkdir()
        done = seedbed(folder, "train", f"trainer={trainer}", "trainer.max_epochs=20", *overrides)
        assert done.returncode == 0, done.stderr
        run = only_run(folder)
        record = json.loads((run / "run.json").read_text())
        assert record["status"] == "completed"
        weights = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
        found[trainer] = record["metrics"], weights
        # The second process leaves nothing of its own.
        assert len(list(run.glob("events.*"))) == 1
        assert not list(run.glob("*.log"))
    assert found["ddp"][0] == pytest.approx(found["cpu"][0], rel=1e-5)
    for name, value in found["cpu"][1].items():
        torch.testing.assert_close(found["ddp"][1][name], value, rtol=1e-5, atol=1e-6)


# Rows that the two processes have of each batch: uneven shares, at the end one row for one of them;
# or nothing at all for one of them.
BATCHES = ((3, 2), (2, 1), (1, 0))
NOTHING = ((9, 0),)
ROWS = 9
# And rows from which they are summed.
WAYS = ((BATCHES, 1), (BATCHES, 8192), (NOTHING, 8192))


def regression(targets: int, offset: float) -> tuple[Task, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(3)
    noise = torch.randn(2, ROWS, targets, generator=generator, dtype=torch.float64)
    return Regression(), offset + noise[0], offset + noise[0] + noise[1]


def classification(classes: int) -> tuple[Task, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(3)
    logits = torch.randn(ROWS, classes, generator=generator)
    # The last class does not occur.
    target = torch.arange(ROWS) % max(classes - 1, 2)
    return Binary() if classes == 1 else Multiclass(classes), logits, target


def named(name: str, outputs: int) -> Any:
    return make_named([name], max(2, outputs), outputs)[name]


# Rows of each task, and torchmetrics that add up, that keep rows, and that do something else.
METRICS_OF_TASKS: dict[str, tuple[Any, dict[str, Any]]] = {
    "regression, two targets": (
        regression(2, 0.0),
        {
            "error": tm.MeanSquaredError,
            "explained": tm.ExplainedVariance,
        },
    ),
    "regression far from zero": (
        regression(1, 1.7e9),
        {"error": tm.MeanAbsoluteError},
    ),
    "regression, one target": (
        regression(1, 0.0),
        {"pearson_too": tm.PearsonCorrCoef, "kendall": partial(named, "kendall", 1)},
    ),
    "binary": (
        classification(1),
        {"hinge_loss": partial(named, "hinge_loss", 1), "f1_too": tmc.BinaryF1Score},
    ),
    "multiclass": (
        classification(4),
        {
            "weighted_auroc": lambda: tmc.MulticlassAUROC(4, average="weighted"),
            "hinge_loss": partial(named, "hinge_loss", 4),
            "f1_too": lambda: tmc.MulticlassF1Score(4),
            "calibration": lambda: tmc.MulticlassCalibrationError(4),
        },
    ),
}


def counted(
    task: Task, others: dict[str, Any], batches: list[tuple[Tensor, Tensor]], rows_kept: int
) -> EpochMetrics:
    names = metrics_of(type(task).__name__.lower())
    made = {name: make() for name, make in others.items()}
    metrics = EpochMetrics([name for name in names if name in METRICS], made, rows_kept)
    for output, target in batches:
        loss = task.loss(output, target) if len(output) else output.sum() * 0.0
        metrics.add(loss, output, target, task.prediction(output))
    return metrics


def shares(
    output: Tensor, target: Tensor, batches: tuple[tuple[int, int], ...]
) -> list[list[tuple[Tensor, Tensor]]]:
    """The batches of each process."""
    sizes = [size for batch in batches for size in batch]
    parts = list(zip(output.split(sizes), target.split(sizes), strict=True))
    return [parts[0::2], parts[1::2]]


def measure_in_a_process(rank: int, folder: Path, results: Any) -> None:
    torch.set_num_threads(1)
    torch.distributed.init_process_group(
        "gloo",
        init_method=f"file://{folder}/meeting",
        rank=rank,
        world_size=2,
        timeout=timedelta(seconds=30),
    )
    module: Any = SimpleNamespace(device=torch.device("cpu"), trainer=SimpleNamespace(world_size=2))
    gather = partial(SupervisedModule._gather, module)
    found = {}
    for name, ((task, output, target), others) in METRICS_OF_TASKS.items():
        for batches, rows_kept in WAYS:
            own = shares(output, target, batches)[rank]
            metrics = counted(task, others, own, rows_kept)
            found[name, batches, rows_kept] = metrics.compute(gather)
    results.put(found)
    torch.distributed.destroy_process_group()


def test_every_metric_over_two_processes_is_that_of_one(tmp_path: Path) -> None:
    # Forked: to import torch once more takes seconds.
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    processes = [
        context.Process(target=measure_in_a_process, args=(rank, tmp_path, results))
        for rank in range(2)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(timeout=60)
    assert [process.exitcode for process in processes] == [0, 0]
    found = [results.get(timeout=1) for _ in processes]
    for name, ((task, output, target), others) in METRICS_OF_TASKS.items():
        whole = counted(task, others, [(output, target)], 8192).compute(None)
        # Of negative values there is no logarithm.
        assert all(isfinite(value) for key, value in whole.items() if key != "msle"), whole
        for of_process in found:
            for way in WAYS:
                values = of_process[name, *way]
                assert values == pytest.approx(whole, rel=1e-6, abs=1e-6, nan_ok=True), name
