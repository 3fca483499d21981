"""State of the code by git: commit, branch, and what differs from the commit."""

import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import Timer
from typing import Any, NamedTuple

from seedbed.runs.provenance.secrets import LEFT_OUT, is_secret_file, without_secret_lines

MOST_BYTES = 1_000_000
"""The largest patch that is kept."""

MOST_NAMES = 1_000
"""The most files unknown to git that are named."""

SECONDS = 5


class CodeState(NamedTuple):
    """State of a checkout.

    Attributes:
        fields: commit, branch and whether files differ; None outside a checkout.
        patch: what differs from the commit; None where nothing does, or where it is not kept.
        left_out: why there is no patch, or what is not in it; "" where all is.
        untracked: names of the files and folders that git does not know.
    """

    fields: dict[str, Any] | None
    patch: str | None = None
    left_out: str = ""
    untracked: tuple[str, ...] = ()


def git_state(folder: Path) -> dict[str, Any] | None:
    """Return the git commit, the branch and whether files differ; None outside a checkout.

    Nothing that the checkout itself configures is run: it may be a stranger's.
    """
    status = _status(folder, _settings(folder), "no")
    return None if status is None else status[0]


def code_state(folder: Path) -> CodeState:
    """Return the state of the checkout around a folder, with the patch of what differs.

    Secrets are left out of it: files that hold them by name, and lines that look like them. As in
    `git_state`, nothing is run that the checkout configures.
    """
    settings = _settings(folder)
    status = _status(folder, settings, "normal")
    if status is None:
        return CodeState(None)
    fields, untracked = status
    if not fields["dirty"]:
        return CodeState(fields, untracked=untracked)
    words = [
        *("diff", "--no-ext-diff", "--no-textconv", "--no-color", "--ignore-submodules=all"),
        *("--src-prefix=a/", "--dst-prefix=b/", "--no-relative"),
    ]
    # Without a commit all that is staged differs.
    against = "HEAD" if fields["commit"] else "--cached"
    text = _git(folder, *words, against, settings=settings, most_bytes=MOST_BYTES)
    if text is None:
        return CodeState(fields, None, "git diff failed or took too long", untracked)
    if len(text.encode()) > MOST_BYTES:
        return CodeState(fields, None, f"more than {MOST_BYTES:,} bytes", untracked)
    return CodeState(fields, *_without_secrets(text), untracked)


def _status(
    folder: Path, settings: Mapping[str, str], untracked: str
) -> tuple[dict[str, Any], tuple[str, ...]] | None:
    words = ("status", "-z", "--porcelain=v2", "--branch", f"--untracked-files={untracked}")
    text = _git(folder, *words, "--ignore-submodules=all", settings=settings)
    if text is None:
        return None
    lines = [line for line in text.split("\0") if line]
    headers = dict(line[2:].split(" ", 1) for line in lines if line.startswith("# ") and line[2:])
    commit = headers.get("branch.oid")
    fields = {
        "commit": None if commit == "(initial)" else commit,
        "branch": headers.get("branch.head"),
        "dirty": any(not line.startswith(("#", "?")) for line in lines),
    }
    names = [line[2:] for line in lines if line.startswith("? ")]
    more = [f"... and {len(names) - MOST_NAMES:,} more"] if len(names) > MOST_NAMES else []
    return fields, (*names[:MOST_NAMES], *more)


def _without_secrets(text: str) -> tuple[str, str]:
    """Return a patch without secrets, and what was left out, in words."""
    kept: list[str] = []
    files, lines = [], 0
    for part in _by_file(text):
        head = part[0].removeprefix("diff --git ")
        if any(is_secret_file(name.strip('"\n')) for name in head.split(" ")):
            files.append(head.rpartition(" b/")[2].strip())
            continue
        shown, count = without_secret_lines(part, LEFT_OUT)
        kept += shown
        lines += count
    said = [f"{lines} line" + "s" * (lines != 1)] if lines else []
    left_out = f"may hold secrets: {', '.join([*files, *said])}" if files or said else ""
    return "".join(f"{line}\n" for line in kept), left_out


def _by_file(text: str) -> list[list[str]]:
    parts: list[list[str]] = []
    for line in text.removesuffix("\n").split("\n"):
        if line.startswith("diff --git ") or not parts:
            parts.append([])
        parts[-1].append(line)
    return parts if text else []


# Settings of a checkout by which git would run programs, or fetch what it lacks, and what they are
# set to instead. Filters have names of their own. Of large files it is said that they differ.
_HARMLESS = {
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "core.pager": "cat",
    "core.bigFileThreshold": "1m",
    "diff.external": "",
    "protocol.allow": "never",
    "credential.helper": "",
    "submodule.recurse": "false",
}


def _settings(folder: Path) -> dict[str, str]:
    """Return the settings with which git runs no program of a checkout."""
    scopes = _git(
        folder, "config", "-z", "--show-scope", "--name-only", "--get-regexp", "^filter\\."
    )
    words = (scopes or "").split("\0")
    settings = dict(_HARMLESS)
    for scope, key in zip(words[::2], words[1::2], strict=False):
        if scope in ("local", "worktree"):
            settings[key] = "false" if key.endswith(".required") else ""
    return settings


def _git(
    folder: Path,
    *words: str,
    settings: Mapping[str, str] = _HARMLESS,
    most_bytes: int | None = None,
) -> str | None:
    """Return what git prints; None where it fails or takes more than a few seconds.

    Of more than `most_bytes` as many and one more are returned.
    """
    environment = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
    environment |= {"GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C"}
    environment["GIT_CONFIG_COUNT"] = str(len(settings))
    for number, (key, value) in enumerate(settings.items()):
        environment[f"GIT_CONFIG_KEY_{number}"] = key
        environment[f"GIT_CONFIG_VALUE_{number}"] = value
    try:
        process = subprocess.Popen(
            ["git", "--no-optional-locks", *words],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return None
    timer = Timer(SECONDS, _kill, [process])
    timer.start()
    try:
        with process:
            assert process.stdout is not None
            content = process.stdout.read(-1 if most_bytes is None else most_bytes + 1)
            cut_off = most_bytes is not None and len(content) > most_bytes
            if cut_off:
                _kill(process)
        return content.decode(errors="replace") if process.returncode == 0 or cut_off else None
    finally:
        timer.cancel()


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """Kill a process and those that it has started, which may hold on to what is read."""
    with suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)
