"""`seedbed predict run=DIR input=...`: predictions of a run, or of the jobs of a sweep together."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from seedbed.data.tabular import check_output
from seedbed.engines.lightning.quiet import quiet_lightning
from seedbed.errors import ConfigError
from seedbed.experiment.predicting.ensemble import mean_of
from seedbed.experiment.predicting.given_rows import GivenRows, given_rows
from seedbed.experiment.predicting.member import Asked, Member, load_own_rows, open_member
from seedbed.experiment.predicting.split_rows import split_rows
from seedbed.experiment.predicting.told import Told, require_finite, tell
from seedbed.experiment.predictions import answer, by_class, logits, predicted
from seedbed.runs.folder import RunFolder
from seedbed.sweep.results.folder import SweepFolder
from seedbed.sweep.results.members import members_of, open_run_or_sweep
from seedbed.terminal.words import relative


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

    def rows(member: Member) -> GivenRows:
        if member.facts.task == "minimize":
            raise ConfigError(f"run={config.run}: its model is a function without inputs")
        if config.split is None:
            return given_rows(source, member)
        load_own_rows(member, config.split, config.file)
        return split_rows(member, config.split)

    if isinstance(folder, SweepFolder):
        return _together(folder, config, asked, rows, output)
    return _alone(folder, config, asked, rows, output)


def _alone(
    folder: RunFolder, config: DictConfig, asked: Asked, rows: Any, output: Path | None
) -> int:
    """Tell the predictions of a run."""
    member = open_member(folder, asked, own_rows=config.split is not None)
    given = rows(member)
    told = _predictions(member, given, probabilities=config.apply_softmax)
    notes = [*member.weights().lines, *(("note", note) for note in given.notes)]
    _say([("weights", member.picked()), *notes])
    tell(told, given, output)
    return 0


def _together(
    folder: SweepFolder, config: DictConfig, asked: Asked, rows: Any, output: Path | None
) -> int:
    """Tell the mean of the predictions of the jobs of a sweep."""
    if not config.apply_softmax:
        raise ConfigError(
            "apply_softmax=false: the jobs of a sweep have the mean of their probabilities, and no "
            "logits together"
        )
    members = members_of(folder, config.ensemble, config.paths.outputs)
    members.require_split(config.split)
    ensemble = mean_of(members.jobs, asked, rows, config.split is not None)
    _say(
        [
            ("sweep", relative(folder.path)),
            members.line,
            ("jobs", ensemble.members_text()),
            *(("note", note) for note in members.notes),
            *ensemble.notes,
        ]
    )
    tell(ensemble.told(), ensemble.given, output)
    return 0


def _say(lines: Sequence[tuple[str, str]]) -> None:
    """Print lines beside the answer, which may go into a file."""
    for title, text in lines:
        print(f"{title:13}{text}", file=sys.stderr)


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
