"""Provenance of a run: command, versions, git commit and device."""

import os
import platform
import shlex
import subprocess
from collections.abc import Mapping
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
    """Return the git commit, the branch and whether files differ; None outside a checkout.

    Nothing that the checkout itself configures is run: it may be a stranger's.
    """
    scopes = _git(
        folder, "config", "-z", "--show-scope", "--name-only", "--get-regexp", "^filter\\."
    )
    words = (scopes or "").split("\0")
    settings = dict(_HARMLESS)
    for scope, key in zip(words[::2], words[1::2], strict=False):
        if scope in ("local", "worktree"):
            settings[key] = "false" if key.endswith(".required") else ""
    status = ("status", "--porcelain=v2", "--branch", "--untracked-files=no")
    text = _git(folder, *status, "--ignore-submodules=all", settings=settings)
    if text is None:
        return None
    lines = text.splitlines()
    headers = dict(line[2:].split(" ", 1) for line in lines if line.startswith("# ") and line[2:])
    commit = headers.get("branch.oid")
    return {
        "commit": None if commit == "(initial)" else commit,
        "branch": headers.get("branch.head"),
        "dirty": any(not line.startswith("#") for line in lines),
    }


# Settings of a checkout by which git would run programs, or fetch what it lacks, and what they are
# set to instead. Filters have names of their own.
_HARMLESS = {
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "core.pager": "cat",
    "diff.external": "",
    "protocol.allow": "never",
    "credential.helper": "",
    "submodule.recurse": "false",
}


def _git(folder: Path, *words: str, settings: Mapping[str, str] = _HARMLESS) -> str | None:
    """Return what git prints; None where it fails or takes more than a few seconds."""
    environment = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
    environment |= {"GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C"}
    environment["GIT_CONFIG_COUNT"] = str(len(settings))
    for number, (key, value) in enumerate(settings.items()):
        environment[f"GIT_CONFIG_KEY_{number}"] = key
        environment[f"GIT_CONFIG_VALUE_{number}"] = value
    try:
        done = subprocess.run(
            ["git", "--no-optional-locks", *words],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=5,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout


def device_name(device: torch.device, threads: int | None = None) -> str:
    """Return the name of the GPU, or the number of CPU threads, by default those of now."""
    if device.type == "cuda":
        return f"{torch.cuda.get_device_name(device)} (cuda)"
    if device.type == "cpu":
        threads = threads or torch.get_num_threads()
        return f"cpu, {threads} thread" + "s" * (threads > 1)
    return device.type
