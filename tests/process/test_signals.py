"""Signals to end from outside, as a terminal or a scheduler sends them."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest
import torch
from tests.command_line import SEEDBED, environment, only_run

from seedbed.errors import Interrupted
from seedbed.process.signals import SignalHandler, blocked, ending_until_it_begins
from seedbed.runs.record import read_record

CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129, signal.SIGUSR2: 140}


@pytest.mark.parametrize(("number", "code"), CODES.items())
def test_a_signal_saves_and_ends_with_its_code(tmp_path: Path, number: int, code: int) -> None:
    words = ["train", "trainer.max_epochs=1000000", "logger=none", "task.metrics=[]"]
    process = subprocess.Popen(
        [*SEEDBED, *words],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("model"):  # printed when training is about to start
            break
    time.sleep(1.0)
    process.send_signal(number)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == code
    said = f"stopped by signal {int(number)} ({signal.Signals(number).name})"
    assert said in stderr
    assert "Traceback" not in stderr
    folder = only_run(tmp_path)
    record = read_record(folder / "run.json")
    assert (record["status"], record["error"]) == ("interrupted", said)
    last = torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)
    kept = record["checkpoints"]["last"]
    assert (last["epoch"], last["global_step"]) == (kept["epoch"], kept["step"])
    assert record["metrics_epoch"] == kept["epoch"] - (not kept["metrics"]) > 0


def test_a_terminal_that_closes_is_nothing_to_a_run_under_nohup() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with SignalHandler() as handler:
            os.kill(os.getpid(), signal.SIGHUP)
            assert not handler.received
            with pytest.raises(Interrupted):
                os.kill(os.getpid(), signal.SIGUSR1)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_signal_that_nobody_lets_through_ends_what_has_not_begun(
    capsys: pytest.CaptureFixture[str],
) -> None:
    stopping = contextlib.suppress(SystemExit)
    with pytest.raises(SystemExit) as ended, ending_until_it_begins(), stopping:
        os.kill(os.getpid(), signal.SIGTERM)
    assert ended.value.code == 143
    told = "seedbed: stopped by signal 15 (SIGTERM); nothing had begun\n"
    assert capsys.readouterr().err == told


def test_signals_that_are_blocked_come_when_they_can_be_handled() -> None:
    before = signal.getsignal(signal.SIGUSR1)
    with blocked():
        # To this thread: one that does not block it would end the process.
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)
        with pytest.raises(Interrupted), SignalHandler():
            time.sleep(0.1)
    assert signal.getsignal(signal.SIGUSR1) is before


@pytest.mark.slow
@pytest.mark.parametrize("whole_group", [True, False], ids=["terminal", "parent alone"])
def test_a_signal_stops_two_processes_at_the_same_step(tmp_path: Path, whole_group: bool) -> None:
    words = ["train", "trainer=ddp", "trainer.max_epochs=1000000", "logger=none"]
    process = subprocess.Popen(
        [*SEEDBED, *words, "callbacks.checkpoint.every_seconds=0.5"],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 60
        while not list(tmp_path.glob("outputs/runs/*/*/checkpoints/last.ckpt")):
            assert time.monotonic() < deadline
            time.sleep(0.2)
        # A terminal sends Ctrl-C to every process, a scheduler to the first one.
        if whole_group:
            os.killpg(process.pid, signal.SIGINT)
        else:
            process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 130, stderr
    assert "Traceback" not in stderr
    folder = only_run(tmp_path)
    assert read_record(folder / "run.json")["status"] == "interrupted"
    names = sorted(path.name for path in (folder / "checkpoints").iterdir())
    assert names == ["best.ckpt", "last.ckpt"]
