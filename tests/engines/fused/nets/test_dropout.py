"""Dropout of many jobs: the law of each, its own random numbers, and none where p is 0."""

from pathlib import Path

import pytest
import torch
from tests.composing import composed
from tests.engines.fused.comparison import (
    BLOBS,
    DOUBLE,
    EPOCHS,
    QUIET,
    SPLIT,
    assert_as_alone,
    together,
)
from torch import Tensor, nn
from torch.func import functional_call, vmap

from seedbed.config.spec import run_spec
from seedbed.data.random import DROPOUT, key_of
from seedbed.engines.fused.engine import Engine
from seedbed.engines.fused.group import Group
from seedbed.engines.fused.nets.dropout import Draws, JobDropout, drawing, with_job_dropout
from seedbed.runs.outcome import RunOutcome
from seedbed.sweep.planning.fusing import make_group
from seedbed.sweep.planning.job_numbers import numbers_of

NETWORK = ("model=mlp", "model.hidden=[7,5]", "optimizer=adam", "optimizer.lr=0.01")
COMMON = (*BLOBS, *NETWORK, *SPLIT, EPOCHS, DOUBLE)


def dropped(p: list[float], rows: int, units: int, seed: int = 0) -> Tensor:
    """Return ones through the dropout of jobs of these probabilities, (jobs, rows, units)."""
    layer, ones = JobDropout(0.0), torch.ones(rows, units)
    key = key_of(seed, DROPOUT, 1)

    def of_job(p: Tensor) -> Tensor:
        with drawing(layer, {"draw": key}):
            kept: Tensor = functional_call(layer, {"p": p}, (ones,))
        return kept

    return vmap(of_job)(torch.tensor(p, dtype=torch.float64))


@pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 0.93, 1.0])
def test_the_law_of_a_job(p: float) -> None:
    rows, units = 400, 251
    kept = dropped([0.3, p], rows, units)[1]
    values = [0.0, 1.0 / (1.0 - p)] if p < 1 else [0.0]
    assert all(min(abs(float(v) - x) for x in values) < 1e-6 for v in kept.unique())
    # Shares of all numbers, of each row and each unit, within 5 standard deviations.
    share = (kept > 0).double()
    for part, count in (
        (share.mean(), rows * units),
        (share.mean(0), rows),
        (share.mean(1), units),
    ):
        largest = 5 * (p * (1 - p) / count) ** 0.5
        assert float((part - (1 - p)).abs().max()) <= largest + 1e-12
    # Neither neighbouring rows nor neighbouring units go together.
    if 0 < p < 1:
        centred = (share - (1 - p)) / (p * (1 - p)) ** 0.5
        for first, second in ((centred[1:], centred[:-1]), (centred[:, 1:], centred[:, :-1])):
            assert abs(float((first * second).mean())) < 5 / first.numel() ** 0.5


def test_layers_steps_epochs_and_seeds_draw_independently() -> None:
    def numbers(seed: int, epoch: int, step: int, layer: int) -> Tensor:
        draws = Draws(key_of(seed, DROPOUT, epoch) + step)
        return [draws.units(64, 32) for _ in range(layer + 1)][layer].double().flatten()

    first = (3, 2, 1, 1)
    others = [(4, 2, 1, 1), (3, 3, 1, 1), (3, 2, 2, 1), (3, 2, 1, 0), (3, 2, 2, 0), (3, 2, 0, 2)]
    for other in others:
        together = torch.stack([numbers(*first), numbers(*other)])
        assert abs(float(torch.corrcoef(together)[0, 1])) < 5 / 2048**0.5
    assert torch.equal(numbers(*first), numbers(*first))


def test_wider_layers_and_larger_batches_begin_with_the_same_numbers() -> None:
    small, large = Draws(torch.tensor(5)).units(4, 3), Draws(torch.tensor(5)).units(9, 16)
    assert torch.equal(small, large[:4, :3])


def test_gradients_are_those_of_torch() -> None:
    x = torch.randn(6, 4, dtype=torch.float64, requires_grad=True)
    layer = JobDropout(0.4)
    with drawing(layer, {"draw": torch.tensor(1)}):
        y = layer(x)
    mask = (y != 0).double() / 0.6
    torch.testing.assert_close(y, x * mask)
    torch.testing.assert_close(torch.autograd.grad(y.square().sum(), x)[0], 2 * x * mask**2)


def test_layers_that_are_more_than_dropout_stay() -> None:
    class Own(nn.Dropout):
        pass

    hooked = nn.Dropout(0.5)
    hooked.register_forward_hook(lambda *_: None)
    net = nn.Sequential(nn.Dropout(0.2), Own(0.2), nn.Dropout(0.2, inplace=True), hooked)
    with_job_dropout(net)
    assert [type(layer) for layer in net] == [JobDropout, Own, nn.Dropout, nn.Dropout]
    assert not net.state_dict()


def group(jobs: list[tuple[str, ...]], common: tuple[str, ...] = COMMON) -> Group:
    configs = [composed(*QUIET, *common, *job) for job in jobs]
    return make_group(run_spec(configs[0]), [numbers_of(config) for config in configs])


def assert_same(first: RunOutcome, second: RunOutcome, rtol: float = 1e-12) -> None:
    assert first.metrics == pytest.approx(second.metrics, rel=rtol)
    assert first.last is not None
    assert second.last is not None
    for name, weights in first.last.weights.items():
        torch.testing.assert_close(weights, second.last.weights[name], rtol=rtol, atol=rtol)


DROPOUT_JOBS = [
    ("model.dropout=0",),
    ("model.dropout=0.5", "optimizer.weight_decay=0.1"),
    ("model.dropout=0.2", "seed=1"),
    ("model.dropout=0.5", "optimizer.lr=0.02", "trainer.max_epochs=2"),
]


def test_a_job_that_drops_nothing_ends_as_alone(tmp_path: Path) -> None:
    outcomes = together(tmp_path, COMMON, DROPOUT_JOBS)
    assert_as_alone(tmp_path / "0", outcomes[0], 1e-9, *COMMON, *DROPOUT_JOBS[0])


def test_what_a_job_draws_does_not_depend_on_the_jobs_beside_it(tmp_path: Path) -> None:
    outcomes = together(tmp_path, COMMON, DROPOUT_JOBS)
    for number in (1, 2):
        [alone] = together(tmp_path, COMMON, DROPOUT_JOBS[number : number + 1])
        assert_same(outcomes[number], alone)
    [same_seed] = together(tmp_path, COMMON, [("model.dropout=0", "optimizer.weight_decay=0.1")])
    with pytest.raises(AssertionError):
        assert_same(outcomes[1], same_seed)


def test_jobs_that_drop_go_on_exactly() -> None:
    states, whole = {}, Engine(group(DROPOUT_JOBS))
    expected = whole.train(lambda engine: states.update({engine.epoch: engine.state()}))
    assert whole.draws == [False, True, True, True]

    class Stop(Exception):
        pass

    def stop(engine: Engine) -> None:
        raise Stop

    begun, later = Engine(group(DROPOUT_JOBS)), Engine(group(DROPOUT_JOBS))
    with pytest.raises(Stop):
        begun.train(stop)
    later.restore(begun.state())
    for found, outcome in zip(later.train(), expected, strict=True):
        assert_same(found, outcome, 0.0)


def test_a_probability_that_is_changed_counts_from_then_on() -> None:
    jobs = [("model.dropout=0.1",), ("model.dropout=0.3",)]
    plain, changed = Engine(group(jobs)), Engine(group(jobs))
    assert changed.keys.names == ["hidden_dropout.p", "hidden_dropout_2.p"]

    def change(engine: Engine) -> None:
        for name in engine.keys.names:
            engine.others[name][0] = 0.6

    plain.train()
    changed.train(change)
    assert not torch.equal(plain.rows[0], changed.rows[0])
    assert torch.equal(plain.rows[1], changed.rows[1])
