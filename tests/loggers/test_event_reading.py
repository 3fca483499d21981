"""Scalars of event files, held against protobuf and TensorBoard's own reader."""

import os
import struct
import time
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter
from tests.experiments import events

from seedbed.errors import RunFolderError
from seedbed.loggers import event_reading
from seedbed.loggers.event_file import text_summary
from seedbed.loggers.event_reading import read_scalars
from seedbed.loggers.tensorboard import TensorBoard

# Step, and values by tag, of an event; a text where there are none.
Point = tuple[int, dict[str, float]]
TAGS = st.sampled_from(["train/loss", "val/loss", "größe", "a" * 130])
NUMBERS = st.floats(width=32, allow_nan=False)
POINTS = st.lists(
    st.tuples(st.integers(0, 3) | st.integers(0, 2**62), st.dictionaries(TAGS, NUMBERS, max_size=3))
)


def content(points: Sequence[Point]) -> bytes:
    """Return an event file made by protobuf."""
    file = BytesIO()
    writer = RecordWriter(file)
    writer.write(Event(wall_time=1.0, file_version="brain.Event:2").SerializeToString())
    for number, (step, values) in enumerate(points):
        summary = Summary(value=[Summary.Value(tag=t, simple_value=v) for t, v in values.items()])
        if not values:
            summary = text_summary("config", "lr: 0.1" * (number % 2))
        writer.write(Event(wall_time=number * 1.7, step=step, summary=summary).SerializeToString())
    return file.getvalue()


def expected(runs: Sequence[Sequence[Point]]) -> dict[str, dict[tuple[int, int], float]]:
    """Return the values by tag, and by run and step."""
    values: dict[str, dict[tuple[int, int], float]] = {}
    for run, points in enumerate(runs):
        for step, by_tag in points:
            for tag, value in by_tag.items():
                values.setdefault(tag, {})[run, step] = value
    return {tag: dict(sorted(points.items())) for tag, points in values.items()}


def found(folders: Sequence[Path]) -> dict[str, dict[tuple[int, int], float]]:
    """Return what `read_scalars` finds, in the same form, in its order."""
    return {
        tag: dict(
            zip(
                zip(each.runs.tolist(), each.steps.tolist(), strict=True),
                each.values.tolist(),
                strict=True,
            )
        )
        for tag, each in read_scalars(folders).items()
    }


@settings(max_examples=25, deadline=None)
@given(runs=st.lists(POINTS, min_size=1, max_size=4), batch=st.sampled_from([1, 200, 10**9]))
def test_all_scalars_of_several_runs_are_read(
    tmp_path_factory: pytest.TempPathFactory, runs: list[list[Point]], batch: int
) -> None:
    top = tmp_path_factory.mktemp("runs")
    folders = [top / str(run) for run in range(len(runs))]
    for folder, points in zip(folders, runs, strict=True):
        folder.mkdir()
        (folder / "events.out.tfevents.1.host.1.0").write_bytes(content(points))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(event_reading, "BATCH_BYTES", batch)
        read = found(folders)

    assert read == expected(runs)
    counts = {tag: len(each.steps) for tag, each in read_scalars(folders).items()}
    assert counts == {tag: len(points) for tag, points in read.items()}
    assert [list(points) for points in read.values()] == [list(expected(runs)[tag]) for tag in read]


def test_curves_of_our_logger_are_read_as_tensorboard_reads_them(tmp_path: Path) -> None:
    logger = TensorBoard(tmp_path)
    for epoch in range(1, 200):
        values = {"train/loss": 1 / epoch, "val/loss": 2.0**-epoch}
        logger.log_metrics(values if epoch % 3 else {**values, "lr": 0.1}, epoch)
    logger.log_text("config", "data: table")
    logger.log_image("figure", b"\x89PNG" + bytes(3_000_000), 7)
    logger.log_metrics({"test/loss": float("nan")}, 12)
    logger.close()
    read, theirs = read_scalars([tmp_path]), events(tmp_path)

    assert set(read) == set(theirs.Tags()["scalars"])
    for tag, points in read.items():
        assert points.steps.tolist() == [each.step for each in theirs.Scalars(tag)]
        np.testing.assert_array_equal(points.values, [one.value for one in theirs.Scalars(tag)])


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_damaged_files_end_where_they_are_damaged(
    tmp_path_factory: pytest.TempPathFactory, data: Any
) -> None:
    whole = bytearray(content([(step, {"a": 1.0, "b": 2.0}) for step in range(5)]))
    for _ in range(data.draw(st.integers(0, 3))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    folder = tmp_path_factory.mktemp("run")
    (folder / "events.out.tfevents.1").write_bytes(whole[: data.draw(st.integers(0, len(whole)))])

    for points in read_scalars([folder]).values():
        assert len(points.steps) <= 5


def test_links_pipes_and_endless_lengths_are_passed_over(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    outside = tmp_path / "events.out.tfevents.9"
    outside.write_bytes(content([(1, {"a": 1.0})]))
    (folder / outside.name).symlink_to(outside)
    os.mkfifo(folder / "events.out.tfevents.2")
    (folder / "events.out.tfevents.3").write_bytes(struct.pack("<Q", 2**63) + bytes(100))
    (folder / "events.out.tfevents.4").write_bytes(struct.pack("<Q", 2**30) + bytes(100))

    assert read_scalars([folder, tmp_path / "none"]) == {}


def test_more_names_than_anybody_reads_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_reading, "MOST_TAGS", 3)
    (tmp_path / "events.out.tfevents.1").write_bytes(
        content([(1, {f"metric {number}": 1.0 for number in range(4)})])
    )

    with pytest.raises(RunFolderError, match="more than 3 names of curves"):
        read_scalars([tmp_path])


def test_a_thousand_texts_of_one_length_are_not_compared_with_each_other(tmp_path: Path) -> None:
    file = BytesIO()
    writer = RecordWriter(file)
    for number in range(1000):
        text = text_summary("config", f"{number:04} " + "x" * 2000)
        writer.write(Event(wall_time=1.0, summary=text).SerializeToString())
    (tmp_path / "events.out.tfevents.1").write_bytes(file.getvalue())
    began = time.process_time()
    read_scalars([tmp_path])

    assert time.process_time() - began < 1
