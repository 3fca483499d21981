"""Embedding of the categories among the columns of a row."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

LARGEST = 600
# Code of a value that no training row has: zeros stand for it, which nothing trains.
UNSEEN = 0


def embedding_size_of(values: int) -> int:
    """Return how many numbers stand for a category of so many values: 1.6 values^0.56, at most 600.

    The rule of fastai's tabular models (Howard and Gugger, "fastai: a layered API for deep
    learning", 2020).
    """
    size: int = round(1.6 * values**0.56)
    return min(LARGEST, max(1, size))


class CategoryEmbedding(nn.Module):
    """First layer of rows whose last columns are codes of categories: an embedding for each.

    Args:
        category_sizes: Number of values of each of the last columns; their codes count from 1,
            and 0 is a value that was never seen: zeros.
        size: Numbers that stand for each category; None (default) lets it follow from its values.
    """

    def __init__(self, category_sizes: Sequence[int], size: int | None = None) -> None:
        super().__init__()
        self.sizes = [size or embedding_size_of(values) for values in category_sizes]
        self.columns = nn.ModuleList(
            nn.Embedding(values, own, padding_idx=UNSEEN)
            for values, own in zip(category_sizes, self.sizes, strict=True)
        )

    def output_size(self, columns: int) -> int:
        """Return how many numbers come out for rows of so many columns."""
        return columns - len(self.columns) + sum(self.sizes)

    def forward(self, input: Tensor) -> Tensor:
        """Return rows (rows, columns) with each code replaced by its numbers, at their ends."""
        numbers = input.shape[1] - len(self.columns)
        codes = input[:, numbers:].long()
        embedded = [column(codes[:, place]) for place, column in enumerate(self.columns)]
        return torch.cat([input[:, :numbers], *embedded], dim=1)


def embedding_of(category_sizes: Sequence[int], size: int | None) -> CategoryEmbedding | None:
    """Return the first layer for rows with such categories; None where they have none."""
    return CategoryEmbedding(category_sizes, size) if category_sizes else None
