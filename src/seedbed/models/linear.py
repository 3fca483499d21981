"""Linear model: a single linear layer."""

from collections.abc import Sequence
from math import prod

from torch import Tensor, nn

from seedbed.models.category_embedding import embedding_of


class Linear(nn.Linear):
    """Linear layer on the flattened input, with the parameters `weight` and `bias` of nn.Linear.

    Args:
        input_shape: Shape of one input.
        output_size: Number of outputs: classes, or targets.
        bias: Whether the layer has a bias.
        category_sizes: Number of values of each of the last inputs that are codes of categories;
            they are embedded first, by `category_embedding`.
        embedding_size: Numbers that stand for a category; None (default) follows from its values.
    """

    def __init__(
        self,
        input_shape: Sequence[int],
        output_size: int,
        bias: bool = True,
        category_sizes: Sequence[int] = (),
        embedding_size: int | None = None,
    ) -> None:
        embedding, columns = embedding_of(category_sizes, embedding_size), prod(input_shape)
        features = embedding.output_size(columns) if embedding else columns
        super().__init__(features, output_size, bias)
        self.category_embedding = embedding

    def forward(self, input: Tensor) -> Tensor:
        """Return logits or values, (rows, output_size), of inputs (rows, *input_shape)."""
        rows = input.flatten(1) if input.dim() > 2 else input
        return super().forward(self.category_embedding(rows) if self.category_embedding else rows)
