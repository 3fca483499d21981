"""Networks of different widths in one program, against a plain torch loop over each of them."""

from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.engines.fused.test_optimizers import CASES, options_of
from torch import Tensor, nn

from seedbed.engines.fused.nets.widths import Widths, fitted, width_facts
from seedbed.engines.fused.network_state import (
    CannotFuse,
    Layout,
    named_tensors,
    refuse_differences,
)
from seedbed.engines.fused.optimizers import RULES
from seedbed.engines.fused.program import training_program
from seedbed.models import CNN, MLP
from seedbed.models.activation import ACTIVATIONS
from seedbed.training.tasks import Regression

ROWS, STEPS, INPUTS = 5, 4, 3
# With eps=0 a number without a gradient is divided by zero.
NUMBERS = {
    "lr": (0.01, 0.003, 0.1),
    "weight_decay": (0.1, 0.0, 0.5),
    "momentum": (0.0, 0.9, 0.5),
    "dampening": (0.0, 0.0, 0.0),
    "beta1": (0.9, 0.5, 0.95),
    "beta2": (0.99, 0.7, 0.999),
    "eps": (1e-8, 0.0, 1e-4),
    "alpha": (0.9, 0.5, 0.99),
    "lr_decay": (0.0, 0.1, 1.0),
    "initial_accumulator_value": (0.1, 0.5, 0.2),
}
# Infinity clips nothing.
CLIPS = (0.05, float("inf"), 1.0)
widths = st.integers(1, 7)
hidden = st.one_of(
    st.lists(st.tuples(widths), min_size=3, max_size=3),
    st.lists(st.tuples(widths, widths), min_size=3, max_size=3),
)


def alone(
    net: nn.Module, name: str, options: dict[str, Any], clip: float, batches: list[list[Tensor]]
) -> list[float]:
    optimizer = getattr(torch.optim, name.rpartition(".")[2])(net.parameters(), **options)
    losses = []
    for inputs, targets in batches:
        loss = nn.functional.mse_loss(net(inputs), targets)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), clip)
        optimizer.step()
        losses.append(loss.item())
    return losses


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    hidden=hidden,
    case=st.sampled_from(CASES),
    activation=st.sampled_from(list(ACTIVATIONS)),
    bias=st.booleans(),
    categories=st.booleans(),
)
def test_each_job_trains_as_alone_and_padding_stays_zero(
    hidden: list[tuple[int, ...]],
    case: tuple[str, bool],
    activation: str,
    bias: bool,
    categories: bool,
) -> None:
    torch.manual_seed(0)
    kind: Any = {"category_sizes": [4]} if categories else {}
    nets = [MLP([INPUTS], 2, own, activation, bias=bias, **kind).double() for own in hidden]
    (name, flag), rule = case, RULES[case[0]]
    flags = dict.fromkeys(rule.flags, flag)
    momentum = {"momentum": (0.9, 0.9, 0.5)} if flags.get("nesterov") else {}
    chosen = {key: {**NUMBERS, **momentum}[key] for key in rule.numbers}
    if name.endswith("RMSprop") and flag:  # At eps=0 rounding decides.
        chosen["eps"] = (1e-8, 1e-6, 1e-4)
    batches = [
        [torch.randn(ROWS, INPUTS).double(), torch.randn(ROWS, 2).double()] for _ in range(STEPS)
    ]
    for inputs, _ in batches:
        inputs[:, -1] = torch.arange(ROWS) % 4
    together = Widths(nets)
    wide = together.widest(nets[0])
    layout = Layout(wide)
    rows = torch.stack([layout.flat(together.padded(named_tensors(net))) for net in nets])
    numbers = {
        key: torch.tensor(column, dtype=torch.float64).unsqueeze(1)
        for key, column in {**chosen, "clip": CLIPS}.items()
    }
    padding = together.padding(layout)
    if padding is not None:
        numbers["padded"] = padding
    states = rule.states(rows, numbers, flags)
    step = training_program(wide.train(), Regression(), layout, rule, flags, True, None)
    losses = [
        step(rows, {}, numbers, states, {}, {"inputs": inputs, "targets": targets})[0]
        for inputs, targets in batches
    ]
    for job, net in enumerate(nets):
        options = options_of(name, {key: column[job] for key, column in chosen.items()}, flags)
        if name.endswith(("Adam", "AdamW", "RMSprop")) and options["eps"] == 0:
            # Units of relu that no row reaches are divided by zero alone, too.
            options["eps"] = chosen["eps"][job]
        expected = alone(net, name, options, CLIPS[job], batches)
        assert torch.stack(losses)[:, job].tolist() == pytest.approx(
            expected, rel=1e-7, nan_ok=True
        )
        for key, value in layout.split(rows).items():
            own = together.cropped(job, key, value[job])
            torch.testing.assert_close(
                own,
                dict(net.named_parameters())[key].detach(),
                rtol=1e-6,
                atol=1e-9,
                equal_nan=True,
            )
    if padding is not None:
        assert not rows[padding].any()


def test_a_network_as_wide_as_all_is_itself() -> None:
    nets = [MLP([2], 1, [4]) for _ in range(3)]
    together = Widths(nets)
    assert together.widest(nets[0]) is nets[0]
    assert together.padding(Layout(nets[0])) is None


def test_what_is_padded_and_what_is_not() -> None:
    refuse_differences(nets := [MLP([2], 1, [4]), MLP([2], 1, [3])], width_facts(nets[0]))
    refuse_differences(
        nets := [CNN([1, 6, 6], 2, [2], [3], 2, own) for own in ([4], [3])], width_facts(nets[0])
    )
    with pytest.raises(CannotFuse, match="hidden_linear_2"):
        refuse_differences(nets := [MLP([2], 1, [4]), MLP([2], 1, [4, 4])], width_facts(nets[0]))

    class Own(MLP):
        pass

    with pytest.raises(CannotFuse, match="differs from job to job"):
        refuse_differences(nets := [Own([2], 1, [4]), Own([2], 1, [3])], width_facts(nets[0]))


def test_fitted_cuts_off_and_pads_at_the_ends() -> None:
    table = torch.arange(6.0).view(2, 3)
    assert fitted(table, (3, 2)).tolist() == [[0, 1], [3, 4], [0, 0]]
    assert fitted(table, (4,), padding=9.0).tolist() == [[0, 1, 2, 9], [3, 4, 5, 9]]
