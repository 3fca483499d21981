"""Linear data with Gaussian noise, y = W x + b + noise."""

from seedbed.config.schema.data import LinearNoise as Options
from seedbed.data.in_memory import InMemoryData, Source
from seedbed.data.random import normal, uniform
from seedbed.data.table import Table
from seedbed.models.linear_map import LinearMap

_WEIGHT, _BIAS, _INPUT, _NOISE = range(4)


class LinearNoise(InMemoryData):
    """Dataset of x uniform on [0, 1) and y = W x + b + noise, with W and b uniform on [-1, 1)."""

    options: Options

    def true_line(self) -> LinearMap:
        """Return W and b, which depend on `data_seed` and the sizes alone."""
        options = self.options
        seed, features, targets = options.data_seed, options.features, options.targets
        weight = 2.0 * uniform(seed, _WEIGHT, 0, targets * features) - 1.0
        bias = 2.0 * uniform(seed, _BIAS, 0, targets) - 1.0
        return LinearMap(weight.view(targets, features), bias)

    def load(self) -> Source:
        """Draw the rows."""
        options, line = self.options, self.true_line()
        rows, seed = options.rows, options.data_seed
        inputs = uniform(seed, _INPUT, 0, rows * options.features).view(rows, options.features)
        noise = normal(seed, _NOISE, 0, rows * options.targets).view(rows, options.targets)
        return Source(Table(inputs, inputs @ line.weight.T + line.bias + options.noise * noise))
