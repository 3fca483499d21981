"""What many tests share: composed configs, and commands run inside this process."""

import gc
import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig
from tests.composing import unchecked

from seedbed.cli import main, verb_function


@dataclass(frozen=True)
class Outcome:
    """What a command left behind: its exit code and what it printed."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="session")
def compose() -> Callable[..., DictConfig]:
    """Return a function that composes the config of a verb, unchecked."""
    return unchecked


@pytest.fixture
def command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Outcome]:
    """Return a function that runs `seedbed ARGUMENTS` in this process, from the folder tmp_path.

    `function` takes the place of the verb's own. What escapes from main is shown as Python shows
    it; warnings and log lines are part of what is printed.
    """
    monkeypatch.chdir(tmp_path)
    for name in ("HYDRA_FULL_ERROR", "SEEDBED_DATA", "SEEDBED_OUTPUTS"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str, function: Callable[..., int] | None = None) -> Outcome:
        if function is not None:
            module = SimpleNamespace(**dict.fromkeys(main.VERBS, function))
            monkeypatch.setattr(verb_function, "import_module", lambda name: module)
        capsys.readouterr()
        with _as_a_process(["seedbed", *arguments]), warnings.catch_warnings(record=True) as shown:
            warnings.simplefilter("default")
            code = _exit_code(main.main)
        printed = capsys.readouterr()
        warned = "".join(f"{one.message}\n" for one in shown)
        return Outcome(code, printed.out, printed.err + warned)

    return run


@pytest.fixture
def refused(command: Callable[..., Outcome], tmp_path: Path) -> Callable[..., str]:
    """Return a function that expects a command to be refused as wrong; it returns the message.

    That is exit code 2, up to three lines on stderr, no traceback, and nothing written.
    """

    def refuse(*arguments: str, function: Callable[..., int] | None = _never) -> str:
        before = sorted(tmp_path.rglob("*"))
        outcome = command(*arguments, function=function)
        assert "Traceback" not in outcome.err, outcome.err
        assert outcome.code == 2, outcome
        assert outcome.err.startswith("seedbed: "), outcome.err
        assert 1 <= len(outcome.err.splitlines()) <= 3, outcome.err
        assert outcome.out == ""
        assert sorted(tmp_path.rglob("*")) == before
        return outcome.err

    return refuse


def _never(config: DictConfig, command: list[str]) -> int:
    raise AssertionError("a config that is wrong was run")


def _exit_code(call: Callable[[], object]) -> int:
    try:
        call()
    except SystemExit as end:
        return int(end.code or 0)
    except BaseException as error:  # KeyboardInterrupt as well: nothing may escape from main.
        sys.excepthook(type(error), error, error.__traceback__)
        return 1
    return 0


@contextmanager
def _as_a_process(argv: list[str]) -> Iterator[None]:
    """Hide from a command what a process of its own would not have, and undo what it changes."""
    kept = sys.argv, list(sys.path), dict(os.environ), list(logging.root.handlers)
    sys.argv = argv
    # Without pytest's handlers, what is logged goes to stderr, as it would for the user.
    logging.root.handlers[:] = []
    GlobalHydra.instance().clear()
    gc.disable()  # A quarter faster: configs are many small objects.
    try:
        yield
    finally:
        gc.enable()
        sys.argv, sys.path[:], environment, logging.root.handlers[:] = kept
        os.environ.clear()
        os.environ.update(environment)
        GlobalHydra.instance().clear()
        HydraConfig.instance().cfg = None
