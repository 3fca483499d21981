"""The processes of a distributed run end together, whatever becomes of one of them."""

import json
import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from tests.command_line import SEEDBED, environment, only_run

from seedbed.engines.lightning import processes
from seedbed.errors import Interrupted, ProcessLost
from seedbed.process.signals import received_signals

WORDS = (
    *("train", "trainer=ddp", "trainer.accelerator=cpu", "trainer.timeout=2", "logger=none"),
    *("trainer.max_epochs=1000000", "callbacks.checkpoint.every_seconds=0.3"),
)


def group(number: int) -> list[int]:
    """Return the processes of a group that have not ended."""
    found = subprocess.run(["ps", "-eo", "pid=,pgid=,stat="], capture_output=True, text=True)
    rows = [line.split() for line in found.stdout.splitlines()]
    return [int(pid) for pid, pgid, state in rows if int(pgid) == number and state[0] != "Z"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("which", "number", "found"),
    [
        ("second", signal.SIGKILL, "process 1 of the run was killed (SIGKILL)"),
        ("first", signal.SIGSTOP, "the first process did not answer for 2 s"),
    ],
)
def test_what_becomes_of_one_process_ends_all_with_a_true_record(
    tmp_path: Path, which: str, number: int, found: str
) -> None:
    with (tmp_path / "stderr").open("w") as stderr:
        first = subprocess.Popen(
            [*SEEDBED, *WORDS],
            cwd=tmp_path,
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + 90
        while not list(tmp_path.glob("outputs/runs/*/*/checkpoints/last.ckpt")):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        [second] = [pid for pid in group(first.pid) if pid != first.pid]
        os.kill(first.pid if which == "first" else second, number)
        deadline = time.monotonic() + 30
        while group(first.pid) and time.monotonic() < deadline:
            first.poll()
            time.sleep(0.1)
        assert not group(first.pid)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(first.pid, signal.SIGKILL)
        first.wait()
    lines = [line for line in (tmp_path / "stderr").read_text().splitlines() if "epoch" not in line]
    assert len(lines) == 1, lines
    assert lines[0].startswith(f"seedbed: {found}")
    folder = only_run(tmp_path)
    record = json.loads((folder / "run.json").read_text())
    assert record["status"] == "failed"
    assert record["error"].startswith(found)
    files = {path.stem: torch.load(path) for path in (folder / "checkpoints").iterdir()}
    assert sorted(files) == ["best", "last"]
    for name, file in files.items():
        kept = record["checkpoints"][name]
        assert (file["epoch"], file["global_step"]) == (kept["epoch"], kept["step"])


@pytest.mark.parametrize(
    ("code", "kind", "said"),
    [
        (-signal.SIGKILL, ProcessLost, "process 1 of the run was killed (SIGKILL)"),
        (-signal.SIGSEGV, ProcessLost, "process 1 of the run was killed (SIGSEGV)"),
        (1, ProcessLost, "process 1 of the run ended with code 1"),
        (processes.WAITED_IN_VAIN, ProcessLost, "waited 5 s for another in vain"),
        (-signal.SIGTERM, Interrupted, "stopped by signal 15 (SIGTERM)"),
        (128 + signal.SIGHUP, Interrupted, "stopped by signal 1 (SIGHUP)"),
    ],
)
def test_how_another_process_ended_is_said(code: int, kind: type[Exception], said: str) -> None:
    launcher = processes.Launcher(None, 2, 1)  # type: ignore[arg-type]
    launcher.procs = [SimpleNamespace(poll=lambda: code)]
    watch = processes._WatchOthers(launcher, 5.0, lambda reason: 0)
    reason = watch.reason()
    assert type(reason) is kind
    assert said in str(reason)


@pytest.mark.parametrize(
    ("error", "explained"),
    [
        (RuntimeError("[/x/gloo/transport/tcp/pair.cc:547] Connection closed by peer"), True),
        (torch.distributed.DistStoreError("timed out"), True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
    ],
)
def test_only_errors_of_communication_are_explained(error: RuntimeError, explained: bool) -> None:
    launcher = processes.Launcher(None, 2, 1)  # type: ignore[arg-type]
    launcher.procs = [SimpleNamespace(poll=lambda: 1)]
    watch = processes._WatchOthers(launcher, 5.0, lambda reason: 0)
    with pytest.raises(ProcessLost if explained else RuntimeError), watch.explaining():
        raise error


def test_the_next_run_of_a_sweep_starts_processes_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    launcher = processes.Launcher(None, 2, 1)  # type: ignore[arg-type]
    monkeypatch.setenv("LOCAL_RANK", "0")
    launcher.forget()  # Somebody else, torchrun for one, has started the processes.
    assert os.environ["LOCAL_RANK"] == "0"
    launcher.procs = [subprocess.Popen(["sleep", "60"])]
    launcher.end()
    launcher.forget()
    assert launcher.procs[0].returncode == -signal.SIGKILL
    assert "LOCAL_RANK" not in os.environ


SLOW_ROWS = """
import time
import torch
from torch.utils.data import Dataset

class Rows(Dataset):
    def __init__(self, seconds=0.0):
        self.seconds = seconds

    def __len__(self):
        return 40

    def __getitem__(self, row):
        if self.seconds and row == 20:
            open("validating", "w").close()
        time.sleep(self.seconds)
        return torch.tensor([row / 40.0]), torch.tensor([1.0])
"""


@pytest.mark.slow
def test_a_signal_in_a_validation_of_two_processes_saves_what_was_trained(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(SLOW_ROWS)
    data = ("data=torch_dataset", "data.train._target_=slow.Rows", "data.val._target_=slow.Rows")
    facts = ("data.in_memory=false", "data.task=regression", "data.output_size=1")
    with (tmp_path / "stderr").open("w") as stderr:
        first = subprocess.Popen(
            [*SEEDBED, *WORDS, *data, *facts, "data.class_names=[]", "data.val.seconds=0.2"],
            cwd=tmp_path,
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + 90
        while not (tmp_path / "validating").exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        first.send_signal(signal.SIGTERM)
        assert first.wait(timeout=30) == 143
        assert not group(first.pid)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(first.pid, signal.SIGKILL)
    last = torch.load(only_run(tmp_path) / "checkpoints/last.ckpt", weights_only=True)
    assert (last["epoch"], len(last["processes"])) == (1, 2)
    assert "frame #" not in (tmp_path / "stderr").read_text()


def test_any_thread_can_tell_a_signal_that_the_main_one_has_not_handled() -> None:
    handled: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, frame: handled.append(number))
    try:
        with received_signals() as received:
            assert received() is None
            os.kill(os.getpid(), signal.SIGUSR1)
            assert received() == received() == signal.SIGUSR1
        assert handled == [signal.SIGUSR1]
    finally:
        signal.signal(signal.SIGUSR1, before)
