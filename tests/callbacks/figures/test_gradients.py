"""Gradients that are logged and drawn, against torch.autograd by hand."""

import copy
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from tests.callbacks.figures.runs import FUNCTION, IMAGES, LINE, add, files
from tests.callbacks.figures.test_parameter_paths import taken_up
from tests.composing import composed
from tests.engines.lightning import own_modules
from tests.experiments import built, curve, events, finished, record, trained
from torch.nn import functional

from seedbed.errors import ConfigError
from seedbed.sweep.planning.compatibility import why_alone

EXACT = ("trainer.precision=64-true", "trainer.max_epochs=3")


class Steps(pl.Callback):
    """Notes the batches of each optimizer step, and the weights that they were given."""

    def __init__(self) -> None:
        self.batches: list[tuple[Any, torch.nn.Module]] = []

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx) -> None:
        self.batches.append((batch, copy.deepcopy(pl_module.net)))

    def gradients(self, together: int = 1, loss: Any = functional.mse_loss) -> list[dict]:
        """Return the gradient of each step, by autograd, of the mean over so many batches."""
        found = []
        batches = iter(self.batches)
        while window := list(islice(batches, together)):
            total: dict[str, torch.Tensor] = {}
            for (inputs, targets, *_), net in window:
                parameters = dict(net.named_parameters())
                parts = torch.autograd.grad(loss(net(inputs), targets), list(parameters.values()))
                for name, part in zip(parameters, parts, strict=True):
                    total[name] = total.get(name, 0) + part / len(window)
            found.append(total)
        return found


def watched(folder: Path, *overrides: str) -> Steps:
    """Train with the gradients logged, and return its steps."""
    experiment = built(folder, *overrides)
    steps = Steps()
    experiment.trainer.callbacks.append(steps)
    finished(experiment)
    return steps


def norm(gradient: dict[str, torch.Tensor]) -> float:
    return float(torch.cat([part.flatten() for part in gradient.values()]).norm())


def tags(folder: Path) -> set[str]:
    return {tag for tag in events(folder).Tags()["scalars"] if "gradient" in tag}


@pytest.mark.parametrize("gradient", ["autograd", "analytic", "finite_difference"])
def test_an_epoch_has_the_gradient_of_its_step_however_it_is_computed(
    tmp_path: Path, drawn: Any, gradient: str
) -> None:
    calls = drawn("gradient_curves")
    steps = watched(
        tmp_path,
        *("data=crop_yield", "data.batch_size=null", "optimizer.lr=1e-5", *EXACT),
        *(*add("gradients"), f"gradient={gradient}"),
    )
    expected = steps.gradients()
    for name, shape in (("weight", (2, 3)), ("bias", (2,))):
        for index in np.ndindex(shape):
            tag = f"gradient/{name}[{','.join(map(str, index))}]"
            values = {epoch: float(g[name][index]) for epoch, g in enumerate(expected, start=1)}
            assert curve(tmp_path, tag) == pytest.approx(values, rel=1e-5)
        norms = {epoch: float(g[name].norm()) for epoch, g in enumerate(expected, start=1)}
        assert curve(tmp_path, f"gradient_norm/{name}") == pytest.approx(norms, rel=1e-6)
    of_all = {epoch: norm(g) for epoch, g in enumerate(expected, start=1)}
    assert curve(tmp_path, "train/gradient_norm") == pytest.approx(of_all, rel=1e-6)
    # The norm of all is a metric of the run; the others are curves alone.
    kept = record(tmp_path)["metrics"]
    assert {name for name in kept if "gradient" in name} == {"train/gradient_norm"}
    assert kept["train/gradient_norm"] == pytest.approx(of_all[3], rel=1e-9)
    (shown,) = calls
    assert list(shown["norms"]) == ["all parameters", "weight", "bias"]
    assert list(shown["numbers"])[-1] == "bias[1]"
    epochs, values = shown["norms"]["all parameters"]
    assert epochs.tolist() == [1, 2, 3]
    np.testing.assert_allclose(values, list(of_all.values()), rtol=1e-9)
    assert (shown["unit"], shown["title"]) == ("epoch", "norm of the gradient")


CLIPPINGS = {
    "norm": lambda gradient: min(norm(gradient), 500.0),
    "value": lambda g: norm({name: part.clamp(-500, 500) for name, part in g.items()}),
}


@pytest.mark.parametrize("algorithm", CLIPPINGS)
def test_steps_have_gradients_before_and_after_clipping_and_epochs_their_means(
    tmp_path: Path, drawn: Any, algorithm: str
) -> None:
    calls = drawn("gradient_curves")
    # 15 rows in batches of 4 make 4 batches; 3 of them make a step, and the last one another.
    steps = watched(
        tmp_path,
        *("data=crop_yield", "data.batch_size=4", "optimizer.lr=1e-5", *EXACT),
        *("trainer.accumulate_grad_batches=3", "trainer.gradient_clip_val=500"),
        *(f"trainer.gradient_clip_algorithm={algorithm}", *add("gradients", every_n_steps=2)),
    )
    expected = []
    for first in range(0, 12, 4):
        epoch = Steps()
        epoch.batches = steps.batches[first : first + 4]
        expected += epoch.gradients(together=3)
    before, after = [norm(g) for g in expected], [CLIPPINGS[algorithm](g) for g in expected]
    assert max(before) > 500
    for tag, norms in (("train/gradient_norm", before), ("train/gradient_norm_clipped", after)):
        by_epoch = {epoch: np.mean(norms[2 * epoch - 2 : 2 * epoch]) for epoch in (1, 2, 3)}
        assert curve(tmp_path, tag) == pytest.approx(by_epoch, rel=1e-5)
        by_step = {step: norms[step - 1] for step in (2, 4, 6)}
        assert curve(tmp_path, f"{tag}_step") == pytest.approx(by_step, rel=1e-5)
    weight = {step: float(expected[step - 1]["weight"][1, 2]) for step in (2, 4, 6)}
    assert curve(tmp_path, "gradient/weight[1,2]_step") == pytest.approx(weight, rel=1e-5)
    (shown,) = calls
    assert list(shown["norms"])[:2] == ["all parameters", "all, after clipping"]
    assert shown["norms"]["all, after clipping"][0].tolist() == [2, 4, 6]
    np.testing.assert_allclose(shown["numbers"]["weight[1,2]"][1], list(weight.values()), 1e-9)
    assert shown["unit"] == "step"


def test_without_clipping_nothing_is_said_of_it_and_frozen_parameters_have_no_gradient(
    tmp_path: Path, drawn: Any
) -> None:
    calls = drawn("gradient_curves")
    freeze = ("freeze.parameters=[bias]", "freeze.until_epoch=3")
    trained(tmp_path, *LINE, *freeze, *add("gradients"), "trainer.max_epochs=3")
    assert tags(tmp_path) == {
        *("train/gradient_norm", "gradient_norm/weight", "gradient_norm/bias"),
        *("gradient/weight", "gradient/bias"),
    }
    assert list(curve(tmp_path, "gradient/bias")) == [3]
    assert list(curve(tmp_path, "gradient/weight")) == [1, 2, 3]
    # Drawn where it is there: what is not finite is left out.
    assert np.isnan(calls[0]["numbers"]["bias"][1]).tolist() == [True, True, False]


def test_of_a_larger_model_norms_alone_are_logged_and_globs_choose_them(
    tmp_path: Path, drawn: Any
) -> None:
    calls = drawn("gradient_curves")
    words = add("gradients", parameters="[output_*]")
    steps = watched(tmp_path, *IMAGES[:-1], "model.hidden=[9]", *words, "trainer.max_epochs=1")
    assert tags(tmp_path) == {
        *("train/gradient_norm", "gradient_norm/output_linear.weight"),
        "gradient_norm/output_linear.bias",
        *(f"gradient/output_linear.weight[{i},{j}]" for i in range(2) for j in range(9)),
        *(f"gradient/output_linear.bias[{i}]" for i in range(2)),
    }
    (gradient,) = steps.gradients(loss=functional.cross_entropy)
    assert curve(tmp_path, "train/gradient_norm")[1] == pytest.approx(norm(gradient), rel=1e-5)
    assert list(calls[0]["norms"]) == ["all parameters", *list(gradient)[2:]]
    assert len(calls[0]["numbers"]) == 20


def test_the_steps_of_several_optimizers_have_the_gradients_of_their_parameters(
    tmp_path: Path, drawn: Any
) -> None:
    drawn("gradient_curves")
    words = ("data=linear_noise", "data.rows=20", "data.batch_size=null", "trainer.max_epochs=1")
    module = f"module._target_={own_modules.__name__}.TwoOptimizers"
    experiment = built(tmp_path, *words, module, *add("gradients", every_n_steps=1), *EXACT[:1])
    net = copy.deepcopy(experiment.module.net.net).double()
    finished(experiment)
    inputs, targets = next(iter(experiment.data.train_dataloader()))
    loss = functional.mse_loss(net(inputs.double()), targets.double())
    weight, bias = (float(part) for part in torch.autograd.grad(loss, list(net.parameters())))
    assert curve(tmp_path, "gradient/net.weight") == pytest.approx({1: weight}, rel=1e-5)
    assert curve(tmp_path, "gradient/net.bias") == pytest.approx({1: bias}, rel=1e-5)
    steps = curve(tmp_path, "train/gradient_norm_step")
    assert steps == pytest.approx({1: abs(weight), 2: abs(bias)}, rel=1e-5)


def test_of_l_bfgs_a_step_has_the_gradient_of_its_first_evaluation(
    tmp_path: Path, drawn: Any
) -> None:
    drawn("gradient_curves")
    words = ("optimizer=lbfgs", "data.batch_size=null", *add("gradients"), "trainer.max_epochs=2")
    experiment = built(tmp_path, *LINE, *words, EXACT[0], "trainer.gradient_clip_val=1e9")
    net = copy.deepcopy(experiment.module.net)
    finished(experiment)
    inputs, targets = next(iter(experiment.data.train_dataloader()))
    loss = functional.mse_loss(net.double()(inputs.double()), targets.double())
    parts = torch.autograd.grad(loss, list(net.parameters()))
    assert curve(tmp_path, "gradient/bias")[1] == pytest.approx(float(parts[1]), rel=1e-5)
    assert "train/gradient_norm_clipped" not in tags(tmp_path)


def test_half_precision_and_functions_without_rows_have_gradients(
    tmp_path: Path, drawn: Any
) -> None:
    calls = drawn("gradient_curves")
    half = ("trainer.precision=bf16-mixed", "trainer.max_epochs=1", "data.batch_size=null")
    steps = watched(
        tmp_path / "half", "data=thermometer", "optimizer.lr=0", *half, *add("gradients")
    )
    (expected,) = steps.gradients()
    found = curve(tmp_path / "half", "train/gradient_norm")[1]
    assert found == pytest.approx(norm(expected), rel=0.02)
    trained(tmp_path / "function", *FUNCTION, *EXACT, *add("gradients"))
    # (x + 1)^2 + y^2 / 2 at (10, 10).
    assert curve(tmp_path / "function", "gradient/x")[1] == pytest.approx(22)
    assert curve(tmp_path / "function", "gradient/y")[1] == pytest.approx(10)
    assert calls[-1]["title"] == "norm of the gradient"


def test_a_run_that_diverges_draws_its_gradients(tmp_path: Path, drawn: Any) -> None:
    calls = drawn("gradient_curves")
    trained(tmp_path, "data=thermometer", "optimizer.lr=1", *add("gradients"))
    assert record(tmp_path)["status"] == "diverged"
    assert files(tmp_path) == ["gradients.png"]
    values = calls[0]["norms"]["all parameters"][1]
    assert values[-1] > 1e15


@pytest.mark.parametrize("from_signal", [True, False])
def test_a_resumed_run_has_the_gradients_of_an_undisturbed_one(
    tmp_path: Path, drawn: Any, from_signal: bool
) -> None:
    calls = drawn("gradient_curves")
    overrides = [*LINE, "data.batch_size=4", "logger=none", *add("gradients", every_n_steps=2)]
    trained(tmp_path / "whole", *overrides, "trainer.max_epochs=4")
    taken_up(tmp_path / "cut", overrides, from_signal)
    whole, cut = calls[0], calls[-1]
    for panel in ("norms", "numbers"):
        for name, (steps, values) in whole[panel].items():
            np.testing.assert_array_equal(cut[panel][name][0], steps)
            np.testing.assert_allclose(cut[panel][name][1], values, rtol=1e-9)
    assert whole["norms"]["all parameters"][0].tolist() == [2, 4, 6, 8, 10, 12]


def test_the_training_is_bit_for_bit_the_same_and_jobs_train_one_after_another(
    tmp_path: Path, drawn: Any
) -> None:
    drawn("gradient_curves")
    words = ("data=crop_yield", "data.batch_size=4", "trainer.max_epochs=3", "logger=none")
    plain = trained(tmp_path / "plain", *words)
    logged = trained(tmp_path / "logged", *words, *add("gradients"))
    for value, other in zip(
        plain.module.net.parameters(), logged.module.net.parameters(), strict=True
    ):
        assert torch.equal(value, other)
    assert "callbacks.gradients" in why_alone(composed(*words, *add("gradients")))


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (add("gradients", parameters="[wieght]"), "parameters: 'wieght' matches no parameter"),
        (("model=mlp", *add("gradients", numbers="true")), "numbers: 386 numbers, and at most 100"),
    ],
)
def test_unknown_or_too_many_parameters_are_refused(
    tmp_path: Path, overrides: tuple[str, ...], said: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        built(tmp_path, *overrides)
    assert str(refused.value).startswith(f"callbacks.gradients.{said}")
