"""`seedbed.train`: the run of the command line, with its errors as exceptions."""

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.api.folders import command_in

import seedbed
from seedbed.api.verbs import progress
from seedbed.experiment.writer import RunWriter

SHORT = ["data=crop_yield", "trainer.max_epochs=2"]

OF_MINE = """
import torch

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(3, 2)

    def forward(self, x):
        raise ValueError("a bug of mine")
"""


def train(*words: Any, **values: Any) -> seedbed.Run:
    return seedbed.train(*SHORT, *words, progress=False, **values)


def test_a_run_is_that_of_the_command_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run = train({"optimizer.lr": 1e-5}, "name=a b", seed=3)

    assert capfd.readouterr() == ("", "")
    assert run.status == "completed"
    assert run.folder.is_relative_to(tmp_path / "outputs" / "runs")
    assert run.command == (
        "seedbed train data=crop_yield trainer.max_epochs=2 optimizer.lr=1e-05 'name=a b' seed=3"
    )
    command_in(tmp_path, "train", *SHORT, "optimizer.lr=1e-5", "seed=3", "hydra.run.dir=other")
    other = seedbed.Run("other")
    assert run.metrics == other.metrics
    for name in ("best", "last"):
        here, there = (
            torch.load(folder / "checkpoints" / f"{name}.ckpt", weights_only=True)["state_dict"]
            for folder in (run.folder, other.folder)
        )
        torch.testing.assert_close(here, there, rtol=0, atol=0)


def test_progress_is_shown_on_stderr_and_the_closing_texts_are_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    seedbed.train(*SHORT)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("epoch 1/2  train/loss 9769.84")

    seedbed.train(*SHORT, verbose=True)
    out, err = capsys.readouterr()
    assert "run folder   outputs/runs/" in out
    assert err.splitlines()[-1].startswith("epoch 2/2  train/loss")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["optimizer=adma"], "optimizer=adma: no such option. Did you mean 'adam'?"),
        (["seed=1,2"], "seed=1,2: several values make a sweep"),
        (["trainer.requeue=true"], "trainer.requeue=true: from Python the job is that"),
        ([{"seed": "x"}], "seed: 'x'"),
    ],
)
def test_what_is_wrong_is_a_config_error_and_nothing_is_written(
    tmp_path: Path, words: list[Any], said: str
) -> None:
    (tmp_path / "mine.txt").touch()
    with pytest.raises(seedbed.ConfigError) as refused:
        train(*words)

    assert said in str(refused.value)
    assert [path.name for path in tmp_path.rglob("*")] == ["mine.txt"]


def test_a_misspelt_keyword_is_told_the_right_one() -> None:
    with pytest.raises(seedbed.ConfigError, match=r"^progres: no such keyword.*'progress'"):
        seedbed.train(progres=False)
    with pytest.raises(seedbed.ConfigError, match=r"^axis: no such keyword.*'axes'"):
        seedbed.sweep(axis={"seed": [1]})


def test_the_project_file_counts_and_is_named_where_it_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "mine" / "model").mkdir(parents=True)
    (tmp_path / "mine" / "model" / "line.yaml").write_text(
        "# Line.\ndefaults:\n  - linear\n  - _self_\nbias: false\n"
    )
    (tmp_path / "seedbed.yaml").write_text("defaults: [trainer.max_epochs=1]\n")

    run = seedbed.train(model="line", config_dir="mine", progress=False)
    assert run.epoch == 1
    assert run.config.model.bias is False
    assert run.command == "seedbed train trainer.max_epochs=1 --config-dir=mine model=line"

    (tmp_path / "seedbed.yaml").write_text("defaults: [optimizer=adma]\n")
    with pytest.raises(seedbed.ConfigError, match=r"Did you mean 'adam'\? \(in .*seedbed.yaml\)"):
        seedbed.train()


def test_a_run_that_diverges_raises_with_its_run_unless_it_is_not_to() -> None:
    words = ["optimizer.lr=1e30", "trainer.max_epochs=5"]
    with pytest.raises(seedbed.RunDiverged, match=r"^the loss became \w+ in epoch 1 ") as raised:
        seedbed.train(*words, progress=False)

    assert raised.value.run.status == "diverged"
    assert seedbed.train(*words, progress=False, check=False).status == "diverged"


def test_a_run_that_fails_raises_from_its_cause(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "failing.py").write_text(OF_MINE)
    with pytest.raises(seedbed.RunFailed, match=r"^ValueError: a bug of mine$") as raised:
        train("model._target_=failing.Net")

    assert isinstance(raised.value.__cause__, ValueError)
    assert raised.value.run.status == "failed"
    assert not isinstance(raised.value, seedbed.ConfigError)
    assert capfd.readouterr() == ("", "")
    assert train().status == "completed"


def at_epoch(epoch: int, then: Callable[[], object]) -> Callable[..., None]:
    """Return what listens to a run and does something at the end of an epoch."""

    def listen(self: Any, now: int, last: int | None, metrics: Any) -> None:
        if now == epoch:
            then()

    return listen


def test_ctrl_c_saves_the_run_which_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    interrupt = at_epoch(2, lambda: os.kill(os.getpid(), signal.SIGINT))
    words = ["data=crop_yield", "trainer.max_epochs=4"]
    before = signal.getsignal(signal.SIGINT)
    with monkeypatch.context() as patched:
        patched.setattr(progress.RunProgress, "__call__", interrupt)
        with pytest.raises(KeyboardInterrupt, match=r"SIGINT\); it goes on with resume='outputs"):
            seedbed.train(*words)

    assert signal.getsignal(signal.SIGINT) is before
    stopped = seedbed.load("latest")
    assert stopped.status == "interrupted"
    run = seedbed.train(resume=stopped, progress=False)
    assert run.folder.samefile(stopped.folder)
    assert (run.status, run.epoch) == ("completed", 4)
    assert run.metrics == seedbed.train(*words, progress=False).metrics


def test_another_signal_is_handed_on_when_the_run_has_saved_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    received: list[tuple[int, str]] = []
    handler = signal.signal(
        signal.SIGTERM, lambda number, frame: received.append((number, seedbed.load().status))
    )
    monkeypatch.setattr(
        progress.RunProgress, "__call__", at_epoch(1, lambda: signal.raise_signal(signal.SIGTERM))
    )
    try:
        with pytest.raises(seedbed.Interrupted, match="SIGTERM"):
            seedbed.train("trainer.max_epochs=9")
    finally:
        signal.signal(signal.SIGTERM, handler)

    assert received == [(signal.SIGTERM, "interrupted")]


def test_a_second_ctrl_c_ends_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    def twice() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(progress.RunProgress, "__call__", at_epoch(1, twice))
    with pytest.raises(KeyboardInterrupt):
        seedbed.train("trainer.max_epochs=9")
    assert seedbed.load().status == "interrupted"


def test_a_run_that_is_stopped_while_it_ends_is_running_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stopped(self: RunWriter, *words: Any) -> None:
        raise seedbed.Interrupted(signal.SIGINT)

    monkeypatch.setattr(RunWriter, "finish", stopped)
    with pytest.raises(KeyboardInterrupt):
        train()

    run = seedbed.load()
    assert (run.status, run.error) == ("interrupted", "stopped before its outcome was written")
    assert "heartbeat" not in " ".join(thread.name for thread in threading.enumerate())


def test_runs_of_other_threads_follow_one_another() -> None:
    done: list[Any] = []

    def work() -> None:
        try:
            done.append(train().status)
        except BaseException as error:
            done.append(error)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert done == ["completed", "completed"]


def test_a_run_within_a_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(
        "import seedbed\nfrom seedbed.models import Linear\n\n"
        "class Net(Linear):\n    pass\n\nseedbed.train('trainer.max_epochs=1')\n"
    )
    with pytest.raises(seedbed.ConfigError, match="cannot begin within another one; if your"):
        train("model._target_=script.Net", "+model.input_shape=[3]", "+model.output_size=2")
