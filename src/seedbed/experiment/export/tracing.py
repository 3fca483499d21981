"""Tracing of a model by torch.export, and its conversion to ONNX."""

import logging
import re
import sysconfig
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from seedbed.errors import ConfigError
from seedbed.experiment.export.description import INPUT

ROWS = "rows"
# What a file of ONNX can hold: a message of protobuf's.
MOST_BYTES = 2**31 - 2**20
_SENTENCE = re.compile(r"(?<=[.!])\s")
_PLACE = re.compile(r'File "([^"]+)", line (\d+), in (\S+)')
# Folders of code that is not the network's: torch's and Seedbed's, and Python's own, below which
# other packages may lie.
_OTHERS = (Path(torch.__file__).parent, Path(__file__).parents[2])
_PYTHON = Path(sysconfig.get_path("stdlib"))


def traced(model: nn.Module, example: Tensor, chosen: str) -> ExportedProgram:
    """Return a model as a graph that takes any number of rows.

    Args:
        model: The model, in evaluation mode.
        example: Two rows of raw inputs.
        chosen: The format, for messages.

    Raises:
        ConfigError: It cannot be traced.
    """
    shapes = {INPUT: {0: Dim(ROWS)}}
    with quiet():
        try:
            return torch.export.export(model, (example,), dynamic_shapes=shapes, strict=False)
        except Exception as error:  # Whatever the code of a network does.
            reason = _reason(error, _last_line(error))
            raise _refusal(chosen, f"the network cannot be traced: {reason}") from error


def as_onnx(program: ExportedProgram, output: str, metadata: dict[str, str]) -> bytes:
    """Return a graph as the bytes of an ONNX file.

    Args:
        program: The graph.
        output: Name of its output.
        metadata: Texts by name that go into the file.

    Raises:
        ConfigError: ONNX lacks an operator of it, or it is too large.
    """
    size = sum(value.nbytes for value in program.state_dict.values())
    if size > MOST_BYTES:
        raise ConfigError(
            f"format=onnx: weights of {size:,} bytes, and a file of ONNX holds 2 GiB at most; "
            "format=torch_export and format=safetensors take them"
        )
    with quiet():
        try:
            converted: Any = torch.onnx.export(
                program,
                dynamo=True,
                verbose=False,
                input_names=[INPUT],
                output_names=[output],
                dynamic_shapes={INPUT: {0: ROWS}},
            )
            converted.model.metadata_props.update(metadata)
            content: bytes = converted.model_proto.SerializeToString()
        except Exception as error:
            raise _refusal("onnx", f"the network cannot be converted: {_reason(error)}") from error
    return content


def _refusal(chosen: str, what: str) -> ConfigError:
    others = "format=torch_export, format=safetensors" if "converted" in what else ""
    return ConfigError(
        f"format={chosen}: {what}\n{others or 'format=safetensors'} and format=state_dict "
        "do not need that"
    )


def _last_line(error: BaseException) -> str:
    """Return the last line of a network's own code that an error went through, in brackets."""
    own = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith("<")
        and not any(Path(frame.filename).is_relative_to(other) for other in _OTHERS)
        and (not Path(frame.filename).is_relative_to(_PYTHON) or "site-packages" in frame.filename)
    ]
    return _place(own[-1].filename, own[-1].lineno, own[-1].name) if own else ""


def _place(file: str, line: object, name: str) -> str:
    function = "" if name.startswith("<") else f"{name}, "  # Such as <listcomp>.
    return f" ({function}line {line} of {Path(file).name})"


def _reason(error: BaseException, place: str = "") -> str:
    """Return the first sentence of what went wrong, and where in the network's own code.

    `place` is where it went wrong, if the error does not say itself.
    """
    text = str(error)
    while error.__cause__ is not None:  # The last cause names the operator.
        error = error.__cause__
    if str(error):
        text = str(error)
    for file, line, name in _PLACE.findall(text):
        place = _place(file, line, name)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    first = _SENTENCE.split(lines[0])[0] if lines else type(error).__name__
    if "Constraints violated" in first:
        fixed = re.search(rf"{ROWS} = (\d+)", text)
        first = "it does not take any number of rows" + (f", but {fixed[1]}" if fixed else "")
    return f"{first[:300].rstrip('.!')}{place}"


@contextmanager
def quiet() -> Iterator[None]:
    """Keep what torch prints on its way from people: what fails is told in a line."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with (
            warnings.catch_warnings(),
            redirect_stderr(StringIO()),
            redirect_stdout(StringIO()),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
