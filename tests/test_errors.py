"""Errors that the user can mend say how, in one line or two."""

import errno
from pathlib import Path

import numpy as np
import pytest
import torch

from seedbed import errors
from seedbed.errors import (
    ConfigError,
    DataError,
    Diverged,
    DoesNotFit,
    Interrupted,
    OtherData,
    RunFolderError,
    SeedbedError,
    disk_full,
    listed,
    nearest,
    of_a_path,
    out_of_memory,
)


def test_all_are_shown_without_a_traceback_and_only_wrong_configs_are_2():
    kinds = [one for one in vars(errors).values() if isinstance(one, type)]
    kinds = [one for one in kinds if issubclass(one, BaseException)]

    assert all(issubclass(kind, SeedbedError) for kind in kinds)
    wrong = {kind for kind in kinds if issubclass(kind, ConfigError)}
    assert wrong == {ConfigError, DoesNotFit, OtherData, RunFolderError}
    assert DataError in kinds


def test_diverged_says_where_and_what_to_do():
    error = Diverged(float("inf"), epoch=3, step=41, learning_rate=0.5)

    assert (error.loss, error.epoch, error.step, error.learning_rate) == (float("inf"), 3, 41, 0.5)
    message = str(error)
    for words in ("inf", "epoch 3", "step 41", "learning rate 0.5", "smaller optimizer.lr"):
        assert words in message
    assert len(message.splitlines()) == 1


@pytest.mark.parametrize(("rate", "shown"), [(1e-5, "1e-05"), (0.1 + 0.2, "0.3"), (1000.0, "1000")])
def test_a_learning_rate_is_shown_short(rate, shown):
    assert f"learning rate {shown}:" in str(Diverged(1.0, 1, 1, rate))


def test_interrupted_keeps_the_number_of_the_signal():
    error = Interrupted(15)

    assert error.signal_number == 15
    assert str(error) == "stopped by signal 15 (SIGTERM)"


@pytest.mark.parametrize(
    ("word", "known", "suggested"),
    [
        ("adm", ["sgd", "adam", "adamw"], " Did you mean 'adam'?"),
        ("optimizer.lrr", ["optimizer.lr", "optimizer.eps"], " Did you mean 'optimizer.lr'?"),
        ("xyz", ["sgd", "adam"], ""),
        ("", ["sgd"], ""),
        ("adam", [], ""),
        ("ADAM", ["adam"], " Did you mean 'adam'?"),
    ],
)
def test_nearest(word, known, suggested):
    assert nearest(word, known) == suggested


def test_nearest_takes_any_iterable_and_names_one_alone():
    assert nearest("beste", iter({"best": 1, "bests": 2})) == " Did you mean 'best'?"


@pytest.mark.parametrize(
    ("words", "most", "text"),
    [
        ([], 20, ""),
        (["a"], 20, "a"),
        (["a", 3, None], 20, "a, 3, None"),
        (range(5), 5, "0, 1, 2, 3, 4"),
        (range(6), 5, "0, 1, 2, 3, 4, and 1 more"),
        (range(25), 20, ", ".join(map(str, range(20))) + ", and 5 more"),
    ],
)
def test_listed(words, most, text):
    assert listed(words, most) == text


def test_what_the_system_says_of_a_path_is_no_bug(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    for path, said in [("x" * 300, "file name too long"), ("file/below", "not a directory")]:
        with pytest.raises(OSError, match=r".") as raised:
            (tmp_path / path).read_bytes()
        assert str(of_a_path(raised.value)) == f"{tmp_path / path}: {said}"
    assert of_a_path(OSError("no path")) is None
    assert of_a_path(ValueError("no error of the system")) is None


def test_a_full_disk_is_known_behind_the_error_that_torch_raises_of_it():
    error = RuntimeError("unexpected pos 10240 vs 10192")
    error.__context__ = OSError(errno.ENOSPC, "No space left on device")
    assert str(disk_full(error)) == "no space left on the disk"
    assert disk_full(RuntimeError("other")) is None


def test_less_memory_than_the_config_asks_for_is_no_bug() -> None:
    with pytest.raises(RuntimeError) as raised:
        torch.zeros(10**15)
    said = "not enough memory: 4000000000000000 bytes at once; use fewer rows, a smaller model or"
    assert str(out_of_memory(raised.value)).startswith(said)
    with pytest.raises(MemoryError) as without_torch:
        np.zeros(10**15)
    assert "PiB at once" in str(out_of_memory(without_torch.value))
    assert out_of_memory(RuntimeError("something else")) is None


def test_a_message_steers_no_terminal() -> None:
    assert str(errors.ConfigError("\x1b[31mred\u202e")) == "\\x1b[31mred\\u202e"
