"""The LightningModule against plain loops, without anything that is built around it."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.loggers.logger import Logger
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import SGD
from torch.utils.data import DataLoader

from seedbed.engines.lightning.module import GRADIENT_DIFFERENCE, SupervisedModule
from seedbed.errors import Diverged
from seedbed.training.gradients import FiniteDifference
from seedbed.training.tasks import Regression

Batches = list[tuple[Tensor, ...]]


class Recorded(Logger):
    """Keeps what it is given: (step, numbers)."""

    name = version = ""

    def __init__(self) -> None:
        super().__init__()
        self.points: list[tuple[int, dict[str, float]]] = []

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        self.points.append((step or 0, dict(metrics)))

    def log_hyperparams(self, *args: Any, **kwargs: Any) -> None:
        pass

    def steps(self, name: str) -> list[int]:
        return [step for step, metrics in self.points if name in metrics]

    def of(self, name: str) -> list[float]:
        return [metrics[name] for _, metrics in self.points if name in metrics]


def rows(count: int, size: int, seed: int = 0) -> Batches:
    """Return batches of up to `size` rows, three inputs and two targets each."""
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.randn(count, 3, generator=generator)
    targets = torch.randn(count, 2, generator=generator)
    return list(zip(inputs.split(size), targets.split(size), strict=True))


def linear() -> nn.Linear:
    torch.manual_seed(1)
    return nn.Linear(3, 2)


def module(net: nn.Module, lr: float = 0.1, **options: Any) -> SupervisedModule:
    task = Regression(metrics=["mae"])
    return SupervisedModule(net, task, partial(SGD, lr=lr), **options)


def fitted(
    net: nn.Module, train: Batches, val: Batches | None = None, lr: float = 0.1, **options: Any
) -> tuple[SupervisedModule, Recorded]:
    """Train for as many epochs as `epochs` says (2), and return what was logged too."""
    options = dict(options)
    trainer_options = {
        "max_epochs": options.pop("epochs", 2),
        "accumulate_grad_batches": options.pop("accumulate", 1),
    }
    trained, logger = module(net, lr, **options), Recorded()
    trainer = pl.Trainer(
        accelerator="cpu",
        logger=logger,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        **trainer_options,
    )
    # Lightning would take a list of batches for one batch.
    loaders = [DataLoader(one, batch_size=None) for one in (train, val or [])]
    trainer.fit(trained, loaders[0], loaders[1] if val else None)
    return trained, logger


def test_the_metrics_of_an_epoch_are_means_over_rows_from_before_each_update() -> None:
    train, val = rows(7, 3), rows(5, 2, seed=1)
    _, logger = fitted(linear(), train, val)

    net = linear()
    optimizer = SGD(net.parameters(), lr=0.1)
    expected: list[dict[str, float]] = []
    for _ in range(2):
        sums = dict.fromkeys(("train/loss", "train/mae", "val/loss", "val/mae"), 0.0)
        for inputs, targets in train:
            error = net(inputs) - targets
            sums["train/loss"] += error.square().mean().item() * len(inputs) / 7
            sums["train/mae"] += error.abs().mean().item() * len(inputs) / 7
            optimizer.zero_grad()
            error.square().mean().backward()
            optimizer.step()
        for inputs, targets in val:
            error = (net(inputs) - targets).detach()
            sums["val/loss"] += error.square().mean().item() * len(inputs) / 5
            sums["val/mae"] += error.abs().mean().item() * len(inputs) / 5
        expected.append(sums)
    assert [step for step, _ in logger.points] == [1, 2]
    assert [metrics for _, metrics in logger.points] == [pytest.approx(one) for one in expected]


def test_callbacks_find_the_numbers_of_the_epoch_in_the_trainer() -> None:
    trained, logger = fitted(linear(), rows(6, 3), rows(4, 4))
    _, last = logger.points[-1]
    assert trained.epoch_metrics == last
    shown = {name: value.item() for name, value in trained.trainer.callback_metrics.items()}
    assert shown == last


def test_the_first_and_the_last_epoch_are_logged_and_every_nth_between() -> None:
    trained, logger = fitted(linear(), rows(4, 4), epochs=8, log_every_n_epochs=3)
    assert logger.steps("train/loss") == [1, 3, 6, 8]
    curves = trained.curves()
    assert curves.epochs.tolist() == [1, 3, 6, 8]
    assert curves.values["train/loss"].tolist() == logger.of("train/loss")


def test_curves_have_a_gap_where_an_epoch_has_no_number() -> None:
    trained, _ = fitted(linear(), rows(4, 4), epochs=1)
    trained._logged.add(trained.trainer.loggers, 2, {"train/loss": 0.5, "val/loss": 0.25})
    gaps = trained.curves().values["val/loss"].tolist()
    assert gaps == [pytest.approx(float("nan"), nan_ok=True), 0.25]


def test_a_step_logs_the_mean_loss_of_the_batches_that_it_averages() -> None:
    train = rows(8, 2)
    # Without a step that changes anything, the losses are those of the initial weights.
    _, logger = fitted(linear(), train, lr=0.0, accumulate=2, log_every_n_steps=1, epochs=1)
    losses = [functional.mse_loss(linear()(inputs), targets).item() for inputs, targets in train]
    assert logger.steps("train/loss_step") == [1, 2]
    means = [sum(losses[:2]) / 2, sum(losses[2:]) / 2]
    assert logger.of("train/loss_step") == pytest.approx(means)
    assert logger.of("train/learning_rate_step") == [0.0, 0.0]


def test_every_nth_step_is_logged_over_all_epochs() -> None:
    _, logger = fitted(linear(), rows(8, 2), epochs=2, log_every_n_steps=3)
    assert logger.steps("train/loss_step") == [3, 6]


def test_the_gradient_comparison_of_an_epoch_is_its_largest_difference() -> None:
    class Different(FiniteDifference):
        """Says of each batch a difference known beforehand."""

        differences = iter([0.1, 0.3, 0.2, 0.05, 0.01, 0.02])

        def difference(self, *arguments: Any) -> float:
            return next(self.differences)

    _, logger = fitted(linear(), rows(6, 2), gradient=Different(compare=True))
    assert logger.of(GRADIENT_DIFFERENCE) == [0.3, 0.05]


def test_a_gradient_of_another_kind_trains_as_autograd_does_and_is_compared_with_it() -> None:
    train = rows(6, 2)
    exact, plain = fitted(linear(), train)
    assert not plain.of(GRADIENT_DIFFERENCE)
    gradient = FiniteDifference(delta=0.01, compare=True)
    differences, logger = fitted(linear().double(), _double(train), gradient=gradient)
    torch.testing.assert_close(
        differences.net.weight.float(), exact.net.weight, rtol=1e-4, atol=1e-5
    )
    # The mean squared error is quadratic: central differences are exact but for rounding.
    assert max(logger.of(GRADIENT_DIFFERENCE)) < 1e-9


def _double(batches: Batches) -> Batches:
    return [(inputs.double(), targets.double()) for inputs, targets in batches]


@pytest.mark.parametrize(("size", "epoch"), [(2, 1), (6, 2)])
def test_a_loss_that_is_not_finite_ends_the_training_and_says_where(size: int, epoch: int) -> None:
    # A first step of this size takes the weights so far that the next loss overflows.
    with pytest.raises(Diverged) as divergence:
        fitted(linear(), rows(6, size), lr=1e30, epochs=50)
    said = f"the loss became inf in epoch {epoch} (step 2) at learning rate 1e+30: "
    assert str(divergence.value).startswith(said)


class OfDevice:
    """A trainer on one of several devices."""

    def __init__(self, world_size: int) -> None:
        self.world_size = world_size
        self.accumulate_grad_batches = 1
        self.callback_metrics: dict[str, Tensor] = {}


def on_device(
    monkeypatch: pytest.MonkeyPatch, own: SupervisedModule, add: Callable[[Tensor], None]
) -> SupervisedModule:
    """Let a module believe that it is on one of two devices; `add` adds the other one's."""
    own._trainer = OfDevice(2)  # type: ignore[assignment]
    monkeypatch.setattr(SupervisedModule, "trainer", property(lambda self: self._trainer))
    monkeypatch.setattr(torch.distributed, "all_reduce", add)
    return own


@pytest.mark.parametrize("size", [1, 2, 3, 4])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("window", [1, 2])
def test_the_mean_over_two_devices_of_uneven_shares_is_the_loss_of_the_whole_batch(
    monkeypatch: pytest.MonkeyPatch, size: int, weighted: bool, window: int
) -> None:
    [batch] = weighted_rows(4, 4)
    total = batch[2].double().sum().item() if weighted else 4.0
    used = batch if weighted else batch[:2]
    losses = []
    for share in ([part[:size] for part in used], [part[size:] for part in used]):
        own = on_device(monkeypatch, module(linear()), lambda sums: sums.fill_(total))
        own._trainer.accumulate_grad_batches = window
        losses.append(own.training_step(tuple(share), 0))
    # DDP averages over devices.
    whole = weighted_loss(linear(), [batch]) if weighted else loss_of(linear(), *batch[:2])
    torch.testing.assert_close((losses[0] + losses[1]) / 2, whole)


def loss_of(net: nn.Module, inputs: Tensor, targets: Tensor) -> Tensor:
    return functional.mse_loss(net(inputs), targets)


def test_the_numbers_of_an_epoch_are_those_of_the_rows_on_all_devices(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ((inputs, targets),) = rows(5, 5)
    other = module(linear())
    other._evaluation_step("val", (inputs[3:], targets[3:]))
    other.sums["val"].compute(None)
    theirs = other.sums["val"].state_dict()
    sent = iter([torch.tensor([theirs["loss"], 2.0, 2.0]).double(), theirs["sums"]["mae"]])
    own = on_device(monkeypatch, module(linear()), lambda sums: sums)
    monkeypatch.setattr(
        torch.distributed,
        "all_gather",
        lambda everyone, sums: [everyone[0].copy_(sums), everyone[1].copy_(next(sent))],
    )
    own._evaluation_step("val", (inputs[:3], targets[:3]))
    own.on_validation_epoch_end()
    error = (linear()(inputs) - targets).detach()
    assert own._val_metrics == pytest.approx(
        {"val/loss": error.square().mean().item(), "val/mae": error.abs().mean().item()}
    )


def test_a_checkpoint_holds_what_the_running_epoch_has_counted() -> None:
    batches = rows(6, 2)
    first, checkpoint = module(linear()), {}
    for inputs, targets in batches[:2]:
        first._evaluation_step("train", (inputs, targets))
    first.also_logged["train/learning_rate"] = 0.5
    first.on_save_checkpoint(checkpoint)
    running = first.running_epoch()

    second = module(linear())
    second.on_load_checkpoint(checkpoint)
    second.load_running_epoch(running)
    second._evaluation_step("train", batches[2])
    first._evaluation_step("train", batches[2])
    assert second.sums["train"].compute(None) == first.sums["train"].compute(None)
    assert second.also_logged == {"train/learning_rate": 0.5}


# Weights of rows


def weighted_rows(count: int, size: int) -> Batches:
    generator = torch.Generator().manual_seed(4)
    weights = torch.rand(count, generator=generator).split(size)
    return [(*pair, weight) for pair, weight in zip(rows(count, size), weights, strict=True)]


def weighted_loss(net: nn.Module, batches: Batches) -> Tensor:
    """Return sum(w l) / sum(w) over the rows of all batches."""
    inputs, targets, weights = (torch.cat(column) for column in zip(*batches, strict=True))
    losses = (net(inputs) - targets).square().mean(dim=1)
    return (weights * losses).sum() / weights.sum()


@pytest.mark.parametrize("accumulate", [1, 2, 5])
@pytest.mark.parametrize("gradient", [None, FiniteDifference(0.01)])
def test_weights_of_rows_count_in_losses_and_gradients(
    accumulate: int, gradient: FiniteDifference | None
) -> None:
    if gradient is not None and accumulate > 1:
        return  # Which is refused.
    train, val = weighted_rows(11, 3), weighted_rows(5, 2)
    net, expected = linear(), linear()
    optimizer = SGD(expected.parameters(), lr=0.1)
    trained, logger = fitted(
        net, train, val, accumulate=accumulate, gradient=gradient, log_every_n_steps=1
    )
    steps = []
    for _ in range(2):
        before = []
        for start in range(0, len(train), accumulate):
            window = train[start : start + accumulate]
            optimizer.zero_grad()
            loss = weighted_loss(expected, window)
            loss.backward()
            before += [(weighted_loss(expected, [part]), part[2].sum()) for part in window]
            steps.append(loss.item())
            optimizer.step()
    tolerance = {"rtol": 1e-5, "atol": 1e-6} if gradient is None else {"rtol": 1e-3, "atol": 1e-4}
    torch.testing.assert_close(net.state_dict(), expected.state_dict(), **tolerance)
    losses, weights = map(torch.stack, zip(*before, strict=True))
    metrics = trained.epoch_metrics
    rel = tolerance["rtol"]
    mean = (losses * weights).sum() / weights.sum()
    assert metrics["train/loss"] == pytest.approx(mean.item(), rel=rel)
    assert metrics["val/loss"] == pytest.approx(weighted_loss(expected, val).item(), rel=rel)
    assert logger.of("train/loss_step") == pytest.approx(steps, rel=rel)
    # Metrics do not weigh the rows.
    inputs, targets, _ = (torch.cat(column) for column in zip(*val, strict=True))
    error = (expected(inputs) - targets).abs().mean().item()
    assert metrics["val/mae"] == pytest.approx(error, rel=rel)


def test_l_bfgs_minimizes_the_weighted_loss() -> None:
    train = weighted_rows(11, 11)
    net = linear()
    make = partial(torch.optim.LBFGS, lr=1.0, max_iter=30, line_search_fn="strong_wolfe")
    trained = SupervisedModule(net, Regression(), make)
    trainer = pl.Trainer(
        accelerator="cpu",
        logger=False,
        max_epochs=1,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(trained, DataLoader(train, batch_size=None))
    inputs, targets, weights = train[0]
    roots = weights.sqrt().unsqueeze(1)
    design = torch.cat((inputs, torch.ones(11, 1)), dim=1)
    solution = torch.linalg.lstsq(roots * design, roots * targets).solution
    torch.testing.assert_close(net.weight.detach(), solution[:3].T, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(net.bias.detach(), solution[3], rtol=1e-3, atol=1e-4)
