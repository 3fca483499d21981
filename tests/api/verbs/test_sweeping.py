"""`seedbed.sweep`: the sweep of the command line, with Python values as axes."""

import csv
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from tests.api.folders import command_in

import seedbed
from seedbed.sweep.execution.display import Display

SHORT = ["data=crop_yield", "trainer.max_epochs=2"]


def rows(sweep: seedbed.Sweep) -> list[dict[str, str]]:
    with (sweep.folder / "results.csv").open(newline="") as file:
        return [{**row, "seconds": ""} for row in csv.DictReader(file)]


def test_a_sweep_is_that_of_the_command_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    axes = {"optimizer.lr": [1e-6, 1e-5], "seed": range(2)}
    sweep = seedbed.sweep(*SHORT, axes=axes, progress=False)

    assert capfd.readouterr() == ("", "")
    assert sweep.folder.is_relative_to(tmp_path / "outputs" / "sweeps")
    command_in(
        tmp_path,
        *("train", "-m", *SHORT, "optimizer.lr=1e-6,1e-5", "seed=range(0,2)"),
        "hydra.sweep.dir=other",
    )
    assert rows(sweep) == rows(seedbed.Sweep("other"))
    job = seedbed.Run(sweep.folder / "3")
    assert job.command == (
        "seedbed train -m data=crop_yield trainer.max_epochs=2 optimizer.lr=1e-06,1e-05 "
        "'seed=range(0,2,1)'"
    )
    assert (job.config.optimizer.lr, job.config.seed) == (1e-5, 1)
    assert job.record["group"]["jobs"] == 4


def test_values_of_axes_arrive_as_they_are() -> None:
    names = ["a, b", 'it\'s "quoted"', "${seed}", "null", None, "5"]
    sweep = seedbed.sweep(*SHORT, axes={"name": names}, progress=False)

    saved = [seedbed.Run(sweep.folder / str(number)).config.name for number in range(6)]
    assert saved == names


def test_jobs_that_fail_are_rows_and_raise_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    sweep = seedbed.sweep(*SHORT, axes={"optimizer.lr": [1e30, 1e-6]}, verbose=True)

    assert [row["status"] for row in rows(sweep)] == ["diverged", "completed"]
    printed = capfd.readouterr().out
    assert printed.startswith("sweep  2 jobs: optimizer.lr (2)")
    assert f"results      {sweep.folder.relative_to(Path.cwd())}" in printed


@pytest.mark.parametrize(
    ("words", "axes", "said"),
    [
        (["optimizer=adma"], {"seed": [0, 1]}, "Did you mean 'adam'?"),
        ([], {"optimizer.lr": [0.1, -1]}, "optimizer.lr: -1"),
        ([], {"optimizer.lr": []}, "axes: optimizer.lr: an axis without values"),
        (["sweep.plan=true"], {"seed": [0]}, "sweep.plan=true: shows a plan"),
    ],
)
def test_what_is_wrong_is_a_config_error_and_nothing_is_written(
    tmp_path: Path, words: list[str], axes: dict[str, Any], said: str
) -> None:
    with pytest.raises(seedbed.ConfigError) as refused:
        seedbed.sweep(*words, axes=axes)

    assert said in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_leaves_a_sweep_that_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    signals = iter([signal.SIGINT])

    def interrupt(self: Display, units: Any) -> None:
        for number in signals:
            os.kill(os.getpid(), number)

    words = ["data=crop_yield", "trainer.max_epochs=60"]
    with monkeypatch.context() as patched:
        patched.setattr(Display, "show", interrupt)
        with pytest.raises(KeyboardInterrupt, match="it goes on with resume='outputs/sweeps"):
            seedbed.sweep(*words, axes={"seed": [0, 1]}, progress=False)

    sweep = seedbed.sweep(resume="latest", progress=False)
    assert [row["status"] for row in rows(sweep)] == ["completed"] * 2
    assert sweep.folder.samefile(seedbed.load("latest").folder)
