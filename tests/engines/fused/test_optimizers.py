"""Every update rule and the clipping, against torch.optim and torch.nn.utils job by job."""

import dataclasses
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from seedbed.engines.fused.optimizers import RULES, clip

SIZE, STEPS = 4, 4
TOLERANCES = {torch.float64: (1e-12, 1e-14), torch.float32: (2e-5, 1e-6)}

decays = st.sampled_from([0.0, 0.01, 0.5])
NUMBERS = {
    "lr": st.sampled_from([0.0, 1e-4, 0.03, 0.5]),
    "weight_decay": decays,
    "momentum": st.sampled_from([0.0, 0.5, 0.99]),
    "dampening": st.sampled_from([0.0, 0.3, 1.0]),
    "beta1": st.sampled_from([0.0, 0.5, 0.95]),
    "beta2": st.sampled_from([0.0, 0.7, 0.9999]),
    "eps": st.sampled_from([1e-10, 1e-8, 0.1]),
    # At 0 the centered variance is 0, and rounding decides.
    "alpha": st.sampled_from([0.1, 0.5, 0.99]),
    "lr_decay": st.sampled_from([0.0, 0.1, 3.0]),
    "initial_accumulator_value": st.sampled_from([0.0, 0.5]),
}
CASES = [
    (name, flag)
    for name, rule in RULES.items()
    for flag in ([False, True] if rule.flags else [False])
]


def options_of(name: str, job: dict[str, float], flags: dict[str, bool]) -> dict[str, Any]:
    """Return what torch.optim takes, of the numbers that a rule takes."""
    options: dict[str, Any] = {**job, **flags}
    if "beta1" in options:
        options["betas"] = options.pop("beta1"), options.pop("beta2")
    return options


def by_torch(
    name: str, start: Tensor, gradients: Tensor, job: dict[str, float], flags: dict[str, bool]
) -> Tensor:
    parameter = nn.Parameter(start.clone())
    options = options_of(name, job, flags)
    optimizer = getattr(torch.optim, name.rpartition(".")[2])([parameter], foreach=False, **options)
    for gradient in gradients:
        parameter.grad = gradient.clone()
        optimizer.step()
    return parameter.detach()


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize(("name", "flag"), CASES)
def test_a_rule_is_that_of_torch_for_each_job(name: str, flag: bool, dtype: torch.dtype) -> None:
    rule = RULES[name]
    flags = dict.fromkeys(rule.flags, flag)
    numbers = {one: NUMBERS[one] for one in rule.numbers}
    if flags.get("nesterov"):  # torch.optim.SGD refuses it otherwise.
        numbers |= {"momentum": st.sampled_from([0.3, 0.9]), "dampening": st.just(0.0)}
    if flags.get("centered") and dtype == torch.float32:
        # A variance near 0 is a difference of near equals; its last digits are anybody's.
        numbers |= {"eps": st.just(0.1)}

    @settings(max_examples=25, deadline=None)
    @given(st.lists(st.fixed_dictionaries(numbers), min_size=1, max_size=5), st.integers(0, 99))
    def check(jobs: list[dict[str, float]], seed: int) -> None:
        torch.manual_seed(seed)
        start = torch.randn(len(jobs), SIZE, dtype=dtype)
        gradients = torch.randn(STEPS, len(jobs), SIZE, dtype=dtype)
        columns = {
            one: torch.tensor([[job[one]] for job in jobs], dtype=torch.float64) for one in numbers
        }
        rows = start.clone()
        states = rule.states(rows, columns, flags)
        for gradient in gradients:
            given_gradient = gradient.clone()
            rule.update(rows, gradient, columns, states, flags)
            assert torch.equal(gradient, given_gradient)
        rtol, atol = TOLERANCES[dtype]
        for row, job in enumerate(jobs):
            expected = by_torch(name, start[row], gradients[:, row], job, flags)
            torch.testing.assert_close(rows[row], expected, rtol=rtol, atol=atol, msg=str(job))

    check()


@pytest.mark.parametrize("name", RULES)
def test_the_numbers_and_flags_are_all_that_torch_has_by_our_schema(name: str) -> None:
    from seedbed.config.schema import optimizer as schema

    fields = {one.name for one in dataclasses.fields(getattr(schema, name.rpartition(".")[2]))}
    fields -= {"_target_"}
    if "betas" in fields:
        fields = fields - {"betas"} | {"beta1", "beta2"}
    assert {*RULES[name].numbers, *RULES[name].flags} == fields


def test_a_rate_may_change_from_step_to_step() -> None:
    rule, start = RULES["torch.optim.SGD"], torch.randn(2, SIZE, dtype=torch.float64)
    zero = torch.zeros(2, 1, dtype=torch.float64)
    numbers = {"weight_decay": zero, "momentum": zero, "dampening": zero}
    rows, gradient = start.clone(), torch.ones(2, SIZE, dtype=torch.float64)
    for rate in (0.1, 0.5):
        rates = torch.tensor([[rate], [2 * rate]], dtype=torch.float64)
        rule.update(rows, gradient, {**numbers, "lr": rates}, {}, {"nesterov": False})
    moved = torch.tensor([[0.6], [1.2]], dtype=torch.float64)
    torch.testing.assert_close(rows, start - moved)


# Clipping.

tops = st.sampled_from([float("inf"), 0.01, 1.0, 100.0])


@settings(max_examples=60, deadline=None)
@given(st.lists(tops, min_size=1, max_size=4), st.booleans(), st.sampled_from([0, 1e-6, 1, 1e6]))
def test_clipping_is_that_of_torch(largest: list[float], by_norm: bool, scale: float) -> None:
    gradient = scale * torch.randn(len(largest), SIZE, dtype=torch.float64)
    before = gradient.clone()
    column = torch.tensor(largest, dtype=torch.float64).unsqueeze(1)
    found = clip(gradient, column, by_norm)
    assert torch.equal(gradient, before)
    for row, top in enumerate(largest):
        # Two parameters, whose norm is that of both.
        parts = [nn.Parameter(torch.zeros(SIZE // 2, dtype=torch.float64)) for _ in range(2)]
        for part, value in zip(parts, before[row].split(SIZE // 2), strict=True):
            part.grad = value.clone()
        if top != float("inf"):
            way = nn.utils.clip_grad_norm_ if by_norm else nn.utils.clip_grad_value_
            way(parts, top)
        expected = torch.cat([part.grad for part in parts])
        torch.testing.assert_close(found[row], expected, rtol=1e-12, atol=0)


@pytest.mark.parametrize("value", [float("inf"), float("nan")])
def test_a_job_that_does_not_clip_keeps_a_gradient_that_is_not_finite(value: float) -> None:
    gradient = torch.tensor([[1.0, value], [1.0, 2.0]])
    for by_norm in (True, False):
        found = clip(gradient, torch.full((2, 1), torch.inf), by_norm)
        torch.testing.assert_close(found, gradient, equal_nan=True, rtol=0, atol=0)
