"""The update rules of torch.optim for many jobs at once, with a number per job.

Every tensor has the job axis first: parameters, gradients and states are (jobs, numbers), all
parameters of a network in one row. A hyperparameter is (jobs, 1) in float64, as torch.optim keeps
it, and enters the sums in the parameters' own type. Each rule changes parameters and states in
place and follows the formulas in the documentation of the torch.optim class of its name, whose
single-tensor code is the reference of the tests.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Numbers = dict[str, Tensor]


@dataclass(frozen=True)
class Rule:
    """How one optimizer moves the parameters.

    `numbers` are the hyperparameters that may differ from job to job; `flags` must be the same for
    all. `states` returns the tensors that the rule keeps, given parameters and numbers.
    """

    numbers: tuple[str, ...]
    flags: tuple[str, ...]
    states: Callable[[Tensor, Numbers, dict[str, bool]], Numbers]
    update: Callable[[Tensor, Tensor, Numbers, Numbers, dict[str, bool]], None]


def _zeros(parameters: Tensor, *names: str) -> Numbers:
    return {name: torch.zeros_like(parameters) for name in names}


def _step(parameters: Tensor) -> Numbers:
    """Return the count of steps, (jobs, 1) float64: jobs need not be equally far."""
    return {"step": torch.zeros_like(parameters[:, :1], dtype=torch.float64)}


def _decayed(parameters: Tensor, gradient: Tensor, numbers: Numbers) -> Tensor:
    """Return the gradient with the pull towards zero."""
    return gradient + numbers["weight_decay"].to(gradient.dtype) * parameters


def _sgd_states(parameters: Tensor, numbers: Numbers, flags: dict[str, bool]) -> Numbers:
    if not bool((numbers["momentum"] != 0).any()):
        return {}
    return {**_zeros(parameters, "momentum_buffer"), **_step(parameters)}


def _sgd(
    parameters: Tensor, gradient: Tensor, numbers: Numbers, states: Numbers, flags: dict[str, bool]
) -> None:
    """torch.optim.SGD: the first buffer is the gradient itself, undampened."""
    dtype = gradient.dtype
    gradient = _decayed(parameters, gradient, numbers)
    if states:
        momentum, buffer = numbers["momentum"].to(dtype), states["momentum_buffer"]
        kept = torch.where(states["step"] == 0, 1.0, 1.0 - numbers["dampening"]).to(dtype)
        buffer.mul_(momentum).add_(kept * gradient)
        states["step"].add_(1)
        moved = gradient + momentum * buffer if flags["nesterov"] else buffer
        gradient = torch.where(momentum == 0, gradient, moved)
    parameters.sub_(numbers["lr"].to(dtype) * gradient)


def _adam_states(parameters: Tensor, numbers: Numbers, flags: dict[str, bool]) -> Numbers:
    names = ["exp_avg", "exp_avg_sq", *(["max_exp_avg_sq"] if flags["amsgrad"] else [])]
    return {**_zeros(parameters, *names), **_step(parameters)}


def _adam(
    parameters: Tensor, gradient: Tensor, numbers: Numbers, states: Numbers, flags: dict[str, bool]
) -> None:
    """torch.optim.Adam: the decay is part of the gradient."""
    _adam_update(parameters, _decayed(parameters, gradient, numbers), numbers, states, flags)


def _adamw(
    parameters: Tensor, gradient: Tensor, numbers: Numbers, states: Numbers, flags: dict[str, bool]
) -> None:
    """torch.optim.AdamW: the decay acts on the parameters alone."""
    parameters.mul_((1.0 - numbers["lr"] * numbers["weight_decay"]).to(gradient.dtype))
    _adam_update(parameters, gradient, numbers, states, flags)


def _adam_update(
    parameters: Tensor, gradient: Tensor, numbers: Numbers, states: Numbers, flags: dict[str, bool]
) -> None:
    dtype, beta1, beta2 = gradient.dtype, numbers["beta1"], numbers["beta2"]
    step = states["step"].add_(1)
    mean, square = states["exp_avg"], states["exp_avg_sq"]
    mean.lerp_(gradient, (1.0 - beta1).to(dtype))
    square.mul_(beta2.to(dtype)).add_((1.0 - beta2).to(dtype) * gradient * gradient)
    if flags["amsgrad"]:
        square = states["max_exp_avg_sq"].copy_(torch.maximum(states["max_exp_avg_sq"], square))
    correction = (1.0 - beta2**step).sqrt().to(dtype)
    denominator = square.sqrt() / correction + numbers["eps"].to(dtype)
    rate = (numbers["lr"] / (1.0 - beta1**step)).to(dtype)
    parameters.sub_(rate * mean / denominator)


def _rmsprop_states(parameters: Tensor, numbers: Numbers, flags: dict[str, bool]) -> Numbers:
    names = ["square_avg"]
    if bool((numbers["momentum"] != 0).any()):
        names.append("momentum_buffer")
    if flags["centered"]:
        names.append("grad_avg")
    return _zeros(parameters, *names)


def _rmsprop(
    parameters: Tensor, gradient: Tensor, numbers: Numbers, states: Numbers, flags: dict[str, bool]
) -> None:
    """torch.optim.RMSprop."""
    dtype, alpha = gradient.dtype, numbers["alpha"]
    gradient = _decayed(parameters, gradient, numbers)
    square = states["square_avg"].mul_(alpha.to(dtype))
    square.add_((1.0 - alpha).to(dtype) * gradient * gradient)
    if flags["centered"]:
        mean = states["grad_avg"]
        mean.lerp_(gradient, (1.0 - alpha).to(dtype))
        # As torch does it: the difference is rounded once.
        square = torch.addcmul(square, mean, mean, value=-1)
    scaled = gradient / (square.sqrt() + numbers["eps"].to(dtype))
    if "momentum_buffer" in states:
        scaled = states["momentum_buffer"].mul_(numbers["momentum"].to(dtype)).add_(scaled)
    parameters.sub_(numbers["lr"].to(dtype) * scaled)


def _adagrad_states(parameters: Tensor, numbers: Numbers, flags: dict[str, bool]) -> Numbers:
    start = numbers["initial_accumulator_value"].to(parameters.dtype)
    start = start.expand_as(parameters).clone()
    return {"sum": start, **_step(parameters)}


def _adagrad(
    parameters: Tensor, gradient: Tensor, numbers: Numbers, states: Numbers, flags: dict[str, bool]
) -> None:
    """torch.optim.Adagrad."""
    dtype, step = gradient.dtype, states["step"].add_(1)
    rate = (numbers["lr"] / (1.0 + (step - 1.0) * numbers["lr_decay"])).to(dtype)
    gradient = _decayed(parameters, gradient, numbers)
    total = states["sum"].add_(gradient * gradient)
    parameters.sub_(rate * gradient / (total.sqrt() + numbers["eps"].to(dtype)))


_ADAM = ("lr", "weight_decay", "beta1", "beta2", "eps")
RULES: dict[str, Rule] = {
    "torch.optim.SGD": Rule(
        ("lr", "weight_decay", "momentum", "dampening"), ("nesterov",), _sgd_states, _sgd
    ),
    "torch.optim.Adam": Rule(_ADAM, ("amsgrad",), _adam_states, _adam),
    "torch.optim.AdamW": Rule(_ADAM, ("amsgrad",), _adam_states, _adamw),
    "torch.optim.RMSprop": Rule(
        ("lr", "weight_decay", "alpha", "eps", "momentum"),
        ("centered",),
        _rmsprop_states,
        _rmsprop,
    ),
    "torch.optim.Adagrad": Rule(
        ("lr", "weight_decay", "lr_decay", "initial_accumulator_value", "eps"),
        (),
        _adagrad_states,
        _adagrad,
    ),
}


def clip(gradient: Tensor, largest: Tensor, by_norm: bool) -> Tensor:
    """Return gradients (jobs, numbers) clipped as torch.nn.utils does, to (jobs, 1) `largest`.

    A job that does not clip has infinity there.
    """
    if not by_norm:
        return torch.minimum(torch.maximum(gradient, -largest), largest)
    norm = gradient.norm(dim=1, keepdim=True)
    clipped = gradient * (largest / (norm + 1e-6)).clamp(max=1.0)
    return torch.where(largest.isinf(), gradient, clipped)
