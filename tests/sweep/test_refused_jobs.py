"""Of a sweep, only the jobs that are wrong are refused, before the first of the others starts."""

import csv
from pathlib import Path
from typing import Any

import pytest

CYCLE = ("scheduler=one_cycle", "scheduler.total_steps=12,20", "data.rows=5")
SWEEP = ("train", "-m", "callbacks=quiet", "logger=none", "trainer.max_epochs=20")
FOLDER = "hydra.sweep.dir=sweep"
NORMED = ("model=linear", "model._target_=tests.sweep.networks.Normed")


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "sweep" / "results.csv").open() as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("fuse", "words", "said"),
    [
        ("always", CYCLE, "scheduler.total_steps: 12, and the run has 20 steps"),
        ("never", CYCLE, "scheduler.total_steps: 12, and the run has 20 steps"),
        ("always", (*NORMED, "data.rows=5", "data.batch_size=4,5"), "batch norm needs"),
    ],
)
def test_the_others_run(
    command: Any, tmp_path: Path, fuse: str, words: tuple[str, ...], said: str
) -> None:
    seeds, wrong = ("seed=0,1", (0, 1)) if fuse == "always" else ("seed=0", (0,))
    outcome = command(*SWEEP, *words, seeds, f"sweep.fuse={fuse}", FOLDER)
    assert outcome.code == 1
    rows = table(tmp_path)
    for number, row in enumerate(rows):
        assert row["status"] == ("failed" if number in wrong else "completed")
        assert (said in row["error"]) == (number in wrong)
        assert (tmp_path / "sweep" / str(number)).exists() == (number not in wrong)
    assert f"seedbed: job {wrong[0]} failed: " in outcome.err
    if fuse == "never":  # On going on they are tried again, alone.
        assert command("train", "-m", "sweep.resume=sweep").code == 1
        assert [row["status"] for row in table(tmp_path)] == [row["status"] for row in rows]


PICKY = (
    "model._target_=tests.sweep.networks.Picky",
    "+model.width=7,8",
    "+model.bias=true",
    *(f"+model.{key}=${{data.{key}}}" for key in ("input_shape", "output_size")),
)


@pytest.mark.parametrize("words", [(), ("data.batch_size=2,4", "data.rows=5")])
def test_the_others_run_where_a_network_cannot_be_made(
    command: Any, tmp_path: Path, words: tuple[str, ...]
) -> None:
    go_on = "sweep.on_failure=continue"
    assert command(*SWEEP, *PICKY, *words, "seed=0,1", go_on, FOLDER).code == 1
    for row in table(tmp_path):
        is_wrong = row["model.width"] == "7"
        assert row["status"] == ("failed" if is_wrong else "completed")
        assert ("no such width" in row["error"]) == is_wrong


def test_the_value_of_which_no_network_can_be_made_is_named(refused: Any) -> None:
    said = refused(*SWEEP, *PICKY, "seed=0,1", FOLDER, function=None)
    assert "no such width (with model.width=7) (2 of 4 jobs are wrong; nothing was run)" in said


@pytest.mark.parametrize(
    ("words", "count"),
    [
        ((*CYCLE, "sweep.on_failure=stop"), "1 of 2"),
        (("scheduler=one_cycle", "scheduler.total_steps=12", "seed=0,1"), "2 of 2"),
        (("seed=0,-1",), "1 of 2"),
        (("freeze.parameters=[bias],[nothing]", "sweep.on_failure=stop"), "1 of 2"),
    ],
)
def test_none_runs(refused: Any, words: tuple[str, ...], count: str) -> None:
    said = refused(*SWEEP, *words, FOLDER, function=None)
    assert f"({count} jobs are wrong; nothing was run)" in said


@pytest.mark.parametrize(
    "words", [("seed=0,-1,1",), ("freeze.parameters=[bias],[nothing],[weight]",)]
)
def test_the_others_run_where_it_was_asked_for(
    command: Any, tmp_path: Path, words: tuple[str, ...]
) -> None:
    outcome = command(*SWEEP, *words, "sweep.on_failure=continue", FOLDER)
    assert outcome.code == 1, outcome.err
    assert [row["status"] for row in table(tmp_path)] == ["completed", "failed", "completed"]


def test_what_is_alike_is_rehearsed_once(
    command: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from seedbed.experiment.training import loading

    loaded = []
    monkeypatch.setattr(loading, "load", lambda experiment, cut_short: loaded.append(experiment))
    words = ("seed=0,1,2", "optimizer.lr=1e-5,2e-5", "sweep.fuse=never", "sweep.plan=true")
    assert command(*SWEEP, *words).code == 0
    assert len(loaded) == 1


def test_the_untrained_model_is_a_job_as_others_are(command: Any, tmp_path: Path) -> None:
    words = (*SWEEP[:-1], "trainer.max_epochs=0,2", "seed=0,1", FOLDER)
    assert command(*words).code == 0
    epochs = [int(row["best/epoch"]) for row in table(tmp_path)]
    assert epochs[:2] == [0, 0]
    assert min(epochs[2:]) >= 1


@pytest.mark.parametrize(
    ("words", "count", "reason"),
    [
        (
            ("optimizer=lbfgs,sgd", "seed=0,1"),
            "2 of 4",
            "numbers 0, 1: optimizer torch.optim.LBFGS has no update rule for many jobs",
        ),
        (
            ("model=linear", "model._target_=tests.sweep.networks.StepCounting", "seed=0,1"),
            "2 of 2",
            "numbers 0, 1: steps of the network changes while it trains",
        ),
        (
            ("data._target_=tests.sweep.own_data.OwnBatches", "data=linear_noise"),
            "1 of 1",
            "number 0: data tests.sweep.own_data.OwnBatches makes its own batches",
        ),
    ],
)
@pytest.mark.parametrize("plan", [(), ("sweep.plan=true",)])
def test_side_by_side_always_is_refused_where_it_cannot_be(
    refused: Any, words: tuple[str, ...], count: str, reason: str, plan: tuple[str, ...]
) -> None:
    said = refused(*SWEEP, *words, "sweep.fuse=always", *plan, FOLDER, function=None)
    assert said.startswith(f"seedbed: sweep.fuse=always: {count} job")
    assert reason in said
