"""Outcome of a run, filled by either engine."""

from __future__ import annotations

from dataclasses import dataclass, field
from traceback import format_exception
from typing import TYPE_CHECKING, TypedDict

from seedbed.runs.provenance.secrets import LEFT_OUT, without_secret_lines

if TYPE_CHECKING:
    # A record is read without them: they take their time to import.
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor, nn

# Letters of a traceback that are kept, from its end.
MOST_OF_TRACEBACK = 20_000


@dataclass
class EpochState:
    """State of a run after an epoch.

    Attributes:
        epoch: number of the epoch, from 1.
        step: optimizer steps taken so far.
        metrics: metrics of the epoch by `split/name`.
        weights: state_dict of the network.
    """

    epoch: int
    step: int
    metrics: dict[str, float]
    weights: dict[str, Tensor] = field(default_factory=dict)


def copied_weights(net: nn.Module) -> dict[str, Tensor]:
    """Return a copy of a network's state_dict."""
    return {name: value.clone() for name, value in net.state_dict().items()}


@dataclass
class Curves:
    """Logged numbers of a run.

    Attributes:
        epochs: logged epochs, (points,).
        values: numbers by name, (points,) each; nan where an epoch has none.
    """

    epochs: NDArray[np.int64]
    values: dict[str, NDArray[np.float64]]


class StoppedEarly(TypedDict):
    """How a rule of `stop` ended a trial of a search.

    Attributes:
        rule: name of the rule.
        rung: number of the rung, from 0; None where the rule has none.
        epoch: last epoch of the trial.
        reason: why, in words.
    """

    rule: str
    rung: int | None
    epoch: int
    reason: str


def traceback_of(error: BaseException) -> str:
    """Return the traceback of an error as Python prints it, without lines that may hold secrets."""
    lines = "".join(format_exception(error)).splitlines()
    kept, _ = without_secret_lines(lines, LEFT_OUT)
    return "\n".join(kept)[-MOST_OF_TRACEBACK:]


@dataclass
class RunOutcome:
    """Outcome of a run.

    Attributes:
        status: one of `seedbed.runs.record.STATUSES`.
        error: why it failed, diverged or was interrupted.
        stopped: rule that ended it early, and the epoch; of a trial with the status
            `stopped_early` the rule of the search.
        traceback: where an error was raised that nobody foresaw; None of any other.
        warning: what is amiss with the result of a run that completed.
        metrics: metrics of the last whole epoch, and of the best weights on the test rows.
        metrics_epoch: the last whole epoch; None where there is none yet.
        best: state after the best epoch, by the watched metric; None where none is kept.
        last: state at the end; after an interruption it may lie within an epoch, without metrics of
            its own; None where none is kept.
        curves: logged numbers.
        parameters: numbers of a small model, and lines to compare with (see
            `seedbed.analysis.reference_lines.parameters_report`).
    """

    status: str = "running"
    error: str | None = None
    traceback: str | None = None
    stopped: str | StoppedEarly | None = None
    warning: str | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    metrics_epoch: int | None = None
    best: EpochState | None = None
    last: EpochState | None = None
    curves: Curves | None = None
    parameters: dict[str, object] = field(default_factory=dict)

    def closing_scalars(self, *watched: str) -> tuple[int, dict[str, float]]:
        """Return the epoch whose weights are kept (0: none), and the numbers logged at the end.

        These are the test metrics and, as `best/NAME`, the watched ones, for the HParams page.
        """
        scalars = {name: value for name, value in self.metrics.items() if name.startswith("test/")}
        best = self.best.metrics if self.best is not None else {}
        scalars |= {f"best/{name}": best[name] for name in watched if name in best}
        kept = self.best or self.last
        return (kept.epoch if kept else 0), scalars
