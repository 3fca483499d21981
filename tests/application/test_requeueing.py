"""A command of a Slurm job is queued again where it is stopped, and goes on by itself then."""

import os
import signal
import time
from pathlib import Path
from threading import Thread

import pytest
from omegaconf import OmegaConf
from tests.process.test_slurm import scontrol

from seedbed.application import requeueing
from seedbed.application.requeueing import Requeueing
from seedbed.process.slurm import SlurmJob
from seedbed.runs.record import read_record
from seedbed.runs.resuming.requeued import Note, note_path, read_note, write_note

TRAIN = ("callbacks=quiet", "logger=none", "trainer.log_every_n_epochs=1000")
WORDS = ["trainer.requeue=true", "trainer.max_epochs=9"]


@pytest.fixture
def job(tmp_path, monkeypatch):
    """Let this process be that of a job, where scontrol notes what it is asked; return a function.

    It says how often the job was queued again.
    """
    scontrol(tmp_path, f'echo "$@" >> {tmp_path}/said')
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)
    for name in ("SLURM_ARRAY_JOB_ID", "SLURM_PROCID", "LOCAL_RANK"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SLURM_JOB_ID", "12")

    def started(restarts):
        monkeypatch.setenv("SLURM_RESTART_COUNT", str(restarts))

    started(0)
    return started


def asked(tmp_path):
    """Return what scontrol was asked to do."""
    said = tmp_path / "said"
    lines = said.read_text().splitlines() if said.exists() else []
    return [line for line in lines if not line.startswith("show ")]


def signal_when_training(folder: Path, number: int, pattern: str) -> Thread:
    """Send a signal to this process once a file is there, and a while has passed."""

    def send():
        deadline = time.monotonic() + 60
        while not any(folder.glob(pattern)) and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.3)
        os.kill(os.getpid(), number)

    thread = Thread(target=send)
    thread.start()
    return thread


def test_a_run_that_is_stopped_is_queued_again_and_goes_on_in_its_folder(job, command, tmp_path):
    words = ("train", *TRAIN, "trainer.requeue=true", "trainer.max_epochs=200000")
    sender = signal_when_training(tmp_path, signal.SIGUSR1, "outputs/runs/*/*/run.json")
    stopped = command(*words)
    sender.join()
    assert stopped.code == 128 + signal.SIGUSR1, stopped.err
    [record] = tmp_path.glob("outputs/runs/*/*/run.json")
    folder = record.parent.relative_to(tmp_path)
    assert f"Slurm job 12 is queued again; it goes on in {folder}" in stopped.err
    assert asked(tmp_path) == ["requeue 12"]
    assert read_record(record)["status"] == "interrupted"
    # Otherwise it would train for minutes.
    config = record.parent / ".hydra/config.yaml"
    trained = read_record(record)["checkpoints"]["last"]["epoch"]
    config.write_text(config.read_text().replace("200000", str(trained + 50)))

    job(1)
    again = command(*words)
    assert again.code == 0, again.err
    assert f"Slurm job 12 has started again and goes on in {folder}" in again.err
    assert list(tmp_path.glob("outputs/runs/*/*/run.json")) == [record]
    ended = read_record(record)
    assert (ended["status"], ended["metrics_epoch"]) == ("completed", trained + 50)
    assert len(ended["resumed"]) == 1

    job(2)
    assert command(*words).out == f"completed before this job was queued again: {folder}\n"
    assert asked(tmp_path) == ["requeue 12"]


def test_a_sweep_that_goes_on_is_that_of_the_job(job, tmp_path):
    sweep = tmp_path / "outputs/sweeps/a b"
    sweep.mkdir(parents=True)
    (sweep / "sweep.json").touch()
    words = ["-m", "seed=0,1", "hydra/launcher=joblib", "paths.outputs=outputs", "trust=[mine]"]
    begun = Requeueing(words, "outputs")
    begun.sweep_begins(sweep, lambda: ["wide"], True)

    assert Requeueing(words, "outputs").words == words
    job(1)
    again = Requeueing(words, "outputs")

    assert again.words == [
        *("-m", f'sweep.resume="{sweep}"', "hydra/launcher=joblib", "paths.outputs=outputs"),
        "trust=[mine,wide]",
    ]
    # Another command of the same job, and another job, have nothing to do with it.
    assert Requeueing(["-m", "seed=0,1"], "outputs").words == ["-m", "seed=0,1"]


@pytest.mark.parametrize(
    ("code", "words", "queued"),
    [
        (143, WORDS, True),
        (138, WORDS, True),
        (130, WORDS, False),
        (129, WORDS, False),
        (0, WORDS, False),
        (1, WORDS, False),
        (143, ["trainer.requeue=false"], False),
    ],
)
def test_a_job_is_queued_again_where_the_cluster_stopped_it(
    job, tmp_path, capsys, code, words, queued
):
    with pytest.raises(SystemExit), Requeueing(words, "outputs"):
        raise SystemExit(code)
    assert asked(tmp_path) == ["requeue 12"] * queued
    assert ("is queued again" in capsys.readouterr().err) == queued


@pytest.mark.parametrize(("name", "value"), [("SLURM_PROCID", "1"), ("SLURM_JOB_ID", "")])
def test_nobody_else_queues_it_again(job, tmp_path, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit), Requeueing(WORDS, "outputs"):
        raise SystemExit(143)
    assert asked(tmp_path) == []


def test_without_a_checkpoint_the_command_begins_anew(job, tmp_path):
    path = note_path("outputs", SlurmJob("12", 0, True), WORDS)
    write_note(path, Note("run", str(tmp_path / "gone"), 0))
    job(1)
    assert Requeueing(WORDS, "outputs").words == WORDS


@pytest.mark.parametrize("content", ["", "[]", '{"kind": "other", "folder": "a", "restarts": 0}'])
def test_a_damaged_note_is_none(job, tmp_path, content):
    path = note_path("outputs", SlurmJob("12", 0, True), WORDS)
    write_note(path, Note("run", "a", 0))
    assert read_note(path) == Note("run", "a", 0)
    path.write_text(content)
    assert read_note(path) is None
    path.unlink()
    path.symlink_to(tmp_path / "said")
    assert read_note(path) is None


def test_a_run_whose_heart_still_beats_elsewhere_is_waited_for(job, tmp_path, monkeypatch):
    states = ["running", "running", "interrupted"]
    monkeypatch.setattr(requeueing, "read_record", lambda path: {"status": states.pop(0)})
    monkeypatch.setattr(requeueing, "SECONDS_BETWEEN_LOOKS", 0.0)
    run = tmp_path / "run"
    (run / "checkpoints").mkdir(parents=True)
    (run / "checkpoints/last.ckpt").touch()
    write_note(note_path("outputs", SlurmJob("12", 0, True), WORDS), Note("run", str(run), 0))
    job(1)
    assert Requeueing(WORDS, "outputs").words == [f"resume={run}"]
    assert states == []


def test_outside_of_slurm_it_is_said_to_have_no_effect(job, command, monkeypatch):
    monkeypatch.delenv("SLURM_JOB_ID")
    said = command("train", *TRAIN, "trainer.requeue=true", "trainer.max_epochs=1")
    assert said.code == 0
    assert "trainer.requeue=true has no effect" in said.err


def test_where_it_is_refused_nothing_is_said_of_its_effect(monkeypatch, capsys):
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    config = {"trainer": {"requeue": True}, "sweep": {"detach": True, "plan": False}}
    Requeueing(["-m", "sweep.detach=true", *WORDS], "outputs").asked(OmegaConf.create(config))
    assert capsys.readouterr().err == ""
