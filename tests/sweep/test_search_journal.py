"""Journal of a search, beside its table, also after a kill."""

import csv
import json
from pathlib import Path
from statistics import mean
from typing import Any

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from seedbed.sweep.execution import controller

SEARCH = ("train", "-m", "data=linear_noise", "data.rows=20", "data.batch_size=10", "trainer=cpu")
SEARCH = (*SEARCH, "data.val_size=5", "trainer.max_epochs=2", "logger=none", "sweep.keep=record")
SEARCH = (*SEARCH, "name=rates", "search.generation=3")
FOLDER = "hydra.sweep.dir=sweep"
SEARCH = (*SEARCH, "optimizer.lr=tag(log,interval(1e-3,1e20))", "search=tpe")
SEARCH = (*SEARCH, "search.n_startup_trials=3")
REPEATED = (*SEARCH, "search.trials=6", "sweep.repeats=2")
RESUME = ("train", "-m", "sweep.resume=sweep")


class Killed(BaseException):
    """Ends a command as a kill would: nothing of ours catches it."""


def opened(folder: Path) -> optuna.Study:
    """Return the study of a journal."""
    storage = JournalStorage(JournalFileBackend(str(folder / "optuna.log")))
    return optuna.load_study(study_name=None, storage=storage)


def table(folder: Path) -> list[dict[str, str]]:
    """Return the rows of a table, without the times."""
    with (folder / "results.csv").open(newline="") as lines:
        return [{**row, "seconds": ""} for row in csv.DictReader(lines)]


def journal(folder: Path) -> list[dict[str, Any]]:
    """Return the lines of a journal, without the times."""
    lines = map(json.loads, (folder / "optuna.log").read_text().splitlines())
    return [{key: line[key] for key in line if not key.startswith("datetime")} for line in lines]


@pytest.fixture(scope="module")
def kept() -> dict[str, Path]:
    return {}


@pytest.fixture
def whole(command: Any, kept: dict[str, Path], tmp_path_factory: Any) -> Path:
    """Return the folder of a search that nothing disturbed."""
    if not kept:
        folder = tmp_path_factory.mktemp("whole") / "sweep"
        done = command(*REPEATED, f"hydra.sweep.dir={folder}")
        assert "jobs" in done.out, done.err
        kept["whole"] = folder
    return kept["whole"]


def test_the_journal_has_the_trials_of_the_table(whole: Path) -> None:
    study, rows = opened(whole), table(whole)
    assert study.study_name == "rates"
    assert len(study.trials) == 6
    assert len(rows) == 12
    for trial in study.trials:
        jobs = rows[2 * trial.number : 2 * trial.number + 2]
        assert trial.user_attrs["jobs"] == [int(row["number"]) for row in jobs]
        assert {row["optimizer.lr"] for row in jobs} == {repr(trial.params["optimizer.lr"])}
        statuses = {row["status"] for row in jobs}
        stopped = statuses == {"stopped_early"}
        assert trial.state == (TrialState.PRUNED if stopped else TrialState.COMPLETE)
        if stopped:
            assert trial.value == trial.intermediate_values[max(trial.intermediate_values)]
            assert "top_k_after" in trial.user_attrs["stopped"]
        if statuses == {"completed"}:
            assert trial.value == mean(float(row["best/val/loss"]) for row in jobs)
            assert trial.user_attrs["best/val/loss (standard deviation)"] > 0
    assert study.best_trial.value == min(
        trial.value
        for trial in study.trials
        if trial.value is not None and trial.state == TrialState.COMPLETE
    )
    # Where a rate is far too high, training diverges.
    assert any(row["status"] == "diverged" for row in rows)
    assert any(trial.value == float("inf") for trial in study.trials)


def test_a_search_that_was_killed_goes_on_to_the_same_table_and_journal(
    command: Any, tmp_path: Path, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = iter(range(100))
    add = controller.Results.add

    def add_or_die(*arguments: Any) -> None:
        if next(calls) == 1:
            raise Killed
        add(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(controller.Results, "add", add_or_die)
        assert "Killed" in command(*REPEATED, FOLDER).err
    sweep = tmp_path / "sweep"
    states = {trial.state for trial in opened(sweep).trials}
    assert states <= {TrialState.COMPLETE, TrialState.PRUNED}
    (sweep / "optuna.log").write_text("what somebody else wrote")
    command(*RESUME)
    assert table(sweep) == table(whole)
    assert journal(sweep) == journal(whole)
    content = (sweep / "optuna.log").read_bytes()
    command(*RESUME)
    assert (sweep / "optuna.log").read_bytes() == content


def test_a_grid_keeps_no_journal(command: Any, tmp_path: Path) -> None:
    words = [word for word in SEARCH if "search" not in word and "interval" not in word]
    assert command(*words, "optimizer.lr=0.1,0.2", FOLDER).code == 0
    assert not (tmp_path / "sweep/optuna.log").exists()
