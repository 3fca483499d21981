"""Accumulated gradients are those of plain PyTorch, in a last window that is shorter as well."""

from pathlib import Path

import pytest
import torch
from tests.composing import specified
from tests.experiments import built, finished, weights

from seedbed.errors import ConfigError
from seedbed.experiment.build import build_data, build_net

ROWS = ("data=crop_yield", "data.rows=15", "data.shuffle=false", "data.batch_size=4")
# A callback that hears of every batch makes the loop Lightning's own.
LISTENER = "+callbacks.listener={_target_: pytorch_lightning.callbacks.Timer}"


def by_hand(window: int, epochs: int, *words: str) -> torch.nn.Module:
    """Train with plain PyTorch: each window averages over the batches that it has."""
    spec = specified(*ROWS, *words)
    data, net = build_data(spec), build_net(spec)
    data.setup("fit")
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-5)
    batches = list(data.train_dataloader())
    for _ in range(epochs):
        for start in range(0, len(batches), window):
            part = batches[start : start + window]
            optimizer.zero_grad()
            for inputs, targets in part:
                loss = torch.nn.functional.mse_loss(net(inputs), targets) / len(part)
                loss.backward()
            optimizer.step()
    return net


@pytest.mark.parametrize("more", [(), (LISTENER,)])
@pytest.mark.parametrize("window", [2, 3, 4, 10])
def test_a_shorter_window_averages_over_its_own_batches(
    tmp_path: Path, window: int, more: tuple[str, ...]
) -> None:
    words = ("optimizer.lr=1e-5", "trainer.max_epochs=3", "logger=none", *more)
    experiment = finished(
        built(tmp_path, *ROWS, *words, f"trainer.accumulate_grad_batches={window}")
    )
    expected = dict(by_hand(window, 3).named_parameters())
    for name, value in weights(experiment).items():
        torch.testing.assert_close(value, expected[name].detach(), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("trainer.accumulate_grad_batches=3",), "trainer.accumulate_grad_batches=3: L-BFGS"),
        (
            (
                "+callbacks.scheduled={_target_: "
                "pytorch_lightning.callbacks.GradientAccumulationScheduler, scheduling: {0: 2}}",
            ),
            "callbacks.scheduled: L-BFGS",
        ),
        (("trainer.precision=16-mixed",), "trainer.precision=16-mixed: not with L-BFGS"),
    ],
)
def test_what_l_bfgs_cannot_do_is_refused(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        built(tmp_path, *ROWS, "optimizer=lbfgs", *words)
    assert said in str(caught.value)
