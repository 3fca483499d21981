"""Base class of datasets of images that are kept as bytes and augmented in training."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from seedbed.config.schema.data import Images as Options
from seedbed.config.schema.data.augmentation import changes
from seedbed.data.augmentation import Augmentation
from seedbed.data.data_module import Placement
from seedbed.data.images.form import Form
from seedbed.data.images.loader import ImageLoader, Taking
from seedbed.data.in_memory import InMemoryData
from seedbed.data.labelled import LabelledRows
from seedbed.data.labelled.arrays import labelled_arrays
from seedbed.data.loader import Batch
from seedbed.data.table import Table

LARGEST_PIXEL = 255


class Images(InMemoryData):
    """Dataset of images, (channels, height, width), whose bytes become 0 to 1 in the batches.

    Training batches hold the images as `data.augment` changes them, all others as they are.
    """

    options: Options
    # Or what `augmentation` makes of these.
    batches_of_tables = True

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._kept: dict[str, Table] = {}

    def floats(self, inputs: Tensor) -> Tensor:
        """Return images from 0 to 1: bytes are divided by 255, floats are taken as they are."""
        given = super().floats(inputs)
        return given / LARGEST_PIXEL if inputs.dtype == torch.uint8 else given

    @property
    def form(self) -> Form:
        """Form of the images that the model takes; others are not changed to it."""
        channels, height, width = self.options.input_shape
        return Form(channels, height, width, None)

    def place(self, placement: Placement, *more: Any, **options: Any) -> None:
        """Set the device, type and process of the batches; drop those placed elsewhere."""
        if placement != self.placement:
            self._kept.clear()
        super().place(placement, *more, **options)

    def kept(self, split: str) -> Table:
        """Return a split with its images as they were loaded, on the device of the run."""
        if split not in self._kept:
            if split not in self._splits:
                return self.table(split)  # Says that there is none.
            raw = self._splits[split]
            without = Table(raw.inputs[:0], *raw.tensors[1:])
            self._kept[split] = Table(
                raw.inputs.to(self.device), *self._placed(without).tensors[1:]
            )
        return self._kept[split]

    def labelled_rows(self, source: str, targets: str | None = None) -> LabelledRows:
        """Return new images with known targets: of folders, of arrays or of a table of pixels."""
        # They take Pillow and polars, which not all need.
        if Path(source).is_dir():
            from seedbed.data.labelled.images import labelled_images

            return labelled_images(source, self.form, self.options)
        from seedbed.data.images.inputs import as_images

        form = self.form
        return labelled_arrays(
            source, targets, self.options, lambda values, called: as_images(values, form, called)
        )

    def use_labelled(self, rows: LabelledRows, *, own_batches: bool = False) -> None:
        """Hold these images alone, as they were loaded."""
        super().use_labelled(rows, own_batches=own_batches)
        self._kept.clear()

    def images_at(self, split: str) -> Callable[[Tensor], Tensor]:
        """Return the function that takes images of a split, as loaded, by their places in it."""
        return partial(self.kept(split).inputs.index_select, 0)

    def _unchanged(self, split: str) -> Taking:
        """Return the function that makes batches of a split as it is."""
        images_at, rest = self.images_at(split), self.kept(split).tensors[1:]

        def taking(epoch: int, places: Tensor) -> Batch:
            images = self.model_inputs(images_at(places))
            return images, *(values.index_select(0, places) for values in rest)

        return taking

    def augmentation(self) -> Augmentation | None:
        """Return what makes the training batches; None where nothing is changed."""
        if not changes(self.options.augment):
            return None
        return Augmentation(
            self.options.augment,
            self.images_at("train"),
            self.kept("train").tensors[1:],
            self.numbers("train").to(self.device),
            self.options.seed,
            self.floats,
            self.model_inputs,
            self.options.output_size,
        )

    def train_dataloader(self) -> ImageLoader:
        """Return batches of the training rows, in the order of the epoch, augmented."""
        options, table = self.options, self.kept("train")
        return ImageLoader(
            table.inputs,
            table.targets,
            options.batch_size,
            self.augmentation() or self._unchanged("train"),
            shuffle=options.shuffle,
            drop_last=options.drop_last,
            seed=options.seed,
            **self._run(),
        )

    def _in_order(self, split: str, rank: int, world_size: int) -> ImageLoader:
        table, size = self.kept(split), self.options.batch_size
        taking = self._unchanged(split)
        return ImageLoader(
            table.inputs, table.targets, size, taking, rank=rank, world_size=world_size
        )
