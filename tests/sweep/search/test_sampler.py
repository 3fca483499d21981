"""Samplers of jobs that are known beforehand."""

from seedbed.sweep.search.sampler import ListSampler

JOBS = [("seed=1",), ("seed=2",), ("seed=3",)]


def test_all_jobs_are_given_in_one_round() -> None:
    sampler = ListSampler([list(words) for words in JOBS])
    assert sampler.ask() == JOBS
    sampler.tell([])
    assert sampler.ask() == []


def test_no_more_jobs_are_given_than_asked_for() -> None:
    sampler = ListSampler(JOBS)
    assert [sampler.ask(2), sampler.ask(2), sampler.ask(2)] == [JOBS[:2], JOBS[2:], []]
