"""Listener to the progress of a run."""

import pytest

from seedbed.terminal.listener import current_listener, listening


def test_the_listener_is_that_of_the_innermost_context() -> None:
    def outer(epoch, last, metrics) -> None: ...
    def inner(epoch, last, metrics) -> None: ...

    assert current_listener() is None
    with listening(outer):
        with listening(inner):
            assert current_listener() is inner
        assert current_listener() is outer
    assert current_listener() is None


def test_an_error_takes_the_listener_back() -> None:
    with pytest.raises(ValueError, match="inside"), listening(print):
        raise ValueError("inside")
    assert current_listener() is None
