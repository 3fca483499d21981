"""The worker: what becomes of a chunk, of a job alone, and of what goes wrong."""

import errno
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from seedbed.config.schema.root import Sweep as SweepOptions
from seedbed.engines.fused.network_state import CannotFuse
from seedbed.engines.fused.trial_stopping import TrialStopping
from seedbed.errors import DataError, DiskFull, Interrupted
from seedbed.runs.outcome import EpochState, RunOutcome
from seedbed.runs.record import write_json
from seedbed.sweep.configs.composer import Composer
from seedbed.sweep.execution import jobs_writer
from seedbed.sweep.execution import worker as module
from seedbed.sweep.execution.progress import Progress
from seedbed.sweep.execution.worker import Unit, Worker
from seedbed.sweep.job import numbered
from seedbed.sweep.planning.groups import numbers_of_jobs
from seedbed.sweep.results.folder import SweepFolder
from seedbed.sweep.results.objectives import one_objective
from seedbed.sweep.results.plan_file import Round, SweepPlan

JOBS = numbered([("seed=1",), ("seed=2",), ("seed=3",)])
CHUNK = Unit((0, 1, 2), True, (0, 1, 2))


class Runner:
    """Runner of single jobs, of which no test needs one; it keeps what it is told."""

    command = ("seedbed", "train", "-m", "seed=1,2,3")

    def __init__(self) -> None:
        self.shown: list[Exception] = []

    def show_traceback(self, error: Exception) -> None:
        self.shown.append(error)


@pytest.fixture
def worker(composer: Composer, tmp_path: Path) -> Worker:
    return worker_of(composer, tmp_path)


def worker_of(composer: Composer, folder: Path, **options: Any) -> Worker:
    plan = SweepPlan(one_objective("val/loss", "min"))
    plan.add(Round(JOBS, [[0, 1, 2]], {}))
    return Worker(
        composer=composer,
        folder=SweepFolder(folder),
        plan=plan,
        options=SweepOptions(**options),
        runner=Runner(),  # type: ignore[arg-type]
        callbacks=None,  # type: ignore[arg-type]
        show=lambda progress: None,
    )


@pytest.fixture
def trains(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Let chunks train at once to these losses of the best and the last epoch, and write nothing.

    `raises` is raised instead of training; `calls` are the arguments of training, `written` the
    numbers of the jobs whose folders were to be written.
    """
    told = SimpleNamespace(best=[3.0, 1.0, 2.0], last=9.0, raises=None, calls=[], written=[])

    def train_chunk(*arguments: Any) -> Any:
        told.calls.append(arguments)
        if told.raises is not None:
            raise told.raises
        outcomes = [
            RunOutcome("completed", metrics={"val/loss": told.last}, best=state)
            for state in (EpochState(4, 8, {"val/loss": best}) for best in told.best)
        ]
        group = SimpleNamespace(keeps_best=True, trials=TrialStopping())
        return SimpleNamespace(outcomes=outcomes, group=group, times={"seconds": 0.5})

    def write_folders(
        chunk: Any, places: Any, jobs: Any, provenance: Any, written: Any
    ) -> dict[int, str]:
        told.written += [job.number for job in jobs]
        assert list(places) == [CHUNK.jobs.index(job.number) for job in jobs]
        return {}

    monkeypatch.setattr(module, "train_chunk", train_chunk)
    monkeypatch.setattr(jobs_writer, "write_folders", write_folders)
    monkeypatch.setattr(
        jobs_writer, "write_failed", lambda job, *_: told.written.append(job.number)
    )
    return told


def test_of_a_chunk_that_trains_as_a_whole_only_missing_jobs_have_results(
    worker: Worker, trains: SimpleNamespace
) -> None:
    result = worker.run(CHUNK._replace(missing=(0, 2)))
    [(_, numbers, *_)] = trains.calls
    assert [one.seed for one in numbers] == [1, 2, 3]
    assert [(row.number, row.axes) for row in result.rows] == [(0, {"seed": 1}), (2, {"seed": 3})]
    assert trains.written == [0, 2]


def test_a_row_has_the_metrics_of_the_last_and_of_the_best_epoch(
    worker: Worker, trains: SimpleNamespace
) -> None:
    [row] = worker.run(CHUNK._replace(missing=(1,))).rows
    assert row.metrics == {"val/loss": 9.0, "best/epoch": 4, "best/val/loss": 1.0}
    assert (row.status, row.folder, row.seconds) == ("completed", "1", 0.5)


def test_what_was_known_of_the_jobs_is_not_read_again(
    worker: Worker, trains: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = tuple(numbers_of_jobs(worker.composer, JOBS))
    monkeypatch.setattr(module, "numbers_of_jobs", None)
    worker.run(CHUNK._replace(known=known))
    assert trains.calls[0][1] is known


@pytest.mark.parametrize(
    ("keep", "written"), [("all", [0, 1, 2]), ("best", [1, 2]), ("record", [])]
)
def test_folders_are_written_of_the_jobs_that_are_kept(
    composer: Composer, tmp_path: Path, trains: SimpleNamespace, keep: str, written: list[int]
) -> None:
    result = worker_of(composer, tmp_path, keep=keep, top=2).run(CHUNK)
    assert sorted(trains.written) == written
    assert [row.number for row in result.rows] == [0, 1, 2]


def test_a_chunk_that_cannot_fuse_is_refused_with_its_reason(
    worker: Worker, trains: SimpleNamespace
) -> None:
    trains.raises = CannotFuse("of the test")
    result = worker.run(CHUNK)
    assert (result.refusal, result.rows, trains.written) == ("of the test", [], [])


@pytest.mark.parametrize(
    ("error", "text", "is_ours"),
    [
        (DataError("of the test"), "of the test", True),
        (ValueError("of the test"), "ValueError: of the test", False),
    ],
)
def test_an_error_fails_the_missing_jobs_and_is_shown_where_it_is_not_the_users(
    worker: Worker, trains: SimpleNamespace, error: Exception, text: str, is_ours: bool
) -> None:
    trains.raises = error
    result = worker.run(CHUNK._replace(missing=(1, 2)))
    found = [(row.number, row.status, row.error) for row in result.rows]
    assert found == [(1, "failed", text), (2, "failed", text)]
    assert trains.written == [1, 2]
    assert worker.runner.shown == ([] if is_ours else [error])  # type: ignore[attr-defined]


def test_a_signal_and_a_full_disk_fail_no_job(worker: Worker, trains: SimpleNamespace) -> None:
    trains.raises = Interrupted(15)
    with pytest.raises(Interrupted):
        worker.run(CHUNK)
    trains.raises = OSError(errno.ENOSPC, "No space left on device", "somewhere")
    with pytest.raises(DiskFull, match="no space left on the disk: somewhere"):
        worker.run(CHUNK)


def test_progress_is_shown_at_every_epoch_and_folder(
    composer: Composer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[Progress] = []
    worker = worker_of(composer, tmp_path)
    object.__setattr__(worker, "show", lambda progress: shown.append(vars(progress).copy()))
    history = SimpleNamespace(best_so_far=lambda: 0.5)
    engine = SimpleNamespace(epoch=1, group=SimpleNamespace(max_epochs=[2]), history=history)

    def train_chunk(*arguments: Any) -> Any:
        arguments[4](engine)
        outcomes, group = (
            [RunOutcome("completed")] * 3,
            SimpleNamespace(keeps_best=False, trials=TrialStopping()),
        )
        return SimpleNamespace(outcomes=outcomes, group=group, times={"seconds": 0.5})

    monkeypatch.setattr(module, "train_chunk", train_chunk)
    monkeypatch.setattr(jobs_writer, "write_folders", lambda *arguments: arguments[-1](1, 3) or {})
    worker.run(CHUNK)
    expected = [Progress(3, 0.5, "epoch 1/2", 0.5), Progress(3, 0.5, "folder 1/3", 0.5)]
    assert shown == [vars(one) for one in expected]


def test_a_job_is_known_by_its_record(worker: Worker, tmp_path: Path) -> None:
    assert worker.recorded(JOBS[1]) is None
    fields = {
        "status": "diverged",
        "metrics": {"val/loss": None, "train/loss": 2.0},
        "checkpoints": {"best": {"epoch": 3, "metrics": {"val/loss": 0.5}}},
        "seconds": 1.5,
        "error": "of the test",
    }
    write_json(tmp_path / "1/run.json", fields)
    row = worker.recorded(JOBS[1])
    assert row is not None
    assert row.metrics == {"train/loss": 2.0, "best/epoch": 3, "best/val/loss": 0.5}
    assert (row.status, row.seconds, row.error) == ("diverged", 1.5, "of the test")
    assert (row.folder, row.axes) == ("1", {"seed": 2})


def test_what_a_job_has_for_a_group_is_its_option_and_for_a_key_its_value(
    composer: Composer, tmp_path: Path
) -> None:
    worker = worker_of(composer, tmp_path)
    words = [("model=mlp", "model.hidden=[3,4]"), ("model=linear",)]
    jobs = numbered(words, first=3)
    worker.plan.add(Round(jobs, [], {"of the test": [3, 4]}))
    worker.plan.axes = {"model": [], "model.hidden": [], "data.seed": []}
    assert worker.axes(jobs[0]) == {"model": "mlp", "model.hidden": [3, 4], "data.seed": 0}
    assert worker.axes(jobs[1]) == {"model": "linear", "data.seed": 0}
    assert worker.folders.path(jobs[1]).name == "4"
