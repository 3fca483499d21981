"""The queue: every unit is claimed by one worker, and ended once, whoever is taken for dead."""

import os
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seedbed.errors import RunFolderError
from seedbed.sweep.queue.launch import Launch, read_launch, write_launch
from seedbed.sweep.queue.queue import Claim, Queue
from seedbed.sweep.queue.units import Entry, Outcome, QueuedUnit, entry_of
from seedbed.version import __version__


@pytest.fixture
def queue(tmp_path: Path) -> Queue:
    begun = Queue(tmp_path)
    begun.begin()
    return begun


def unit(first: int, count: int = 1) -> QueuedUnit:
    jobs = list(range(first, first + count))
    return QueuedUnit(jobs, count > 1, jobs)


def claimed(queue: Queue, worker: str = "a") -> Claim:
    claim = queue.claim(worker)
    assert claim is not None
    return claim


def test_a_unit_goes_from_folder_to_folder(queue: Queue, tmp_path: Path) -> None:
    queue.put(unit(3, 2), tries=1)
    assert (tmp_path / "units/waiting/3-2.1.json").is_file()
    claim = claimed(queue, "node-1-a")
    assert (tmp_path / "units/running/3-2.1.node-1-a.json").is_file()
    assert claim.read() == unit(3, 2)
    assert queue.claim("b") is None
    assert claim.finish(b"number\n3\n", Outcome(refusal="why"))
    [entry] = queue.done()
    assert entry == Entry("3-2", 1, "node-1-a")
    assert queue.table(entry).read_bytes() == b"number\n3\n"
    assert queue.outcome(entry).refusal == "why"
    assert (entry.first, queue.waiting(), queue.running()) == (3, [], [])
    queue.forget(entry)
    assert [path for path in (tmp_path / "units").rglob("*") if path.is_file()] == []
    queue.remove()
    assert list(tmp_path.iterdir()) == []


def test_a_unit_that_is_given_back_waits_again(queue: Queue) -> None:
    queue.put(unit(0))
    assert claimed(queue).give_back()
    assert queue.waiting() == [Entry("0-1", 0)]
    assert not Claim(queue, Entry("0-1", 0, "a")).give_back()


def test_a_worker_that_was_taken_for_dead_does_no_harm(queue: Queue) -> None:
    queue.put(unit(0))
    slow = claimed(queue, "slow")
    assert queue.retract(slow.entry)
    assert not queue.retract(slow.entry)
    queue.put(unit(0), tries=1)
    other = claimed(queue, "other")
    assert (slow.is_held(), other.is_held()) == (False, True)
    assert other.finish(b"theirs")
    assert not slow.finish(b"ours", Outcome(wrong=True))
    assert not slow.give_back()
    [entry] = queue.done()
    assert queue.table(entry).read_bytes() == b"theirs"
    assert [path.name for path in (queue.path / "results").iterdir()] == ["0-1.1.other.csv"]
    with pytest.raises(RunFolderError):
        slow.read()


def test_a_queue_begins_without_following_a_link(queue: Queue, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "photo.jpg").touch()
    (tmp_path / "units/waiting").rmdir()
    (tmp_path / "units/waiting").symlink_to(mine)
    queue.begin()
    queue.put(unit(0))
    assert [path.name for path in mine.iterdir()] == ["photo.jpg"]
    assert queue.waiting() == [Entry("0-1", 0)]


def test_a_stop_keeps_units_from_being_taken(queue: Queue, tmp_path: Path) -> None:
    queue.put(unit(0))
    queue.stop()
    assert queue.claim("a") is None
    assert (queue.is_stopped(), queue.stops_at_once(), queue.is_closed()) == (True, False, False)
    queue.stop(at_once=True)
    queue.close()
    assert (queue.stops_at_once(), queue.is_closed()) == (True, True)
    queue.begin()
    assert (queue.is_stopped(), queue.is_closed(), queue.waiting()) == (False, False, [])
    assert Queue(tmp_path / "nowhere").is_closed()
    assert Queue(tmp_path / "nowhere").claim("a") is None


def test_files_of_others_are_no_units(queue: Queue) -> None:
    for name in ("x.json", "1-1.json", "1-1.0.a/b", ".1-1.0.json.0a.tmp", "1-1.0.a.b.json"):
        assert entry_of(name) is None
    (queue.path / "waiting" / "notes.txt").touch()
    assert (queue.waiting(), queue.claim("a")) == ([], None)


@given(
    st.integers(0, 10**9),
    st.integers(1, 5),
    st.integers(0, 3),
    st.integers(0, 99),
    st.from_regex(r"[A-Za-z0-9_-]{1,40}", fullmatch=True),
)
def test_names_of_files_read_back(
    first: int, count: int, time: int, tries: int, worker: str
) -> None:
    jobs = list(range(first, first + count))
    entry = Entry(QueuedUnit(jobs, True, jobs, time).name, tries, worker)
    assert entry_of(entry.file) == entry
    assert entry.first == first


def work(saved: Path, worker: str) -> list[str]:
    """Claim what there is, and end it, or give it back where another worker is to have it."""
    queue, ended = Queue(saved), []
    while claim := queue.claim(worker):
        assert claim.finish(worker.encode())
        ended.append(claim.entry.unit)
    return ended


@pytest.mark.parametrize("kind", ["threads", "processes"])
def test_many_workers_end_every_unit_once(queue: Queue, tmp_path: Path, kind: str) -> None:
    for number in range(300):
        queue.put(unit(number))
    names = [f"w{number}" for number in range(8)]
    if kind == "threads":
        with ThreadPoolExecutor(8) as pool:
            ended = list(pool.map(work, [tmp_path] * 8, names))
    else:
        # Not forked: this process may have threads by now.
        with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
            ended = list(pool.map(work, [tmp_path] * 8, names))
    by_worker = dict(zip(names, ended, strict=True))
    assert Counter(each for some in ended for each in some) == Counter(
        f"{number}-1" for number in range(300)
    )
    for entry in queue.done():
        assert entry.unit in by_worker[entry.worker]
        assert queue.table(entry).read_bytes() == entry.worker.encode()
    assert len(queue.done()) == len(os.listdir(queue.path / "results")) == 300


MOVES = st.lists(st.tuples(st.sampled_from(["claim", "finish", "give", "lose"]), st.integers(0, 4)))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(MOVES)
def test_whatever_happens_a_unit_is_in_one_place_and_ends_once(
    queue: Queue, moves: list[tuple[str, int]]
) -> None:
    queue.begin()
    for number in range(3):
        queue.put(unit(number))
    claims: list[Claim] = []
    for move, at in moves:
        if move == "claim" and (claim := queue.claim(f"w{len(claims)}")):
            claims.append(claim)
        if not claims:
            continue
        claim = claims[at % len(claims)]
        if move == "finish":
            claim.finish(b"rows")
        elif move == "give":
            claim.give_back()
        elif move == "lose" and queue.retract(claim.entry):
            queue.put(unit(claim.entry.first), claim.entry.tries + 1)
        places = [*queue.waiting(), *queue.running(), *queue.done()]
        assert sorted(entry.unit for entry in places) == ["0-1", "1-1", "2-1"]
        assert sorted(path.name for path in (queue.path / "results").iterdir()) == sorted(
            queue.table(entry).name for entry in queue.done()
        )


def test_a_launch_reads_back_with_the_version_of_who_wrote_it(tmp_path: Path) -> None:
    write_launch(tmp_path, Launch("token", {"keep": "all"}, ["seedbed", "train"], goes_on=True))
    read = read_launch(tmp_path)
    assert (read.token, read.version, read.format) == ("token", __version__, 1)
    assert (read.options, read.goes_on) == ({"keep": "all"}, True)
    (tmp_path / "launch.json").write_text("{")
    with pytest.raises(RunFolderError):
        read_launch(tmp_path)
