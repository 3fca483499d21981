"""`seedbed cancel DIR`: ask whoever works on a sweep to save and stop."""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from seedbed.commands.arguments import parse_arguments
from seedbed.config.project import outputs_folder
from seedbed.config.schema.field import key
from seedbed.documents import answer
from seedbed.documents.supervision import Standing
from seedbed.errors import ConfigError
from seedbed.sweep.presence.cancellation import cancel as ask_to_stop
from seedbed.sweep.queue.queue import Queue
from seedbed.sweep.results.folder import SweepFolder, open_sweep
from seedbed.terminal.words import jobs_text, printable

USAGE = """cancel DIR

Ask whoever works on a sweep to save and stop: its controller, which ends the jobs that it has given
to a cluster, and its workers, wherever they run. Then wait until they have. The sweep is
interrupted, and goes on by seedbed train -m sweep.resume=DIR. DIR: its folder, or latest.

Exit code 1: somebody works on it still when the wait is over.
"""

SECONDS_BETWEEN_LOOKS = 0.5


@dataclass(frozen=True)
class Keys:
    """Keys of `seedbed cancel`."""

    wait: float = key("seconds to wait until all have stopped; 0: not at all", 60.0, at_least=0)
    outputs: str = field(
        default_factory=outputs_folder,
        metadata={"key": "paths.outputs", "meaning": "folder whose newest sweep is latest"},
    )


def cancel(arguments: Sequence[str]) -> int:
    """Ask a sweep to stop, wait, and say what has become of it; return the exit code."""
    words, keys = parse_arguments(USAGE, Keys, arguments)
    if not words:
        raise ConfigError("cancel: which sweep? Name its folder, or latest: seedbed cancel latest")
    if len(words) > 1:
        raise ConfigError(f"cancel: {' '.join(words)}: one folder is taken: seedbed cancel DIR")
    folder = open_sweep(words[0], keys.outputs, "sweep")
    standing = _standing(folder)
    is_running = standing.status == "running"
    # Of a controller that was killed, jobs of a cluster may be about to begin.
    asked = is_running or (standing.status != "completed" and not Queue(folder.saved).is_closed())
    began = time.monotonic()
    if asked:
        ask_to_stop(folder.saved)
        while folder.is_running() and time.monotonic() - began < keys.wait:
            time.sleep(SECONDS_BETWEEN_LOOKS)
        standing = _standing(folder)
    seconds = time.monotonic() - began
    stopped = standing.status != "running"
    _tell(standing, asked, is_running, seconds)
    if answer.asked():
        from seedbed.documents.supervision import Cancellation

        answer.give(
            Cancellation(
                exit_code=int(not stopped),
                sweep=standing,
                asked=asked,
                stopped=stopped,
                seconds=round(seconds, 1),
            )
        )
    return int(not stopped)


def _standing(folder: SweepFolder) -> Standing:
    from seedbed.catalogue.supervision.standing import standing_of

    return standing_of(folder)


def _tell(standing: Standing, asked: bool, was_running: bool, seconds: float) -> None:
    """Print what has stopped, and what has not."""
    done = f"{sum(standing.jobs.ended.values()):,} of {jobs_text(standing.jobs.planned)} done"
    if not asked:
        print(f"nobody works on it: {standing.folder} is {standing.status}, {done}")
    elif standing.status == "running":
        text = f"asked to stop, and not stopped after {seconds:.0f} s: {standing.folder}, {done}"
        for line in (text, *(f"still there  {line}" for line in _still(standing))):
            print(printable(line), file=sys.stderr)
        print(f"look again   seedbed status {standing.folder}")
    elif not was_running:
        print(
            f"nobody works on it, and workers that start later leave at once: {standing.folder} "
            f"is {standing.status}, {done}"
        )
    else:
        print(f"stopped after {seconds:.1f} s: {standing.folder} is {standing.status}, {done}")
    if "go_on" in standing.next:
        print(f"go on        {standing.next['go_on']}")


def _still(standing: Standing) -> list[str]:
    controller = standing.controller
    at_work = [
        f"worker {worker.name}, process {worker.pid} on {worker.host}"
        for worker in standing.workers
        if worker.state in ("starting", "working", "idle")
    ]
    if controller.state != "alive":
        return at_work
    where = f", process {controller.pid} on {controller.host}" if controller.host else ""
    return [f"its controller{where}", *at_work]
