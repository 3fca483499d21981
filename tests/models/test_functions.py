"""Functions of their own parameters: values, gradients and descents by closed form."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.experiments import curve, record, trained, weights

from seedbed.models import Bowl, Parabola

number = st.floats(-50, 50, width=32)


@settings(max_examples=50, deadline=None)
@given(start=number, quadratic=number, linear=number, constant=number)
def test_parabola_value_and_derivative(
    start: float, quadratic: float, linear: float, constant: float
) -> None:
    net = Parabola(start, quadratic, linear, constant).double()

    value = net()
    value.backward()

    assert value.shape == ()
    assert value.item() == pytest.approx(quadratic * start**2 + linear * start + constant)
    assert net.x.grad.item() == pytest.approx(2 * quadratic * start + linear)
    assert [name for name, _ in net.named_parameters()] == ["x"]


@settings(max_examples=50, deadline=None)
@given(
    start=st.tuples(number, number),
    centre=st.tuples(number, number),
    steepness=st.tuples(number, number),
)
def test_bowl_value_and_partial_derivatives(start: tuple, centre: tuple, steepness: tuple) -> None:
    net = Bowl(list(start), list(centre), list(steepness)).double()

    value = net()
    value.backward()

    far = [a - b for a, b in zip(start, centre, strict=True)]
    expected = steepness[0] * far[0] ** 2 + steepness[1] * far[1] ** 2
    assert value.shape == ()
    assert value.item() == pytest.approx(expected)
    assert net.x.grad.item() == pytest.approx(2 * steepness[0] * far[0])
    assert net.y.grad.item() == pytest.approx(2 * steepness[1] * far[1])
    assert [name for name, _ in net.named_parameters()] == ["x", "y"]


WAYS = ("autograd", "finite_difference")
PARABOLA = ("data=none", "model=parabola", "trainer.precision=64-true")


@pytest.mark.parametrize("way", WAYS)
def test_gradient_descent_on_the_parabola_follows_the_closed_form(tmp_path: Path, way: str) -> None:
    more = ("optimizer.lr=0.1", "trainer.max_epochs=30", f"gradient={way}", "gradient.compare=true")
    experiment = trained(tmp_path, *PARABOLA, *more)
    # f(x) = (x - 2)^2 - 5: every step multiplies the distance to 2 by 1 - 2 lr.
    expected = {epoch: (48 * 0.8 ** (epoch - 1)) ** 2 - 5 for epoch in range(1, 31)}
    assert curve(tmp_path) == pytest.approx(expected, rel=1e-6)
    found = weights(experiment)["x"]
    assert found.dtype == torch.float64
    # Central differences are exact for a quadratic function.
    assert found.item() == pytest.approx(2 + 48 * 0.8**30, rel=1e-10)
    assert max(curve(tmp_path, "train/gradient_difference").values()) < 1e-9
    assert record(tmp_path)["parameters"] == {"trained": {"x": found.item()}}


def test_gradient_descent_on_the_bowl_follows_the_closed_form(tmp_path: Path) -> None:
    overrides = ("data=none", "model=bowl", "optimizer.lr=0.1", "trainer.max_epochs=9")
    found = weights(trained(tmp_path, *overrides, "logger=none"))
    assert found["x"].item() == pytest.approx(-1 + 11 * 0.8**9, rel=1e-5)
    assert found["y"].item() == pytest.approx(10 * 0.9**9, rel=1e-5)


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_minimization_equals_a_plain_torch_loop(tmp_path: Path, optimizer: str) -> None:
    overrides = (*PARABOLA, f"optimizer={optimizer}", "optimizer.lr=0.5", "trainer.max_epochs=5")
    found = weights(trained(tmp_path, *overrides, "logger=none"))["x"]
    x = torch.nn.Parameter(torch.tensor(50.0, dtype=torch.float64))
    made = {"adam": torch.optim.Adam, "lbfgs": torch.optim.LBFGS}[optimizer]([x], lr=0.5)

    def closure():
        made.zero_grad()
        value = x**2 - 4 * x - 1
        value.backward()
        return value

    for _ in range(5):
        made.step(closure)
    assert found.item() == pytest.approx(x.item(), rel=1e-12)


def test_start_values_are_float64_without_rounding_to_float32(tmp_path: Path) -> None:
    overrides = (*PARABOLA, "model.start=0.1", "optimizer.lr=0.0", "trainer.max_epochs=1")
    assert weights(trained(tmp_path, *overrides, "logger=none"))["x"].item() == 0.1


# ---- A function of the user's own ----------------------------------------------------------------

ROSENBROCK = """
import torch

class Rosenbrock(torch.nn.Module):
    def __init__(self, start, steepness):
        super().__init__()
        self.place = torch.nn.Parameter(torch.tensor(start))
        self.steepness = steepness

    def forward(self):
        x, y = self.place
        return (1 - x) ** 2 + self.steepness * (y - x**2) ** 2
"""
YAML = "_target_: valley.Rosenbrock\nstart: [-1.2, 1.0]\nsteepness: 100.0\n"


def written(folder: Path) -> list[str]:
    """Write module and YAML of a user, and return the words that train it."""
    (folder / "valley.py").write_text(ROSENBROCK)
    (folder / "mine" / "model").mkdir(parents=True)
    (folder / "mine" / "model" / "valley.yaml").write_text(YAML)
    return ["train", "--config-dir", "mine", "data=none", "model=valley", "callbacks=quiet"]


def only_record(folder: Path) -> dict:
    (file,) = folder.glob("outputs/runs/*/*/run.json")
    return json.loads(file.read_text())


@pytest.mark.parametrize("way", WAYS)
def test_a_user_defined_function_is_minimized(command: Callable, tmp_path: Path, way: str) -> None:
    words = [*written(tmp_path), "trainer.precision=64-true", "optimizer.lr=1e-3"]
    outcome = command(*words, f"gradient={way}", "trainer.max_epochs=3", "logger=none")
    assert outcome.code == 0, outcome.err
    x, y = (float(torch.tensor(start)) for start in (-1.2, 1.0))
    for _ in range(3):
        slope_x = -2 * (1 - x) - 400 * x * (y - x**2)
        if way == "finite_difference":  # Of x^4 they are off by 4 x delta^2, with delta 0.1.
            slope_x += 100 * 4 * x * 0.1**2
        x, y = x - 1e-3 * slope_x, y - 1e-3 * 200 * (y - x**2)
    found = only_record(tmp_path)["parameters"]["trained"]["place"]
    assert found == pytest.approx([x, y], rel=1e-9)


def test_lbfgs_finds_the_minimum_and_evaluate_reports_it(command: Callable, tmp_path: Path) -> None:
    words = [*written(tmp_path), "optimizer=lbfgs", "optimizer.lr=1.0"]
    words += ["optimizer.line_search_fn=strong_wolfe", "trainer.precision=64-true"]
    outcome = command(*words, "trainer.max_epochs=10")
    assert outcome.code == 0, outcome.err
    place = only_record(tmp_path)["parameters"]["trained"]["place"]
    assert place == pytest.approx([1.0, 1.0], abs=1e-3)

    kept = ("run=latest", "split=train", "checkpoint=last")
    again = command("evaluate", *kept, "trust=[valley]")
    assert again.code == 0, again.err
    (file,) = tmp_path.glob("outputs/runs/*/*/evaluate-train.json")
    assert json.loads(file.read_text())["metrics"] == {"train/loss": pytest.approx(0, abs=1e-6)}
    # What is not trusted is not made.
    assert command("evaluate", *kept).code == 2


def test_evaluate_measures_the_kept_checkpoint(command: Callable, tmp_path: Path) -> None:
    words = ("train", "data=none", "model=parabola", "optimizer.lr=0.1", "callbacks=quiet")
    trained = command(*words, "trainer.max_epochs=4")
    assert trained.code == 0, trained.err
    # Nothing but its own words: there is no validation, and nobody expects one.
    assert trained.err == ""
    outcome = command("evaluate", "run=latest", "split=train", "checkpoint=last")
    assert outcome.code == 0, outcome.err
    (file,) = tmp_path.glob("outputs/runs/*/*/evaluate-train.json")
    expected = (48 * 0.8**4) ** 2 - 5
    assert json.loads(file.read_text())["metrics"] == {
        "train/loss": pytest.approx(expected, rel=1e-6)
    }
    for split in ("val", "test"):
        held_out = command("evaluate", "run=latest", f"split={split}")
        assert held_out.code == 2, held_out
    predicted = command("predict", "run=latest", "input=[[1.0]]")
    assert predicted.code == 2
    assert "its model is a function without inputs" in predicted.err
    assert len(predicted.err.splitlines()) == 2  # The first says which run is the latest.


def test_a_function_with_several_values_is_refused_before_anything_is_written(
    command: Callable, tmp_path: Path
) -> None:
    words = written(tmp_path)
    # By another name: Python keeps modules that it has imported once.
    several = ROSENBROCK.replace("return (1", "return self.place + (1")
    (tmp_path / "several.py").write_text(several)
    yaml = tmp_path / "mine" / "model" / "valley.yaml"
    yaml.write_text(YAML.replace("valley.", "several."))

    outcome = command(*words, "trainer.max_epochs=1")

    assert outcome.code == 2
    assert "model: forward() gave shape (2,), and one number is minimized" in outcome.err
    assert "Traceback" not in outcome.err
    assert not (tmp_path / "outputs").exists()


FUNCTIONS = """
import torch
from torch import nn

class Base(nn.Module):
    def __init__(self):
        super().__init__()
        self.x = nn.Parameter(torch.tensor(1.0))

class WithInputs(Base):
    def forward(self, inputs): return self.x

class Number(Base):
    def forward(self): return 3.0

class Raises(Base):
    def forward(self): return [][1]

class Constant(Base):
    def forward(self): return torch.tensor(3.0)

class Nothing(nn.Module):
    def forward(self): return torch.tensor(3.0)
"""


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("WithInputs", "called without arguments, fails: TypeError"),
        ("Number", "forward() gave a float, not a tensor"),
        ("Raises", "fails: IndexError: list index out of range"),
        ("Constant", "does not depend on the parameters"),
        ("Nothing", "no parameters"),
    ],
)
def test_a_module_that_is_no_function_of_its_parameters_is_refused(
    refused: Callable[..., str], tmp_path: Path, name: str, said: str
) -> None:
    module = f"functions_{name.lower()}"
    (tmp_path / f"{module}.py").write_text(FUNCTIONS)
    (tmp_path / "mine" / "model").mkdir(parents=True)
    (tmp_path / "mine" / "model" / "own.yaml").write_text(f"_target_: {module}.{name}\n")
    words = ("--config-dir", str(tmp_path / "mine"), "data=none", "model=own")
    message = refused("train", *words, function=None)
    assert message.startswith("seedbed: model: ")
    assert said in message
