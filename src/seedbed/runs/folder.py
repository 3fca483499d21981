"""Layout of a run folder."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from seedbed.errors import RunFolderError

RECORD = "run.json"


class RunFolder:
    """Paths inside the folder of one run."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)

    @property
    def record(self) -> Path:
        """The record, run.json."""
        return self.path / RECORD

    @property
    def config(self) -> Path:
        """The composed config, as Hydra writes it."""
        return self.path / ".hydra" / "config.yaml"

    @property
    def figures(self) -> Path:
        """The folder of figures."""
        return self.path / "figures"

    def checkpoint(self, name: str) -> Path:
        """The checkpoint `best` or `last`."""
        return self.path / "checkpoints" / f"{name}.ckpt"

    def kept(self, name: str) -> str:
        """The checkpoint that there is: `last` where a run has no best epoch, else `name`.

        A run has none where its watched metric was never measured.
        """
        only_last = not self.checkpoint("best").is_file() and self.checkpoint("last").is_file()
        return "last" if only_last else name


def open_run(run: str, outputs: str) -> RunFolder:
    """Return the folder of an existing run; `latest` is the newest below `outputs`.

    Raises:
        RunFolderError: There is no run.
    """
    path = latest_run(Path(outputs)) if run == "latest" else Path(run)
    if not path.is_dir():
        raise RunFolderError(f"run={run}: no such folder")
    folder = RunFolder(path)
    for needed in (folder.record, folder.config):
        if not needed.is_file():
            inside = needed.relative_to(path)
            raise RunFolderError(f"run={run}: no run folder, it has no {inside}")
    return folder


def latest_run(outputs: Path) -> Path:
    """Return the newest run folder; raises RunFolderError where there is none."""
    records = [
        record for record in _records(outputs / "runs") if re.match(r"\d", record.parent.name)
    ]
    if not records:
        raise RunFolderError(f"run=latest: no run in {outputs / 'runs'}")
    return max(records, key=lambda record: (record.parent.parent.name, record.parent.name)).parent


def _records(runs: Path) -> Iterator[Path]:
    return runs.glob(f"*/*/{RECORD}")


def remove_with_empty_parents(folder: Path) -> None:
    """Remove a folder, and the parents below the working folder that this leaves empty."""
    shutil.rmtree(folder)
    for parent in folder.resolve().parents:
        if not parent.is_relative_to(Path.cwd()) or parent == Path.cwd() or any(parent.iterdir()):
            return
        parent.rmdir()
