"""Runs that are killed in this process and resumed, and what they leave behind to the last bit."""

import gc
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from tests.composing import composed
from torch.utils.data import DataLoader

from seedbed.config.spec import run_spec
from seedbed.experiment.run import fit
from seedbed.experiment.training.experiment import Experiment, build_experiment
from seedbed.experiment.training.loading import load
from seedbed.process.torch_settings import using_threads
from seedbed.runs.folder import RunFolder


class Killed(BaseException):
    """What ends a run as a kill would: nothing may be saved after it."""


def begun(folder: Path, words: tuple[str, ...], resume: bool = False) -> Experiment:
    """Return an experiment whose checkpoint is due after every step.

    It goes on from `last.ckpt` where it is to and that is there.
    """
    overrides = ("callbacks=quiet", *words, "callbacks.checkpoint.every_seconds=0")
    if "data.folder=IMAGES" in words:
        images = image_folder(folder.parent / "images")
        overrides = tuple(word.replace("IMAGES", str(images)) for word in overrides)
    run_folder = RunFolder(folder)
    last = run_folder.checkpoint("last")
    spec = run_spec(composed(*overrides))
    experiment = build_experiment(
        spec, run_folder, resume_from=last if resume and last.is_file() else None
    )
    checkpoint = experiment.checkpoint
    assert checkpoint is not None
    checkpoint.on_exception = lambda *args: None  # type: ignore[method-assign]
    return experiment


def image_folder(folder: Path) -> Path:
    """Return a folder of small images of two classes, which is made where it is not there."""
    for number in range(0 if folder.is_dir() else 16):
        path = folder / f"class {number % 2}" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 256, (16, 16), dtype=np.uint8)
        Image.fromarray(pixels).save(path)
    return folder


def trained(experiment: Experiment) -> Experiment:
    """Train an experiment to its end."""
    load(experiment)
    with using_threads(experiment.spec.trainer.threads or 1):
        fit(experiment)
    return experiment


def kill_in_step(experiment: Experiment, number: int) -> None:
    """Let the run be killed within a step, the `number`-th from here, counted from 1."""
    module, step = experiment.lightning_module, experiment.lightning_module.training_step
    batches: set[int] = set()  # L-BFGS evaluates each of them several times.

    def counted(*args: Any, **keys: Any) -> Any:
        loss = step(*args, **keys)
        batches.add(experiment.trainer.fit_loop.epoch_loop.total_batch_idx)
        if len(batches) == number:
            raise Killed
        return loss

    module.training_step = counted  # type: ignore[method-assign]


def killed_again_and_again(
    folder: Path, words: tuple[str, ...], steps: int, most: int = 200
) -> tuple[Experiment, int]:
    """Kill a run within every `steps`-th step from where it goes on, until it comes to its end.

    Returns the run that has come to it, and how often it was killed before.
    """
    for kills in range(most):
        experiment = begun(folder, words, resume=True)
        kill_in_step(experiment, steps)
        try:
            return trained(experiment), kills
        except Killed:
            end_workers()
    raise AssertionError(f"after {most} kills it has not come to its end")


def end_workers() -> None:
    """End the processes that read batches for runs which were killed or have ended.

    Else the garbage collector does, in the middle of anything.
    """
    for loader in [each for each in gc.get_objects() if issubclass(type(each), DataLoader)]:
        if loader._iterator is not None:
            loader._iterator._shutdown_workers()
            loader._iterator = None


def left(experiment: Experiment) -> dict[str, Any]:
    """Return what a run has come to: weights, metrics, curves and checkpoints."""
    folder, module, trainer = experiment.folder, experiment.module, experiment.trainer
    checkpoint = experiment.checkpoint
    assert checkpoint is not None
    kept = {
        name: torch.load(folder.checkpoint(name), weights_only=True)
        for name in ("best", "last")
        if folder.checkpoint(name).is_file()
    }
    return {
        "weights": dict(module.net.state_dict()),
        "metrics": module.epoch_metrics,
        "metrics_epoch": module.metrics_epoch,
        "place": (trainer.current_epoch, trainer.global_step),
        "best": None if checkpoint.best is None else vars(checkpoint.best),
        "last": None if checkpoint.last is None else vars(checkpoint.last),
        "files": kept,
    }


def differences(one: Any, other: Any, where: str = "") -> Iterator[str]:
    """Yield where two contents differ, in type, length or any bit."""
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        one, other = torch.from_numpy(one), torch.from_numpy(other)
    if isinstance(one, dict) and isinstance(other, dict):
        for key in {**one, **other}:
            if key not in one or key not in other:
                yield f"{where}.{key} is in {'the first' if key in one else 'the other'} alone"
            else:
                yield from differences(one[key], other[key], f"{where}.{key}")
    elif isinstance(one, list | tuple) and isinstance(other, list | tuple):
        if len(one) != len(other):
            yield f"{where} has {len(one)} and {len(other)} parts"
        for place, (mine, yours) in enumerate(zip(one, other, strict=False)):
            yield from differences(mine, yours, f"{where}[{place}]")
    elif isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        same = one.shape == other.shape and one.dtype == other.dtype
        if not (same and torch.equal(one.nan_to_num(7.0), other.nan_to_num(7.0))):
            yield f"{where}: {one.flatten()[:3]!s} and {other.flatten()[:3]!s}"
    elif isinstance(one, float) and isinstance(other, float):
        if one != other and not (math.isnan(one) and math.isnan(other)):
            yield f"{where}: {one!r} and {other!r}"
    elif type(one) is not type(other) or one != other:
        yield f"{where}: {one!r} and {other!r}"
