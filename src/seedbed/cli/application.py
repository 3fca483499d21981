"""A verb of the command line: run as an application; its errors are shown, and it exits.

The exit code says what happened: 0 done, 1 a run failed, 2 the command or the config is wrong,
128 + n stopped by signal n.
"""

import os
import sys
import traceback
from dataclasses import replace
from typing import NoReturn

from seedbed.application.requeueing import Requeueing
from seedbed.application.running import Command, outputs_of, run_application, stopped_early
from seedbed.documents import answer
from seedbed.errors import ConfigError, SeedbedError
from seedbed.process.output import plain_message
from seedbed.sweep.job_runner import FAILED, WRONG_CONFIG


def run_and_exit(command: Command) -> NoReturn:
    """Run a command; show what is wrong as its message alone, and exit with the contract's code."""
    if command.verb != "train" or os.environ.get("LOCAL_RANK"):  # Or it works for another process.
        sys.exit(_code(command))
    outputs = outputs_of(command.typed, command.project)
    with Requeueing(command.typed, outputs) as requeueing, stopped_early():
        sys.exit(_code(replace(command, typed=requeueing.words, requeueing=requeueing)))


def _code(command: Command) -> int:
    try:
        ended = run_application(command)
    except SeedbedError as error:
        if os.environ.get("HYDRA_FULL_ERROR") == "1":
            raise
        return _show(error, WRONG_CONFIG if isinstance(error, ConfigError) else FAILED)
    if isinstance(ended.error, SeedbedError):
        _show(ended.error, ended.code)
    elif ended.error is not None:
        traceback.print_exception(ended.error)
    return ended.code


def _show(error: Exception, code: int) -> int:
    answer.note_error(str(error))
    sys.stderr.write(f"seedbed: {plain_message(str(error))}\n")
    return code
