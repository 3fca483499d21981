"""The end of a run: what has become of it, to the record and the terminal."""

import signal
import sys
from typing import Any

from pytorch_lightning.callbacks import EarlyStopping
from pytorch_lightning.utilities.exceptions import SIGTERMException

from seedbed.analysis.reference_lines import parameters_report
from seedbed.callbacks import StoppingRule, TrialStopping, why_stopped
from seedbed.engines.lightning.own_module import OwnModule
from seedbed.errors import (
    Diverged,
    Interrupted,
    ProcessLost,
    SeedbedError,
    disk_full,
    stopped_by,
)
from seedbed.experiment.summary import print_outcome
from seedbed.experiment.training.experiment import Experiment
from seedbed.experiment.writer import RunWriter
from seedbed.runs.folder import RunFolder
from seedbed.runs.outcome import RunOutcome, StoppedEarly, traceback_of
from seedbed.runs.record import MEASURED
from seedbed.terminal.listener import current_listener, is_alone
from seedbed.training.best_epoch import no_best_epoch

FAILED = 1


def note_failure(failure: BaseException, received: int | None, outcome: RunOutcome) -> int:
    """Note how the run has ended; return the exit code. `received` is a signal to stop, or None."""
    stopped = isinstance(failure, Interrupted | SIGTERMException | KeyboardInterrupt)
    if stopped or (received is not None and isinstance(failure, ProcessLost)):
        number = getattr(failure, "signal_number", received or signal.SIGINT)
        outcome.status, outcome.error = "interrupted", stopped_by(number)
        return 128 + int(number)
    if isinstance(failure, Diverged):
        outcome.status, outcome.error = "diverged", str(failure)
    else:
        failure = disk_full(failure) or failure
        known = isinstance(failure, SeedbedError)
        name = "" if known else f"{type(failure).__name__}: "
        outcome.status, outcome.error = "failed", f"{name}{failure}"
        outcome.traceback = None if known else traceback_of(failure)
    return FAILED


def end_at_once(experiment: Experiment, writer: RunWriter, reason: SeedbedError) -> int:
    """Write what is known while the training waits for another process; return the exit code.

    Any process may do so, where the first one cannot.
    """
    outcome, checkpoint = RunOutcome(), experiment.checkpoint
    code = note_failure(reason, experiment.stop.received, outcome)
    if checkpoint is not None:
        checkpoint.write_kept()
    read_outcome(experiment, outcome)
    if experiment.trainer.is_global_zero:
        writer.record.finish(outcome)
    elif not writer.record.finish_for_first(outcome):
        return code
    experiment.folder.remove_leftovers()
    print(f"seedbed: {outcome.error}", file=sys.stderr)
    return code


def read_outcome(experiment: Experiment, outcome: RunOutcome) -> None:
    """Copy the state of the training into the outcome."""
    checkpoint = experiment.checkpoint
    outcome.metrics = {**experiment.module.epoch_metrics, **experiment.module.tested_metrics}
    outcome.metrics_epoch = experiment.module.metrics_epoch
    outcome.stopped = _why_stopped(experiment)
    outcome.curves = experiment.module.curves()
    if checkpoint is not None:
        outcome.best, outcome.last = checkpoint.best, checkpoint.written or checkpoint.last


def finish(experiment: Experiment, writer: RunWriter, outcome: RunOutcome) -> None:
    """Write the outcome, and print it."""
    read_outcome(experiment, outcome)
    checkpoint = experiment.checkpoint
    has_no_best = checkpoint is not None and checkpoint.keep_best and outcome.best is None
    if outcome.status in MEASURED and outcome.last is not None and has_no_best:
        outcome.warning = no_best_epoch(experiment.spec.optimized_metric)
    writer.finish(outcome, experiment.trainer.current_epoch)
    if not experiment.trainer.is_global_zero or not is_alone():
        return
    if experiment.spec.page:
        _write_page(experiment.folder)
    if outcome.status == "failed":
        return
    is_told = current_listener() is None  # Who listens is told by the record.
    if outcome.error is not None and is_told:
        print(f"seedbed: {outcome.status}: {outcome.error}", file=sys.stderr)
    if outcome.warning is not None:
        print(f"seedbed: warning: {outcome.warning}", file=sys.stderr)
    if is_told:
        print_outcome(outcome, experiment.spec, experiment.folder, experiment.data)


def _write_page(folder: RunFolder) -> None:
    """Write the page of a run that has ended; what keeps it from that is told on stderr."""
    from seedbed.page.of_runs import write_page_of_run

    try:
        written = write_page_of_run(folder.path)
        problem = "" if written else "there is another file of that name, not written over"
    except Exception as error:
        problem = f"not written: {type(error).__name__}: {error}"
    if problem:
        print(f"seedbed: {folder.path / 'report.html'}: {problem}", file=sys.stderr)


def _why_stopped(experiment: Experiment) -> str | StoppedEarly | None:
    """Return the rule that ended the training early, and the epoch; None where none did."""
    # A LightningModule of the user's may have brought some.
    for callback in experiment.trainer.callbacks:  # type: ignore[attr-defined]
        if isinstance(callback, TrialStopping):
            if callback.stopped is not None:
                return callback.stopped
            continue
        if isinstance(callback, StoppingRule) and callback.stopped:
            return callback.stopped
        if isinstance(callback, EarlyStopping) and (reason := why_stopped(callback)):
            return reason
    return None


def small_model(experiment: Experiment) -> dict[str, Any]:
    """Return the parameters of a small model at the end of the training; of a linear one, more."""
    module = experiment.module
    if isinstance(module, OwnModule) or not experiment.trainer.is_global_zero:
        return {}
    return parameters_report(experiment.data, module.net, module.task)
