"""Runs that are killed (SIGKILL) at their n-th change of a file, taken up, and compared.

Each run is a fork of this process, which has imported what it needs: a tenth of the time of a
command. A change is that a file is opened to be written, renamed, linked or removed below the
working folder: after the n-th has been asked for and before it is done. So every file is caught
while it is empty, half written beside its place, and just before it takes it. Event files, which
grow in their place, end with half a record after a kill.
"""

import json
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from scripts.kill_cases.in_process import differences
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from seedbed.runs.record import read_record

RUN = "run"
WORDS = (
    *("train", "data=crop_yield", "data.val_size=3", "data.test_size=2", "data.batch_size=5"),
    *("data.input_scale=standard", "model=mlp", "model.hidden=[4]", "model.dropout=0.2"),
    *("optimizer=adam", "scheduler=plateau", "trainer.max_epochs=2"),
    *("callbacks.checkpoint.every_seconds=0", "+callback@callbacks.loss_curve=loss_curve"),
    *("callbacks=quiet", f"hydra.run.dir={RUN}"),
)
LOGGERS = ("tensorboard", "csv")
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND
_CHANGES = ("os.rename", "os.link", "os.remove", "os.truncate")
# What a record says of one time that a run trains.
OF_ONE_TIME = (
    *("command", "started", "finished", "seconds", "process", "resumed", "environment"),
    *("provenance", "packages", "git", "sources", "threads", "device", "versions"),
)


def forked(folder: Path, words: Sequence[str], kill_at: int | None = None) -> int:
    """Run `seedbed` in a fork, killed at its `kill_at`-th change; return its code, -9 if killed."""
    folder.mkdir(parents=True, exist_ok=True)
    child = os.fork()
    if child == 0:
        code = 70
        try:
            code = _run(folder, words, kill_at)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _run(folder: Path, words: Sequence[str], kill_at: int | None) -> int:
    from seedbed.cli.main import main

    os.chdir(folder)
    log = os.open("log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    if kill_at is not None:
        sys.addaudithook(_killer(str(folder.resolve()), kill_at))
    sys.argv = ["seedbed", *words]
    try:
        main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def _killer(folder: str, kill_at: int) -> Callable[[str, tuple[Any, ...]], None]:
    left = [kill_at]

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            changes = isinstance(arguments[2], int) and bool(arguments[2] & _WRITES)
        else:
            changes = event in _CHANGES
        if changes and _is_below(folder, arguments[0]):
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)

    return hook


def _is_below(folder: str, path: Any) -> bool:
    return isinstance(path, str | bytes | os.PathLike) and os.path.abspath(
        os.fsdecode(path)
    ).startswith(folder)


def trials(work: Path, changes: Iterator[int], logger: str) -> Iterator[tuple[int, str, list[str]]]:
    """Kill a run at each of these changes, then what takes it up, and let it come to its end.

    Yields the number of the change, what the kill met, and what was wrong after it, until there is
    no such change any more.
    """
    words = (*WORDS, f"logger={logger}")
    assert forked(work / "whole", words) == 0, (work / "whole" / "log").read_text()
    expected = content(work / "whole" / RUN)
    for number in changes:
        folder = work / str(number)
        code = forked(folder, words, number)
        if code == 0:
            return
        wrong = [] if code == -signal.SIGKILL else [f"exit code {code}"]
        met, more = _taken_up(folder, number, expected)
        if not (wrong or more):
            shutil.rmtree(folder)
        yield number, met, wrong + more


def _taken_up(folder: Path, number: int, expected: dict[str, Any]) -> tuple[str, list[str]]:
    run = folder / RUN
    if not (run / "checkpoints" / "last.ckpt").is_file():
        code = forked(folder, ("train", f"resume={RUN}"))
        refused = [] if code == 2 else [f"exit code {code} of what cannot be taken up"]
        return "before a checkpoint", refused
    wrong = []
    for again in (number % 11 + 3, number % 7 + 1, None):
        _tear(run)
        code = forked(folder, ("train", f"resume={RUN}"), again)
        if code == 2 and read_record(run / "run.json")["status"] == "completed":
            code = 0  # There was nothing left to do.
        if code == 0:
            break
        if code != -signal.SIGKILL:
            wrong.append(f"exit code {code} when it goes on")
    wrong += [] if code == 0 else ["it did not come to its end"]
    return "after a checkpoint", wrong + list(differences(expected, content(run)))


def _tear(run: Path) -> None:
    """Let event files end with half a record, as a kill in the middle of a write leaves them."""
    for path in run.glob("events.out.tfevents.*"):
        with path.open("ab") as file:
            file.write(bytes((24, 0, 0, 0, 0, 0, 0, 0, 163, 127)))


def content(run: Path) -> dict[str, Any]:
    """Return what a run has left: record, checkpoints, curves, and the names of its other files."""
    found: dict[str, Any] = {}
    fields = json.loads((run / "run.json").read_text())
    found["run.json"] = {key: fields[key] for key in fields if key not in OF_ONE_TIME}
    for path in sorted((run / "checkpoints").iterdir()):
        found[path.name] = torch.load(path, weights_only=True)
    found["curves"] = _curves(run)
    for path in sorted(run.rglob("*")):
        name = str(path.relative_to(run))
        if path.name == "metrics.csv":
            found[name] = path.read_text()
        elif path.is_file():
            there = "events" if "tfevents" in name else name
            found.setdefault(there, "there")
    return found


def _curves(run: Path) -> dict[str, dict[int, float]]:
    if not list(run.glob("events.out.tfevents.*")):
        return {}
    events = EventAccumulator(str(run), size_guidance={"scalars": 0})
    events.Reload()
    return {
        tag: {event.step: event.value for event in events.Scalars(tag)}
        for tag in events.Tags()["scalars"]
    }


def warm_up() -> None:
    """Import what a run needs, before the first fork; nothing is computed, so no thread begins."""
    import pytorch_lightning  # noqa: F401

    import seedbed.application.running
    import seedbed.commands.train
    import seedbed.experiment.run  # noqa: F401
