"""`seedbed train resume=`: runs that go on, beside runs that were not disturbed."""

import fcntl
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from omegaconf import OmegaConf
from PIL import Image
from scripts.kill_cases.in_process import differences
from tests.conftest import Outcome

from seedbed.application.resuming import merged
from seedbed.callbacks import Checkpoint
from seedbed.config.changes import resumes
from seedbed.files import write_atomically
from seedbed.process.identity import this_process
from seedbed.runs.folder import RunFolder
from seedbed.runs.record import read_record, write_json

TRAIN = (
    *("train", "data.rows=5", "data.val_size=2", "optimizer=adam", "callbacks=quiet"),
    *("logger=csv", "trainer.threads=1"),
)
# What of a record is another in a run that went on.
TIMES = ("resumed", "process", "started", "finished", "seconds", "command")


@pytest.fixture
def run(command: Callable[..., Outcome], tmp_path: Path) -> Callable[..., Outcome]:
    """Return a function that runs a command, which must succeed."""

    def succeed(*words: str) -> Outcome:
        outcome = command(*words)
        assert outcome.code == 0, outcome.err
        return outcome

    return succeed


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def require_same_run(first: Path, second: Path) -> None:
    """Compare checkpoints, curves and records."""
    for name in ("best", "last"):
        one, other = (
            torch.load(RunFolder(folder).checkpoint(name), weights_only=True)
            for folder in (first, second)
        )
        assert not [*differences(one, other, name)]
    assert (first / "metrics.csv").read_text() == (second / "metrics.csv").read_text()
    records = [read_record(folder / "run.json") for folder in (first, second)]
    fields = [{k: v for k, v in record.items() if k not in TIMES} for record in records]
    assert fields[0] == fields[1]


def test_a_completed_run_trains_on_as_one_that_was_as_long_from_the_start(
    run: Callable[..., Outcome], tmp_path: Path
) -> None:
    words = (*TRAIN, "scheduler=step", "scheduler.step_size=2")
    run(*words, "trainer.max_epochs=9", "hydra.run.dir=whole")
    run(*words, "trainer.max_epochs=4", "hydra.run.dir=parts")
    seconds = read_record(tmp_path / "parts/run.json")["seconds"]
    told = run("train", "resume=parts", "trainer.max_epochs=7", "notes=longer")
    assert "resume       parts, completed: goes on after epoch 4, step 4" in told.out
    assert "changed      trainer.max_epochs: 4 -> 7" in told.out
    assert run("train", "resume=parts", "trainer.max_epochs=9", "notes=null").code == 0

    require_same_run(tmp_path / "whole", tmp_path / "parts")
    record = read_record(tmp_path / "parts/run.json")
    assert record["seconds"] > seconds
    first, second = record["resumed"]
    assert (first["epoch"], first["step"], first["status"]) == (4, 4, "completed")
    assert first["changed"] == {"trainer.max_epochs": [4, 7], "notes": [None, "longer"]}
    assert second["changed"] == {"trainer.max_epochs": [7, 9], "notes": ["longer", None]}
    configs = [OmegaConf.load(RunFolder(tmp_path / name).config) for name in ("whole", "parts")]
    assert configs[0] == configs[1]
    # It can be evaluated as before, and is no longer to be gone on with as it is.
    assert "val/loss" in run("evaluate", "run=parts", "split=val").out


def test_a_run_that_was_killed_goes_on_and_leaves_nothing_of_what_it_did_twice(
    run: Callable[..., Outcome], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = (
        *TRAIN,
        "trainer.max_epochs=6",
        "scheduler=cosine",
        "callbacks.checkpoint.every_seconds=0",
    )
    run(*words, "hydra.run.dir=whole")
    cut = RunFolder(tmp_path / "cut")
    written: dict[int, dict[str, bytes]] = {}
    write = Checkpoint.write

    def noted(self: Checkpoint, trainer: Any) -> None:
        write(self, trainer)
        written.setdefault(trainer.global_step, contents(cut.path))

    with monkeypatch.context() as patched:
        patched.setattr(Checkpoint, "write", noted)
        run(*words, "hydra.run.dir=cut")
    # As if it had been killed after its third epoch; what it logged later stays there.
    for name, content in written[3].items():
        if not name.endswith(".csv"):
            write_atomically(cut.path / name, content)
    gone = {**this_process(), "start": "another boot"}
    write_json(cut.record, {**json.loads(written[3]["run.json"]), "process": gone})
    os.utime(cut.record, (0, 0))

    told = run("train", "resume=cut")
    assert "resume       cut, interrupted (killed): goes on after epoch 3, step 3" in told.out
    require_same_run(tmp_path / "whole", cut.path)
    (entry,) = read_record(cut.record)["resumed"]
    assert (entry["changed"], entry["status"]) == ({}, "interrupted (killed)")


@pytest.fixture
def complete(run: Callable[..., Outcome], tmp_path: Path) -> Path:
    """The folder `a` of a run of three epochs."""
    run(*TRAIN, "trainer.max_epochs=3", "hydra.run.dir=a")
    return tmp_path / "a"


REFUSED = {
    "resume=a": "complete, all of its 3 epochs are trained; trainer.max_epochs=6 trains it on",
    "resume=a trainer.max_epochs=2": "trainer.max_epochs: 2, and resume=a has trained 3 epochs",
    "resume=a trainer.max_epochs=0": "trainer.max_epochs: 0, and resume=a has trained 3 epochs",
    "resume=a ~callbacks.checkpoint": "goes on with none that keeps its checkpoints",
    "resume=a model=mlp": "model=mlp: resume=a goes on as it was begun",
    "resume=a optimizer.eps=0.1": "optimizer.eps=0.1: resume=a goes on as it was begun",
    "resume=a optimizer.lrr=1": "Did you mean 'optimizer.lr'?",
    "resume=a optimizer.lr=1,2": "several values make a sweep",
    "-m resume=a optimizer.lr=1,2": "one run goes on, without -m",
    "resume=a trust=[nowhere]": "trust: no module 'nowhere'",
    "resume=a hydra.run.dir=b": "resume=a goes on in its own folder",
    "resume=a/run.json": "a file; a run goes on in its folder: resume=a",
    "resume=": "names no run",
    "resume=nowhere": "resume=nowhere: no such folder",
    "resume=latest": "resume=latest: no run in outputs/runs",
}


def test_what_cannot_go_on_is_refused_and_touches_nothing(
    complete: Path, refused: Callable[..., str]
) -> None:
    before = contents(complete)
    for words, said in REFUSED.items():
        assert said in refused("train", *words.split(), function=None), words
        assert contents(complete) == before, words


def test_a_run_that_goes_on_elsewhere_is_left_alone(
    complete: Path, refused: Callable[..., str]
) -> None:
    longer = ("train", "resume=a", "trainer.max_epochs=9")
    descriptor = os.open(complete, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    assert "another command goes on with this run" in refused(*longer, function=None)
    os.close(descriptor)
    record = RunFolder(complete).record
    fields = json.loads(record.read_text())
    write_json(record, {**fields, "status": "running", "process": this_process()})
    said = refused(*longer, function=None)
    assert f"this run is still running (process {os.getpid()} on " in said


def test_what_cannot_be_read_or_holds_weights_alone_is_named(
    complete: Path, refused: Callable[..., str]
) -> None:
    last, record = RunFolder(complete).checkpoint("last"), RunFolder(complete).record
    longer = ("train", "resume=a", "trainer.max_epochs=9")
    whole = last.read_bytes()
    last.write_bytes(whole[:2000])
    assert "a/checkpoints/last.ckpt: cannot be read" in refused(*longer, function=None)
    shutil.copy(RunFolder(complete).checkpoint("best"), last)
    write_json(record, {**json.loads(record.read_text()), "status": "diverged"})
    said = refused(*longer, function=None)
    assert "diverged, and its last.ckpt holds weights alone" in said
    assert "initial_weights.checkpoint=last initial_weights.run=a" in said
    last.unlink()
    assert "has no checkpoints/last.ckpt to go on from" in refused(*longer, function=None)


def test_the_latest_is_one_that_can_go_on(
    command: Callable[..., Outcome], run: Callable[..., Outcome], tmp_path: Path
) -> None:
    runs = tmp_path / "outputs/runs/day"
    run(*TRAIN, "trainer.max_epochs=2", f"hydra.run.dir={runs}/1")
    for number, status in ((3, "running"), (2, "completed"), (1, "interrupted")):
        record = RunFolder(runs / str(number)).record
        if number > 1:
            shutil.copytree(runs / "1", runs / str(number))
        process = this_process() if status == "running" else None
        began = {"status": status, "process": process, "started": f"2026-01-0{number}T00:00:00"}
        write_json(record, {**json.loads(record.read_text()), **began})
    went_on = run("train", "resume=latest")
    assert "resume=latest: outputs/runs/day/1, interrupted; passed over" in went_on.err
    assert "day/3, running" in went_on.err
    # Once it is complete, the newest that has ended is taken where something changes.
    went_on = run("train", "resume=latest", "trainer.max_epochs=3")
    assert "resume=latest: outputs/runs/day/2, completed; passed over" in went_on.err
    assert command("train", "resume=latest").code == 2


def test_only_the_command_says_it(refused: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "seedbed.yaml").write_text("defaults: [resume=latest]\n")
    assert "resume: only the command says it" in refused("train", function=None)


@pytest.mark.parametrize(
    ("begun", "words", "all_words"),
    [
        (
            ["seed=1", "trainer.max_epochs=5"],
            ["trainer.max_epochs=9"],
            "seed=1 trainer.max_epochs=9",
        ),
        (["scheduler=cosine", "scheduler.T_max=5"], ["scheduler=step"], "scheduler=step"),
        (
            ["scheduler=cosine", "scheduler.T_max=5"],
            ["scheduler=cosine"],
            "scheduler.T_max=5 scheduler=cosine",
        ),
        (
            ["+callback@callbacks.a=fit"],
            ["callbacks.a.x=1"],
            "+callback@callbacks.a=fit callbacks.a.x=1",
        ),
    ],
)
def test_new_words_take_the_place_of_those_before(
    begun: list[str], words: list[str], all_words: str
) -> None:
    assert " ".join(merged(begun, words)) == all_words


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("resume=a", True),
        ("optimizer=adam resume=latest --config-dir mine", True),
        ("sweep.resume=a", False),
        ("resume=null", False),
        ("resume=a --help", False),
        ("--config-path a/.hydra resume=a", False),
    ],
)
def test_whether_a_command_goes_on_with_a_run(words: str, expected: bool) -> None:
    assert resumes(words.split()) is expected


def test_images_may_have_moved_and_versions_be_others_but_not_the_images(
    run: Callable[..., Outcome], command: Callable[..., Outcome], tmp_path: Path
) -> None:
    for word, bright in (("dark", 0), ("light", 200)):
        (tmp_path / "images" / word).mkdir(parents=True)
        for number in range(6):
            image = Image.new("L", (4, 4), bright + number)
            image.save(tmp_path / "images" / word / f"{number}.png")
    words = ("data=images", "data.folder=images", "model=linear", "callbacks=quiet", "logger=csv")
    run("train", *words, "trainer.max_epochs=1", "hydra.run.dir=a")
    (tmp_path / "images").rename(tmp_path / "moved")
    longer = ("train", "resume=a", "trainer.max_epochs=2")
    assert "data.folder=images: no such folder" in command(*longer).err
    # As if another version had trained it.
    record = RunFolder(tmp_path / "a").record
    fields = json.loads(record.read_text())
    versions = {**fields["versions"], "torch": "1.13"}
    write_json(record, {**fields, "versions": versions})
    told = run(*longer, "data.folder=moved")
    assert "changed      data.folder: images -> moved" in told.out
    assert "begun with torch 1.13, now 2" in told.out
    (entry,) = read_record(record)["resumed"]
    assert entry["versions"] == {"torch": ["1.13", fields["versions"]["torch"]]}
    shutil.copy(tmp_path / "moved/dark/1.png", tmp_path / "moved/dark/2.png")
    changed = command("train", "resume=a", "trainer.max_epochs=3")
    assert (changed.code, "its images are not those that the run" in changed.err) == (2, True)
