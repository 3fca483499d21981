"""What a run was trained with: the command, the versions of libraries, the device."""

import platform
import shlex
from importlib.metadata import version
from pathlib import Path

import hydra
import numpy
import omegaconf
import torch

from seedbed.runs.provenance.secrets import plain_word
from seedbed.version import __version__


def command_line(command: list[str]) -> str:
    """Return the command as typed in a shell, without the secrets in it."""
    words = map(plain_word, command[1:])
    return shlex.join([Path(command[0]).name.replace("__main__.py", "seedbed"), *words])


def versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that results depend on."""
    return {
        "seedbed": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "pytorch_lightning": version("pytorch-lightning"),
        "hydra": hydra.__version__,
        "omegaconf": omegaconf.__version__,
        "numpy": numpy.__version__,
    }


def device_name(device: torch.device, threads: int | None = None) -> str:
    """Return the name of the GPU, or the number of CPU threads, by default those of now."""
    if device.type == "cuda":
        return f"{torch.cuda.get_device_name(device)} (cuda)"
    if device.type == "cpu":
        threads = threads or torch.get_num_threads()
        return f"cpu, {threads} thread" + "s" * (threads > 1)
    return device.type
