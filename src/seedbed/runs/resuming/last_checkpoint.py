"""The checkpoint that a run goes on from, and what to do where there is none that is whole."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from seedbed.config.overrides import typed_word
from seedbed.errors import ConfigError, RunFolderError
from seedbed.runs.folder import RunFolder
from seedbed.runs.loading import load_checkpoint
from seedbed.terminal.words import relative


def require_last_checkpoint(name: str, folder: RunFolder, record: Mapping[str, Any]) -> None:
    """Raise ConfigError where a run has no checkpoint to go on from; `name` is how it was typed."""
    if not folder.checkpoint("last").is_file():
        raise ConfigError(
            f"{name}: {record['status']}, and has no checkpoints/last.ckpt to go on from; "
            "its command, to begin anew, is in its run.json"
        )


def last_checkpoint(folder: RunFolder, path: Path | None = None, name: str = "") -> dict[str, Any]:
    """Return the content of the checkpoint that a run goes on from.

    Args:
        folder: The run.
        path: The checkpoint; None (default): that in the folder.
        name: How the run was typed, for the message; "" (default): nothing stands before it.

    Raises:
        RunFolderError: It is damaged; the message says what to do instead.
    """
    path = path or folder.checkpoint("last")
    try:
        return load_checkpoint(path)
    except RunFolderError as error:
        reason = str(error).replace(str(path), relative(path))
        prefix = f"{name}: " if name else ""
        raise RunFolderError(f"{prefix}{reason}\n{_instead(folder)}") from None


def _instead(folder: RunFolder) -> str:
    """Return what to do with a run whose last checkpoint is damaged."""
    anew = "the command in its run.json begins it anew"
    try:
        load_checkpoint(folder.checkpoint("best"))
    except (RunFolderError, OSError):
        return anew
    weights = typed_word("initial_weights.run", relative(folder.path))
    return f"its best.ckpt is whole: {weights} begins another run from it; {anew}"
