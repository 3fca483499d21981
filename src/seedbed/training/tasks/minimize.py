"""Minimization of a function."""

from collections.abc import Callable

from torch import Tensor

from seedbed.errors import ConfigError
from seedbed.training.tasks.task import Task


class Minimize(Task):
    """Minimization of a function: a network without inputs. Output: (1, 1), its value."""

    def output(self, net: Callable[..., Tensor], inputs: Tensor) -> Tensor:
        """Return the value of the function; raise ConfigError where it is not one number."""
        value = net()
        if not isinstance(value, Tensor):
            raise ConfigError(f"model: forward() gave a {type(value).__name__}, not a tensor")
        if value.numel() != 1:
            shape = tuple(value.shape)
            raise ConfigError(f"model: forward() gave shape {shape}, and one number is minimized")
        return value.reshape(1, 1)

    def loss(self, output: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """Return the value, a scalar; there are no rows that could have weights."""
        return output.mean()

    def prediction(self, output: Tensor) -> Tensor:
        """Return the value, (1, 1)."""
        return output
