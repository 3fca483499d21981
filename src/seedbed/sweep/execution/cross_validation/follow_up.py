"""What is done and said when all folds of a cross-validation have ended."""

import shlex
import sys
import time
from collections.abc import Mapping
from typing import Any

from seedbed.errors import DiskFull, Interrupted, SeedbedError
from seedbed.sweep.execution.cross_validation.out_of_fold import write_out_of_fold
from seedbed.sweep.execution.cross_validation.refit import FinalModel, final_model, refit
from seedbed.sweep.execution.display import SECONDS_BETWEEN_LINES
from seedbed.sweep.execution.worker import EpochTrained, Worker
from seedbed.sweep.results.ranking import Winner
from seedbed.sweep.results.searched.populations import POPULATION
from seedbed.terminal.telling import tell, tell_progress
from seedbed.terminal.words import relative

FAILED = 1


def follow_up(worker: Worker, best: Winner) -> int:
    """Write the out-of-fold predictions of the best configuration, and train the final model.

    The latter is done where `sweep.refit` asks for it, else its command is told. Returns an exit
    code. Raises DiskFull, and Interrupted where a signal stopped it.
    """
    code = 0
    try:
        tell("\n".join(write_out_of_fold(worker, best)), flush=True)
    except SeedbedError as error:
        code = _failed("out-of-fold predictions", error)
    search = worker.plan.search
    if search is not None and search.sampler == POPULATION:
        return code  # No numbers hold from the beginning to the end.
    model = final_model(worker, best)
    if not worker.options.refit:
        tell(f"final model  {shlex.join(model.command)}")
        return code
    try:
        record = refit(worker, model, _told_now_and_then())
    except SeedbedError as error:
        return _failed("refit", error)
    tell("\n".join(_refit_lines(worker, model, record)), flush=True)
    return code


def _told_now_and_then() -> EpochTrained:
    """Return a function that says on stderr, every few seconds, how far the refit is."""
    told = time.monotonic()

    def epoch_trained(epoch: int, last: int | None, metrics: Mapping[str, float]) -> None:
        nonlocal told
        if time.monotonic() - told >= SECONDS_BETWEEN_LINES:
            told = time.monotonic()
            tell_progress(f"refit: epoch {epoch}/{last}")

    return epoch_trained


def _failed(what: str, error: SeedbedError) -> int:
    """Say why something could not be done; return the exit code. Raises what ends the sweep."""
    if isinstance(error, DiskFull | Interrupted):
        raise error
    print(f"seedbed: {what}: {error}", file=sys.stderr)
    return FAILED


def _refit_lines(worker: Worker, model: FinalModel, record: dict[str, Any]) -> list[str]:
    length = f"{model.epochs} epoch" + "s" * (model.epochs != 1)
    metrics = {name: value for name, value in record["metrics"].items() if value is not None}
    shown = "  ".join(f"{name} {value:.6g}" for name, value in metrics.items())
    return [
        f"refit        {length} on all rows but the test rows: {relative(worker.folder.refit)}",
        f"             {shown}",
    ]
