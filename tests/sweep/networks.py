"""Networks as users write them, by whose kinds of state the fused training could go wrong."""

import torch
from torch import Tensor, nn


class Normed(nn.Sequential):
    """Batch statistics change with every step, besides the parameters."""

    def __init__(self, input_shape: list[int], output_size: int, bias: bool) -> None:
        width = 4
        super().__init__(
            nn.Linear(input_shape[0], width),
            nn.BatchNorm1d(width),
            nn.Tanh(),
            nn.Linear(width, output_size, bias),
        )


class Tied(nn.Module):
    """Two layers share a weight, which the state_dict holds under both names."""

    def __init__(self, input_shape: list[int], output_size: int, bias: bool) -> None:
        super().__init__()
        inputs = input_shape[0]
        self.first, self.second = nn.Linear(inputs, inputs), nn.Linear(inputs, inputs)
        self.last = nn.Linear(inputs, output_size, bias)
        self.second.weight = self.first.weight

    def forward(self, inputs: Tensor) -> Tensor:
        return self.last(self.second(torch.tanh(self.first(inputs))))


class RandomFeatures(nn.Module):
    """A buffer that is drawn for each seed and that the state_dict does not hold."""

    def __init__(self, input_shape: list[int], output_size: int, bias: bool) -> None:
        super().__init__()
        self.register_buffer("features", torch.randn(input_shape[0], 8), persistent=False)
        self.last = nn.Linear(8, output_size, bias)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.last(torch.tanh(inputs @ self.features))


class HiddenFeatures(RandomFeatures):
    """The same as a plain attribute, which nobody knows of."""

    def __init__(self, input_shape: list[int], output_size: int, bias: bool) -> None:
        super().__init__(input_shape, output_size, bias)
        features = self.features
        del self.features
        self.features = features


class RandomSlope(nn.Linear):
    """A number that is drawn for each seed."""

    def __init__(self, input_shape: list[int], output_size: int, bias: bool) -> None:
        super().__init__(input_shape[0], output_size, bias)
        self.slopes = (torch.rand(()).item(), 1.0)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.slopes[0] * super().forward(inputs)


class Counting(nn.Linear):
    """Keeps more in its state_dict than tensors."""

    def __init__(self, input_shape: list[int], output_size: int, bias: bool) -> None:
        super().__init__(input_shape[0], output_size, bias)

    def get_extra_state(self) -> dict[str, int]:
        return {"calls": 0}

    def set_extra_state(self, state: dict[str, int]) -> None:
        pass


class BlindWhenEvaluated(nn.Linear):
    """Trains, and gives no number where it is evaluated."""

    def __init__(self, input_shape: list[int], output_size: int, bias: bool) -> None:
        super().__init__(input_shape[0], output_size, bias)

    def forward(self, inputs: Tensor) -> Tensor:
        output = super().forward(inputs)
        return output if self.training else output * torch.nan


class Noisy(nn.Linear):
    """Draws random numbers without a module that is known to."""

    def __init__(self, input_shape: list[int], output_size: int, bias: bool) -> None:
        super().__init__(input_shape[0], output_size, bias)

    def forward(self, inputs: Tensor) -> Tensor:
        output = super().forward(inputs)
        return output + torch.rand_like(output)


class StepCounting(nn.Linear):
    """Counts its steps in a number of Python's."""

    def __init__(self, input_shape: list[int], output_size: int, bias: bool) -> None:
        super().__init__(input_shape[0], output_size, bias)
        self.steps = 0

    def forward(self, inputs: Tensor) -> Tensor:
        self.steps += 1
        return super().forward(inputs) + 0.01 * self.steps


class Remembering(StepCounting):
    """Keeps what it has seen in a list."""

    def __init__(self, input_shape: list[int], output_size: int, bias: bool) -> None:
        super().__init__(input_shape, output_size, bias)
        self.seen: list[int] = []

    def forward(self, inputs: Tensor) -> Tensor:
        self.seen.append(len(inputs))
        return nn.Linear.forward(self, inputs)


class WithoutNumber(nn.Linear):
    """Holds a number that is none."""

    def __init__(self, input_shape: list[int], output_size: int, bias: bool) -> None:
        super().__init__(input_shape[0], output_size, bias)
        self.limit = float("nan")


class Picky(nn.Linear):
    """One that cannot be made of some values."""

    def __init__(self, input_shape: list[int], output_size: int, bias: bool, width: int) -> None:
        if width == 7:
            raise ValueError("no such width")
        super().__init__(input_shape[0], output_size, bias)
