"""`seedbed repeat run=DIR`: train a run again from its folder, and say what differs."""

from collections.abc import Mapping

from omegaconf import DictConfig

from seedbed.commands.train import let_processes_start_as_this_one
from seedbed.documents import answer
from seedbed.engines.lightning.quiet import quiet_lightning
from seedbed.experiment.provenance import ProvenanceKeeper
from seedbed.experiment.repeating.conditions import differences
from seedbed.experiment.repeating.opening import open_to_repeat
from seedbed.experiment.repeating.results import compared
from seedbed.experiment.repeating.told import told_before, told_results, verdict
from seedbed.experiment.repeating.training import Again, built, train_again, train_alone
from seedbed.experiment.summary import closing_lines
from seedbed.runs.record import read_record
from seedbed.sweep.execution.repeated_job import train_side_by_side_again

DIFFERENT = 1


def repeat(config: DictConfig, command: list[str]) -> int:
    """Train a run again into a new folder and compare them; return 0 only where they are equal."""
    quiet_lightning()
    repeated = open_to_repeat(config.run, config.paths.outputs)
    again = built(repeated, config, command)
    others = differences(repeated.folder, repeated.record, again.provenance, again.packages)
    print("\n".join(told_before(repeated, others)), flush=True)
    # A trial of a population took over others: its schedule is trained alone.
    together = repeated.side_by_side and not repeated.record.get("schedule")
    train_again(again, repeated, _side_by_side if together else _alone)
    folder = again.experiment.folder
    records = repeated.record, read_record(folder.record)
    result = compared(repeated.folder, folder, records, repeated.tolerance)
    told_results(result)
    print(verdict(result, repeated.tolerance, others))
    code = 0 if result.equal else DIFFERENT
    if answer.asked():
        from seedbed.commands.documents.repetition import repetition_document

        answer.give(repetition_document(code, repeated, folder, others, result))
    return code


def _alone(again: Again, texts: Mapping[str, str], keeper: ProvenanceKeeper) -> None:
    let_processes_start_as_this_one(again.experiment.folder)
    train_alone(again, texts, keeper)


def _side_by_side(again: Again, texts: Mapping[str, str], keeper: ProvenanceKeeper) -> None:
    experiment, fields = again.experiment, again.provenance
    folder = experiment.folder.path
    train_side_by_side_again(experiment.spec, again.config, folder, texts, fields, keeper)
    print(closing_lines(folder, experiment.spec.outputs))
