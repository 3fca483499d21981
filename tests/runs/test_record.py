"""run.json tells the truth at any moment, and is whole at any moment."""

import errno
import json
import os
from datetime import datetime

import pytest

from seedbed.errors import RunFolderError
from seedbed.runs import record as module
from seedbed.runs.outcome import RunOutcome
from seedbed.runs.record import STATUSES, Record, read_record, write_json


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.json"


def on_disk(path):
    return json.loads(path.read_text(encoding="utf-8"))


# ---- Life of a record ----------------------------------------------------------------------------


def test_a_record_is_written_as_running_at_once(path):
    Record(path, {"seed": 3, "command": "seedbed train"})

    fields = on_disk(path)
    assert (fields["seed"], fields["command"], fields["status"]) == (3, "seedbed train", "running")
    assert (fields["metrics"], fields["checkpoints"]) == ({}, {})
    assert (fields["finished"], fields["seconds"], fields["error"]) == (None, None, None)
    assert datetime.fromisoformat(fields["started"]).tzinfo is not None


def test_every_change_is_on_disk(path):
    record = Record(path, {})

    record.provenance["device"] = "cpu"
    record.write(RunOutcome(metrics={"train/loss": 0.5}))

    assert on_disk(path)["metrics"] == {"train/loss": 0.5}
    assert on_disk(path)["device"] == "cpu"
    assert on_disk(path)["status"] == "running"


@pytest.mark.parametrize("status", [status for status in STATUSES if status != "running"])
def test_a_record_ends_with_status_time_and_error(path, monkeypatch, status):
    clock = iter([100.0, 103.25])
    monkeypatch.setattr(module.time, "monotonic", lambda: next(clock))
    record = Record(path, {})

    record.finish(RunOutcome(status=status, error="what went wrong"))

    fields = on_disk(path)
    assert (fields["status"], fields["error"], fields["seconds"]) == (
        status,
        "what went wrong",
        3.25,
    )
    assert datetime.fromisoformat(fields["started"]) <= datetime.fromisoformat(fields["finished"])


def test_a_status_that_does_not_exist_is_a_bug(path):
    record = Record(path, {})

    with pytest.raises(AssertionError):
        record.finish(RunOutcome(status="done"))

    assert on_disk(path)["status"] == "running"


def test_of_several_processes_one_writes(path):
    record = Record(path, {"seed": 1}, enabled=False)
    record.write(RunOutcome(metrics={"train/loss": 1.0}))
    record.finish(RunOutcome(status="completed"))

    assert not path.exists()


def test_a_record_that_is_discarded_is_gone(path):
    record = Record(path, {})

    record.discard()
    record.discard()

    assert not path.exists()


def test_another_process_discards_nothing(path):
    Record(path, {})

    Record(path, {}, enabled=False).discard()

    assert path.exists()


# ---- Whole at any moment -------------------------------------------------------------------------


def test_a_write_that_fails_leaves_the_record_before_it(path, monkeypatch):
    record = Record(path, {"seed": 1})
    before = path.read_text()

    def fail(*args):
        raise OSError("the disk is full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="the disk is full"):
        record.write(RunOutcome(stopped="after 3"))

    assert path.read_text() == before
    assert os.listdir(path.parent) == ["run.json"]


def test_a_value_that_json_does_not_know_leaves_the_record_before_it(path):
    record = Record(path, {"seed": 1})

    with pytest.raises(TypeError):
        record.write(RunOutcome(stopped=object()))

    assert on_disk(path)["seed"] == 1
    assert os.listdir(path.parent) == ["run.json"]


# ---- JSON ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (float("nan"), None),
        (float("inf"), None),
        ({"a": {"b": float("-inf"), "c": 1.5}}, {"a": {"b": None, "c": 1.5}}),
        ([1.0, float("nan"), [float("inf")]], [1.0, None, [None]]),
        ((1, float("nan")), [1, None]),
        ({3: "x", True: "y"}, {"3": "x", "True": "y"}),
        ("°C, m², 漢字", "°C, m², 漢字"),
        ("a\nb\0", "a\nb\0"),
        (1e-300, 1e-300),
        (0.1 + 0.2, 0.1 + 0.2),
        (2**70, 2**70),
        (True, True),
    ],
)
def test_a_number_that_is_not_finite_becomes_null_and_all_else_stays(path, value, written):
    write_json(path, {"value": value})

    assert on_disk(path) == {"value": written}
    # Strict: `NaN` is not JSON, and no other program would read it.
    json.loads(path.read_text(encoding="utf-8"), parse_constant=lambda word: pytest.fail(word))


def test_the_file_is_for_people_as_well(path):
    write_json(path, {"unit": "°C", "metrics": {"a": 1}})

    assert path.read_text(encoding="utf-8") == (
        '{\n  "unit": "°C",\n  "metrics": {\n    "a": 1\n  }\n}\n'
    )


def test_what_was_handed_over_is_not_changed(path):
    metrics = {"loss": float("nan"), "list": [float("inf")]}

    Record(path, {"metrics": metrics})

    assert str(metrics) == "{'loss': nan, 'list': [inf]}"


# ---- Reading -------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", STATUSES)
def test_what_was_written_is_read(path, status):
    write_json(path, {"status": status, "seed": 3})

    assert read_record(path) == {"status": status, "seed": 3}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b'{"status": "running"',
        b"[]",
        b"3",
        b"null",
        b"{}",
        b'{"status": "done"}',
        b'{"status": null}',
        b'{"status": ["running"]}',
        b'{"status": {"a": 1}}',
        b"\xff\xfe",
        b"\x00" * 50,
        b"[" * 100_000,
    ],
    ids=lambda content: repr(content[:30]),
)
def test_a_damaged_record_is_refused(path, content):
    path.write_bytes(content)

    with pytest.raises(RunFolderError) as refusal:
        read_record(path)

    assert str(refusal.value).startswith(f"{path}: ")
    assert len(str(refusal.value).splitlines()) == 1


def test_a_record_that_is_not_there_is_refused(path):
    with pytest.raises(RunFolderError, match="no such file"):
        read_record(path)


def test_a_full_disk_keeps_no_record_from_telling_the_end(path, monkeypatch):
    record = Record(path, {"seed": 3})

    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module, "write_atomically", full)
    record.finish(RunOutcome(status="failed", error="no space left on the disk"))
    assert (on_disk(path)["status"], on_disk(path)["seed"]) == ("failed", 3)
    with pytest.raises(OSError, match="No space"):  # What does not fit leaves the file whole.
        record.finish(RunOutcome(status="failed", error="long" * 10_000))
    assert on_disk(path)["error"] == "no space left on the disk"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"metrics": []}, "metrics: expected object, got array"),
        ({"metrics": {"train/loss": "1"}}, "metrics[...]: expected float | null, got str"),
        ({"checkpoints": {"best": {"epoch": 10**30}}}, "checkpoints[...].epoch: "),
        ({"checkpoints": {"best": {"epoch": -1}}}, "checkpoints[...].epoch: "),
        ({"checkpoints": 3}, "checkpoints: expected object, got int"),
        ({"data": {"fingerprint": 3}}, "data.fingerprint: expected str | null, got int"),
        ({"seconds": {}}, "seconds: expected float | null, got object"),
        ({"error": ["x"]}, "error: expected str | null, got array"),
    ],
)
def test_a_field_that_does_not_fit_is_named(path, fields, said):
    path.write_text(json.dumps({"status": "completed", **fields}))

    with pytest.raises(RunFolderError) as refusal:
        read_record(path)

    assert f"{path}: {said}" in str(refusal.value)


def test_fields_of_other_versions_are_kept(path):
    path.write_text('{"status": "completed", "of_another_version": {"a": [1]}}')

    assert read_record(path)["of_another_version"] == {"a": [1]}
