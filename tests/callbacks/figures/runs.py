"""Runs that figures are drawn of, and what they leave behind."""

from pathlib import Path
from typing import Any

import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch.utils.data import Dataset

LINE = ("data=thermometer", "optimizer.lr=1e-5")


POINTS = ("data=clusters", "data.rows=60", "optimizer.lr=0.01")


def add(name: str, **keys: Any) -> list[str]:
    """Return the overrides that add a figure to a run."""
    return [
        f"+callback@callbacks.{name}={name}",
        *(f"callbacks.{name}.{key}={value}" for key, value in keys.items()),
    ]


def files(folder: Path) -> list[str]:
    """Return the names of the figures."""
    return sorted(path.name for path in (folder / "figures").glob("*"))


def pictures(folder: Path, tag: str) -> list[tuple[int, bytes]]:
    """Return the images that TensorBoard shows under a tag: epoch and PNG."""
    accumulator = EventAccumulator(str(folder), size_guidance={"images": 0})
    accumulator.Reload()
    if tag not in accumulator.Tags()["images"]:
        return []
    return [(image.step, image.encoded_image_string) for image in accumulator.Images(tag)]


class Points(Dataset):
    """Rows of the user's own, each with its sum."""

    def __init__(self, features: int = 3) -> None:
        self.inputs = torch.linspace(-1, 1, 12 * features).view(12, features)
        self.targets = self.inputs.sum(1, keepdim=True)

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        return self.inputs[index], self.targets[index]


class Pictures(Dataset):
    """Four grey images of one of two classes."""

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.full((1, 2, 2), index / 4), torch.tensor(index % 2)


def of_the_user(name: str, task: str, shape: list[int], outputs: int) -> list[str]:
    """Return the overrides for a dataset of this module."""
    return [
        "data=torch_dataset",
        f"task={task}",
        f"data.train._target_={__name__}.{name}",
        f"data.task={task}",
        f"data.input_shape={str(shape).replace(' ', '')}",
        f"data.output_size={outputs}",
    ]


IMAGES = (*of_the_user("Pictures", "multiclass", [1, 2, 2], 2), "model=mlp", "model.hidden=[2]")


FUNCTION = ("data=none", "model=bowl", "optimizer.lr=0.1")


HELD_OUT = ("data.val_size=3", "data.test_size=3")
