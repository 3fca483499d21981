"""What a run asks of its data, beside Lightning's own hooks."""

from typing import Any

import pytorch_lightning as pl
from torch import Tensor

from seedbed.models.linear_map import LinearMap


class DataModule(pl.LightningDataModule):
    """Base of all data modules, the user's own included.

    `fingerprint` says which rows these are, or is None where that is not known. `input_scale` is
    the factor on the inputs.
    """

    fingerprint: str | None = None
    input_scale: float = 1.0

    def has_split(self, split: str) -> bool:
        """Tell whether any rows are in `train`, `val` or `test` (after `setup`)."""
        raise NotImplementedError

    def rows(self, split: str) -> int | None:
        """Return the number of rows of a split; None where it is not known."""
        return None

    def true_line(self) -> LinearMap | None:
        """Return the map that the targets were made with, for raw inputs; None: nobody knows."""
        return None

    def evaluation_loader(self, split: str) -> Any:
        """Return batches of all rows of a split, in the same order every time."""
        raise NotImplementedError

    def all_rows(self, split: str) -> Any:
        """Return batches of all rows of a split, on every device alike: for figures."""
        return self.evaluation_loader(split)

    def model_inputs(self, inputs: Tensor) -> Tensor:
        """Return raw inputs, (rows, *input_shape), as the model takes them."""
        raise NotImplementedError
