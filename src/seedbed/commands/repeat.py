"""`seedbed repeat run=DIR`: train a run again from its folder, and say what differs."""

from omegaconf import DictConfig

from seedbed.commands.train import let_processes_start_as_this_one
from seedbed.engines.lightning.quiet import quiet_lightning
from seedbed.experiment.repeating.again import built, train_again
from seedbed.experiment.repeating.conditions import differences
from seedbed.experiment.repeating.opening import open_to_repeat
from seedbed.experiment.repeating.results import compared
from seedbed.experiment.repeating.told import told_before, told_results, verdict
from seedbed.runs.record import read_record

DIFFERENT = 1


def repeat(config: DictConfig, command: list[str]) -> int:
    """Train a run again into a new folder and compare them; return 0 only where they are equal."""
    quiet_lightning()
    repeated = open_to_repeat(config.run, config.paths.outputs)
    again = built(repeated, config, command)
    others = differences(repeated.folder, repeated.record, again.provenance, again.packages)
    print("\n".join(told_before(repeated, others)), flush=True)
    train_again(again, repeated, let_processes_start_as_this_one)
    folder = again.experiment.folder
    records = repeated.record, read_record(folder.record)
    result = compared(repeated.folder, folder, records, repeated.tolerance)
    told_results(result)
    print(verdict(result, repeated.tolerance, others))
    return 0 if result.equal else DIFFERENT
