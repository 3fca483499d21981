"""No figure may warn: a run would print it once an epoch."""

import gc
import warnings
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def warnings_are_errors() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.fixture(autouse=True)
def no_garbage_collection() -> Iterator[None]:
    """A figure is thousands of objects: a quarter of the time would go into looking for garbage."""
    gc.disable()
    yield
    gc.enable()
