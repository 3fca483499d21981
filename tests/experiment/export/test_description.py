"""What is said of an exported model."""

import torch
from torch import nn

from seedbed.experiment.export.description import without_secrets
from seedbed.experiment.export.layers import layers_of
from seedbed.models import CNN, MLP, Linear


def test_secrets_are_not_given_away() -> None:
    arguments = {"width": 3, "api_key": "abcdef", "inner": {"password": "hidden", "lr": 0.1}}
    assert without_secrets(arguments) == {
        "width": 3,
        "api_key": "LEFT-OUT",
        "inner": {"password": "LEFT-OUT", "lr": 0.1},
    }


def test_layers_in_order_are_the_network() -> None:
    torch.manual_seed(0)
    nets = (
        (Linear((3, 2), 2), (4, 3, 2)),
        (MLP((5,), 2, (4, 3), "gelu", dropout=0.5, bias=False), (4, 5)),
        (MLP((2, 3), 2, (), apply_softmax=True), (4, 2, 3)),
        (CNN((2, 9, 9), 3, (4,), (3,), hidden=(5,), activation="leaky_relu"), (4, 2, 9, 9)),
    )
    for net, shape in nets:
        described = layers_of(net.eval())
        assert described is not None
        weights, made = net.state_dict(), []
        for each in described:
            layer = getattr(nn, each["layer"])(**each["arguments"])
            begin = f"{each['name']}." if each["name"] else ""
            layer.load_state_dict({name: weights[begin + name] for name in layer.state_dict()})
            made.append(layer)
        inputs = torch.randn(shape)
        torch.testing.assert_close(nn.Sequential(*made)(inputs), net(inputs))


def test_layers_of_another_network_are_not_told() -> None:
    class Mine(MLP):
        """A network of the user's, whose forward may be any."""

    assert layers_of(Mine((2,), 1)) is None
    assert layers_of(nn.Linear(1, 1)) is None
