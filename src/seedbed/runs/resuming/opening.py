"""The run to go on with: found, held against other processes, and fit to go on."""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from seedbed.config.overrides import typed_word
from seedbed.errors import ConfigError
from seedbed.runs.folder import CHECKPOINTS, RunFolder, latest_run, open_run
from seedbed.runs.record import read_record
from seedbed.runs.resuming.last_checkpoint import require_last_checkpoint
from seedbed.terminal.words import relative

SWEEP_PLAN = "sweep.json"


def open_to_resume(word: str, outputs: str, *, changes: bool = True) -> RunFolder:
    """Return the folder of the run that `resume=` names.

    Args:
        word: the folder; `latest` is the newest below `outputs` that can go on.
        outputs: the folder of all outputs.
        changes: whether anything is another from now on, so that a completed run may train on.

    Raises:
        ConfigError: it is no folder of a run.
    """
    if not word.strip():
        raise ConfigError("resume=: names no run; give its folder, or latest")
    if Path(word).is_file():
        folder = Path(word).absolute().parent
        run = folder.parent if folder.name == CHECKPOINTS else folder
        raise ConfigError(
            f"resume={word}: a file; a run goes on in its folder: "
            f"{typed_word('resume', relative(run))}"
        )
    if (Path(word) / SWEEP_PLAN).is_file():
        raise ConfigError(
            f"resume={word}: the folder of a sweep; go on with it by "
            f"seedbed train -m {typed_word('sweep.resume', word)}"
        )

    def usable(folder: RunFolder, record: Mapping[str, Any]) -> bool:
        ended = record["status"] in ("interrupted", "failed", *["completed"] * changes)
        return ended and folder.checkpoint("last").is_file()

    if word == "latest":
        word = str(latest_run(Path(outputs), say=True, key="resume", usable=usable))
    opened = open_run(word, outputs, key="resume")
    return _unpacked(opened.path) if opened.is_packed else opened


def _unpacked(path: Path) -> RunFolder:
    """Return the folder of a packed job, which is written first: it goes on there."""
    from seedbed.runs.packed.opening import unpack_at

    unpack_at(path)
    return open_run(str(path), "", key="resume")


@contextmanager
def held(folder: RunFolder) -> Iterator[None]:
    """Keep other processes from going on with a run; raises ConfigError where one does.

    The system lets go of the folder of a process that is killed.
    """
    descriptor = os.open(folder.path, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigError(
                f"resume={relative(folder.path)}: another command goes on with this run"
            ) from None
        except OSError:  # Not every file system locks folders; the record says who runs.
            pass
        yield
    finally:
        os.close(descriptor)


def require_ended(folder: RunFolder) -> dict[str, Any]:
    """Return the record of a run that has ended, or whose process has gone.

    Raises:
        ConfigError: it is running, or has nothing to go on from.
    """
    name, record = f"resume={relative(folder.path)}", read_record(folder.record)
    if record["status"] == "running":
        raise ConfigError(f"{name}: this run is still running{_where(record.get('process'))}")
    require_last_checkpoint(name, folder, record)
    return record


def _where(process: object) -> str:
    if not isinstance(process, Mapping):
        return ""
    return f" (process {process.get('pid')} on {process.get('host')})"
