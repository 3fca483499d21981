"""A sweep that packs its jobs is as good as one that keeps their folders."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.experiments import events
from tests.sweep.test_resuming import Killed, at_call, reached

import seedbed
from seedbed.runs.folder import run_folder
from seedbed.runs.packed import writing
from seedbed.runs.packed.index import packs_of
from seedbed.sweep.execution import controller

ROWS = ("data=linear_noise", "data.rows=20", "data.batch_size=10", "trainer=cpu")
TRAIN = ("train", "-m", *ROWS, "data.val_size=5", "trainer.max_epochs=4", "sweep.page_rows=0")
START = ("train", *ROWS, "trainer.max_epochs=1", "page=false")
# Four jobs, of which two diverge.
JOBS = ("optimizer.lr=0.01,1e30", "seed=1,2", "logger=[tensorboard,csv]")
OF_A_TIME = ("process", "started", "finished", "seconds", "command", "versions")


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {}


@pytest.fixture
def sweeps(command: Any, swept: dict[str, Path], tmp_path: Path, tmp_path_factory: Any) -> Any:
    """Return a function that puts a sweep with its folders, or packed, into the folder `sweep`."""

    def copied(keep: str, into: str = "sweep") -> Path:
        if keep not in swept:
            top = swept.setdefault("", tmp_path_factory.mktemp("sweeps"))
            swept[keep] = top / keep
            told = command(*TRAIN, *JOBS, f"sweep.keep={keep}", f"hydra.sweep.dir={swept[keep]}")
            assert told.code == 1, told.err  # Jobs diverge.
        shutil.copytree(swept[keep], tmp_path / into)
        return tmp_path / into

    return copied


def without_times(record: Path) -> dict[str, Any]:
    fields = json.loads(record.read_text())
    return {name: value for name, value in fields.items() if name not in OF_A_TIME}


def test_unpacked_jobs_have_the_files_that_their_folders_would_have(
    sweeps: Any, command: Any
) -> None:
    whole, packed = sweeps("all", "all"), sweeps("packed", "packed")
    assert reached(packed) == reached(whole)
    assert {path.name for path in (packed / "packed").iterdir()} == {"0-4"}
    assert not [path for path in packed.iterdir() if path.name.isdecimal()]
    outcome = command("unpack", "packed/0-2", "packed/3")
    assert outcome.code == 0, outcome.err
    assert outcome.out == "unpacked     packed/0 and 3 jobs more\n"
    for job in "0123":
        files = {path.relative_to(packed) for path in (packed / job).rglob("*") if path.is_file()}
        own = {str(path) for path in files if "tfevents" not in path.name}
        theirs = {path.relative_to(whole) for path in (whole / job).rglob("*") if path.is_file()}
        assert own == {str(path) for path in theirs if "tfevents" not in path.name}
        assert len(files) == len(theirs) == len(own) + 1
        for file in own:
            if Path(file).name == "run.json":
                assert without_times(packed / file) == without_times(whole / file)
            elif ".hydra" in file:
                texts = [(folder / file).read_text() for folder in (packed, whole)]
                assert texts[0].replace("packed", "all") == texts[1].replace("packed", "all")
            else:
                assert (packed / file).read_bytes() == (whole / file).read_bytes(), file
        tags = events(packed / job).Tags()
        assert tags == events(whole / job).Tags()
        for tag in tags["scalars"]:
            both = [events(folder / job).Scalars(tag) for folder in (packed, whole)]
            assert [(e.step, e.value) for e in both[0]] == [(e.step, e.value) for e in both[1]]


def test_a_packed_job_is_read_as_if_it_were_a_folder(
    sweeps: Any, command: Any, tmp_path: Path
) -> None:
    whole, packed = sweeps("all", "all"), sweeps("packed", "packed")
    for words in (
        ("evaluate", "run=SWEEP/0", "split=val"),
        ("predict", "run=SWEEP/1", "input=[[1.0],[2.0]]"),
        ("evaluate", "run=SWEEP", "split=train"),
        (*START, "initial_weights.run=SWEEP/0", "hydra.run.dir=from-SWEEP"),
    ):
        told = [command(*(w.replace("SWEEP", name) for w in words)) for name in ("all", "packed")]
        assert [each.code for each in told] == [0, 0], told[1].err
        if words[0] != "train":
            assert told[1].out == told[0].out.replace("all", "packed")
    for words in (
        ("report", "packed/0", "metrics=val/*"),
        ("report", "packed/0", "packed/1", "page=packed.html"),
        ("list", "runs", "packed"),
        ("export", "run=packed/0", "output=weights.safetensors"),
        ("repeat", "run=packed/1", "folder=again"),
    ):
        outcome = command(*words)
        assert outcome.code == 0, outcome.err
    assert json.loads((packed / "0/evaluate-val.json").read_text())["metrics"]
    taken = json.loads((tmp_path / "from-packed/run.json").read_text())["initial_weights"]
    kept = json.loads((tmp_path / "from-all/run.json").read_text())["initial_weights"]
    assert taken["sha256"] == kept["sha256"]
    assert taken["file"] == "packed/0/checkpoints/best.ckpt"
    ours, theirs = seedbed.load(packed), seedbed.load(whole)
    assert len(ours.runs) == len(theirs.runs) == 4
    assert ours.curves.equals(theirs.curves)
    assert ours[0].curves.equals(theirs[0].curves)
    assert ours[0].metrics == theirs[0].metrics
    assert ours[2].error == theirs[2].error
    model, other = (each[0].model().state_dict() for each in (ours, theirs))
    assert all(torch.equal(model[name], other[name]) for name in other)
    assert str(ours[0].folder) == str(packed / "0")


@pytest.mark.parametrize("where", ["in the middle", "before the table"])
def test_a_sweep_that_is_killed_as_it_packs_ends_as_if_nothing_had_been(
    sweeps: Any, command: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    expected = sweeps("packed", "whole")
    holder, name = {
        "in the middle": (writing, "write_manifest"),
        "before the table": (controller.Results, "add"),
    }[where]
    with monkeypatch.context() as patch:
        patch.setattr(holder, name, at_call(0, getattr(holder, name), Killed()))
        command(*TRAIN, *JOBS, "sweep.keep=packed", "hydra.sweep.dir=sweep")
    outcome = command("train", "-m", "sweep.resume=sweep")
    assert outcome.code == 1, outcome.err
    assert reached(tmp_path / "sweep") == reached(expected)
    assert [path.name for path in (tmp_path / "sweep/packed").iterdir()] == ["0-4"]


def test_jobs_that_train_on_have_a_new_pack_and_an_unpacked_one_its_folder(
    sweeps: Any, command: Any, tmp_path: Path
) -> None:
    more = ("train", "-m", "trainer.max_epochs=6")
    whole, packed = sweeps("all", "all"), sweeps("packed", "packed")
    command("unpack", "packed/1")
    for name in ("all", "packed"):
        outcome = command(*more, f"sweep.resume={name}")
        assert outcome.code == 1, outcome.err
    assert reached(packed) == reached(whole)
    places = packs_of(packed).places
    assert places["0"].pack.name == "0-3.1"
    ours, theirs = seedbed.load(packed), seedbed.load(whole)
    for job in (0, 1):
        assert (ours[job].epoch, ours[job].metrics) == (6, theirs[job].metrics)
        assert ours[job].record["resumed"][0]["epoch"] == 4
    assert ours[0].command == theirs[0].command.replace("all", "packed")


def test_a_packed_job_goes_on_by_itself_in_a_folder(sweeps: Any, command: Any) -> None:
    packed = sweeps("packed", "packed")
    outcome = command("train", "resume=packed/0", "trainer.max_epochs=6")
    assert outcome.code == 0, outcome.err
    assert seedbed.load(packed)[0].epoch == 6
    assert json.loads((packed / "0/run.json").read_text())["metrics_epoch"] == 6


FILES = ["pack.json", "runs.parquet", "curves.parquet", "weights.safetensors"]


@pytest.mark.parametrize("file", FILES)
def test_a_byte_that_is_another_is_noticed(sweeps: Any, command: Any, file: str) -> None:
    path = sweeps("packed") / "packed/0-4" / file
    content = bytearray(path.read_bytes())
    place = len(content) // 2 if file != "weights.safetensors" else len(content) - 3
    content[place] ^= 1
    path.write_bytes(content)
    outcome = command("unpack", "sweep")
    assert outcome.code == 2
    assert outcome.err.splitlines()[-1].startswith(f"seedbed: sweep/packed/0-4/{file}: ")
    assert len([line for line in outcome.err.splitlines() if line.startswith("seedbed")]) == 1


def test_the_pack_of_before_counts_no_more_for_jobs_that_went_on_in_folders(
    sweeps: Any, command: Any
) -> None:
    packed = sweeps("packed", "packed")
    command("unpack", "packed/0")
    outcome = command("train", "-m", "sweep.resume=packed", "trainer.max_epochs=6")
    assert outcome.code == 1, outcome.err
    shutil.rmtree(packed / "0")
    outcome = command("evaluate", "run=packed/0", "split=val")
    assert (outcome.code, "no such folder" in outcome.err) == (2, True), outcome.err
    assert sorted(packs_of(packed).places) == ["1", "2", "3"]
    outcome = command("train", "-m", "sweep.resume=packed")
    assert outcome.code == 1, outcome.err
    assert json.loads(run_folder(packed / "0").record.read_text())["metrics_epoch"] == 6
    command("unpack", "packed")
    outcome = command("train", "-m", "sweep.resume=packed", "trainer.max_epochs=7")
    shutil.rmtree(packed / "1")
    assert list((packed / "packed").iterdir()) == []


def test_jobs_in_whose_places_something_is_do_not_keep_others_packed(
    sweeps: Any, command: Any
) -> None:
    packed = sweeps("packed", "packed")
    (packed / "1").mkdir()
    (packed / "1/run.json").write_text('{"mine": true}')
    outcome = command("unpack", "packed/1")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.splitlines()[-1] == (
        "seedbed: packed/1: there is something already; move it away"
    )
    outcome = command("unpack", "packed")
    assert outcome.code == 1
    assert outcome.out == "unpacked     packed/0 and 2 jobs more\n"
    assert outcome.err.splitlines()[-1] == (
        "seedbed: packed/1: there is something already; move it away"
    )
    assert (packed / "1/run.json").read_text() == '{"mine": true}'


def test_a_packed_sweep_none_of_whose_jobs_has_ended_says_so(sweeps: Any, command: Any) -> None:
    sweep = sweeps("packed")
    shutil.rmtree(sweep / "packed")
    (sweep / "results.csv").unlink()
    outcome = command("unpack", "sweep")
    assert outcome.code == 2
    assert "no job of this sweep is packed yet: none has ended" in outcome.err
