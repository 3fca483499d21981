"""Packs: what goes in comes out, whoever else writes; and what a stranger may put there."""

import hashlib
import json
import os
import shutil
from dataclasses import replace
from math import nan
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from seedbed.errors import RunFolderError
from seedbed.runs.folder import has_run, open_run, record_at, run_folder
from seedbed.runs.outcome import Curves, EpochState
from seedbed.runs.packed import writing
from seedbed.runs.packed.index import packs_of
from seedbed.runs.packed.manifest import Manifest, read_manifest, write_manifest
from seedbed.runs.packed.reading import content_at
from seedbed.runs.packed.unpacking import unpack
from seedbed.runs.packed.writing import write_pack, write_packs
from seedbed.runs.whole.content import RunContent

RECORD = {"status": "completed", "metrics": {"val/loss": 0.5}, "command": "seedbed train"}
HYDRA = {"config.yaml": "a: größer\n", "overrides.yaml": "- seed=1\n", "hydra.yaml": "a: 1\n"}
FILES = ["pack.json", "runs.parquet", "curves.parquet", "weights.safetensors"]


def content(number: int, **changes: Any) -> RunContent:
    """Return a run with weights and curves that nothing has been logged to."""
    weights = {"weight": torch.full((2, 3), float(number)), "count": torch.tensor(number)}
    whole: dict[str, Any] = {
        "number": number,
        "name": str(number),
        "hydra": HYDRA,
        "record": RECORD,
        "best": EpochState(1, 2, {"val/loss": 0.5}, weights),
        "last": EpochState(3, 6, {"val/loss": nan}, {**weights, "count": torch.tensor(-1)}),
    }
    return RunContent(**{**whole, **changes})


def back(sweep: Path, number: int) -> RunContent:
    place = packs_of(sweep).find(str(number))
    assert place is not None
    return content_at(place)


def equal_states(one: EpochState | None, other: EpochState | None) -> bool:
    if one is None or other is None:
        return one is other
    same = list(one.weights) == list(other.weights) and all(
        a.dtype == b.dtype and a.shape == b.shape and a.numpy().tobytes() == b.numpy().tobytes()
        for a, b in zip(one.weights.values(), other.weights.values(), strict=True)
    )
    texts = [json.dumps(each.metrics) for each in (one, other)]
    return same and texts[0] == texts[1] and (one.epoch, one.step) == (other.epoch, other.step)


numbers = st.floats(width=64) | st.floats(width=32)
names = st.sampled_from(["train/loss", "val/loss", "job", "epoch", "epoch_", "ünï"])


@st.composite
def contents(draw: Any) -> list[RunContent]:
    runs = []
    for number in range(draw(st.integers(1, 4))):
        points = draw(st.integers(0, 3))
        values = {
            name: np.array(draw(st.lists(numbers, min_size=points, max_size=points)), np.float64)
            for name in draw(st.lists(names, unique=True))
        }
        width = draw(st.integers(0, 2))
        kind = draw(st.sampled_from([torch.float32, torch.float64, torch.int64, torch.bool]))
        best = EpochState(1, 1, {"a": draw(numbers)}, {"w.b": torch.ones(width, 2).to(kind)})
        last = draw(st.sampled_from([None, best, replace(best, step=2)]))
        curves = Curves(np.arange(1, points + 1), values) if points and values else None
        closing = (draw(st.integers(0, 9)), {"test/loss": draw(numbers)})
        kept = draw(st.sampled_from([None, best]))
        runs.append(content(number, best=kept, last=last, curves=curves, closing=closing))
    return runs


@settings(max_examples=40, deadline=None)
@given(contents())
def test_what_goes_into_a_pack_comes_out(tmp_path_factory: Any, runs: list[RunContent]) -> None:
    sweep = tmp_path_factory.mktemp("sweep")
    write_pack(sweep, runs, csv=False)
    for run in runs:
        read = back(sweep, run.number)
        assert (read.hydra, read.record, read.name) == (run.hydra, run.record, run.name)
        assert json.dumps(read.closing) == json.dumps(run.closing)
        assert equal_states(read.best, run.best)
        assert equal_states(read.last, run.last)
        if run.curves is None:
            assert read.curves is None
            continue
        assert read.curves is not None
        assert read.curves.epochs.tolist() == run.curves.epochs.tolist()
        for name, values in run.curves.values.items():
            np.testing.assert_array_equal(read.curves.values[name], values)


def test_the_tables_of_a_pack_are_plain_parquet(tmp_path: Path) -> None:
    curves = Curves(np.array([1, 5]), {"val/loss": np.array([0.5, np.nan])})
    pack = write_pack(tmp_path, [content(0), content(7, curves=curves)], csv=False)
    assert pl.read_parquet(pack / "curves.parquet").rows() == [(7, 1, 0.5), (7, 5, None)]
    assert pl.read_parquet(pack / "runs.parquet")["number"].to_list() == [0, 7]
    modes = {oct(path.stat().st_mode) for path in pack.iterdir()}
    assert len(modes) == 1


def test_of_two_writers_of_the_same_runs_the_later_one_counts(tmp_path: Path) -> None:
    write_pack(tmp_path, [content(0), content(1)], csv=False)
    later = [content(n, record={**RECORD, "seconds": 2.0}) for n in (0, 1)]
    pack = write_pack(tmp_path, later, csv=False)
    assert [path.name for path in (tmp_path / "packed").iterdir()] == [pack.name] == ["0-2.1"]
    assert back(tmp_path, 1).record["seconds"] == 2.0


def test_runs_of_large_weights_are_parted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    states = [content(0).best, content(0).last]
    size = sum(t.nbytes for state in states if state for t in state.weights.values())
    monkeypatch.setattr(writing, "MOST_WEIGHTS", 2 * size)
    counts: list[int] = []
    write_packs(tmp_path, [content(n) for n in range(5)], csv=False, written=counts.append)
    assert {path.name for path in (tmp_path / "packed").iterdir()} == {"0-2", "2-2", "4-1"}
    assert counts == [2, 4, 5]
    assert [back(tmp_path, n).number for n in range(5)] == [0, 1, 2, 3, 4]


def test_a_newer_pack_of_some_of_the_runs_leaves_the_others_where_they_are(tmp_path: Path) -> None:
    write_pack(tmp_path, [content(n) for n in range(3)], csv=False)
    newer = content(1, record={**RECORD, "seconds": 3.0})
    write_pack(tmp_path, [newer], csv=False, goes_on=True)
    assert [back(tmp_path, n).record.get("seconds") for n in range(3)] == [None, 3.0, None]
    write_pack(tmp_path, [content(0), content(2)], csv=False, goes_on=True)
    assert {path.name for path in (tmp_path / "packed").iterdir()} == {"1-1.1", "0-2.1"}


def test_a_packed_run_is_opened_as_a_folder_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_pack(tmp_path, [content(0), content(1)], csv=False)
    assert has_run(tmp_path / "1")
    assert record_at(tmp_path / "1") == RECORD
    folder = open_run(str(tmp_path / "1"), "")
    assert (folder.path, folder.record.read_bytes()) == (
        tmp_path / "1",
        run_folder(tmp_path / "1").record.read_bytes(),
    )
    assert torch.load(folder.checkpoint("last"))["epoch"] == 3
    assert not (tmp_path / "1").exists()
    assert not has_run(tmp_path / "2")
    with pytest.raises(RunFolderError, match="no such folder"):
        open_run(str(tmp_path / "2"), "")


def test_files_of_others_stay_where_a_run_is_unpacked(tmp_path: Path) -> None:
    write_pack(tmp_path, [content(0)], csv=False)
    (tmp_path / "0").mkdir()
    (tmp_path / "0" / "evaluate-test.json").write_text("{}")
    place = packs_of(tmp_path).places["0"]
    assert unpack(tmp_path, [place]) == [tmp_path / "0"]
    assert (tmp_path / "0" / "evaluate-test.json").read_text() == "{}"
    assert json.loads((tmp_path / "0/run.json").read_text()) == RECORD
    assert unpack(tmp_path, [place]) == []


# A stranger's


def edited(pack: Path, **changes: Any) -> None:
    """Change the manifest of a pack as somebody does who knows how it is written."""
    write_manifest(pack, msgspec.structs.replace(read_manifest(pack), **changes))


OUTSIDE = ["../0", "/tmp/0", "a/../../0", ".sweep/0", "packed/0-1", "a\0b", ".", "a//b"]


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "sweep").mkdir()
    pack = write_pack(tmp_path / "sweep", [content(0)], csv=False)
    edited(pack, names=[name])
    with pytest.raises(RunFolderError, match="is no folder of a job"):
        packs_of(tmp_path / "sweep").find("0")


def test_a_name_that_a_link_leads_out_with_is_refused(tmp_path: Path) -> None:
    sweep, outside = tmp_path / "sweep", tmp_path / "outside"
    sweep.mkdir(), outside.mkdir()
    write_pack(sweep, [content(0, name="a/0")], csv=False)
    (sweep / "a").symlink_to(outside)
    with pytest.raises(RunFolderError, match="leads out"):
        unpack(sweep, [packs_of(sweep).places["a/0"]])
    assert not list(outside.iterdir())


@pytest.mark.parametrize("file", FILES)
def test_links_are_not_followed_out(tmp_path: Path, file: str) -> None:
    sweep = tmp_path / "sweep"
    sweep.mkdir()
    path = write_pack(sweep, [content(0)], csv=False) / file
    shutil.move(path, tmp_path / file)
    path.symlink_to(tmp_path / file)
    with pytest.raises(RunFolderError, match="leads out"):
        back(sweep, 0)


def test_the_folder_of_packs_is_no_link(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    write_pack(tmp_path / "a", [content(0)], csv=False)
    (tmp_path / "b" / "packed").symlink_to(tmp_path / "a" / "packed")
    assert packs_of(tmp_path / "b").places == {}


def forged(pack: Path, table: str, frame: pl.DataFrame) -> None:
    """Put another table into a pack, with the hash that it has."""
    frame.write_parquet(pack / table)
    content = (pack / table).read_bytes()
    manifest = read_manifest(pack)
    note = msgspec.structs.replace(
        manifest.files[table], bytes=len(content), sha256=hashlib.sha256(content).hexdigest()
    )
    edited(pack, files={**manifest.files, table: note})


WRONG: dict[str, Any] = {
    "another type": lambda f: f.with_columns(record=pl.lit(1)),
    "a column less": lambda f: f.drop("hydra.yaml"),
    "a row more": lambda f: pl.concat([f, f]),
    "an event file elsewhere": lambda f: f.with_columns(events=pl.lit("../events.out.tfevents.1")),
    "a row of weights that is not there": lambda f: f.with_columns(
        best=pl.col("best").str.replace('"row":0', '"row":77')
    ),
    "a layout that is not there": lambda f: f.with_columns(
        best=pl.col("best").str.replace('"layout":0', '"layout":9')
    ),
    "no state": lambda f: f.with_columns(best=pl.lit("[]")),
    "no record": lambda f: f.with_columns(record=pl.lit("[1]")),
    "rows of curves that are none": lambda f: f.with_columns(curve_rows=pl.lit(-1, pl.Int64)),
    "null": lambda f: f.with_columns(events=pl.lit(None, pl.String)),
}


@pytest.mark.parametrize("how", WRONG)
def test_a_forged_table_is_refused_in_a_line(tmp_path: Path, how: str) -> None:
    pack = write_pack(tmp_path, [content(0)], csv=False)
    forged(pack, "runs.parquet", WRONG[how](pl.read_parquet(pack / "runs.parquet")))
    with pytest.raises(RunFolderError) as told:
        back(tmp_path, 0)
    assert "\n" not in str(told.value)
    assert str(pack) in str(told.value)


def test_other_weights_than_were_written_are_refused(tmp_path: Path) -> None:
    pack = write_pack(tmp_path, [content(0)], csv=False)
    size = (pack / "weights.safetensors").stat().st_size
    for file in (b"", b"\x80\x04."):
        (pack / "weights.safetensors").write_bytes(file.ljust(size, b"\0"))
        with pytest.raises(RunFolderError, match="cannot be read as safetensors"):
            back(tmp_path, 0)
    save_file({"0/weight": torch.zeros(2, 2, 3), "0/count": torch.zeros(2)}, pack / "w")
    os.replace(pack / "w", pack / "weights.safetensors")
    with pytest.raises(RunFolderError, match=r"damaged|cannot be read"):
        back(tmp_path, 0)


def test_a_pack_of_another_format_is_refused_by_its_number(tmp_path: Path) -> None:
    pack = write_pack(tmp_path, [content(0)], csv=False)
    (pack / "pack.json").write_bytes(msgspec.json.encode(Manifest(format=2)))
    with pytest.raises(RunFolderError, match="format 2, and this version of seedbed reads 1"):
        packs_of(tmp_path).find("0")
