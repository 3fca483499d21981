"""Isotropic Gaussian blobs around random centres, one for each class."""

import torch

from seedbed.config.schema.data import Blobs as Options
from seedbed.data.in_memory import InMemoryData, Source
from seedbed.data.random import normal, uniform
from seedbed.data.table import Table

# Centres of blobs in the plane are uniform on a square from minus to plus this.
REACH = 5.0
_CENTRE, _CLASS, _POINT = range(3)


class Blobs(InMemoryData):
    """Dataset of `features` coordinates and one of `classes` equally likely classes.

    A row is normal around the centre of its class with the standard deviation `spread`.
    """

    options: Options

    def load(self) -> Source:
        """Draw the rows, which depend on `data_seed` and the sizes alone."""
        options = self.options
        seed, rows, features, classes = (
            options.data_seed,
            options.rows,
            options.features,
            options.classes,
        )
        places = uniform(seed, _CENTRE, 0, classes * features).view(classes, features)
        # The square root keeps centres, on average, as far apart as they are in the plane.
        centres = REACH * (2.0 / features) ** 0.5 * (2.0 * places - 1.0)
        targets = (uniform(seed, _CLASS, 0, rows) * classes).long()
        noise = normal(seed, _POINT, 0, rows * features).view(rows, features)
        inputs: torch.Tensor = centres[targets] + options.spread * noise
        return Source(Table(inputs, targets))
