"""Evaluation mode of a network."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn


@contextmanager
def evaluation_mode(net: nn.Module) -> Iterator[None]:
    """Context manager that puts a network into evaluation mode and leaves no trace in its training.

    On exit every module gets back its own mode, and Python's, NumPy's and torch's global random
    number generators their states: a DataLoader, for one, draws from them.

    Args:
        net: The network.
    """
    modes = {module: module.training for module in net.modules()}
    devices = {p.device for p in net.parameters() if p.device.type == "cuda"}
    python_state, numpy_state = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng(devices=sorted(devices, key=str)):
            net.eval()
            yield
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)
        for module, training in modes.items():
            module.training = training
