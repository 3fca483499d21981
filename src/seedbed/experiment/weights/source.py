"""Where initial weights come from: the checkpoint of a run, or a file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from seedbed.config.overrides import quoted
from seedbed.errors import ConfigError, nearest
from seedbed.runs.folder import CHECKPOINTS, RunFolder, has_run, latest_run, open_run
from seedbed.runs.packed.manifest import WEIGHTS
from seedbed.runs.packed.opening import place_of
from seedbed.runs.record import read_record, state_of
from seedbed.terminal.words import relative

KEY = "initial_weights.run"
LATEST = "latest"


@dataclass(frozen=True)
class WeightsSource:
    """Where initial weights come from.

    Attributes:
        run: folder or file as the config names it.
        file: the file.
        folder: folder of the run that the file is a checkpoint of; None where it is of none.
        checkpoint: `best` or `last` of that run.
    """

    run: str
    file: Path
    folder: RunFolder | None = None
    checkpoint: str | None = None

    @property
    def shown(self) -> Path:
        """The file, as people and records name it: below the run's folder, packed or not."""
        if self.folder is None or self.checkpoint is None:
            return self.file
        return RunFolder(self.folder.path).checkpoint(self.checkpoint)

    @property
    def lies_in(self) -> Path:
        """The file on the disk that holds the weights: that of a pack where the run is packed."""
        packed = self.folder is not None and self.folder.is_packed
        place = place_of(self.folder.path) if packed and self.folder is not None else None
        return self.file if place is None else place.pack / WEIGHTS

    def __str__(self) -> str:
        """Return how messages name it."""
        return f"{KEY}={self.run}"


def weights_source(run: str, checkpoint: str, outputs: str) -> WeightsSource:
    """Return where the weights lie that `initial_weights.run` names.

    Args:
        run: A run folder, `latest`, or a file.
        checkpoint: `best` or `last`; of a run that has kept no best epoch it is its last.
        outputs: The folder of all outputs.

    Raises:
        ConfigError: There is no such file, or no checkpoint in the folder.
    """
    path = latest_run(Path(outputs), key=KEY) if run == LATEST else Path(run)
    if path.is_dir() or (not path.exists() and has_run(path)):
        return _of_folder(run, path, checkpoint)
    above, is_named = path.parent.parent, path.name in ("best.ckpt", "last.ckpt")
    if not path.exists() and path.parent.name == CHECKPOINTS and is_named and has_run(above):
        return _of_folder(run, above, path.stem)
    if not path.is_file():
        hint = "" if "/" in run else nearest(run, [LATEST])
        raise ConfigError(f"{KEY}={run}: no such folder or file{hint and '.'}{hint}")
    return _of_file(run, path, checkpoint)


def _of_folder(run: str, path: Path, checkpoint: str) -> WeightsSource:
    if (path / "sweep.json").is_file():
        raise ConfigError(
            f"{KEY}={run}: a sweep; give the folder of one of its jobs, such as {path / '0'}"
        )
    folder = open_run(str(path), "", key=KEY)
    name = folder.kept(checkpoint)
    file = folder.checkpoint(name)
    if not file.is_file():
        state = state_of(read_record(folder.record))
        raise ConfigError(f"{KEY}={run}: this run, {state}, has no checkpoint to start from")
    return WeightsSource(run, file, folder, name)


def _of_file(run: str, path: Path, checkpoint: str) -> WeightsSource:
    above = path.parent.parent
    if path.parent.name == CHECKPOINTS and path.stem in ("best", "last"):
        folder = RunFolder(above)
        if folder.record.is_file() and folder.config.is_file():
            return WeightsSource(run, path, folder, path.stem)
    if checkpoint != "best":
        raise ConfigError(
            f"initial_weights.checkpoint={checkpoint}: it chooses of a run folder, and "
            f"{KEY}={run} is a file"
        )
    return WeightsSource(run, path)


def name_latest(config: DictConfig) -> None:
    """Put the folder into a config that `initial_weights.run=latest` stands for now.

    The run that is the latest when the config is read again may be another one.
    """
    node = config.get("initial_weights")
    if isinstance(node, DictConfig) and node._get_node("run") is not None and _says_latest(node):
        node.run = _latest_below(str(config.paths.outputs), say=True)


def _says_latest(node: DictConfig) -> bool:
    return not OmegaConf.is_missing(node, "run") and node.run == LATEST


def words_with_latest_named(words: Sequence[str], outputs: str) -> tuple[str, ...]:
    """Return a job's overrides with the folder that `initial_weights.run=latest` stands for."""
    latest = f"{KEY}={LATEST}"
    if not any(word.lstrip("+") == latest for word in words):
        return tuple(words)
    named = f"{KEY}={quoted(_latest_below(outputs))}"
    return tuple(named if word.lstrip("+") == latest else word for word in words)


def _latest_below(outputs: str, *, say: bool = False) -> str:
    return relative(latest_run(Path(outputs), say=say, key=KEY))


def weights_file_of(node: Any, outputs: str) -> Path | None:
    """Return the file that a config's `initial_weights` names; None where it names none."""
    run = node.get("run") if isinstance(node, DictConfig) else None
    return None if run is None else weights_source(str(run), str(node.checkpoint), outputs).lies_in
