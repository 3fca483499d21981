"""Schema of the `trainer=` options: device, precision and length of the training."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from omegaconf import DictConfig

from seedbed.config.schema.field import Schema, key

ACCELERATORS = ("auto", "cpu", "gpu")
PRECISIONS = ("32-true", "64-true", "16-mixed", "bf16-mixed", "16-true", "bf16-true")
STRATEGIES = ("auto", "ddp")
# Of a machine of few cores; more than that would be a slip of the finger.
MOST_DEVICES = 16


@dataclass
class Trainer(Schema):
    """Trainer; its keys go to pytorch_lightning.Trainer under the same names."""

    accelerator: str = key(
        "cpu, gpu, or auto: the GPU where there is one", "auto", one_of=ACCELERATORS
    )
    devices: int | None = key("number of devices; null: all", 1, at_least=1, fuses=(1,))
    strategy: str = key(
        "distributed strategy: auto or ddp", "auto", one_of=STRATEGIES, fuses=("auto",)
    )
    precision: str = key(
        "floating-point precision", "32-true", one_of=PRECISIONS, fuses=("32-true", "64-true")
    )
    max_epochs: int | None = key(
        "maximum number of epochs; 0: measure the initial weights; null: no limit",
        500,
        at_least=0,
        varies=True,
    )
    min_epochs: int | None = key(
        "minimum number of epochs, whatever rule would stop earlier; null: none",
        None,
        at_least=1,
        fuses=(None,),
    )
    max_steps: int | None = key(
        "maximum number of optimizer steps; null: no limit", None, at_least=1, fuses=(None,)
    )
    max_time: str | None = key(
        "maximum training time, as DD:HH:MM:SS; null: no limit", None, fuses=(None,)
    )
    gradient_clip_val: float | None = key(
        "value at which gradients are clipped; null: no clipping",
        None,
        above=0,
        varies=True,
        independent=True,
    )
    gradient_clip_algorithm: str = key("clip by norm or by value", "norm", one_of=("norm", "value"))
    accumulate_grad_batches: int = key(
        "batches whose gradients are averaged before a step", 1, at_least=1, fuses=(1,)
    )
    check_val_every_n_epoch: int = key("epochs between two validations", 1, at_least=1, fuses=(1,))
    limit_train_batches: Any = key(
        "fraction (float) or number (int) of training batches used", 1.0, fuses=(1.0,)
    )
    limit_val_batches: Any = key(
        "fraction (float) or number (int) of validation batches used", 1.0, fuses=(1.0,)
    )
    limit_test_batches: Any = key(
        "fraction (float) or number (int) of test batches used", 1.0, fuses=(1.0,)
    )
    overfit_batches: int = key(
        "number of training batches to overfit on; 0: all", 0, at_least=0, fuses=(0,)
    )
    log_every_n_epochs: int = key("epochs between two logged points", 1, at_least=1)
    log_every_n_steps: int | None = key(
        "steps between two logged points of loss and learning rate; null: none",
        None,
        at_least=1,
        fuses=(None,),
    )
    threads: int | None = key(
        "CPU threads of tensor operations; null: one where a step is small, else PyTorch's default",
        None,
        at_least=1,
        at_most=1024,
    )
    timeout: float = key(
        "seconds that one of several processes waits for another before all of them end",
        30.0,
        at_least=1,
    )
    requeue: bool = key(
        "in a job of Slurm, queue it again when SIGTERM, SIGUSR1 or SIGUSR2 stops it, and go on "
        "then",
        False,
    )
    deterministic: bool = key("use deterministic algorithms only", False)
    detect_anomaly: bool = key(
        "autograd anomaly detection: find the operation that makes a NaN (slow)",
        False,
        fuses=(False,),
    )
    profiler: str | None = key(
        "profiler: simple or advanced; null: none",
        None,
        one_of=("simple", "advanced"),
        fuses=(None,),
    )

    @classmethod
    def problems(cls, node: DictConfig, config: DictConfig, key: str) -> Iterator[str]:
        """Yield a run without an end, lengths that are none, and devices that are not there."""
        if node.max_epochs is None and node.max_steps is None and node.max_time is None:
            yield "trainer.max_epochs, max_steps and max_time are all null: training would not end"
        if node.max_time is not None and not re.fullmatch(r"\d+:\d\d:\d\d:\d\d", node.max_time):
            yield f"trainer.max_time: '{node.max_time}' is not of the form DD:HH:MM:SS"
        for split in ("train", "val", "test"):
            limit = node[f"limit_{split}_batches"]
            whole = isinstance(limit, int) and not isinstance(limit, bool) and limit >= 0
            share = isinstance(limit, float) and 0 <= limit <= 1
            if not (whole or share):
                yield (
                    f"trainer.limit_{split}_batches: {limit} is neither a share from 0.0 to 1.0 "
                    "nor a whole number"
                )
        cores = os.cpu_count() or 1
        if node.devices is not None and node.devices > max(MOST_DEVICES, cores):
            yield f"trainer.devices: {node.devices} processes, and this machine has {cores} cores"
        if node.accelerator == "gpu":
            yield from no_gpu("trainer.accelerator", "trainer=default or trainer=cpu")

    @classmethod
    def out_of_reach(cls, node: DictConfig, config: DictConfig, key: str) -> Iterator[str]:
        """Yield more epochs at least than at most."""
        least, most = node.min_epochs, node.max_epochs
        if None not in (least, most) and least > most:
            yield f"trainer.min_epochs: {least} is more than trainer.max_epochs={most}"


def no_gpu(key: str, instead: str) -> Iterator[str]:
    """Yield that no GPU is there, of the key that asks for one, and what to use instead."""
    import torch  # Takes a second, which most runs need not wait for to be told what is wrong.

    if not torch.cuda.is_available():
        yield (f"{key}=gpu: torch {torch.__version__} sees none here; use {instead}")
