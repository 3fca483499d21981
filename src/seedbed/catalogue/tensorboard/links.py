"""Folder of links to runs, by the names that TensorBoard is to show.

Of jobs that are packed there is a folder with their events in place of a link.
"""

import shutil
from contextlib import suppress
from os.path import relpath
from pathlib import Path

from seedbed.catalogue.tensorboard.names import named_runs
from seedbed.catalogue.tensorboard.packed import is_packed, write_events


class NamedLinks:
    """Links to the runs below a folder, which follow what is trained there.

    Args:
        top: The folder whose runs are linked to.
        outputs: The folder of whose runs a catalogue is kept.
    """

    def __init__(self, top: Path, outputs: Path) -> None:
        self.top = top
        self.outputs = outputs
        self._wanted = self._runs()
        self._made: dict[str, str] = {}

    @property
    def differ(self) -> bool:
        """Whether any run is to have another name than its folder."""
        return any(
            path != relpath(run, self.top) or is_packed(Path(run))
            for path, run in self._wanted.items()
        )

    def make(self, folder: Path) -> None:
        """Make the links in a folder that is empty."""
        self.folder = folder
        self._update()

    def look(self) -> None:
        """Make a link to each run that has none yet; remove those to runs that are gone."""
        self._wanted = self._runs()
        self._update()

    def _runs(self) -> dict[str, str]:
        return dict(named_runs(self.top, self.outputs))

    def _update(self) -> None:
        for path in self._made.keys() - self._wanted.keys():
            if (self.folder / path).is_symlink():
                (self.folder / path).unlink(missing_ok=True)
            else:
                shutil.rmtree(self.folder / path, ignore_errors=True)
        new = {path: Path(run) for path, run in self._wanted.items() if path not in self._made}
        packed = {path: run for path, run in new.items() if is_packed(run)}
        for path in new.keys() - packed.keys():
            link = self.folder / path
            link.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileExistsError):
                link.symlink_to(new[path], target_is_directory=True)
        write_events({self.folder / path: run for path, run in packed.items()})
        self._made = self._wanted
