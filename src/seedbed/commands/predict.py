"""`seedbed predict run=DIR input=...`: predictions of a run for new rows, or for its own."""

import sys
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from seedbed.data.tabular import check_output
from seedbed.engines.lightning.quiet import quiet_lightning
from seedbed.errors import ConfigError
from seedbed.experiment.predicting.given_rows import GivenRows, given_rows
from seedbed.experiment.predicting.member import Asked, Member, load_own_rows, open_member
from seedbed.experiment.predicting.split_rows import split_rows
from seedbed.experiment.predicting.told import Told, require_finite, tell
from seedbed.experiment.predictions import answer, by_class, logits, predicted
from seedbed.runs.folder import open_run


def predict(config: DictConfig, command: list[str]) -> int:
    """Print the predictions for the given rows, or write them to `output`."""
    quiet_lightning()
    output = None if config.output is None else Path(config.output)
    source = config.input
    if OmegaConf.is_config(source):
        source = OmegaConf.to_container(source)
    if output is not None:
        check_output(output, source)
    folder = open_run(config.run, config.paths.outputs, say=True)
    asked = Asked(
        list(config.trust),
        config.paths.data,
        config.checkpoint,
        config.accelerator,
        config.file,
    )
    member = open_member(folder, asked, own_rows=config.split is not None)
    if member.facts.task == "minimize":
        raise ConfigError(f"run={config.run}: its model is a function without inputs")
    given = _given(member, source, config)
    told = _predictions(member, given, probabilities=config.apply_softmax)
    # Beside the answer, which may go into a file.
    print(f"weights      {member.picked()}", file=sys.stderr)
    for title, text in [*member.weights().lines, *(("note", note) for note in given.notes)]:
        print(f"{title:13}{text}", file=sys.stderr)
    tell(told, given, output)
    return 0


def _given(member: Member, source: Any, config: DictConfig) -> GivenRows:
    """Return the rows that the command names."""
    if config.split is None:
        return given_rows(source, member)
    load_own_rows(member, config.split, config.file)
    return split_rows(member, config.split)


def _predictions(member: Member, given: GivenRows, *, probabilities: bool) -> Told:
    """Return what a run predicts for rows: values, or probabilities or else logits of classes."""
    facts = member.facts
    predictions = probabilities or facts.task == "regression"
    values = predicted(
        member.module, member.task, facts.output_size, given.batches(), predictions=predictions
    )
    require_finite(values, given)
    if not predictions:
        return Told(logits(values, facts), values)
    return Told(answer(values, facts), by_class(values, facts))
