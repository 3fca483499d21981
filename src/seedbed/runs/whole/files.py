"""Files of a run that is known as a whole, and its folder: it appears whole or not at all."""

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import torch

from seedbed.errors import RunFolderError
from seedbed.files import TEMPORARY, temporary_path
from seedbed.runs.checkpoints import weights_checkpoint
from seedbed.runs.folder import HYDRA, RECORD, RunFolder
from seedbed.runs.outcome import EpochState
from seedbed.runs.preparation import with_preparation
from seedbed.runs.record import json_text


class Preparation(NamedTuple):
    """What the data module of a run has fitted, and the text of its file."""

    plain: Mapping[str, Any]
    text: bytes


@dataclass(frozen=True)
class RunFiles:
    """What a run folder holds.

    `hydra` are the texts of `.hydra` by file name, `record` the fields of run.json. `best` and
    `last` are what the checkpoints hold, None where there is none; no events have no name.
    `preparation` is what was fitted to the training rows, None where nothing was. `texts` are other
    files by name. `lightning` is the version of Lightning that checkpoints name, by default this
    one.
    """

    hydra: Mapping[str, str]
    record: dict[str, Any]
    events: bytes
    events_name: str
    best: EpochState | None = None
    last: EpochState | None = None
    preparation: Preparation | None = None
    texts: Mapping[str, str] = field(default_factory=dict)
    lightning: str | None = None

    def checkpoint(self, state: EpochState) -> bytes:
        """Return the bytes of the checkpoint of a state."""
        plain = None if self.preparation is None else self.preparation.plain
        content = with_preparation(weights_checkpoint(state), plain)
        if self.lightning is not None:
            content["pytorch-lightning_version"] = self.lightning
        # In memory: torch writes a file in many small pieces.
        file = BytesIO()
        torch.save(content, file)
        return file.getvalue()


def write_run(path: Path, files: RunFiles, replaces: Sequence[Path] = ()) -> None:
    """Write a run folder under a hidden name and rename it: it appears whole or not at all.

    Where somebody has put files into the folder before, they stay, and the record comes last. It
    takes 1 to 2 ms, nearly all of it Python's: with several threads it takes longer.

    `replaces` are files of the same run, of an earlier time that it trained. Until the new ones are
    all there, `.hydra` says that the folder is of that time.

    Raises RunFolderError where something else bears the name of what is written; it is left as it
    is.
    """
    temporary = temporary_path(path)
    try:
        _write_files(RunFolder(temporary), files)
        _rename(temporary, path, replaces)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _write_files(folder: RunFolder, files: RunFiles) -> None:
    folder.path.mkdir(parents=True)
    folder.config.parent.mkdir()
    for name, text in files.hydra.items():
        (folder.config.parent / name).write_bytes(text.encode())
    folder.record.write_bytes(json_text(files.record).encode())
    if files.preparation is not None:
        folder.preparation.write_bytes(files.preparation.text)
    for name, text in files.texts.items():
        (folder.path / name).write_bytes(text.encode())
    if files.events_name:
        (folder.path / files.events_name).write_bytes(files.events)
    write_checkpoints(folder, files)


def write_checkpoints(folder: RunFolder, files: RunFiles) -> None:
    """Write the checkpoints of a run into its folder."""
    kept = {name: state for name, state in (("best", files.best), ("last", files.last)) if state}
    if kept:
        folder.checkpoint("last").parent.mkdir()
    written: dict[int, bytes] = {}
    for name, state in kept.items():
        # The best epoch is often the last one: then both files are the same.
        if state.step not in written:
            written[state.step] = files.checkpoint(state)
        folder.checkpoint(name).write_bytes(written[state.step])


def _rename(temporary: Path, path: Path, replaces: Sequence[Path]) -> None:
    try:
        temporary.rename(path)
    except OSError as error:
        if not os.path.lexists(path):
            raise
        files = [file.relative_to(temporary) for file in temporary.rglob("*") if file.is_file()]
        own = {file.relative_to(path) for file in replaces}
        # A folder is taken where it is a link, or a file.
        above = {path / file.parent for file in files}
        taken = any(os.path.lexists(path / file) for file in files if file not in own)
        if taken or any(folder.is_symlink() or folder.is_file() for folder in above):
            raise RunFolderError(f"{path}: there is something already") from error
        for file in own.difference(files):
            (path / file).unlink(missing_ok=True)
        for file in sorted(files, key=_place_in_order):
            (path / file).parent.mkdir(exist_ok=True)
            (temporary / file).rename(path / file)


def _place_in_order(file: Path) -> int:
    """Return when a file takes its place: the record comes late, and what says the words last."""
    last = (Path(RECORD), Path(HYDRA, "config.yaml"), Path(HYDRA, "overrides.yaml"))
    return last.index(file) + 1 if file in last else 0


def remove_leftovers(folder: Path) -> None:
    """Remove what a sweep that was killed had not finished to write in its folder."""
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        if not TEMPORARY.fullmatch(path.name):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
