"""Files of exported models: their content, and what they answer when they are read back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from seedbed.errors import ConfigError
from seedbed.experiment.export.exported_model import ExportedModel
from seedbed.experiment.export.tracing import as_onnx, quiet, traced

# Under which name the description is inside of a file.
METADATA = "seedbed"

Answers = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Exported:
    """Model that goes into a file.

    Attributes:
        model: the model, on the CPU, in evaluation mode; None where weights alone can be had.
        net: its network, whose weights are exported.
        example: two rows of raw inputs.
        output: name of the output.
        description: all that is needed to use it, as text.
        rebuilt: returns a model like `model` of a network that is made anew, given its weights.
    """

    model: ExportedModel | None
    net: nn.Module
    example: Tensor
    output: str
    description: str
    rebuilt: Callable[[Mapping[str, Tensor]], nn.Module]


def content_of(chosen: str, exported: Exported) -> bytes:
    """Return the content of a file of a format; raise ConfigError where it cannot be had."""
    return _CONTENT[chosen](exported)


def answers_of(chosen: str, path: Path, exported: Exported) -> Answers:
    """Return the function from raw inputs to answers that a written file holds."""
    return _ANSWERS[chosen](path, exported)


# ---- Graphs ------------------------------------------------------------------------------------


def _onnx(exported: Exported) -> bytes:
    program = traced(_model(exported), exported.example, "onnx")
    return as_onnx(program, exported.output, {METADATA: exported.description})


def _answers_of_onnx(path: Path, exported: Exported) -> Answers:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    try:
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # It has no kernel for every operator and type.
        reason = str(error).partition("\n")[0][:200]
        raise ConfigError(
            f"format=onnx: ONNX Runtime does not take the network: {reason}\n"
            "format=torch_export, format=safetensors and format=state_dict do not need it"
        ) from None
    [name] = [each.name for each in session.get_inputs()]

    def answers(inputs: Tensor) -> Tensor:
        [output] = session.run(None, {name: inputs.numpy()})
        return torch.from_numpy(output)

    return answers


def _torch_export(exported: Exported) -> bytes:
    program = traced(_model(exported), exported.example, "torch_export")
    file = BytesIO()
    with quiet():
        more = {f"{METADATA}.json": exported.description}
        torch.export.save(program, file, extra_files=more)
    return file.getvalue()


def _answers_of_torch_export(path: Path, exported: Exported) -> Answers:
    with quiet(), path.open("rb") as file:
        module = torch.export.load(BytesIO(file.read())).module()
    return module


def _model(exported: Exported) -> ExportedModel:
    assert exported.model is not None
    return exported.model


# ---- Weights -----------------------------------------------------------------------------------


def weights_of(net: nn.Module) -> dict[str, Tensor]:
    """Return the weights of a network by name, each in memory of its own."""
    return {
        name: value.detach().cpu().contiguous().clone(memory_format=torch.contiguous_format)
        for name, value in net.state_dict().items()
    }


def _safetensors(exported: Exported) -> bytes:
    from safetensors.torch import save

    metadata = {METADATA: exported.description, "format": "pt"}
    content: bytes = save(weights_of(exported.net), metadata)
    return content


def _answers_of_safetensors(path: Path, exported: Exported) -> Answers:
    from safetensors.torch import load_file

    return exported.rebuilt(load_file(path))


def _state_dict(exported: Exported) -> bytes:
    file = BytesIO()
    torch.save(weights_of(exported.net), file)
    return file.getvalue()


def _answers_of_state_dict(path: Path, exported: Exported) -> Answers:
    weights: Any = torch.load(path, map_location="cpu", weights_only=True)
    return exported.rebuilt(weights)


_CONTENT: dict[str, Callable[[Exported], bytes]] = {
    "onnx": _onnx,
    "torch_export": _torch_export,
    "safetensors": _safetensors,
    "state_dict": _state_dict,
}
_ANSWERS: dict[str, Callable[[Path, Exported], Answers]] = {
    "onnx": _answers_of_onnx,
    "torch_export": _answers_of_torch_export,
    "safetensors": _answers_of_safetensors,
    "state_dict": _answers_of_state_dict,
}
