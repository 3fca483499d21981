"""State of the code by git: commit, branch and whether files differ."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any


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
