"""Networks whose output does not suit their task."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from seedbed.errors import ConfigError
from seedbed.models import CNN, MLP, Linear
from seedbed.training.output_checks import require_logits, require_numbers
from seedbed.training.tasks import Binary, Minimize, Multiclass, Regression, Task

EXAMPLE = torch.zeros(1, 4)


class Net(nn.Module):
    """Three logits and then what a function makes of them."""

    def __init__(self, last, outputs: int = 3) -> None:
        super().__init__()
        self.layer = nn.Linear(4, outputs)
        self.last = last

    def forward(self, inputs: Tensor) -> Tensor:
        return self.last(self.layer(inputs))


class Attention(nn.Module):
    """Softmax inside, logits at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.scores, self.values, self.out = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 3)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.out(functional.softmax(self.scores(inputs), dim=-1) * self.values(inputs))


class Raises(Net):
    """Does not like an example of zeros."""

    def forward(self, inputs: Tensor) -> Tensor:
        raise ZeroDivisionError("of the test")


MULTICLASS = {
    "a module": nn.Sequential(nn.Linear(4, 3), nn.Softmax(dim=1)),
    "nested": nn.Sequential(nn.Sequential(nn.Linear(4, 3), nn.Softmax(dim=1)), nn.Identity()),
    "ours": MLP([4], 3, apply_softmax=True),
    "a function": Net(lambda logits: functional.softmax(logits, dim=-1)),
    "a method": Net(lambda logits: logits.softmax(-1)),
    "dropout": nn.Sequential(nn.Linear(4, 3), nn.Softmax(dim=1), nn.Dropout(0.5)),
    "reshaped": Net(lambda logits: logits.unsqueeze(1).softmax(-1).squeeze(1).view(-1, 3)),
}
BINARY = {
    "a module": nn.Sequential(nn.Linear(4, 1), nn.Sigmoid()),
    "a function": Net(torch.sigmoid, 1),
    "a row": Net(lambda logit: logit.sigmoid().squeeze(-1), 1),
}


@pytest.mark.parametrize("net", MULTICLASS.values(), ids=MULTICLASS.keys())
def test_a_softmax_at_the_end_is_refused(net: nn.Module) -> None:
    with pytest.raises(ConfigError) as refused:
        require_logits(net, Multiclass(3), EXAMPLE)

    first, second = str(refused.value).splitlines()
    assert first.startswith("model: the outputs pass through a softmax")
    assert "task.loss=cross_entropy takes logits" in first
    assert "apply_softmax=true" in second


@pytest.mark.parametrize("net", BINARY.values(), ids=BINARY.keys())
def test_a_sigmoid_at_the_end_is_refused(net: nn.Module) -> None:
    with pytest.raises(ConfigError, match=r"a sigmoid, but task\.loss=bce_with_logits"):
        require_logits(net, Binary(), EXAMPLE)


ACCEPTED = {
    "logits": (Linear([4], 3), Multiclass(3)),
    "layers": (MLP([4], 3, hidden=[5], activation="sigmoid"), Multiclass(3)),
    "one logit": (MLP([4], 1, hidden=[5], activation="sigmoid"), Binary()),
    "attention": (Attention(), Multiclass(3)),
    # The softmax of logarithms of probabilities is those probabilities: nothing is done twice.
    "log softmax": (nn.Sequential(nn.Linear(4, 3), nn.LogSoftmax(dim=1)), Multiclass(3)),
    "log sigmoid": (Net(functional.logsigmoid, 1), Binary()),
    "scaled": (Net(lambda logits: 5 * logits.softmax(-1)), Multiclass(3)),
    "regression": (MULTICLASS["a module"], Regression()),
    "bounded regression": (BINARY["a module"], Regression()),
    "raises": (Raises(nn.Identity()), Multiclass(3)),
    "other shape": (CNN([1, 8, 8], 3, [2], [3]), Multiclass(3)),
}


@pytest.mark.parametrize(("net", "task"), ACCEPTED.values(), ids=ACCEPTED.keys())
def test_other_networks_are_accepted(net: nn.Module, task) -> None:
    require_logits(net, task, EXAMPLE)


def test_a_function_without_inputs_is_not_called() -> None:
    require_logits(Raises(nn.Identity()), Minimize(), EXAMPLE)


class Noisy(Net):
    """Draws random numbers in evaluation mode too."""

    def forward(self, inputs: Tensor) -> Tensor:
        return self.layer(inputs + 0.1 * torch.randn_like(inputs))


@pytest.mark.parametrize(
    "net",
    [MLP([4], 3, dropout=0.5), Noisy(nn.Identity()), Raises(nn.Identity())],
    ids=["dropout", "noisy", "raises"],
)
def test_the_check_leaves_random_state_mode_and_parameters_unchanged(net: nn.Module) -> None:
    net.train()
    state, values = torch.get_rng_state(), [parameter.clone() for parameter in net.parameters()]

    require_logits(net, Multiclass(3), EXAMPLE)

    assert torch.equal(torch.get_rng_state(), state)
    assert all(module.training for module in net.modules())
    for parameter, before in zip(net.parameters(), values, strict=True):
        assert torch.equal(parameter, before)
        assert parameter.grad is None


def with_torchmetric(kind: type[Task], target: str, **keys: object) -> Task:
    options = {"class_count": 3} if kind is Multiclass else {}
    return kind(torchmetrics={"mine": {"_target_": f"torchmetrics.{target}", **keys}}, **options)


@pytest.mark.parametrize(
    ("task", "size", "said"),
    [
        (
            with_torchmetric(Multiclass, "classification.MulticlassConfusionMatrix", num_classes=3),
            3,
            "MulticlassConfusionMatrix gives 9 numbers, of shape (3, 3), and a metric is one",
        ),
        (
            with_torchmetric(
                Multiclass, "classification.MulticlassF1Score", num_classes=3, average=None
            ),
            3,
            "MulticlassF1Score gives 3 numbers, of shape (3,), and a metric is one number; choose",
        ),
        (with_torchmetric(Binary, "classification.BinaryROC"), 1, "BinaryROC gives a tuple, and"),
        (
            with_torchmetric(Regression, "PearsonCorrCoef"),
            2,
            "PearsonCorrCoef does not take predictions of shape (32, 2) and targets of shape",
        ),
        (
            with_torchmetric(Multiclass, "classification.BinaryF1Score"),
            3,
            "BinaryF1Score does not take predictions of shape (32, 3) and targets of shape (32,)",
        ),
    ],
)
def test_a_torchmetric_that_is_no_single_number_is_refused(
    task: Task, size: int, said: str
) -> None:
    with pytest.raises(ConfigError) as error:
        require_numbers(task, type(task).__name__.lower(), size)
    assert str(error.value).startswith(f"task.torchmetrics.mine: {said}")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("task", "size"),
    [
        (with_torchmetric(Multiclass, "classification.MulticlassAUROC", num_classes=3), 3),
        (with_torchmetric(Binary, "classification.BinaryAUROC"), 1),
        (with_torchmetric(Binary, "classification.BinaryMatthewsCorrCoef"), 1),
        (with_torchmetric(Regression, "PearsonCorrCoef"), 1),
        (with_torchmetric(Regression, "R2Score"), 2),
        (with_torchmetric(Regression, "MeanSquaredLogError"), 2),
        (with_torchmetric(Regression, "TweedieDevianceScore", power=2.0), 1),
        (Regression(), 1),
    ],
)
def test_a_torchmetric_of_one_number_is_accepted(task: Task, size: int) -> None:
    require_numbers(task, type(task).__name__.lower(), size)
