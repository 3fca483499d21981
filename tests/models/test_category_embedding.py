"""Embedded categories: values looked up column by column, in both networks that take them."""

import torch
from torch.func import functional_call, vmap
from torch.nn import functional

from seedbed.models import MLP, CategoryEmbedding, Linear
from seedbed.models.category_embedding import embedding_size_of
from seedbed.models.linear_map import is_linear_map

ROWS = torch.tensor([[0.5, -1.0, 2.0, 0.0], [1.5, 0.0, 0.0, 3.0]])


def test_codes_at_the_end_of_a_row_are_looked_up_and_numbers_stay() -> None:
    layer = CategoryEmbedding([3, 4], size=2)
    first, second = (column.weight for column in layer.columns)

    expected = torch.stack(
        [
            torch.cat([ROWS[0, :2], first[2], second[0]]),
            torch.cat([ROWS[1, :2], first[0], second[3]]),
        ]
    )
    assert torch.equal(layer(ROWS), expected)
    assert layer.output_size(4) == 6


def test_a_value_that_was_never_seen_is_zeros_and_stays_so() -> None:
    net = MLP([2], 1, hidden=[4], category_sizes=[3])
    optimizer = torch.optim.SGD(net.parameters(), lr=1.0)
    for _ in range(3):
        optimizer.zero_grad()
        net(torch.tensor([[1.0, 0.0], [2.0, 1.0]])).square().sum().backward()
        optimizer.step()
    weight = net.category_embedding.columns[0].weight
    assert torch.equal(weight[0], torch.zeros_like(weight[0]))


def test_size_follows_from_the_number_of_values() -> None:
    # As fastai's emb_sz_rule has it.
    assert [embedding_size_of(values) for values in (2, 3, 10, 1000, 10**9)] == [
        *(2, 3, 6, 77),
        600,
    ]


def test_a_linear_model_is_linear_in_the_embedded_row() -> None:
    net = Linear([4], 2, category_sizes=[3, 4], embedding_size=1)
    assert net.category_embedding is not None
    embedded = net.category_embedding(ROWS)

    assert torch.allclose(net(ROWS), functional.linear(embedded, net.weight, net.bias))
    assert not is_linear_map(net)
    assert is_linear_map(Linear([4], 2))


def test_an_mlp_embeds_before_its_first_layer() -> None:
    net = MLP([4], 1, hidden=[5], category_sizes=[3, 4])
    assert next(name for name, _ in net.named_children()) == "category_embedding"
    assert net.hidden_linear.in_features == 2 + 3 + 3
    without = MLP([4], 1, hidden=[5])
    assert "category_embedding" not in dict(without.named_children())


def test_many_networks_embed_side_by_side_as_each_alone() -> None:
    nets = [MLP([4], 1, hidden=[5], category_sizes=[3, 4]) for _ in range(3)]
    stacked = {
        name: torch.stack([net.get_parameter(name).detach() for net in nets])
        for name, _ in nets[0].named_parameters()
    }
    outputs = vmap(lambda values: functional_call(nets[0], values, (ROWS,)))(stacked)

    assert torch.allclose(outputs, torch.stack([net(ROWS) for net in nets]), atol=1e-6)
