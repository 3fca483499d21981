"""Recording of a step as a flat list of tensor operations, which is replayed without Python.

What `torch.func` and autograd make of a step is seen below both, one operation after another, as
torch.fx's `make_fx` sees it. That one imports sympy and more for what is not needed here, which
takes longer than all steps of a thousand small jobs.
"""

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map, tree_unflatten

from seedbed.engines.fused.network_state import CannotFuse

_ATEN = torch.ops.aten


@dataclass(frozen=True)
class Program:
    """Recorded step.

    Attributes:
        run: function of the arguments that the step was recorded for.
        draws: whether it draws random numbers.
    """

    run: Callable[..., tuple[Tensor, ...]]
    draws: bool

    def __call__(self, *arguments: Any) -> tuple[Tensor, ...]:
        """Take the step."""
        return self.run(*arguments)


def record(step: Callable[..., tuple[Tensor, ...]], *example: Any) -> Program:
    """Return the step recorded for tensors of these shapes; the example is left as it is.

    Random numbers that recording draws are drawn again afterwards, so that it makes no difference
    when it takes place.

    Raises CannotFuse where the step cannot be recorded.
    """
    with random_numbers_kept(tensors_of(example)[0].device):
        return _recorded(step, example)


@contextmanager
def random_numbers_kept(device: torch.device) -> Iterator[None]:
    """Put the state of random numbers back afterwards, on the CPU and on this device."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        yield


def tensors_of(arguments: Iterable[Any]) -> list[Tensor]:
    """Return all tensors of arguments that are tensors or dictionaries of them.

    At every step, so not by torch's general `tree_leaves`, which takes longer.
    """
    return [
        tensor
        for argument in arguments
        for tensor in (argument.values() if isinstance(argument, dict) else (argument,))
    ]


class _Place:
    """Where a tensor of the step is kept while it is replayed."""

    __slots__ = ("number",)

    def __init__(self, number: int) -> None:
        self.number = number


@dataclass(frozen=True)
class _Call:
    """One operation: its arguments and results, with places in place of tensors of the step."""

    function: Any
    arguments: Any
    results: Any


class TensorOperations(TorchDispatchMode):
    """Base of what looks at tensor operations, without the slow import of torch's compiler."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Return that nothing here is ever compiled: else the first operation imports it."""
        return False


class _Recorder(TensorOperations):
    """Notes every operation on tensors.

    Attributes:
        calls: the operations.
        draws: whether any draws random numbers.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.calls: list[_Call] = []
        self.draws = False
        self.count = 0

    def place(self, value: Any) -> Any:
        """Give a tensor that is new in the step its place; return that, or what is no tensor."""
        if not isinstance(value, Tensor):
            return value
        if self.known(value) is value:
            # Kept with the tensor: another one may have its address later.
            value._seedbed_place = self, _Place(self.count)
            self.count += 1
        return self.known(value)

    def known(self, value: Any) -> Any:
        """Return the place of a tensor of the step, or the value itself."""
        recorder, place = getattr(value, "_seedbed_place", (None, None))
        return place if recorder is self else value

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        """Run an operation and note it."""
        if function is _ATEN.lift_fresh.default:  # A constant, which the step may change.
            function = _ATEN.lift_fresh_copy.default
        arguments = tree_map(self.known, (args, kwargs or {}))
        if function is _ATEN._local_scalar_dense.default and isinstance(arguments[0][0], _Place):
            raise RuntimeError("a number that follows from the rows is read by Python")
        results = function(*args, **(kwargs or {}))
        self.draws |= torch.Tag.nondeterministic_seeded in function.tags
        self.calls.append(_Call(function, arguments, tree_map(self.place, results)))
        return results


def _recorded(step: Callable[..., tuple[Tensor, ...]], example: Sequence[Any]) -> Program:
    tensors, layout = tree_flatten(tree_map(torch.clone, example))
    recorder, own = _Recorder(), [tensor.clone() for tensor in tensors]
    for tensor in own:
        recorder.place(tensor)
    try:
        with recorder:
            results = step(*tree_unflatten(own, layout))
    except Exception as error:  # The user's own network may do anything.
        reason = (str(error).strip().splitlines() or [""])[0][:200]
        raise CannotFuse(f"{type(error).__name__}: {reason}") from error
    replay = _replay(recorder, len(own), tree_map(recorder.known, results))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compiled: Any = torch.jit.trace(replay, tuple(tensors), check_trace=False)
    except RuntimeError:  # Some operations, convolutions among them, have arguments it lacks.
        compiled = replay
    return Program(lambda *arguments: compiled(*tensors_of(arguments)), recorder.draws)


def _replay(recorder: _Recorder, given: int, results: Any) -> Callable[..., tuple[Tensor, ...]]:
    """Return a function of the given tensors that runs the operations, as compiled Python.

    Each tensor is forgotten after its last use. Operations whose results nothing uses are left out.
    """
    calls = _used(recorder.calls, results)
    last = {number: at for at, call in enumerate(calls) for number in _numbers(call.arguments)}
    last |= dict.fromkeys(_numbers(results), len(calls))
    constants: dict[str, Any] = {}

    def text(value: Any) -> str:
        if isinstance(value, _Place):
            return f"t{value.number}"
        if isinstance(value, list | tuple):
            inner = "".join(f"{text(item)}, " for item in value)
            return f"[{inner}]" if isinstance(value, list) else f"({inner})"
        constants[name := f"c{len(constants)}"] = value
        return name

    lines = [f"def replay({', '.join(f't{number}' for number in range(given))}):"]
    for at, call in enumerate(calls):
        positional, named = call.arguments
        words = [*map(text, positional), *(f"{key}={text(item)}" for key, item in named.items())]
        run, made = text(call.function), _numbers(call.results)
        lines.append(f" {text(call.results) if made else '_'} = {run}({', '.join(words)})")
        done = {n for n in (*_numbers(call.arguments), *made) if last.get(n, at) == at}
        lines += [f" del t{number}" for number in sorted(done)]
    lines.append(f" return {text(tuple(results))}")
    exec("\n".join(lines), constants)
    function: Callable[..., tuple[Tensor, ...]] = constants["replay"]
    return function


def _used(calls: Sequence[_Call], results: Any) -> list[_Call]:
    """Return the calls that change a tensor, draw, or make what others use."""
    used, kept = set(_numbers(results)), []
    for call in reversed(calls):
        acts = call.function._schema.is_mutable or (
            torch.Tag.nondeterministic_seeded in call.function.tags
        )
        if acts or not used.isdisjoint(_numbers(call.results)):
            used.update(_numbers(call.arguments))
            kept.append(call)
    return kept[::-1]


def _numbers(values: Any) -> list[int]:
    """Return the numbers of all places in some arguments or results."""
    if isinstance(values, _Place):
        return [values.number]
    if isinstance(values, dict):
        values = values.values()
    elif not isinstance(values, list | tuple):
        return []
    return [number for value in values for number in _numbers(value)]
