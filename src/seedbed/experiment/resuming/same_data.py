"""Check that a run goes on with the data that it was begun with, before any are read as rows."""

import pytorch_lightning as pl

from seedbed.config.spec import RunSpec
from seedbed.engines.lightning.data_module import place
from seedbed.errors import ConfigError
from seedbed.experiment.build import build_data
from seedbed.experiment.weights.taking import require_recorded
from seedbed.runs.folder import RunFolder
from seedbed.runs.preparation import stored_preparation
from seedbed.runs.record import read_record
from seedbed.runs.resuming.taking_up import TakenUp


def require_source_of_run(spec: RunSpec, trainer: pl.Trainer, folder: RunFolder) -> None:
    """Raise ConfigError where the files of a run are not those that another one was trained on.

    As where its initial weights were those of a file, which is another by now.
    """
    record, data = read_record(folder.record), build_data(spec)
    require_recorded(spec.initial_weights, spec.outputs, record)
    place(data, trainer)
    preparation = stored_preparation(folder)
    if preparation is not None:
        data.use_preparation(preparation, folder.path)
    data.require_source((record.get("data") or {}).get("fingerprint"))


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
