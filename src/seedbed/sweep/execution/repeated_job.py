"""A job that was trained side by side with others, trained again as it was then."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from seedbed.config.spec import RunSpec
from seedbed.engines.fused.engine import Engine
from seedbed.errors import RunFolderError
from seedbed.experiment.provenance import ProvenanceKeeper
from seedbed.sweep.execution.chunk import PreparedJob, train_chunk, write_folders
from seedbed.sweep.execution.chunk_state import ChunkState
from seedbed.sweep.planning.job_numbers import numbers_of

# One job alone goes through other matrix products, whose last digits are others.
JOBS = 2


class Unsaved(ChunkState):
    """State of a chunk that does not go on later."""

    def save(self, engine: Engine, stopped: bool = False) -> None:
        """Write nothing."""


def train_side_by_side_again(
    spec: RunSpec,
    config: DictConfig,
    folder: Path,
    texts: Mapping[str, str],
    provenance: Mapping[str, Any],
    keeper: ProvenanceKeeper,
) -> None:
    """Train a job beside a copy of itself, and write its run folder.

    Args:
        spec: Spec of the job.
        config: Its config.
        folder: Folder that is written, which is claimed.
        texts: Files of `.hydra`, by name.
        provenance: First fields of run.json.
        keeper: Keeper of the files of provenance.

    Raises:
        CannotFuse: The network does not go through torch.func any more.
        RunFolderError: Somebody else has written into the folder.
    """
    numbers = numbers_of(config)
    state = Unsaved(folder / "unused", float("inf"), lambda: None)
    points = int(config.sweep.points)
    chunk = train_chunk(spec, [numbers] * JOBS, points, state, lambda engine: None)
    fields = {**provenance, **keeper.keep()}
    job = PreparedJob(0, folder.name, {}, folder, dict(texts), fields)
    refused = write_folders(chunk, [0], [job], keeper.files)
    if refused:
        raise RunFolderError(refused[0])
