"""Check that a run goes on with the data that it was begun with, before any are read as rows."""

import pytorch_lightning as pl

from seedbed.config.spec import RunSpec
from seedbed.engines.lightning.data_module import place
from seedbed.errors import ConfigError
from seedbed.experiment.build import build_data
from seedbed.runs.resuming.taking_up import TakenUp


def require_same_source(spec: RunSpec, trainer: pl.Trainer, taken_up: TakenUp) -> None:
    """Raise ConfigError where files are not those that a run was trained on.

    What a run has fitted tells which files they were; the run fits it again, to the same rows.
    """
    data = build_data(spec)
    place(data, trainer)
    if taken_up.preparation is not None:
        data.use_preparation(taken_up.preparation, taken_up.saved.folder.path)
    try:
        data.require_source(taken_up.fingerprint)
    except ConfigError as error:
        # The verbs that read a run have a key of their own for it.
        raise type(error)(str(error).replace("; file=PATH", "; data.file=PATH")) from None
