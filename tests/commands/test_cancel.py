"""`seedbed cancel`: a sweep in one process is stopped, says so, and goes on."""

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hydra._internal.callbacks import Callbacks
from tests.catalogue.supervision.test_standing import note, swept
from tests.documents.validating import document

from seedbed.commands.cancel import cancel
from seedbed.sweep.execution.workforce.worker_function import Ended, WorkerFunction
from seedbed.sweep.execution.workforce.worker_loop import WorkerLoop
from seedbed.sweep.presence import cancellation, controller
from seedbed.sweep.queue.launch import Launch, write_launch
from seedbed.sweep.queue.queue import Queue
from seedbed.sweep.queue.units import QueuedUnit
from seedbed.sweep.queue.workers import read_workers

Command = Callable[..., Any]
LONG = ("train", "-m", "data=crop_yield", "trainer=cpu", "trainer.max_epochs=100000")
LONG = (*LONG, "logger=none", "seed=1,2", "optimizer.lr=1e-6")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cancellation, "SECONDS_BETWEEN_LOOKS", 0.05)
    monkeypatch.setattr(controller, "SECONDS_BETWEEN_BEATS", 0.05)


def cancelling(folder: Path, codes: list[int]) -> threading.Thread:
    """Cancel a sweep as soon as it says that it trains; the exit code is the last one then."""

    def work() -> None:
        until = time.monotonic() + 100
        while time.monotonic() < until:
            time.sleep(0.05)
            path = folder / ".sweep/controller.json"
            content = json.loads(path.read_text()) if path.is_file() else {}
            if content.get("state", "running") == "running" and content.get("unit", {}).get(
                "epoch"
            ):
                break
        codes.append(cancel([str(folder)]))

    thread = threading.Thread(target=work)
    thread.start()
    return thread


@pytest.mark.parametrize("how", ["always", "never"])
def test_a_sweep_is_stopped_after_saving_and_goes_on_from_there(
    command: Command, tmp_path: Path, how: str
) -> None:
    folder = tmp_path / "sweep"
    epochs, codes = [0], list[int]()
    begins = (*LONG, "hydra.sweep.dir=sweep", f"sweep.fuse={how}")
    goes_on = ("train", "-m", "sweep.resume=sweep")
    for words in (begins, goes_on) if how == "always" else (begins,):
        thread = cancelling(folder, codes)
        ended = command(*words)
        thread.join()
        assert ended.code == 143, ended
        assert "seedbed: cancelled, 0 of 2 jobs done; go on with: " in ended.err
        seen = document(command("status", "sweep", "--json").out, "seedbed-status/1")["sweeps"][0]
        assert (seen["status"], seen["cancelled"]) == ("interrupted", True)
        assert seen["controller"]["exit_code"] == 143
        [saved] = seen["saved"]
        epochs.append(int(saved["epoch"].split()[1].partition("/")[0]))
        assert "interrupted" in command("list", "sweeps", ".", "status=cancelled").out
    assert not any(codes)
    assert epochs == sorted(set(epochs))


def test_what_nobody_works_on_is_not_touched_and_going_on_forgets_it(
    command: Command, tmp_path: Path
) -> None:
    folder = swept(tmp_path, {0: "completed"})
    told = command("cancel", "sweep", "--json")
    content = document(told.out, "seedbed-cancellation/1")
    assert (told.code, content["asked"], content["stopped"]) == (0, False, True)
    assert "nobody works on it: sweep is interrupted, 1 of 8 jobs done" in told.err
    assert not (folder.saved / "cancel").exists()


def test_what_a_killed_controller_has_left_to_wait_stays_cancelled(
    command: Command, tmp_path: Path
) -> None:
    folder = swept(tmp_path, {0: "completed"})
    queue = Queue(folder.saved)
    queue.begin()
    queue.put(QueuedUnit([2, 3], True, [2, 3]))
    note(folder, pid=2**22 + 1)
    told = command("cancel", "sweep", "--json")
    content = document(told.out, "seedbed-cancellation/1")
    assert (told.code, content["asked"], content["stopped"]) == (0, True, True)
    assert "nobody works on it, and workers that start later leave at once: sweep" in told.err
    assert cancellation.is_cancelled(folder.saved)
    assert "interrupted (cancelled)" in command("status", "sweep").out
    write_launch(folder.saved, Launch("token", {}, []))
    runner: Any = None
    function = WorkerFunction(str(folder.path), "token", runner, Callbacks())
    assert function("slurm 7") == Ended(why="the sweep was cancelled")
    assert (queue.count_waiting(), read_workers(folder.saved)) == (1, {})
    loop = WorkerLoop(function, "slurm 7", "", 0)  # It was cancelled a moment later.
    assert loop.run().why == "the sweep was cancelled"
    assert queue.count_waiting() == 1


def test_who_does_not_stop_in_time_is_named(command: Command, tmp_path: Path) -> None:
    folder = swept(tmp_path, {})
    note(folder)  # This process, which does not look.
    told = command("cancel", "sweep", "wait=0", "--json")
    content = document(told.out, "seedbed-cancellation/1")
    assert (told.code, content["asked"], content["stopped"]) == (1, True, False)
    assert f"its controller, process {content['sweep']['controller']['pid']} on" in told.err
    assert json.loads((folder.saved / "cancel").read_text())["by"]


def test_what_runs_on_another_machine_whose_lock_is_not_seen_is_not_run_twice(
    refused: Callable[..., str], tmp_path: Path
) -> None:
    folder = swept(tmp_path, {0: "completed"})
    (folder.saved / "sweep.lock").touch()
    note(folder, host="elsewhere")
    message = refused("train", "-m", "sweep.resume=sweep", function=None)
    assert "on elsewhere runs this sweep, its last sign is" in message
    assert "given up after 120 s" in message


def test_what_is_wrong_is_refused(refused: Callable[..., str], tmp_path: Path) -> None:
    assert "which sweep?" in refused("cancel")
    assert "cancel: a b: one folder is taken" in refused("cancel", "a", "b")
    assert "no such folder" in refused("cancel", "nowhere")
    assert "at least 0" in refused("cancel", "nowhere", "wait=-1")
