"""Run folders of jobs that trained side by side, against those that the jobs leave alone."""

import time
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf
from tests.composing import composed
from tests.experiments import events, record, trained

from seedbed.config.spec import run_spec
from seedbed.errors import Interrupted
from seedbed.runs.outcome import RunOutcome
from seedbed.runs.provenance.files import ProvenanceFiles
from seedbed.sweep.execution import chunk as module
from seedbed.sweep.execution import chunk_state
from seedbed.sweep.execution.chunk import (
    ChunkState,
    PreparedJob,
    TrainedChunk,
    train_chunk,
    write_failed,
    write_folders,
)
from seedbed.sweep.planning.job_numbers import numbers_of

Job = Sequence[str]
LINE = ("data=linear_noise", "data.rows=20", "data.features=2", "data.batch_size=4")
COMMON = ("trainer=cpu", *LINE, "data.val_size=4", "data.test_size=4", "trainer.max_epochs=6")
COMMON = (*COMMON, "trainer.precision=64-true", "task.loss=huber")
STOPPING = "callbacks.early_stopping"
COMMON = (*COMMON, f"+callback@{STOPPING}=early_stopping", f"{STOPPING}.patience=5")
JOBS = (
    ("optimizer.lr=0.02",),
    # Stops after its best epoch.
    ("optimizer.lr=1.3", "seed=1", f"{STOPPING}.patience=2"),
    # Another table, and a loss of its own.
    ("optimizer.lr=0.02", "data.noise=1", "task.huber_delta=0.3"),
    # Diverges after some epochs.
    ("scheduler=step", "scheduler.step_size=2", "scheduler.gamma=1e300", "seed=2"),
    # Diverges at once.
    ("+initial_weights.parameters={weight: [[1.0e+308, 1.0e+308]], bias: [1.0e+308]}",),
)
# Not told by what is trained; the device of a run is the same.
OF_THE_RUN = ("process", "started", "finished", "seconds")
LABELS = ("name", "tags", "notes")
PROVENANCE = (
    *LABELS,
    *("hyperparameters", "seed", "data", "command", "versions", "packages", "git", "device"),
)


def chunk_of(
    folder: Path, common: Job, jobs: Sequence[Job] = JOBS, points: int = 100
) -> TrainedChunk:
    configs = [composed("callbacks=quiet", *common, *job) for job in jobs]
    numbers = [numbers_of(config) for config in configs]
    state = ChunkState(folder / "state", 1e9, lambda: None)
    return train_chunk(run_spec(configs[0]), numbers, points, state, lambda engine: None)


def prepared_job(folder: Path, number: int, alone: Path) -> PreparedJob:
    """Return a job by what its run alone says that has nothing to do with the training."""
    known = {key: value for key, value in record(alone).items() if key in PROVENANCE}
    known["data"] = {**known["data"], "fingerprint": None}
    config = OmegaConf.load(alone / ".hydra/config.yaml")
    texts = {"config.yaml": OmegaConf.to_yaml(config, resolve=True)}
    return PreparedJob(number, str(number), {}, folder / str(number), texts, known)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[Job, tuple[TrainedChunk, Path]]:
    return {}


def both(runs: Any, factory: Any, *words: str) -> tuple[TrainedChunk, Path]:
    """Return a chunk and a folder with `alone` and `fused`, where each of its jobs has run."""
    if words not in runs:
        folder, common = factory.mktemp("runs"), (*COMMON, *words)
        for number, job in enumerate(JOBS):
            trained(folder / "alone" / str(number), *common, *job)
        chunk = chunk_of(folder, common)
        jobs = [
            prepared_job(folder / "fused", number, folder / "alone" / str(number))
            for number in range(len(JOBS))
        ]
        write_folders(chunk, range(len(JOBS)), jobs, ProvenanceFiles(folder / "sweep"))
        runs[words] = (chunk, folder)
    return runs[words]


LOGS = "+callback@callbacks.learning_rate=learning_rate"
LESS = ("logger=none", "callbacks.checkpoint=null")


def close(expected: Any) -> Any:
    """Return JSON whose numbers need not be equal in their last digits."""
    if isinstance(expected, dict):
        return {key: close(value) for key, value in expected.items()}
    if isinstance(expected, list):
        return [close(value) for value in expected]
    if isinstance(expected, float):
        return pytest.approx(expected, rel=1e-9, abs=1e-12, nan_ok=True)
    return expected


@pytest.mark.parametrize("words", [(LOGS,), LESS])
@pytest.mark.parametrize("number", range(len(JOBS)))
def test_the_record_is_that_of_the_job_alone(
    runs: Any, tmp_path_factory: Any, words: Job, number: int
) -> None:
    chunk, folder = both(runs, tmp_path_factory, *words)
    found, expected = (record(folder / kind / str(number)) for kind in ("fused", "alone"))
    assert found.pop("group") == {"jobs": len(JOBS), "exact": True}
    for key in OF_THE_RUN:
        assert found.pop(key) == chunk.times[key]
        expected.pop(key)
    assert found == close(expected)


@pytest.mark.parametrize("words", [(LOGS,), LESS])
@pytest.mark.parametrize("number", range(len(JOBS)))
def test_checkpoints_and_curves_are_those_of_the_job_alone(
    runs: Any, tmp_path_factory: Any, words: Job, number: int
) -> None:
    _, folder = both(runs, tmp_path_factory, *words)
    fused, alone = (folder / kind / str(number) for kind in ("fused", "alone"))
    kinds = [".hydra", "checkpoints", "run.json"]
    for kind in kinds:
        assert (fused / kind).exists() == (alone / kind).exists(), kind
    for name in ("best.ckpt", "last.ckpt"):
        paths = [path / "checkpoints" / name for path in (fused, alone)]
        assert paths[0].exists() == paths[1].exists(), name
        if not paths[1].exists():
            continue
        found, expected = (torch.load(path, weights_only=True) for path in paths)
        assert (found["epoch"], found["global_step"]) in (
            (expected["epoch"], expected["global_step"]),
            # Lightning's own file counts the epochs from 0.
            (expected["epoch"] + 1, expected["global_step"]),
        )
        torch.testing.assert_close(
            found["state_dict"], expected["state_dict"], rtol=1e-9, atol=1e-12
        )
    names = [one.name.rpartition(".")[2] for one in fused.glob("events.out.tfevents.*")]
    assert names == ([str(number)] if words != LESS else [])
    if words == LESS:
        return
    found, expected = events(fused), events(alone)
    for kind in ("scalars", "tensors"):
        tags = [one for one in expected.Tags()[kind] if one != "graph"]
        assert sorted(found.Tags()[kind]) == sorted(tags)
    for tag in expected.Tags()["scalars"]:
        points = {one.step: one.value for one in expected.Scalars(tag)}
        drawn = {one.step: one.value for one in found.Scalars(tag)}
        assert drawn == pytest.approx(points, rel=1e-6), tag
    for tag in ("config/text_summary", "command/text_summary"):
        texts = [one.Tensors(tag)[0].tensor_proto.string_val for one in (found, expected)]
        assert texts[0] == texts[1], tag
    for tag in expected.Tags()["tensors"]:
        if tag.startswith("_hparams_"):
            assert found.SummaryMetadata(tag) == expected.SummaryMetadata(tag), tag


def test_the_compared_jobs_stop_early_diverge_and_complete(
    runs: Any, tmp_path_factory: Any
) -> None:
    """So that the tests above mean something."""
    chunk, _ = both(runs, tmp_path_factory, LOGS)
    _, stopped, noisy, late, early = chunk.outcomes
    assert stopped.stopped is not None
    assert stopped.best.epoch < stopped.last.epoch
    assert noisy.best.epoch == noisy.last.epoch == 6
    assert late.status == "diverged"
    assert late.last.epoch > 1
    assert (early.status, early.last) == ("diverged", None)


def test_folders_of_some_jobs_may_be_written(runs: Any, tmp_path_factory: Any) -> None:
    chunk, folder = both(runs, tmp_path_factory, LOGS)
    places = [2, 1]
    jobs = [prepared_job(folder / "some", place, folder / "alone" / str(place)) for place in places]
    counts: list[tuple[int, int]] = []
    kept = ProvenanceFiles(folder / "some")
    write_folders(chunk, places, jobs, kept, lambda count, of: counts.append((count, of)))
    assert counts == [(number, len(places)) for number in range(1, len(places) + 1)]
    assert sorted(one.name for one in (folder / "some").iterdir()) == ["1", "2", "provenance"]
    for place in places:
        here, there = (folder / kind / str(place) for kind in ("some", "fused"))
        assert record(here) == record(there)
        found, expected = events(here).Scalars("val/loss"), events(there).Scalars("val/loss")
        assert [one.value for one in found] == [one.value for one in expected]


def test_curves_have_the_points_that_were_asked_for(tmp_path: Path) -> None:
    chunk = chunk_of(tmp_path, COMMON, points=3)
    assert chunk.outcomes[0].curves.epochs.tolist() == [1, 4, 6]


def test_seconds_are_each_jobs_share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunk_state, "now", lambda: "first")
    monkeypatch.setattr(module, "now", lambda: "then")
    began = time.monotonic()
    chunk = chunk_of(tmp_path, COMMON)
    assert 0 < chunk.times["seconds"] * len(JOBS) <= time.monotonic() - began
    assert (chunk.times["started"], chunk.times["finished"]) == ("first", "then")


def test_the_threads_that_are_asked_for_train(tmp_path: Path) -> None:
    chunk = chunk_of(tmp_path, (*COMMON, "trainer.threads=3"))
    assert chunk.device == "cpu, 3 threads"


def test_dropout_is_not_exact(tmp_path: Path) -> None:
    words = (*COMMON, "model=mlp", "model.hidden=[3]", "model.dropout=0.2", "logger=none")
    alone = tmp_path / "alone"
    trained(alone, *words, *JOBS[0])
    chunk = chunk_of(tmp_path, words, JOBS[:2])
    write_folders(
        chunk, [0], [prepared_job(tmp_path / "fused", 0, alone)], ProvenanceFiles(tmp_path)
    )
    assert record(tmp_path / "fused/0")["group"] == {"jobs": 2, "exact": False}


def test_a_job_of_a_chunk_that_failed_says_why(tmp_path: Path) -> None:
    known = {"seed": 3, "data": {"choice": "crop_yield", "fingerprint": None}}
    job = PreparedJob(7, "7", {}, tmp_path / "7", {"config.yaml": "seed: 3\n"}, known)
    times = {"process": {}, "started": "then", "finished": "now", "seconds": None}
    outcome = RunOutcome(status="failed", error="of the test", traceback="line 1")
    write_failed(job, outcome, times)
    assert record(tmp_path / "7") == {
        **known,
        **times,
        "status": "failed",
        "metrics": {},
        "metrics_epoch": None,
        "checkpoints": {},
        "error": "of the test",
        "traceback": "line 1",
        "stopped": None,
    }
    assert (tmp_path / "7/.hydra/config.yaml").read_text() == "seed: 3\n"
    assert sorted(one.name for one in (tmp_path / "7").iterdir()) == [".hydra", "run.json"]


# The state on the way.


def engine(epoch: int) -> Any:
    """Return as much of an engine of one job as a state is saved of."""
    restored: list[Any] = []
    history = {"outcomes": [{"status": "running"}]}
    return SimpleNamespace(
        state=lambda: {"epoch": torch.tensor(epoch), "history": history},
        restore=restored.append,
        restored=restored,
        group=SimpleNamespace(nets=["the network"], max_epochs=[9]),
        running=np.array([True]),
        job=np.array([0]),
        steps=np.array([3]),
        epoch=epoch,
    )


def saved_epoch(path: Path) -> int:
    return int(torch.load(path)["engine"]["epoch"])


def test_a_state_is_saved_where_it_is_time_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(chunk_state, "LONG_EPOCH", 1e9)
    state = ChunkState(tmp_path / "state", 30, lambda: None)
    saved = []
    for epoch, clock[0] in enumerate((129.0, 130.0, 159.0, 161.0, 162.0)):
        state.after_epoch(engine(epoch))
        path = tmp_path / "state"
        saved.append(saved_epoch(path) if path.exists() else None)
    assert saved == [None, 1, 1, 3, 3]


def test_a_signal_saves_and_stops(tmp_path: Path) -> None:
    state = ChunkState(tmp_path / "state", 1e9, lambda: 15)
    with pytest.raises(Interrupted) as stopped:
        state.after_epoch(engine(4))
    assert stopped.value.signal_number == 15
    assert saved_epoch(tmp_path / "state") == 4


def test_an_engine_goes_on_from_the_file_if_there_is_one(tmp_path: Path) -> None:
    state, later = ChunkState(tmp_path / "state", 0, lambda: None), engine(0)
    state.weights = [{}]
    assert state.restore(later)
    assert (later.restored, state.resumed) == ([], [[]])
    state.after_epoch(engine(6))
    later.epoch = 6
    assert state.restore(later)
    assert [kept["epoch"] for kept in later.restored] == [6]
    [[entry]] = state.resumed
    known = {"epoch": 6, "step": 18, "status": "interrupted (killed)", "changed": {}}
    assert entry == {"at": entry["at"], **known}
    # A file of something else is of no use, and the engine neither.
    torch.save({"engine": {}}, tmp_path / "state")
    assert not state.restore(engine(0))
    assert not (tmp_path / "state").exists()


def test_a_long_epoch_is_saved_by_itself_unless_that_takes_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, write = [0.0], torch.save
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])

    def slow(*arguments: Any) -> None:
        clock[0] += 1.0
        write(*arguments)

    monkeypatch.setattr(torch, "save", slow)
    state, saved = ChunkState(tmp_path / "state", 1e9, lambda: None), []
    for epoch, took in enumerate((1.0, 3.0, 3.0, 25.0), start=1):
        clock[0] += took
        state.after_epoch(engine(epoch))
        path = tmp_path / "state"
        saved.append(saved_epoch(path) if path.exists() else None)
    assert saved == [None, 2, 2, 4]


@pytest.mark.parametrize("in_epoch", [False, True])
def test_a_chunk_that_was_stopped_goes_on(tmp_path: Path, in_epoch: bool) -> None:
    configs = [composed(*COMMON, "callbacks=quiet", *job) for job in JOBS[::2]]
    numbers = [numbers_of(config) for config in configs]
    shown: list[int] = []

    def train(name: str, signal_after: int | None) -> TrainedChunk:
        asked: list[bool] = []

        def requested() -> int | None:
            asked.extend([True] * (len(shown) == signal_after))
            # The first time is at the end of the epoch.
            return 2 if len(asked) > in_epoch else None

        # In an epoch it stops where all before is saved.
        state = ChunkState(tmp_path / name, 0 if in_epoch else 1e9, requested)
        told = lambda engine: shown.append(engine.epoch)  # noqa: E731
        return train_chunk(run_spec(configs[0]), numbers, 100, state, told)

    with pytest.raises(Interrupted):
        train("state", 3)
    assert shown == [1, 2, 3]
    assert torch.load(tmp_path / "state")["stopped"]
    resumed = train("state", None)
    assert shown == [1, 2, 3, 4, 5, 6]
    whole = train("other", None)
    for one, other in zip(resumed.outcomes, whole.outcomes, strict=True):
        assert one.metrics == other.metrics


def test_a_signal_in_an_epoch_waits_for_its_end_where_the_one_before_is_not_saved(
    tmp_path: Path,
) -> None:
    state = ChunkState(tmp_path / "state", 1e9, lambda: 15)
    state.between_steps(engine(3))
    assert not (tmp_path / "state").exists()
    with pytest.raises(Interrupted):
        state.between_steps(engine(1))


def test_the_record_of_each_job_says_what_it_started_from(tmp_path: Path) -> None:
    torch.save({"weight": torch.ones(1, 2)}, tmp_path / "a.pt")
    jobs = [(f"initial_weights.run='{tmp_path / 'a.pt'}'",), (), ("seed=1",)]
    words = (*LINE, "trainer=cpu", "trainer.max_epochs=1")
    chunk = chunk_of(tmp_path, words, jobs)
    trained(tmp_path / "alone", *words)
    prepared = [prepared_job(tmp_path, number, tmp_path / "alone") for number in range(3)]
    write_folders(chunk, range(3), prepared, ProvenanceFiles(tmp_path / "sweep"))

    found = record(tmp_path / "0")["initial_weights"]
    assert (found["taken"], found["missing"]) == (1, ["bias"])
    assert not any("initial_weights" in record(tmp_path / str(number)) for number in (1, 2))
