"""What is collected of a folder of runs, the first time and from what is known of them."""

import json
import os
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scripts.list_benchmark import make_runs, record

from seedbed.catalogue import collection
from seedbed.catalogue.cache import FILE, read_cache
from seedbed.catalogue.collection import collect
from seedbed.process.identity import this_process

GONE = {**this_process(), "pid": 4_000_000}
LEFT = ".last.ckpt.0123456789abcdef.tmp"


def run_folder(path: Path, **fields: object) -> Path:
    """Write a run folder with the record of a run."""
    (path / "checkpoints").mkdir(parents=True)
    (path / "run.json").write_text(json.dumps({**record(1), **fields}))
    return path


def states(outputs: Path) -> dict[str, str]:
    return {Path(item.path).name: item.entry.state for item in collect([outputs], outputs)}


def test_many_runs_are_read_once_and_then_only_where_their_records_changed(tmp_path, monkeypatch):
    make_runs(tmp_path, 200)
    read: list[Path] = []
    original = collection.read_run
    monkeypatch.setattr(
        collection, "read_run", lambda path, kind: (read.append(path), original(path, kind))[1]
    )

    first = collect([tmp_path], tmp_path)
    assert (len(first), len(read)) == (200, 200)
    assert collect([tmp_path], tmp_path) == first
    assert len(read) == 200

    changed = Path(first[7].path, "run.json")
    changed.write_text(json.dumps({**record(7), "name": "renamed"}))
    Path(first[9].path, "run.json").unlink()
    again = collect([tmp_path], tmp_path)
    assert read[200:] == [changed]
    assert {item.path for item in first} - {item.path for item in again} == {first[9].path}
    assert next(item for item in again if item.path == first[7].path).entry.name == "renamed"
    assert len(read_cache(tmp_path)) == 199


def test_an_entry_holds_what_the_record_says(tmp_path):
    run_folder(tmp_path / "runs/a/b", seconds=2.5)

    [item] = collect([tmp_path], tmp_path)

    entry = item.entry
    assert (entry.kind, entry.status, entry.name, entry.tags) == (
        "run",
        "failed",
        "run_1",
        ["baseline"],
    )
    assert entry.choices == {"data": "table", "model": "mlp", "optimizer": "adam"}
    assert entry.values["optimizer.key_7"] == 1.0
    assert (entry.metric, entry.best, entry.best_epoch, entry.epoch) == ("val/loss", 0.5, 20, 20)
    assert entry.seconds == 2.5


@pytest.mark.parametrize(
    ("process", "seconds_ago", "state"),
    [
        (this_process(), 1e6, "running"),
        (GONE, 0.0, "interrupted (killed)"),
        ({**GONE, "host": "elsewhere"}, 60.0, "running"),
        ({**GONE, "host": "elsewhere"}, 600.0, "interrupted (killed)"),
    ],
)
def test_a_run_whose_process_is_gone_was_killed_and_its_temporary_files_go(
    tmp_path, process, seconds_ago, state
):
    run = run_folder(tmp_path / "runs/a/b", status="running", process=process)
    left = [run / LEFT, run / "checkpoints" / LEFT]
    mine = [run / ".mine.tmp", run / "checkpoints/notes.txt", tmp_path / LEFT]
    for file in (*left, *mine):
        file.touch()
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / LEFT).touch()
    (run / "figures").symlink_to(outside)
    (run / ".link.0123456789abcdef.tmp").symlink_to(outside / LEFT)
    (run / ".folder.0123456789abcdef.tmp").mkdir()
    for file in left:
        os.utime(file, (time.time() - seconds_ago,) * 2)
    os.utime(run / "run.json", (time.time() - seconds_ago,) * 2)

    assert states(tmp_path) == {"b": state}
    assert states(tmp_path) == {"b": state}

    assert [file.exists() for file in left] == [state == "running"] * 2
    assert all(file.exists() for file in (*mine, outside / LEFT, run / "figures" / LEFT))
    assert (run / ".link.0123456789abcdef.tmp").is_symlink()
    assert (run / ".folder.0123456789abcdef.tmp").is_dir()


def test_a_run_that_goes_on_says_how_far_it_is_and_one_that_was_killed_how_far_it_came(tmp_path):
    fields = {"status": "running", "checkpoints": {}, "progress": {"epoch": 7, "of": 20}}
    run_folder(tmp_path / "runs/a/here", process=this_process(), **fields)
    run_folder(tmp_path / "runs/a/gone", process=GONE, metrics_epoch=None, **fields)
    assert states(tmp_path) == {
        "here": "running, epoch 7 of 20",
        "gone": "interrupted (killed)",
    }
    [gone] = [each.entry for each in collect([tmp_path], tmp_path) if each.path.endswith("gone")]
    assert (gone.epoch, gone.progress) == (7, None)


def test_what_another_command_writes_now_into_a_killed_run_stays(tmp_path):
    run = run_folder(tmp_path / "runs/a/b", status="running", process=GONE)
    long_ago = (time.time() - 1000,) * 2
    os.utime(run / "run.json", long_ago)
    (run / LEFT).touch()

    assert states(tmp_path) == {"b": "interrupted (killed)"}

    assert (run / LEFT).exists()


@pytest.mark.parametrize(
    "content",
    ["", "null", "[]", '{"status": "odd"}', "{" * 10_000, '{"status": 1}', "\ud800", "[" * 100_000],
)
def test_a_damaged_record_is_said_and_keeps_no_other_from_being_shown(tmp_path, content):
    run_folder(tmp_path / "runs/a/whole")
    damaged = run_folder(tmp_path / "runs/a/damaged") / "run.json"
    damaged.write_bytes(content.encode(errors="surrogatepass"))

    assert states(tmp_path) == {"whole": "failed", "damaged": "damaged"}


def test_links_and_pipes_are_not_read(tmp_path):
    secret = run_folder(tmp_path / "elsewhere/run")
    runs = tmp_path / "outputs/runs/a"
    runs.mkdir(parents=True)
    (runs / "folder").symlink_to(secret)
    (runs / "file").mkdir()
    (runs / "file/run.json").symlink_to(secret / "run.json")
    (runs / "pipe").mkdir()
    os.mkfifo(runs / "pipe/run.json")

    assert states(tmp_path / "outputs") == {"file": "damaged", "pipe": "damaged"}


@pytest.mark.parametrize("content", [b"", b"{}", b'{"version":1,"runs":[]}', b"\xff" * 100])
def test_a_damaged_cache_is_made_anew(tmp_path, content):
    run_folder(tmp_path / "runs/a/b")
    (tmp_path / FILE).write_bytes(content)

    assert states(tmp_path) == {"b": "failed"}
    assert len(read_cache(tmp_path)) == 1


def test_a_cache_that_is_a_link_is_neither_read_nor_written(tmp_path):
    run_folder(tmp_path / "outputs/runs/a/b")
    kept = tmp_path / "kept"
    kept.write_text("mine")
    (tmp_path / "outputs" / FILE).symlink_to(kept)

    assert states(tmp_path / "outputs") == {"b": "failed"}
    assert kept.read_text() == "mine"
    assert (tmp_path / "outputs" / FILE).is_symlink()


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path, monkeypatch):
    run_folder(tmp_path / "runs/a/b")

    def full(path: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("seedbed.catalogue.cache.write_atomically", full)
    assert states(tmp_path) == {"b": "failed"}
    assert not (tmp_path / FILE).exists()


def test_nothing_is_written_where_runs_are_looked_for_elsewhere(tmp_path):
    run_folder(tmp_path / "theirs/a")

    items = collect([tmp_path / "theirs"], tmp_path / "outputs")

    assert [item.path for item in items] == [str(tmp_path / "theirs/a")]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["theirs"]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@settings(max_examples=40, deadline=None)
@given(key=st.sampled_from(sorted(record(1))), value=VALUES)
def test_any_value_of_a_record_makes_an_entry_that_the_cache_takes(key, value):
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        outputs = Path(name)
        run_folder(outputs / "runs/a/b", **{key: value})
        first = collect([outputs], outputs)
        assert len(first) == 1
        assert len(read_cache(outputs)) == 1
        assert collect([outputs], outputs) == first
