"""Sweeps that go on with other words: their ends are those of sweeps that had the words at once."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.experiments import record
from tests.sweep.test_resuming import Killed, at_call, reached, table

from seedbed.sweep.continuing import continuation
from seedbed.sweep.execution import chunk
from seedbed.sweep.execution.chunk_state import ChunkState

TRAIN = ("train", "-m", "data=linear_noise", "data.rows=20", "data.batch_size=10")
TRAIN = (*TRAIN, "data.val_size=5", "trainer=cpu", "logger=csv", "hydra.sweep.dir=sweep")
# The second diverges.
JOBS = ("optimizer.lr=0.01,1e30,0.05", "seed=1,2")
RESUME = ("train", "-m", "sweep.resume=sweep")
LONGER = (*RESUME, "trainer.max_epochs=7")


@pytest.fixture
def at_once(command: Any, tmp_path: Path) -> Callable[..., Path]:
    """Return a function that gives the folder of a sweep that nothing disturbed."""

    def swept(*words: str) -> Path:
        command(*TRAIN[:-1], *words, "hydra.sweep.dir=whole")
        return tmp_path / "whole"

    return swept


def begin(command: Any, *words: str) -> None:
    outcome = command(*TRAIN, *words, "trainer.max_epochs=4")
    assert "jobs  " in outcome.out, outcome.err


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def assert_equal_ends(sweep: Path, whole: Path, jobs: int) -> None:
    """Compare tables, checkpoints and records digit by digit."""
    assert reached(sweep) == reached(whole)
    for number in range(jobs):
        for name in ("best", "last"):
            one, other = (at / f"{number}/checkpoints/{name}.ckpt" for at in (sweep, whole))
            assert one.is_file() == other.is_file()
            if one.is_file():
                states = [torch.load(path, weights_only=True) for path in (one, other)]
                assert states[0]["epoch"] == states[1]["epoch"]
                torch.testing.assert_close(
                    states[0]["state_dict"], states[1]["state_dict"], rtol=0, atol=0
                )
        fields = [record(at / str(number)) for at in (sweep, whole)]
        for key in ("status", "metrics", "metrics_epoch", "checkpoints", "stopped", "parameters"):
            assert fields[0].get(key) == fields[1].get(key), key


WORDS = {
    "sgd": JOBS,
    "adam, early stopping, step": (
        *("optimizer=adam", "scheduler=step", "scheduler.step_size=2", "seed=1,2,3"),
        *("optimizer.lr=0.01,0.3", "+callback@callbacks.early_stopping=early_stopping"),
        *("callbacks.early_stopping.patience=2",),
    ),
    "momentum, plateau": (
        *("optimizer.momentum=0.9", "scheduler=plateau", "scheduler.patience=1"),
        *("optimizer.lr=0.01,0.2", "seed=1,2"),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
def test_jobs_side_by_side_train_on_to_the_digits_of_those_that_trained_at_once(
    command: Any, at_once: Any, tmp_path: Path, words: tuple[str, ...]
) -> None:
    begin(command, *words)
    outcome = command(*LONGER)
    assert "6 jobs go on" in outcome.out or "4 jobs go on" in outcome.out, outcome.err
    jobs = len(table(tmp_path / "sweep"))
    assert_equal_ends(tmp_path / "sweep", at_once(*words, "trainer.max_epochs=7"), jobs)
    resumed = [record(tmp_path / f"sweep/{n}").get("resumed", []) for n in range(jobs)]
    trained_on = [entry for [entry] in filter(None, resumed)]
    assert {entry["epoch"] for entry in trained_on} == {4}
    assert all(one["changed"] == {"trainer.max_epochs": [4, 7]} for one in trained_on)
    lost = [record(tmp_path / f"sweep/{n}")["status"] for n in range(jobs) if not resumed[n]]
    assert set(lost) <= {"diverged", "completed"}
    [noted] = json.loads((tmp_path / "sweep/sweep.json").read_text())["resumed"]
    assert (noted["words"], len(noted["jobs"])) == (["trainer.max_epochs=7"], jobs)


def test_jobs_alone_train_on_to_the_digits_of_those_that_trained_at_once(
    command: Any, at_once: Any, tmp_path: Path
) -> None:
    words = ("optimizer.lr=0.01,1e30", "optimizer.momentum=0.9", "sweep.fuse=never")
    begin(command, *words)
    command(*LONGER)
    assert_equal_ends(tmp_path / "sweep", at_once(*words, "trainer.max_epochs=7"), 2)
    [entry] = record(tmp_path / "sweep/0")["resumed"]
    assert (entry["epoch"], entry["status"]) == (4, "completed")
    assert record(tmp_path / "sweep/1").get("resumed", []) == []


@pytest.mark.slow
def test_a_sweep_that_goes_on_may_be_killed_anywhere_and_goes_on(
    command: Any, at_once: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = (*JOBS, "sweep.every_seconds=0")
    begin(command, *words)
    # More places are in scripts/kill_cases/sweeps.py.
    places = [(continuation, "Results", 1), (ChunkState, "after_epoch", 1), (chunk, "write_run", 2)]
    for holder, name, call in places:
        with monkeypatch.context() as patch:
            patch.setattr(holder, name, at_call(call, getattr(holder, name), Killed()))
            again = RESUME if (holder, name) != places[0][:2] else LONGER
            assert "Killed" in command(*again).err
    command(*RESUME)
    assert_equal_ends(tmp_path / "sweep", at_once(*JOBS, "trainer.max_epochs=7"), 6)


@pytest.mark.slow
def test_the_best_train_on_and_then_all(command: Any, at_once: Any, tmp_path: Path) -> None:
    words = ("optimizer.lr=0.01,0.03,0.05", "seed=1,2")
    begin(command, *words)
    best = sorted(table(tmp_path / "sweep"), key=lambda row: float(row["best/val/loss"]))[:2]
    outcome = command(*LONGER, "sweep.top=2")
    assert "4 of 6 jobs done, 2 to run" in outcome.out
    longer = {r["number"] for r in table(tmp_path / "sweep") if r["trainer.max_epochs"] == "7"}
    assert longer == {row["number"] for row in best}
    command(*LONGER)
    expected = reached(at_once(*words, "trainer.max_epochs=7"))
    for row, other in zip(reached(tmp_path / "sweep"), expected, strict=True):
        assert float(row["best/val/loss"]) == pytest.approx(float(other["best/val/loss"]), 1e-4)


@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop"])
def test_the_best_without_momentum_leaves_those_with_it_behind(
    command: Any, at_once: Any, tmp_path: Path, optimizer: str
) -> None:
    words = (f"optimizer={optimizer}", "optimizer.momentum=0,0.5", "optimizer.lr=0.01")
    # The one that has learned least.
    words = (*words, "optimized_mode=max")
    begin(command, *words)
    outcome = command(*LONGER, "sweep.top=1")
    assert outcome.code == 0, outcome.err
    rows = table(tmp_path / "sweep")
    assert [row["trainer.max_epochs"] for row in rows] == ["7", "4"]
    whole = at_once(*words, "trainer.max_epochs=7")
    assert {**reached(whole)[0], "trainer.max_epochs": "7"} == reached(tmp_path / "sweep")[0]


def test_a_job_that_stopped_early_goes_on_with_another_rule_alone(
    command: Any, at_once: Any, tmp_path: Path
) -> None:
    early = "+callback@callbacks.early_stopping=early_stopping"
    patience = "callbacks.early_stopping.patience"
    # By the second rate a loss grows, and stops its job.
    words = ("optimizer.lr=0.01,0.6", early, "seed=1,2,3")
    command(*TRAIN, *words, f"{patience}=2", "trainer.max_epochs=7")
    ended = [record(tmp_path / f"sweep/{number}") for number in range(6)]
    stopped = [n for n, one in enumerate(ended) if one["stopped"] and one["metrics_epoch"] < 7]
    assert 0 < len(stopped) < 6
    refused = command(*RESUME, "trainer.threads=1")
    assert (refused.code, "would not train on" in refused.err) == (2, True)
    command(*RESUME, f"{patience}=4")
    rows = reached(tmp_path / "sweep")
    whole = reached(at_once(*words, f"{patience}=4", "trainer.max_epochs=7"))
    for row, other in zip(rows, whole, strict=True):
        assert row["best/epoch"] == other["best/epoch"]
        assert float(row["train/loss"]) == pytest.approx(float(other["train/loss"]), rel=1e-4)
    for number in stopped:
        entry = record(tmp_path / f"sweep/{number}")["resumed"][0]
        assert entry["changed"] == {f"{patience}": [2, 4]}


def test_folds_and_rows_without_folders_are_renewed(
    command: Any, at_once: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("optimizer.lr=0.01,0.05", "sweep.folds=2", "sweep.keep=record")
    monkeypatch.setitem(globals(), "TRAIN", tuple(w for w in TRAIN if "val_size" not in w))
    begin(command, *words)
    before = (tmp_path / "sweep/configurations.csv").read_text()
    command(*LONGER)
    whole = at_once(*words, "trainer.max_epochs=7")
    now = (tmp_path / "sweep/configurations.csv").read_text()
    assert before != now == (whole / "configurations.csv").read_text()
    assert reached(tmp_path / "sweep") == reached(whole)


def test_another_schedule_counts_from_where_a_sweep_stands(command: Any, tmp_path: Path) -> None:
    begin(command, "optimizer.lr=0.01,0.05")
    command(*LONGER, "scheduler=step", "scheduler.step_size=2")
    config = (tmp_path / "sweep/0/.hydra/config.yaml").read_text()
    assert "step_size: 2" in config
    rows = np.genfromtxt(tmp_path / "sweep/0/metrics.csv", delimiter=",", names=True)
    rates = {int(e): r for e, r in zip(rows["epoch"], rows["trainlearning_rate"], strict=True)}
    assert [rates[epoch] for epoch in (4, 5, 6, 7)] == pytest.approx([1e-2, 1e-4, 1e-4, 1e-5])
    [entry] = record(tmp_path / "sweep/0")["resumed"]
    assert entry["changed"]["scheduler._target_"] == [None, "torch.optim.lr_scheduler.StepLR"]


def test_own_configs_are_found_again_and_one_job_goes_on(command: Any, tmp_path: Path) -> None:
    (tmp_path / "conf/model").mkdir(parents=True)
    (tmp_path / "conf/model/mine.yaml").write_text("defaults:\n- mlp\nhidden: [3]\n")
    begin(command, "--config-dir=conf", "model=mine", "seed=1,2,3")
    words = ("scheduler=cosine", "sweep.top=1", "trainer.max_epochs=6")
    outcome = command(*RESUME, *words)
    assert "sweep: 1 job goes on with" in outcome.out, outcome.err
    (tmp_path / "conf").rename(tmp_path / "moved")
    said = command(*RESUME, "scheduler=linear", "trainer.max_epochs=8").err
    assert "model=mine: no such option" in said
    assert "if they are of configs of yours: --config-dir=DIR" in said


NETWORK = """from torch import nn


class Mine(nn.Linear):
    def __init__(self, input_shape, output_size):
        super().__init__(input_shape[0], output_size)
"""


@pytest.mark.parametrize("keep", ["all", "record"])
def test_jobs_of_an_edited_module_are_not_trained_on(
    command: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keep: str
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    module = tmp_path / f"edited_{keep}.py"
    module.write_text(NETWORK)
    (tmp_path / "conf/model").mkdir(parents=True)
    keys = "".join(f"{key}: ${{data.{key}}}\n" for key in ("input_shape", "output_size"))
    option = f"_target_: {module.stem}.Mine\n{keys}"
    (tmp_path / "conf/model/mine.yaml").write_text(option)
    network = ("--config-dir=conf", "model=mine")
    begin(command, *network, "seed=1,2", f"sweep.keep={keep}")
    module.write_text(NETWORK + "# Edited.\n")
    sys.modules.pop(module.stem, None)
    before = contents(tmp_path / "sweep")
    outcome = command(*LONGER, f"trust=[{module.stem}]")
    assert outcome.code == 2, outcome
    assert f"sweep.resume=sweep: {module.stem}: is not the source" in outcome.err
    assert f"its copy is sweep/provenance/sources/{module.name}" in outcome.err
    assert contents(tmp_path / "sweep") == before
    module.write_text(NETWORK)
    sys.modules.pop(module.stem, None)
    assert "2 jobs go on" in command(*LONGER, f"trust=[{module.stem}]").out


def test_what_cannot_go_on_is_refused_by_name(command: Any, tmp_path: Path) -> None:
    begin(command, "optimizer.lr=0.01,0.05", "sweep.keep=record")
    before = contents(tmp_path / "sweep")
    for words, said in (
        (("optimizer.lr=0.1",), "optimizer.lr=0.1: the jobs of this sweep differ in optimizer.lr"),
        (("trainer.max_epochs=3",), "trainer.max_epochs=3: job 0 has trained 4 epochs already"),
        (("trainer.max_epochs=5,6",), "go on with one value of a key"),
        (("trainer.threads=1",), "2 jobs have come to their end and would not train on"),
        (("sweep.top=-1", "trainer.max_epochs=7"), "sweep.top: -1 is out of range: it must be at"),
        (("sweep.top=0",), "sweep.top: 0 is out of range: it must be at least 1"),
        (("sweep.tpo=1",), "sweep.tpo: no such key. Did you mean 'sweep.top'?"),
        (("trainer.max_epoch=7",), "trainer.max_epoch: no such key. Did you mean 'trainer.max"),
        (("callbacks.early_stopping.patience=3",), "this callback is not chosen"),
        (("scheduler=cosin",), "scheduler=cosin: no such option. Did you mean 'cosine'?"),
        (("sweep.top=1",), "sweep.top=1: what shall be other for the best?"),
        (("trainer.max_time=00:00:01:00",), "the jobs of this sweep train side by side"),
        (("trainer.max_epochs=7", "scheduler=cosine", "scheduler.T_max=5"), "would rise again"),
    ):
        outcome = command(*RESUME, *words)
        assert (outcome.code, outcome.out) == (2, ""), (words, outcome)
        assert said in outcome.err
    assert contents(tmp_path / "sweep") == before
    state = tmp_path / "sweep/.sweep/chunk-0.ckpt"
    state.write_bytes(state.read_bytes()[:-99])
    assert "sweep/.sweep/chunk-0.ckpt: cannot be read" in command(*LONGER).err
    state.unlink()
    assert "chunk-0.ckpt: missing, without which number 0, 1" in command(*LONGER).err


def test_a_job_side_by_side_goes_on_alone(command: Any, tmp_path: Path) -> None:
    words = (*("optimizer=adam", "scheduler=step", "scheduler.step_size=3"), "seed=1,2,3")
    begin(command, *words)
    shutil.copytree(tmp_path / "sweep", tmp_path / "other")
    outcome = command("train", "resume=sweep/1", "trainer.max_epochs=9")
    assert outcome.code == 0, outcome.err
    alone = [word for word in TRAIN if word not in ("-m", TRAIN[-1])]
    command(*alone, *words[:-1], "seed=2", "trainer.max_epochs=9", "hydra.run.dir=alone")
    states = [
        torch.load(tmp_path / at / "checkpoints/last.ckpt", weights_only=True)
        for at in ("sweep/1", "alone")
    ]
    torch.testing.assert_close(*(state["state_dict"] for state in states), rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(
        *(state["optimizer_states"] for state in states), rtol=1e-4, atol=1e-6
    )
    assert states[0]["lr_schedulers"] == states[1]["lr_schedulers"]
    assert states[0]["loops"]["fit_loop"] == states[1]["loops"]["fit_loop"]
    [entry] = record(tmp_path / "sweep/1")["resumed"]
    assert (entry["epoch"], entry["step"], entry["status"]) == (4, 8, "completed")
    # The table does not know it, and neither does the sweep.
    assert "job 1 (epoch 9) went on alone since" in command("report", "sweep").out
    assert "job 1 has gone on by itself since, to epoch 9" in command(*LONGER).err
    assert "Did you mean 'trainer.max_epochs'?" in command(*RESUME, "trainer.max_epoch=9").err
    assert "a sweep goes on as it was begun" in command(*RESUME, "seed=9").err
    assert (
        "goes on by seedbed train resume=sweep/1"
        in command(*RESUME[:2], "sweep.resume=sweep/1").err
    )
    shutil.rmtree(tmp_path / "other/.sweep")
    said = command("train", "resume=other/1", "trainer.max_epochs=9").err
    assert "holds weights alone" in said
