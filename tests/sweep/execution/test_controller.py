"""The controller: which units of a round run, what is entered, and how a sweep ends."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from seedbed.config.schema.root import Sweep as SweepOptions
from seedbed.errors import DiskFull, Interrupted
from seedbed.sweep.execution.closing import report
from seedbed.sweep.execution.controller import Controller
from seedbed.sweep.execution.display import Display
from seedbed.sweep.execution.worker import Unit, UnitResult, Worker
from seedbed.sweep.job import Job, Words, numbered
from seedbed.sweep.planning.rounds import PlannedRound
from seedbed.sweep.results.folder import SweepFolder
from seedbed.sweep.results.objectives import one_objective
from seedbed.sweep.results.plan_file import Round, SweepPlan
from seedbed.sweep.results.table import Results, Row, read_results


class FakeFolders:
    """Folders that hold what is the jobs' own, named after their numbers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, job: Job) -> Path:
        return self.folder / str(job.number)

    def require_own(self, job: Job) -> None:
        pass

    def is_as_now(self, job: Job) -> bool:
        return True

    def remove(self, job: Job) -> None:
        shutil.rmtree(self.path(job), ignore_errors=True)


class FakeWorker:
    """Worker whose jobs end with the losses that it is given, or by raising."""

    def __init__(self, folder: Path, losses: Mapping[int, float], **options: Any) -> None:
        self.folder = SweepFolder(folder)
        self.folder.saved.mkdir()
        self.folders = FakeFolders(folder)
        self.plan = SweepPlan(one_objective("val/loss", "min"))
        self.options = SweepOptions(**{"keep": "record", **options})
        self.keeps_all = self.options.keep in ("all", "packed")
        self.losses = losses
        self.runner = self.callbacks = self.composer = self.rule = None
        self.earlier: list[Any] = []
        self.ran: list[Unit] = []
        self.raises: Exception | None = None
        self.refuses = self.goes_on = False

    def goes_on_alone(self, job: Job) -> bool:
        return False

    def with_reports(self, rows: list[Row], first: int | None) -> list[Row]:
        return rows

    def run(self, unit: Unit, requested: Callable[[], int | None]) -> UnitResult:
        self.ran.append(unit)
        if self.refuses and unit.fused:
            return UnitResult(refusal="of the test")
        if self.raises is not None and len(self.ran) > 1:
            raise self.raises
        return UnitResult([self.row(number) for number in unit.missing])

    def row(self, number: int) -> Row:
        status = "completed" if number in self.losses else "failed"
        metrics = {"val/loss": self.losses.get(number, 0.0), "val/none": float("nan")}
        return Row(number, self.axes(self.plan.jobs[number]), status, str(number), metrics, 1.0)

    def axes(self, job: Any) -> dict[str, str]:
        return {"seed": str(job.number)}

    def recorded(self, job: Any) -> Row | None:
        return None

    kept = Worker.kept


@pytest.fixture(autouse=True)
def trusts_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of jobs that are not composed no module need be trusted."""
    monkeypatch.setattr(report, "modules_to_trust", lambda composer, jobs: [])


class Told:
    """Sampler that keeps what it is told."""

    def __init__(self) -> None:
        self.results: list[list[Row]] = []

    def ask(self, count: int | None = None) -> list[Words]:
        return []

    def tell(self, results: Sequence[Row]) -> None:
        self.results.append(list(results))


def planned(
    worker: FakeWorker, groups: Sequence[Sequence[int]], alone: Sequence[int]
) -> PlannedRound:
    """Return a round of a group's jobs and of single ones, which the plan has from now on."""
    jobs = numbered([(f"seed={n}",) for n in range(sum(map(len, groups)) + len(alone))])
    worker.plan.add(Round(jobs, groups, {"of the test": list(alone)}))
    return PlannedRound(worker.plan.rounds[-1], dict.fromkeys([1, 2], "known"))  # type: ignore[arg-type]


def run(worker: Any, planned: PlannedRound, workforce: Any = None) -> tuple[int, Told]:
    sampler = Told()
    worker.goes_on = worker.folder.results.is_file()
    controller = Controller(worker, Display("val/loss", "min"), workforce)
    return controller.run([planned], sampler), sampler


def test_chunks_run_before_single_jobs_and_know_what_was_planned(tmp_path: Path) -> None:
    worker = FakeWorker(tmp_path, dict.fromkeys(range(4), 1.0))
    code, _ = run(worker, planned(worker, groups=[[1, 2]], alone=[3, 0]))
    chunk = Unit((1, 2), True, (1, 2), ("known", "known"))  # type: ignore[arg-type]
    assert worker.ran == [chunk, Unit((0,), False, (0,)), Unit((3,), False, (3,))]
    assert code == 0


def test_the_sampler_is_told_finite_metrics_in_the_order_of_the_jobs(tmp_path: Path) -> None:
    worker = FakeWorker(tmp_path, {0: 3.0, 1: float("inf"), 2: 1.0})
    _, sampler = run(worker, planned(worker, groups=[[1, 2]], alone=[0]))
    [results] = sampler.results
    assert [row.number for row in results] == [0, 1, 2]
    assert [row.metrics for row in results] == [{"val/loss": 3.0}, {}, {"val/loss": 1.0}]


def test_a_sweep_with_a_failed_job_ends_with_code_1(tmp_path: Path) -> None:
    worker = FakeWorker(tmp_path, {0: 1.0, 2: 1.0})
    code, sampler = run(worker, planned(worker, groups=[], alone=[0, 1, 2]))
    assert (code, len(worker.ran), len(sampler.results)) == (1, 3, 1)


def test_a_failure_that_stops_the_sweep_leaves_later_units_and_tells_the_sampler_nothing(
    tmp_path: Path,
) -> None:
    worker = FakeWorker(tmp_path, {0: 1.0, 2: 1.0}, on_failure="stop")
    code, sampler = run(worker, planned(worker, groups=[], alone=[0, 1, 2]))
    assert (code, len(worker.ran), sampler.results) == (1, 2, [])


def test_a_chunk_that_cannot_fuse_runs_its_missing_jobs_one_by_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    worker = FakeWorker(tmp_path, dict.fromkeys(range(3), 1.0))
    worker.refuses = True
    round_ = planned(worker, groups=[[0, 1, 2]], alone=[])
    Results(worker.folder.results, ["seed"], [worker.row(1)])
    assert run(worker, round_)[0] == 0
    assert [(unit.jobs, unit.missing) for unit in worker.ran] == [
        ((0, 1, 2), (0, 2)),
        ((0,), (0,)),
        ((2,), (2,)),
    ]
    assert "3 jobs one after another: of the test" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("status", "runs"), [("completed", 0), ("diverged", 0), ("failed", 1), ("interrupted", 1)]
)
def test_only_jobs_that_completed_or_diverged_are_not_run_again(
    tmp_path: Path, status: str, runs: int
) -> None:
    worker = FakeWorker(tmp_path, {0: 1.0})
    round_ = planned(worker, groups=[], alone=[0])
    Results(worker.folder.results, [], [Row(0, {}, status, "0", {"val/loss": 1.0})])
    run(worker, round_)
    assert len(worker.ran) == runs


def test_a_job_whose_record_is_gone_runs_again_where_all_folders_are_kept(tmp_path: Path) -> None:
    worker = FakeWorker(tmp_path, {0: 1.0, 1: 1.0}, keep="all")
    round_ = planned(worker, groups=[], alone=[0, 1])
    Results(worker.folder.results, ["seed"], [worker.row(0), worker.row(1)])
    (tmp_path / "0").mkdir()
    (tmp_path / "0/run.json").touch()
    run(worker, round_)
    assert [unit.jobs for unit in worker.ran] == [(1,)]


def test_of_the_best_the_folders_are_kept_and_named_in_the_table(tmp_path: Path) -> None:
    worker = FakeWorker(tmp_path, {0: 3.0, 1: 1.0, 2: 2.0}, keep="best", top=2)
    for number in range(3):
        (tmp_path / str(number)).mkdir()
    run(worker, planned(worker, groups=[], alone=[0, 1, 2]))
    assert [row.folder for row in read_results(worker.folder.results)] == ["", "1", "2"]
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == [".sweep", "1", "2"]


@pytest.mark.parametrize(
    ("error", "code"), [(Interrupted(15), 143), (Interrupted(2), 130), (KeyboardInterrupt(), 130)]
)
def test_a_signal_enters_what_has_ended_and_gives_the_code_of_a_shell(
    tmp_path: Path, error: Exception, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    worker = FakeWorker(tmp_path, {0: 1.0})
    worker.raises = error
    with pytest.raises(SystemExit) as ended:
        run(worker, planned(worker, groups=[], alone=[0, 1]))
    assert ended.value.code == code
    err = capsys.readouterr().err
    assert f"stopped by signal {code - 128} (SIG" in err
    assert "1 of 2 jobs done" in err
    assert [row.number for row in read_results(worker.folder.results)] == [0]


def test_a_full_disk_says_how_to_go_on(tmp_path: Path) -> None:
    worker = FakeWorker(tmp_path, {0: 1.0})
    worker.raises = DiskFull("no space left")
    with pytest.raises(DiskFull, match=r"^no space left; go on with: seedbed train -m sweep.resu"):
        run(worker, planned(worker, groups=[], alone=[0, 1]))
