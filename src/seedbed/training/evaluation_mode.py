"""Look at what a network says without leaving a trace in its training."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn


@contextmanager
def evaluation_mode(net: nn.Module) -> Iterator[None]:
    """Put the network into evaluation mode for a while.

    Each module's own mode and the states of all global random numbers are as before afterwards: a
    DataLoader, for one, draws from them.
    """
    modes = {module: module.training for module in net.modules()}
    devices = {one.device for one in net.parameters() if one.device.type == "cuda"}
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
