"""Layout of a run folder."""

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from seedbed.errors import RunFolderError
from seedbed.reading.content import refuse_links_out
from seedbed.runs.latest import Candidate, latest, start_of
from seedbed.runs.record import read_record, state_of

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

        A run has none where its watched metric was never a number.
        """
        only_last = not self.checkpoint("best").is_file() and self.checkpoint("last").is_file()
        return "last" if only_last else name


def open_run(run: str, outputs: str, *, say: bool = False) -> RunFolder:
    """Return the folder of an existing run.

    Args:
        run: the folder; `latest` is the newest below `outputs` that has a checkpoint and has ended.
        outputs: the folder of all outputs.
        say: whether to say on stderr which run is the latest.

    Raises:
        RunFolderError: There is no run.
    """
    path = latest_run(Path(outputs), say=say) if run == "latest" else Path(run)
    if not path.is_dir():
        raise RunFolderError(f"run={run}: no such folder")
    folder = RunFolder(path)
    for needed in (folder.record, folder.config):
        if not needed.is_file():
            missing = needed.relative_to(path)
            raise RunFolderError(f"run={run}: no run folder, it has no {missing}")
    inside = [folder.record, folder.config, folder.checkpoint("best"), folder.checkpoint("last")]
    refuse_links_out(path, [str(file.relative_to(path)) for file in inside])
    return folder


def latest_run(outputs: Path, *, say: bool = False) -> Path:
    """Return the newest run folder that can be used; raises RunFolderError where there is none."""
    runs = outputs / "runs"
    path = latest(_candidates(runs.glob(f"*/*/{RECORD}")), "run=latest", say=say)
    if path is None:
        raise RunFolderError(f"run=latest: no run in {runs}")
    return path


def _candidates(records: Iterable[Path]) -> Iterator[Candidate]:
    """Yield the runs whose records can be read."""
    for path in records:
        try:
            fields = read_record(path)
            started = start_of(fields, path)
        except (OSError, RunFolderError):
            continue
        folder = RunFolder(path.parent)
        has_weights = any(folder.checkpoint(name).is_file() for name in ("best", "last"))
        state = state_of(fields) + ("" if has_weights else ", no checkpoint")
        yield Candidate(path.parent, started, state, has_weights and fields["status"] != "running")


def remove_with_empty_parents(folder: Path) -> None:
    """Remove a folder, and the parents below the working folder that this leaves empty."""
    shutil.rmtree(folder)
    for parent in folder.resolve().parents:
        if not parent.is_relative_to(Path.cwd()) or parent == Path.cwd() or any(parent.iterdir()):
            return
        parent.rmdir()
