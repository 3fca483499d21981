"""Weights taken from another network: by name, with or without prefixes, and every mistake."""

from collections.abc import Mapping

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from seedbed.errors import ConfigError
from seedbed.models import MLP
from seedbed.models.taken_weights import Choice, Match, take_weights

WHERE = "initial_weights.run=a.pt"


def network(outputs: int = 3) -> MLP:
    return MLP([2], outputs, hidden=[4])


NAMES = tuple(network().state_dict())
HIDDEN, OUTPUT = NAMES[:2], NAMES[2:]


def weights(outputs: int = 3, prefix: str = "") -> dict[str, Tensor]:
    torch.manual_seed(1)
    return {f"{prefix}{name}": value for name, value in network(outputs).state_dict().items()}


def taken(net: nn.Module, there: Mapping[str, Tensor], **choice: object) -> Match:
    return take_weights(net, there, Choice(**choice), WHERE)  # type: ignore[arg-type]


def refused(net: nn.Module, there: Mapping[str, Tensor], **choice: object) -> str:
    before = {name: value.clone() for name, value in net.state_dict().items()}
    with pytest.raises(ConfigError) as error:
        taken(net, there, **choice)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert len(str(error.value).splitlines()) <= 2
    return str(error.value)


@pytest.mark.parametrize("prefix", ["", "net.", "model.", "module.net.", "_orig_mod."])
def test_the_result_is_that_of_load_state_dict_whatever_prefix_all_names_share(prefix: str) -> None:
    net, reference = network(), network()
    reference.load_state_dict(weights())

    assert taken(net, weights(prefix=prefix)).taken == {n: f"{prefix}{n}" for n in NAMES}
    assert all(torch.equal(net.state_dict()[n], v) for n, v in reference.state_dict().items())


def test_a_prefix_of_the_network_alone_is_put_on() -> None:
    net = nn.Module()
    net.net = network()

    assert taken(net, weights()).taken == {f"net.{name}": name for name in NAMES}


def test_a_prefix_that_both_have_stays() -> None:
    net = nn.Sequential(nn.Sequential(nn.Linear(2, 3)))
    there = {"0.0.weight": torch.ones(3, 2), "0.0.bias": torch.ones(3)}

    assert taken(net, there).taken == {name: name for name in there}


def test_buffers_are_taken_too() -> None:
    net, other = (nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3)) for _ in range(2))
    other(torch.randn(50, 2) * 9)

    taken(net, other.state_dict())
    assert torch.equal(net[1].running_var, other[1].running_var)
    assert net[1].num_batches_tracked == 1


def test_what_is_excluded_missing_and_left_over_is_told_apart() -> None:
    there = {**weights(), "extra.weight": torch.ones(2)}
    del there["hidden_linear.bias"]
    net = network()
    before = net.output_linear.weight.clone()

    found = taken(net, there, exclude=["output*"])
    assert found.taken == {"hidden_linear.weight": "hidden_linear.weight"}
    assert found.missing == ("hidden_linear.bias",)
    assert found.excluded == OUTPUT
    assert found.left_over == ("extra.weight",)
    assert torch.equal(net.output_linear.weight, before)


def test_only_leaves_out_all_others() -> None:
    found = taken(network(5), weights(3), only=["hidden*"])
    assert (tuple(found.taken), found.excluded, found.left_over) == (HIDDEN, OUTPUT, ())


def test_values_that_are_given_go_before_those_of_the_file() -> None:
    found = taken(network(5), weights(3), given=frozenset(OUTPUT))
    assert found == Match({name: name for name in HIDDEN}, (), (), ())


@pytest.mark.parametrize(
    ("rename", "there"),
    [
        ({"encoder": "hidden_linear"}, "encoder."),
        ({"encoder.": "hidden_linear."}, "encoder."),
        ({"a.b": "hidden_linear"}, "a.b."),
        ({"a": ""}, "a.hidden_linear."),
        ({"net.encoder": "hidden_linear"}, "net.encoder."),
        ({"encoder": "hidden_linear"}, "net.encoder."),
    ],
)
def test_names_and_prefixes_are_renamed(rename: dict[str, str], there: str) -> None:
    names = {f"{there}weight": torch.ones(4, 2), f"{there}bias": torch.ones(4)}
    rest = "net." if there.startswith("net.") else ""
    others = {f"{rest}{name}": weights()[name] for name in OUTPUT}

    found = taken(network(), {**names, **others}, rename=rename)
    assert found.taken["hidden_linear.weight"] == f"{there}weight"
    assert (len(found.taken), found.missing, found.left_over) == (4, (), ())


def test_two_names_can_be_swapped() -> None:
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    there = {name: value.clone() for name, value in net.state_dict().items()}

    taken(net, there, rename={"0": "1", "1": "0"})
    assert torch.equal(net[0].weight, there["1.weight"])
    assert torch.equal(net[1].bias, there["0.bias"])


def test_a_tensor_of_two_names_is_not_missing() -> None:
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    net[1].weight = net[0].weight
    there = {k: v for k, v in net.state_dict().items() if k != "1.weight"}

    assert taken(net, there).missing == ()


# ---- Types ---------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([torch.float16, torch.bfloat16, torch.float32, torch.float64]),
    st.sampled_from([torch.float32, torch.float64]),
    st.lists(st.floats(-6e4, 6e4), min_size=6, max_size=6),
)
def test_floats_become_those_of_the_network(
    before: torch.dtype, own: torch.dtype, values: list[float]
) -> None:
    net = nn.Linear(3, 2, bias=False, dtype=own)
    there = torch.tensor(values, dtype=torch.float64).to(before).reshape(2, 3)
    expected = there.numpy(force=True) if before != torch.bfloat16 else there.float().numpy()

    taken(net, {"weight": there})
    assert net.weight.dtype == own
    assert net.weight.tolist() == expected.astype(str(own).removeprefix("torch.")).tolist()


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (torch.ones(2, 3, dtype=torch.int64), "is int64 there, and float32 is needed"),
        (torch.ones(2, 3, dtype=torch.bool), "is bool there, and float32 is needed"),
        (torch.ones(2, 3, dtype=torch.complex64), "is complex64 there, and float32 is needed"),
        (torch.full((2, 3), 1e300, dtype=torch.float64), "numbers too large for float32"),
        (torch.full((2, 3), float("nan")), "numbers that are not finite"),
    ],
)
def test_numbers_that_would_be_others_are_refused(value: Tensor, why: str) -> None:
    assert f"{WHERE}: 'weight'" in (text := refused(nn.Linear(3, 2), {"weight": value}))
    assert why in text


def test_whole_numbers_of_a_buffer_keep_their_values() -> None:
    net = nn.Module()
    net.register_buffer("count", torch.zeros(2, dtype=torch.int32))

    taken(net, {"count": torch.tensor([1, 7])})
    assert net.count.tolist() == [1, 7]
    assert "too large for int32" in refused(net, {"count": torch.tensor([1, 2**40])})


def test_an_infinite_number_of_a_buffer_is_a_mask() -> None:
    net = nn.Module()
    net.register_buffer("mask", torch.zeros(2))

    taken(net, {"mask": torch.tensor([0.0, float("-inf")])})
    assert net.mask.tolist() == [0.0, float("-inf")]


# ---- Mistakes ------------------------------------------------------------------------------------


def test_shapes_that_differ_are_named_with_what_excludes_them() -> None:
    text = refused(network(5), weights(3))
    assert text == (
        "initial_weights.run=a.pt: shapes differ: 'output_linear.weight' is (3, 4) there and "
        "(5, 4) in this network, and so does 1 more.\n"
        "Exclude it by initial_weights.exclude=[output_linear.*]"
    )
    taken(network(5), weights(3), exclude=["output_linear.*"])


def test_of_a_module_that_differs_in_part_the_names_are_excluded() -> None:
    there = {"0.weight": torch.ones(2, 5), "0.bias": torch.ones(2)}
    assert "exclude=[0.weight]" in refused(nn.Sequential(nn.Linear(3, 2)), there)


@pytest.mark.parametrize("key", ["only", "exclude"])
def test_a_glob_that_matches_nothing_is_refused(key: str) -> None:
    text = refused(network(), weights(), **{key: ["hiden_linear.weight"]})
    assert text.startswith(f"initial_weights.{key}: 'hiden_linear.weight' matches no parameter")
    assert "Did you mean 'hidden_linear.weight'?" in text


def test_nothing_in_common_is_refused_with_names_of_both() -> None:
    text = refused(network(), {"conv.kernel": torch.ones(1), "conv.offset": torch.ones(1)})
    assert "none of its weights are taken" in text
    assert "conv.kernel, conv.offset" in text
    assert ", ".join(NAMES) in text


@pytest.mark.parametrize(
    ("rename", "hint"),
    [
        ({"hiden_linear": "output_linear"}, "Did you mean 'hidden_linear'?"),
        ({"hidden_linear": "encoder"}, "nothing of that name"),
        ({"hidden_linear": "ouput_linear"}, "Did you mean 'output_linear'?"),
        (
            {"hidden_linear.weight": "output_linear"},
            "'hidden_linear.weight' becomes 'output_linear', and of its names in the file "
            "(hidden_linear.weight) none becomes one of the network's "
            "(output_linear.weight, output_linear.bias)",
        ),
    ],
)
def test_names_that_nothing_has_are_refused(rename: dict[str, str], hint: str) -> None:
    text = refused(network(), weights(), rename=rename)
    assert text.startswith("initial_weights.rename: ")
    assert hint in text


def test_a_layer_without_a_size_is_refused() -> None:
    with pytest.raises(ConfigError, match="no size before its first row"):
        taken(nn.LazyLinear(2), {"weight": torch.ones(2, 3)})
