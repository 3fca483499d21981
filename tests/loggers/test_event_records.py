"""Events of many runs at once, held against TensorBoard's own reader and against our logger."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter
from tests.experiments import curve, events

from seedbed.loggers.event_file import event_file_name
from seedbed.loggers.event_records import (
    header_event,
    outcome_events,
    scalar_events,
    text_event,
)
from seedbed.loggers.tensorboard import TensorBoard

Points = Sequence[tuple[int, Mapping[str, float]]]


def read(content: bytes, folder: Path) -> list[Any]:
    """Return the events of a file as TensorBoard reads them, which checks every checksum."""
    path = folder / event_file_name(0)
    path.write_bytes(content)
    return [Event.FromString(one) for one in RawEventFileLoader(str(path)).Load()]


def record(event: Any) -> bytes:
    """Return an event as TensorBoard's writer writes it."""
    file = BytesIO()
    RecordWriter(file).write(event.SerializeToString())
    return file.getvalue()


def expected(points: Points, times: Mapping[int, float]) -> bytes:
    """Return the records of scalars, made by protobuf one by one."""
    return b"".join(
        record(
            Event(
                wall_time=times[step],
                step=step,
                summary=Summary(
                    value=[Summary.Value(tag=tag, simple_value=one) for tag, one in values.items()]
                ),
            )
        )
        for step, values in points
    )


def columns(points: Points) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return steps and values by tag, nan where there is none."""
    tags = dict.fromkeys(tag for _, values in points for tag in values)
    steps = np.array([step for step, _ in points], dtype=np.int64)
    return steps, {tag: np.array([one.get(tag, np.nan) for _, one in points]) for tag in tags}


def written(runs: Sequence[Points], times: Mapping[int, float] | float) -> list[bytes]:
    """Return the records of several runs."""
    pairs = [columns(points) for points in runs]
    return scalar_events([steps for steps, _ in pairs], [values for _, values in pairs], times)


def noise(seed: int, steps: Sequence[int], tags: Sequence[str]) -> Points:
    """Return a run of random numbers of all sizes."""
    random = np.random.default_rng(seed)
    sizes = 10.0 ** random.uniform(-30, 30, (len(steps), len(tags)))
    return [
        (step, dict(zip(tags, row.tolist(), strict=True)))
        for step, row in zip(steps, sizes, strict=True)
    ]


TAGS = ("train/loss", "train/rmse", "val/loss", "val/rmse", "train/learning_rate")


def test_a_file_equals_what_the_logger_writes_event_by_event(tmp_path: Path) -> None:
    config, command = "seed: 0\nmodel:\n  name: größer\n", "seedbed train -m seed=0,1"
    chosen = {"model": "mlp", "optimizer.lr": 1e-3, "trainer.max_epochs": 3, "model.bias": True}
    points = noise(0, range(1, 101), TAGS)
    logger = TensorBoard(tmp_path / "alone")
    logger.log_text("config", config)
    logger.log_text("command", command)
    for step, values in points:
        logger.log_metrics(values, step)
    logger.log_metrics({"test/loss": 0.5}, 37)
    logger.log_outcome(chosen)
    logger.close()
    (alone,) = (tmp_path / "alone").iterdir()

    found = read(
        header_event(1.5)
        + text_event("config", config, 2.5)
        + text_event("command", command, 2.5)
        + written([points], dict.fromkeys(range(1, 101), 3.5))[0]
        + written([[(37, {"test/loss": 0.5})]], 4.5)[0]
        + outcome_events(chosen, 4.5),
        tmp_path,
    )

    assert [one.wall_time for one in found] == [1.5, 2.5, 2.5, *[3.5] * 100, *[4.5] * 3]
    others = [Event.FromString(one) for one in RawEventFileLoader(str(alone)).Load()]
    for one in (*found, *others):
        one.wall_time = 0.0
    assert found == others


def test_tensorboard_reads_the_numbers_as_float32(tmp_path: Path) -> None:
    runs = [noise(seed, range(1, 101), TAGS) for seed in range(3)]
    for number, content in enumerate(written(runs, 1.0)):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / event_file_name(number)).write_bytes(header_event(1.0) + content)
        for tag in TAGS:
            values = {step: float(np.float32(one[tag])) for step, one in runs[number]}
            assert curve(folder, tag) == values
        assert set(events(folder).Tags()["scalars"]) == set(TAGS)


def test_runs_of_all_kinds_at_once_equal_protobuf_byte_by_byte() -> None:
    steps = (0, 1, 2, 127, 128, 129, 16_383, 16_384, 2_097_151, 2_097_152, 2**40)
    sparse = [
        (step, {tag: step + 0.5 for tag in TAGS if "val" not in tag or step % 2})
        for step in range(1, 400)
    ]
    runs: list[Points] = [
        noise(1, steps, TAGS),
        noise(2, range(1, 8), TAGS),
        [],
        sparse,
        noise(3, range(1, 8), TAGS[:2]),
        sparse[:150],
        noise(4, range(1, 4), ["größe/" + "x" * 300]),
    ]
    times = {step: 1.7e9 + step / 3 for step in (*steps, *range(1, 400))}
    assert written(runs, times) == [expected(points, times) for points in runs]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("value", [0.0, -0.0, np.inf, -np.inf, 1e300, -1e300, 1e-46, 1e-40, 0.1])
def test_numbers_at_the_edges_equal_protobuf(value: float) -> None:
    points = [(1, {"a": value, "b": 1.0})]
    assert written([points], 2.0) == [expected(points, {1: 2.0})]


def test_what_is_nan_was_not_logged() -> None:
    points = [(1, {"a": 1.0, "b": 2.0}), (2, {"a": np.nan, "b": 3.0}), (3, {"a": np.nan})]
    left = [(1, {"a": 1.0, "b": 2.0}), (2, {"b": 3.0})]
    assert written([points], 1.0) == [expected(left, dict.fromkeys((1, 2), 1.0))]


@pytest.mark.parametrize("length", [0, 1, 1000, 4050, 20_000])
def test_texts_of_any_length_can_be_read(tmp_path: Path, length: int) -> None:
    (found,) = read(text_event("config", "ä" * length, 1.0), tmp_path)
    shown = found.summary.value[0].tensor.string_val[0].decode()
    assert shown == "    " + "ä" * length


def test_a_wrong_byte_is_noticed(tmp_path: Path) -> None:
    """So that the tests above mean something: the reader does check."""
    content = bytearray(header_event(1.0) + written([[(1, {"a": 1.0})]], 1.0)[0])
    content[-6] ^= 1
    assert len(read(bytes(content), tmp_path)) == 1
