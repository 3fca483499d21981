"""The examples in the docstrings of what Python's side offers."""

import doctest
import warnings
from pathlib import Path

import pytest

import seedbed
from seedbed.api.config import Config


@pytest.mark.slow
def test_examples_give_what_they_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    offered = [getattr(seedbed, name) for name in seedbed.__all__]
    objects = [Config, *(each for each in offered if callable(each))]
    finder = doctest.DocTestFinder(recurse=True)
    tests = [test for each in objects for test in finder.find(each) if test.examples]
    told: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        for test in tests:
            runner.run(test, out=told.append)

    assert len(tests) > 4
    assert not told, "".join(told)
