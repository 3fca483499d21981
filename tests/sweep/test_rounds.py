"""Sweeps of several rounds: a sampler is asked, told, and asked again, also after a kill."""

import csv
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from seedbed.sweep import sweeper
from seedbed.sweep.execution import controller, worker
from seedbed.sweep.execution.workforce import choosing
from seedbed.sweep.job import Words
from seedbed.sweep.results.table import Row

TRAIN = ("train", "-m", "data=linear_noise", "data.rows=20", "data.batch_size=10")
TRAIN = (*TRAIN, "data.val_size=5", "trainer=cpu", "trainer.max_epochs=3", "logger=none")
FOLDER = "hydra.sweep.dir=sweep"
RESUME = ("train", "-m", "sweep.resume=sweep")


class Killed(BaseException):
    """Ends a command as a kill would: nothing of ours catches it."""


class Halving:
    """Asks for three rounds of two jobs: around the better rate of the round before.

    The last round chooses another network, which no round before has composed.
    """

    def __init__(self, *arguments: Any) -> None:
        self.rates = [0.01, 0.04]
        self.round = 0
        self.told: list[list[Row]] = []

    def ask(self, count: int | None = None) -> list[Words]:
        if self.round == 3:
            return []
        model = "mlp" if self.round == 2 else "linear"
        self.round += 1
        fixed = tuple(word for word in TRAIN[2:])
        return [(*fixed, f"model={model}", f"optimizer.lr={rate}") for rate in self.rates]

    def tell(self, results: Sequence[Row]) -> None:
        self.told.append(list(results))
        losses = [row.metrics["val/loss"] for row in results]
        best = self.rates[losses.index(min(losses))]
        self.rates = [best / 2, best * 2]


@pytest.fixture
def samplers(monkeypatch: pytest.MonkeyPatch) -> list[Halving]:
    """Let sweeps ask samplers of this test, which are kept here."""
    kept: list[Halving] = []

    def make(*arguments: Any) -> Halving:
        kept.append(Halving())
        return kept[-1]

    monkeypatch.setattr(sweeper, "make_sampler", make)
    monkeypatch.setattr(sweeper, "saved_sampler", make)
    return kept


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "results.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


def told(sampler: Halving) -> list[list[tuple[int, dict[str, float]]]]:
    return [[(row.number, dict(row.metrics)) for row in results] for results in sampler.told]


def at_call(number: int, function: Callable[..., Any], error: BaseException) -> Callable[..., Any]:
    """Return a function that raises in the place of its call of this number, from 0 on."""
    calls = iter(range(10_000))

    def called(*arguments: Any, **keywords: Any) -> Any:
        if next(calls) == number:
            raise error
        return function(*arguments, **keywords)

    return called


def test_a_sampler_is_told_the_results_of_a_round_before_it_is_asked_for_the_next(
    command: Any, tmp_path: Path, samplers: list[Halving]
) -> None:
    done = command(*TRAIN, FOLDER)
    assert done.code == 0, done.err
    [sampler] = samplers
    rows = table(tmp_path / "sweep")
    assert [row["number"] for row in rows] == ["0", "1", "2", "3", "4", "5"]
    assert [[row.number for row in results] for results in sampler.told] == [[0, 1], [2, 3], [4, 5]]
    for results in sampler.told:
        for row in results:
            assert float(rows[row.number]["val/loss"]) == row.metrics["val/loss"]
    # The rates of a round follow from the results of the one before.
    rates = [float(row["optimizer.lr"]) for row in rows]
    for first in (0, 2):
        losses = [float(rows[first + place]["val/loss"]) for place in (0, 1)]
        best = rates[first + losses.index(min(losses))]
        assert rates[first + 2 : first + 4] == [best / 2, best * 2]
    # The network differs from the last round on; the jobs before have it in the table as well.
    assert [row["model"] for row in rows] == ["linear"] * 4 + ["mlp"] * 2
    plan = json.loads((tmp_path / "sweep/sweep.json").read_text())
    assert [one["groups"] for one in plan["rounds"]] == [[[0, 1]], [[2, 3]], [[4, 5]]]
    assert "6 completed" in done.out


@pytest.fixture(scope="module")
def kept() -> dict[str, Any]:
    return {}


@pytest.fixture
def whole(
    command: Any, kept: dict[str, Any], samplers: list[Halving], tmp_path_factory: Any
) -> tuple[Path, Halving]:
    """Return the folder of a sweep that nothing disturbed, and its sampler."""
    if not kept:
        folder = tmp_path_factory.mktemp("whole") / "sweep"
        command(*TRAIN, f"hydra.sweep.dir={folder}")
        kept["whole"] = folder, samplers.pop()
    found: tuple[Path, Halving] = kept["whole"]
    return found


KILLS = {
    "between the first and the second round": (sweeper, "plan_round", 1),
    "after a round is planned and before it is written": (sweeper, "write_plan", 2),
    "before the results of the third round are entered": (controller.Results, "add", 2),
}


@pytest.mark.parametrize("when", KILLS)
def test_a_sweep_killed_at_any_round_goes_on_to_the_same_results(
    command: Any,
    tmp_path: Path,
    samplers: list[Halving],
    whole: tuple[Path, Halving],
    monkeypatch: pytest.MonkeyPatch,
    when: str,
) -> None:
    holder, name, call = KILLS[when]
    with monkeypatch.context() as patch:
        patch.setattr(holder, name, at_call(call, getattr(holder, name), Killed()))
        assert "Killed" in command(*TRAIN, FOLDER).err
    done = command(*RESUME)
    assert done.code == 0, done.err
    folder, undisturbed = whole
    assert table(tmp_path / "sweep") == table(folder)
    assert told(samplers[-1]) == told(undisturbed)
    resumed, expected = (
        json.loads((one / "sweep.json").read_text()) for one in (tmp_path / "sweep", folder)
    )
    assert resumed["rounds"] == expected["rounds"]


def test_the_rounds_of_a_launcher_are_those_of_one_process(
    command: Any,
    tmp_path: Path,
    samplers: list[Halving],
    whole: tuple[Path, Halving],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(choosing, "ONE_AFTER_ANOTHER", "")
    done = command(*TRAIN, FOLDER)
    # Of every generation alike, which is said once.
    assert done.err.count("BasicLauncher runs 1 unit: 1 of jobs side by side") == 1, done.err
    folder, undisturbed = whole
    assert table(tmp_path / "sweep") == table(folder)
    assert told(samplers[-1]) == told(undisturbed)


def test_a_sampler_that_gives_other_jobs_than_it_gave_is_refused(
    command: Any, tmp_path: Path, whole: tuple[Path, Halving], monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(whole[0], tmp_path / "sweep")
    monkeypatch.setattr(Halving, "ask", lambda self, count=None: [("seed=1",)])
    done = command(*RESUME)
    assert done.code == 1
    assert done.err == "seedbed: round 0 of the sweep would have other jobs than it had\n"


def test_a_failure_that_stops_a_sweep_ends_it_before_the_next_round(
    command: Any, tmp_path: Path, samplers: list[Halving], monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = at_call(0, worker.train_chunk, ValueError("of the test"))
    monkeypatch.setattr(worker, "train_chunk", wrong)
    monkeypatch.setattr(Halving, "ask", with_words(Halving.ask, "sweep.on_failure=stop"))
    done = command(*TRAIN, "sweep.on_failure=stop", FOLDER)
    assert done.code == 1
    assert [row["status"] for row in table(tmp_path / "sweep")] == ["failed", "failed"]
    assert samplers[0].told == []


def with_words(ask: Callable[..., list[Words]], word: str) -> Callable[..., list[Words]]:
    return lambda self, count=None: [(*words, word) for words in ask(self, count)]
