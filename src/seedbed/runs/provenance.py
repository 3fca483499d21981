"""Provenance of a run: command, versions, git commit and device."""

import platform
import shlex
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

import hydra
import numpy
import omegaconf
import torch

import seedbed


def command_line(command: list[str]) -> str:
    """Return the command as typed in a shell."""
    return shlex.join([Path(command[0]).name.replace("__main__.py", "seedbed"), *command[1:]])


def versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that results depend on."""
    return {
        "seedbed": seedbed.__version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "pytorch_lightning": version("pytorch-lightning"),
        "hydra": hydra.__version__,
        "omegaconf": omegaconf.__version__,
        "numpy": numpy.__version__,
    }


def git_state(folder: Path) -> dict[str, Any] | None:
    """Return the git commit, the branch and whether files differ; None outside a checkout."""
    try:
        done = subprocess.run(
            [
                *("git", "--no-optional-locks", "status"),
                *("--porcelain=v2", "--branch", "--untracked-files=no"),
            ],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=5,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    lines = done.stdout.splitlines()
    headers = dict(line[2:].split(" ", 1) for line in lines if line.startswith("# "))
    return {
        "commit": None if headers["branch.oid"] == "(initial)" else headers["branch.oid"],
        "branch": headers["branch.head"],
        "dirty": any(not line.startswith("#") for line in lines),
    }


def device_name(device: torch.device, threads: int | None = None) -> str:
    """Return the name of the GPU, or the number of CPU threads, by default those of now."""
    if device.type == "cuda":
        return f"{torch.cuda.get_device_name(device)} (cuda)"
    if device.type == "cpu":
        threads = threads or torch.get_num_threads()
        return f"cpu, {threads} thread" + "s" * (threads > 1)
    return device.type
