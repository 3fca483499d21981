"""A recorded step of many jobs, against a plain torch loop over them."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.func import stack_module_state

from seedbed.engines.fused.network_state import CannotFuse, Layout
from seedbed.engines.fused.optimizers import RULES
from seedbed.engines.fused.program import evaluation_program, training_program
from seedbed.engines.fused.recording import record
from seedbed.models import CNN, MLP, Linear
from seedbed.training.tasks import Multiclass, Regression

JOBS, ROWS, STEPS = 3, 6, 3
RULE, FLAGS = RULES["torch.optim.SGD"], {"nesterov": False}
RATES = (0.1, 0.01, 0.3)


def numbers(**more: list[float]) -> dict[str, Tensor]:
    zeros = [0.0] * JOBS
    columns = {"lr": RATES, "weight_decay": zeros, "momentum": zeros, "dampening": zeros, **more}
    return {k: torch.tensor(v, dtype=torch.float64).unsqueeze(1) for k, v in columns.items()}


def state(nets: list[nn.Module]) -> tuple[Layout, Tensor, dict[str, Tensor]]:
    layout = Layout(nets[0])
    rows = torch.stack([layout.flat(dict(net.named_parameters())) for net in nets])
    parameters, buffers = stack_module_state(nets)
    everything = {**parameters, **buffers}
    others = {k: v.detach().clone() for k, v in everything.items() if k not in layout.shapes}
    return layout, rows, others


def many(make: Callable[[], nn.Module], double: bool = True) -> list[nn.Module]:
    torch.manual_seed(0)
    return [make().double() if double else make() for _ in range(JOBS)]


@pytest.mark.parametrize(
    "make",
    [lambda: Linear([3], 2), lambda: Linear([3], 1, False), lambda: MLP([3], 2, hidden=[4, 5])],
)
def test_a_layout_gives_back_what_it_was_given(make: Callable[[], nn.Module]) -> None:
    nets = many(make)
    layout, rows, others = state(nets)
    assert others == {}
    assert rows.shape == (JOBS, sum(one.numel() for one in nets[0].parameters()))
    parts = layout.split(rows)
    for job, net in enumerate(nets):
        own = dict(net.named_parameters())
        assert list(parts) == list(own)
        for name, parameter in own.items():
            assert torch.equal(parts[name][job], parameter)
    # They are views: a change of one is a change of the other.
    next(iter(parts.values()))[1] += 1.0
    assert not torch.equal(rows, state(nets)[1])


def test_a_layout_leaves_out_what_is_frozen() -> None:
    nets = many(lambda: Linear([3], 2))
    for net in nets:
        net.bias.requires_grad_(False)
    layout, rows, others = state(nets)
    assert (list(layout.shapes), rows.shape, list(others)) == (["weight"], (JOBS, 6), ["bias"])


def by_hand(
    nets: list[nn.Module],
    task: Any,
    batches: list[tuple[Tensor, Tensor]],
    clips: list[float] | None = None,
    clip: Callable[..., object] = nn.utils.clip_grad_norm_,
) -> list[list[Tensor]]:
    """Train each network alone and return the losses of each step."""
    losses = []
    for job, net in enumerate(nets):
        net.train()
        trained = [one for one in net.parameters() if one.requires_grad]
        optimizer, own = torch.optim.SGD(trained, lr=RATES[job]), []
        for inputs, targets in batches:
            shared = inputs.ndim == nn_inputs(net)
            x, y = (inputs, targets) if shared else (inputs[job], targets[job])
            output = task.output(net, x)
            loss = task.loss(output, task.target(y, output))
            optimizer.zero_grad()
            loss.backward()
            if clips is not None:
                clip(trained, clips[job])
            optimizer.step()
            own.append(loss.detach())
        losses.append(own)
    return losses


def named(batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
    return dict(zip(("inputs", "targets"), batch, strict=True))


def nn_inputs(net: nn.Module) -> int:
    """Return the dimensions of a batch of a network's inputs."""
    return 4 if isinstance(net, CNN) else 2


class Normed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 2))

    def forward(self, inputs: Tensor) -> Tensor:
        return self.net(inputs)


CASES = {
    "linear": (lambda: Linear([3], 2), (3,)),
    "mlp": (lambda: MLP([3], 2, hidden=[4, 5]), (3,)),
    "batch norm": (Normed, (3,)),
    "convolutions": (lambda: CNN([1, 8, 8], 2, [2], [3], 2, [4]), (1, 8, 8)),
}


class ChannelsLast(CNN):
    def forward(self, input: Tensor) -> Tensor:
        return super().forward(input.contiguous(memory_format=torch.channels_last))


def test_a_network_that_the_recorder_cannot_hold_is_refused_with_the_reason() -> None:
    # The images of each job in channels-last order, which torch.func has no rule for.
    nets = many(lambda: ChannelsLast([1, 8, 8], 2, [2], [3], 2, [4]))
    layout, rows, others = state(nets)
    step = training_program(nets[0], Regression(), layout, RULE, FLAGS, None, 0)
    batch = (torch.randn(JOBS, ROWS, 1, 8, 8).double(), torch.randn(JOBS, ROWS, 2).double())
    with pytest.raises(CannotFuse, match="memory_format"):
        record(step, rows, others, numbers(), {}, {}, named(batch))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("shared", [True, False])
def test_a_recorded_step_is_that_of_a_loop_over_the_jobs(name: str, shared: bool) -> None:
    make, shape = CASES[name]
    nets = many(make)
    layout, rows, others = state(nets)
    lead = (ROWS,) if shared else (JOBS, ROWS)
    batches = [
        (torch.randn(*lead, *shape).double(), torch.randn(*lead, 2).double()) for _ in range(STEPS)
    ]
    task, net = Regression(), deepcopy(nets[0]).train()
    step = training_program(net, task, layout, RULE, FLAGS, None, None if shared else 0)
    example = (rows, others, numbers(), {}, {}, named(batches[0]))
    copies = deepcopy(example)
    program = record(step, *example)
    for one, before in zip(example, copies, strict=True):
        torch.testing.assert_close(one, before, rtol=0, atol=0)
    found = [program(rows, others, numbers(), {}, {}, named(batch)) for batch in batches]
    expected = by_hand(nets, task, batches)
    _, rows_by_hand, others_by_hand = state(nets)
    torch.testing.assert_close(rows, rows_by_hand, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(others, others_by_hand, rtol=1e-9, atol=1e-12)
    for job in range(JOBS):
        for number, loss in enumerate(expected[job]):
            torch.testing.assert_close(found[number][0][job], loss, rtol=1e-9, atol=1e-12)
    assert found[0][1].shape == (JOBS, ROWS, 2)
    assert found[0][2].shape == (JOBS, ROWS, 2)
    # Evaluation uses what was learned, batch statistics included, and changes nothing.
    net.eval()
    kept = deepcopy((rows, others))
    measure = record(
        evaluation_program(net, task, layout, None if shared else 0),
        rows,
        others,
        {},
        named(batches[0]),
    )
    losses, outputs, _ = measure(rows, others, {}, named(batches[0]))
    torch.testing.assert_close((rows, others), kept, rtol=0, atol=0)
    for job, own in enumerate(nets):
        own.eval()
        x, y = batches[0] if shared else (batches[0][0][job], batches[0][1][job])
        torch.testing.assert_close(outputs[job], own(x), rtol=1e-9, atol=1e-12)
        torch.testing.assert_close(losses[job], task.loss(own(x), y), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("by_norm", [True, False])
def test_classes_and_clipping(by_norm: bool) -> None:
    nets = many(lambda: MLP([3], 4, hidden=[5]))
    layout, rows, others = state(nets)
    batches = [(torch.randn(ROWS, 3).double(), torch.randint(4, (ROWS,))) for _ in range(STEPS)]
    task, clips = Multiclass(4), [0.01, float("inf"), 0.1]
    step = training_program(nets[0].train(), task, layout, RULE, FLAGS, by_norm, None)
    program = record(step, rows, others, numbers(clip=clips), {}, {}, named(batches[0]))
    for batch in batches:
        program(rows, others, numbers(clip=clips), {}, {}, named(batch))
    clip = nn.utils.clip_grad_norm_ if by_norm else nn.utils.clip_grad_value_
    by_hand(nets, task, batches, clips, clip)
    torch.testing.assert_close(rows, state(nets)[1], rtol=1e-9, atol=1e-12)


def test_what_is_frozen_stays() -> None:
    nets = many(lambda: Linear([3], 2))
    for net in nets:
        net.bias.requires_grad_(False)
    layout, rows, others = state(nets)
    before = deepcopy(others)
    batch = torch.randn(ROWS, 3).double(), torch.randn(ROWS, 2).double()
    step = training_program(nets[0], Regression(), layout, RULE, FLAGS, None, None)
    record(step, rows, others, numbers(), {}, {}, named(batch))(
        rows, others, numbers(), {}, {}, named(batch)
    )
    assert torch.equal(others["bias"], before["bias"])
    by_hand(nets, Regression(), [batch])
    torch.testing.assert_close(rows, state(nets)[1])


def test_dropout_differs_from_job_to_job_and_from_step_to_step() -> None:
    torch.manual_seed(0)
    nets = [MLP([3], 2, hidden=[64], dropout=0.5)] * JOBS
    layout, rows, others = state(nets)
    batch = torch.randn(ROWS, 3), torch.randn(ROWS, 2)
    still = numbers(lr=[0.0] * JOBS)
    step = training_program(nets[0].train(), Regression(), layout, RULE, FLAGS, None, None)
    program = record(step, rows, others, still, {}, {}, named(batch))
    first, second = (program(rows, others, still, {}, {}, named(batch))[1] for _ in range(2))
    drawn = [*first, *second]
    for place, one in enumerate(drawn):
        assert not any(torch.equal(one, other) for other in drawn[:place])
    nets[0].eval()
    program = evaluation_program(nets[0], Regression(), layout, None)
    outputs = record(program, rows, others, {}, named(batch))(rows, others, {}, named(batch))[1]
    torch.testing.assert_close(outputs, nets[0](batch[0]).expand(JOBS, ROWS, 2))


def test_recording_draws_nothing_that_is_missed_later() -> None:
    nets = [MLP([3], 2, hidden=[64], dropout=0.5)] * JOBS
    layout, rows, others = state(nets)
    batch = torch.randn(ROWS, 3), torch.randn(ROWS, 2)
    step = training_program(nets[0].train(), Regression(), layout, RULE, FLAGS, None, None)
    before = torch.get_rng_state()
    record(step, rows, others, numbers(), {}, {}, named(batch))
    assert torch.equal(torch.get_rng_state(), before)


class AlwaysDropping(nn.Linear):
    """Drops inputs while it is measured, too."""

    def forward(self, inputs: Tensor) -> Tensor:
        return super().forward(nn.functional.dropout(inputs, 0.5, training=True))


def test_what_is_drawn_in_an_evaluation_differs_from_job_to_job() -> None:
    torch.manual_seed(0)
    nets = [AlwaysDropping(64, 2)] * JOBS
    layout, rows, others = state(nets)
    batch = torch.randn(ROWS, 64), torch.randn(ROWS, 2)
    step = evaluation_program(nets[0], Regression(), layout, None)
    measure = record(step, rows, others, {}, named(batch))
    first, second, third = measure(rows, others, {}, named(batch))[1]
    assert not torch.equal(first, second)
    assert not torch.equal(second, third)


class Branching(nn.Module):
    """Does what its data tell it, which no recording can hold."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 2)

    def forward(self, inputs: Tensor) -> Tensor:
        output = self.linear(inputs)
        return output if float(output.sum()) > 0 else -output


class Unused(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear, self.unused = nn.Linear(3, 2), nn.Linear(3, 2)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.linear(inputs)


class Broken(nn.Module):
    def __init__(self, reason: str = "of the user's own making\nand long") -> None:
        super().__init__()
        self.linear = nn.Linear(3, 2)
        self.reason = reason

    def forward(self, inputs: Tensor) -> Tensor:
        raise ValueError(self.reason)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (Branching, "."),
        (Unused, "."),
        (Broken, "^ValueError: of the user's own making$"),
        (lambda: Broken(""), "^ValueError: $"),
        (lambda: Broken("x" * 300), "^ValueError: x{200}$"),
    ],
)
def test_what_cannot_be_recorded_is_refused(make: Callable[[], nn.Module], reason: str) -> None:
    nets = many(make)
    layout, rows, others = state(nets)
    before = rows.clone()
    batch = torch.randn(ROWS, 3).double(), torch.randn(ROWS, 2).double()
    step = training_program(nets[0], Regression(), layout, RULE, FLAGS, None, None)
    with pytest.raises(CannotFuse, match=reason) as refusal:
        record(step, rows, others, numbers(), {}, {}, named(batch))
    assert "\n" not in str(refusal.value)
    assert torch.equal(rows, before)
