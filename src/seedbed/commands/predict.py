"""`seedbed predict run=DIR input=...`: predictions of a run, or of the jobs of a sweep together."""

import sys
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from seedbed.commands.predicting import Wanted, predictions_of
from seedbed.data.tabular import check_output
from seedbed.documents import answer
from seedbed.engines.lightning.quiet import quiet_lightning
from seedbed.experiment.predicting.member import Asked
from seedbed.experiment.predicting.told import tell
from seedbed.sweep.results.members import open_run_or_sweep


def predict(config: DictConfig, command: list[str]) -> int:
    """Print the predictions for the given rows, or write them to `output`."""
    quiet_lightning()
    output = None if config.output is None else Path(config.output)
    source = config.input
    if OmegaConf.is_config(source):
        source = OmegaConf.to_container(source)
    if output is not None:
        check_output(output, source)
    folder = open_run_or_sweep(config.run, config.paths.outputs, say=True)
    asked = Asked(
        list(config.trust),
        config.paths.data,
        config.checkpoint,
        config.accelerator,
        config.file,
    )
    wanted = Wanted(
        asked, source, config.split, config.ensemble, config.apply_softmax, config.paths.outputs
    )
    prediction = predictions_of(folder, wanted)
    for title, text in prediction.lines:  # The answer may go into a file.
        print(f"{title:13}{text}", file=sys.stderr)
    if output is not None or not answer.asked():
        tell(prediction.told, prediction.given, output)
    if answer.asked():
        from seedbed.commands.documents.predictions import predictions_document

        answer.give(predictions_document(folder, prediction, output))
    return 0
