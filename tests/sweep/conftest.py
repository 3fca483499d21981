"""Sweeps as Hydra sets them up, for tests of where jobs come from and of their configs."""

from collections.abc import Iterator
from contextlib import chdir

import pytest
from tests.sweep.composition import Sweep, sweep

from seedbed.sweep.configs.composer import Composer


@pytest.fixture(scope="module")
def inside_a_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Work in a folder of the module's own."""
    with chdir(tmp_path_factory.mktemp("sweeps")):
        yield


@pytest.fixture(scope="module")
def plain_sweep(inside_a_folder: None) -> Sweep:
    """A sweep of `seedbed train` without any words."""
    return sweep()


@pytest.fixture(scope="module")
def composer(plain_sweep: Sweep) -> Composer:
    """The composer of the plain sweep's jobs."""
    return plain_sweep.composer()
