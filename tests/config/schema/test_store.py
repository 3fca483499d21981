"""Which dataclass types which node, and how a saved config gets its types back."""

import dataclasses

import pytest
from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from seedbed.config.schema import register_schema, root, schema_of, typed
from seedbed.config.schema.field import key
from seedbed.config.schema.store import ROOTS, SCHEMAS, schema_targets
from seedbed.config.validation import check
from seedbed.errors import ConfigError

SCHEMA = [*ROOTS.values(), *(node for options in SCHEMAS.values() for node in options.values())]


def reloaded(config, folder):
    """Return a config as it comes back from the run folder: plain, without types."""
    file = folder / "config.yaml"
    OmegaConf.save(config, file)
    return OmegaConf.load(file)


def types(node, prefix=""):
    """Return the dataclass of every node, by its key."""
    found = {prefix or ".": schema_of(node)}
    for name, value in node.items_ex(resolve=False):
        if isinstance(value, DictConfig):
            found |= types(value, f"{prefix}{name}.")
    return found


# ---- Fields --------------------------------------------------------------------------------------


@pytest.mark.parametrize("node", SCHEMA, ids=lambda node: node.__name__)
def test_every_key_has_a_meaning_of_one_line(node):
    for field in dataclasses.fields(node):
        meaning = field.metadata["meaning"]
        assert meaning == " ".join(meaning.split())
        assert meaning
        assert not meaning.endswith(".")


@pytest.mark.parametrize("node", SCHEMA, ids=lambda node: node.__name__)
def test_every_default_is_within_its_own_limits(node):
    try:
        check(OmegaConf.structured(node))
    except ConfigError as error:
        for problem in str(error).splitlines():
            assert "a value is required" in problem


def test_a_default_that_can_change_is_not_shared():
    @dataclasses.dataclass
    class Node:
        numbers: list[int] = key("some numbers", [1])

    first, second = Node(), Node()
    first.numbers.append(2)

    assert second.numbers == [1]


# ---- The store -----------------------------------------------------------------------------------


def test_hydra_finds_every_dataclass():
    register_schema()
    repository = ConfigStore.instance().repo["schema"]

    for verb, node in ROOTS.items():
        assert OmegaConf.get_type(repository[f"{verb}.yaml"].node) is node
    for group, options in SCHEMAS.items():
        for option, node in options.items():
            assert OmegaConf.get_type(repository[group][f"{option}.yaml"].node) is node


def test_no_two_dataclasses_share_a_target():
    targets = [
        field.default
        for node in SCHEMA
        for field in dataclasses.fields(node)
        if field.name == "_target_" and field.default not in (None, "???")
    ]

    assert len(set(targets)) == len(targets)
    assert set(targets) == set(schema_targets())
    for target, node in schema_targets().items():
        assert OmegaConf.structured(node)._target_ == target


@pytest.mark.parametrize(
    "node", [None, 3, "x", [1], OmegaConf.create({"a": 1}), OmegaConf.create([1])]
)
def test_only_nodes_of_the_schema_have_a_dataclass(node):
    assert schema_of(node) is None


# ---- Types of a saved config ---------------------------------------------------------------------

CONFIGS = [
    (),
    ("data=clusters", "model=mlp", "optimizer=adam", "scheduler=cosine"),
    ("data=fashion_mnist", "model=cnn", "optimizer=lbfgs", "scheduler=plateau", "trainer=ddp"),
    ("data=thermometer", "optimizer=adamw", "scheduler=one_cycle", "callbacks=early_stopping"),
    ("data=linear_noise", "optimizer=rmsprop", "scheduler=warmup_cosine", "logger=none"),
    ("data=torch_dataset", "task=multiclass", "optimizer=adagrad", "scheduler=warmup"),
    ("experiment=thermometer", "debug=fast", "scheduler=step", "callbacks=quiet"),
]


@pytest.mark.parametrize("overrides", CONFIGS)
def test_a_saved_config_comes_back_with_values_and_types(compose, tmp_path, overrides):
    config = compose(*overrides)

    again = typed(reloaded(config, tmp_path))

    assert OmegaConf.to_container(again) == OmegaConf.to_container(config)
    assert again == config
    expected = types(config)
    del expected["paths."]  # Of no use to who reads a run.
    assert {name: kind for name, kind in types(again).items() if name in expected} == expected


def test_values_that_were_changed_come_back(compose, tmp_path):
    config = compose(
        "model=mlp", "optimizer.lr=0.25", "model.hidden=[3,4]", "seed=7", "data.val_size=0.5"
    )
    OmegaConf.update(config, "initial_weights.parameters.weight", [[1.0]], force_add=True)

    again = typed(reloaded(config, tmp_path))

    assert (again.optimizer.lr, again.model.hidden, again.data.seed) == (0.25, [3, 4], 7)
    assert again.initial_weights.parameters == {"weight": [[1.0]]}
    again.seed = 8
    assert again.data.seed == 8  # Interpolations are still links, not copies of values.


def test_types_that_came_back_hold(compose, tmp_path):
    again = typed(reloaded(compose(), tmp_path))

    for name, value in (("optimizer.lr", "fast"), ("trainer.max_epochs", 1.5), ("seed", "x")):
        with pytest.raises(OmegaConfBaseException):
            OmegaConf.update(again, name, value)
    with pytest.raises(OmegaConfBaseException):
        again.optimizer.lrr = 1


def test_a_node_of_the_users_own_stays_as_it_is(compose, tmp_path):
    config = compose()
    config.model = OmegaConf.create({"_target_": "nets.Net", "width": 3})
    OmegaConf.update(config, "callbacks.mine", {"_target_": "a.B", "x": 1}, force_add=True)

    again = typed(reloaded(config, tmp_path))

    assert again.model == {"_target_": "nets.Net", "width": 3}
    assert schema_of(again.model) is None
    assert again.callbacks.mine == {"_target_": "a.B", "x": 1}
    assert schema_of(again.callbacks.mine) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("optimizer.lrr", 1),
        ("optimizer.lr", "fast"),
        ("seed", None),
        ("foo", 1),
        ("trainer.foo", 1),
        ("callbacks.progress.foo", 1),
    ],
)
def test_a_saved_config_that_no_longer_fits_is_refused(compose, tmp_path, name, value):
    plain = reloaded(compose(), tmp_path)
    OmegaConf.update(plain, name, value, force_add=True)

    with pytest.raises((ConfigError, OmegaConfBaseException)):
        typed(plain)


def test_the_saved_config_itself_is_left_alone(compose, tmp_path):
    plain = reloaded(compose(), tmp_path)
    before = OmegaConf.to_yaml(plain)

    typed(plain)

    assert OmegaConf.to_yaml(plain) == before
    assert schema_of(plain) is not root.Train
