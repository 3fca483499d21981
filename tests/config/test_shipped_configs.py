"""The shipped YAML: every option composes, says what its keys mean, and names what exists."""

import dataclasses
import re
from importlib import import_module
from itertools import cycle, islice
from pathlib import Path

import pytest
import torch
from omegaconf import OmegaConf

from seedbed.config import groups
from seedbed.config.schema import schema_of
from seedbed.config.schema.data import Images
from seedbed.config.schema.data.augmentation import Augment
from seedbed.config.schema.model import InitialWeights
from seedbed.config.schema.root import Freeze, Sweep
from seedbed.config.schema.store import ROOTS, SCHEMAS
from seedbed.config.spec import run_spec
from seedbed.config.validation import check

FOLDER = groups.config_folder()
FILES = sorted(FOLDER.rglob("*.yaml"))
COMPOSED_GROUPS = [group for group in groups.GROUPS if group not in groups.COMMAND_LINE_ONLY]
DATA = tuple(groups.options("data"))
# Of the options whose class, and with it their keys, the user names; the nodes have no types.
OPEN = "???"
# What data ask the user for.
ASKED = {
    "in_memory": ("data._target_=seedbed.data.Thermometer",),
    "torch_dataset": (
        "data.task=binary",
        "data.input_shape=[4]",
        "data.output_size=1",
        "data.class_names=[]",
        "data.in_memory=false",
        "data.train._target_=a.B",
    ),
    # What would follow from a folder.
    "images": (
        "data.folder=images",
        "data.task=binary",
        "data.input_shape=[1,28,28]",
        "data.output_size=1",
        "data.target_names=[]",
        "data.class_names=[a,b]",
    ),
    "arrays": (f"data.file={Path(__file__).parent / 'rows.npz'}",),
    "table": (f"data.file={Path(__file__).parent / 'rows.csv'}", "data.target=kept"),
}


def name_of(file):
    return str(file.relative_to(FOLDER))


def lines_of(file):
    """Return (key, comment) of every line that gives a key of the schema its value."""
    found = re.findall(
        r"^ *([A-Za-z_]\w*): *(?:[^\s#].*?)?(?: +# (.*))?$", file.read_text(encoding="utf-8"), re.M
    )
    return [(key, comment) for key, comment in found if key != "defaults"]


# ---- Files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_a_file_begins_with_one_sentence_on_what_it_is(file):
    sentence = groups.description(file)

    assert re.fullmatch(r"[A-Z0-9].*[.?]", sentence)
    assert len(sentence) <= 100
    comments = [line for line in file.read_text().splitlines() if line.startswith("#")]
    headers = [comment for comment in comments if comment.startswith("# @")]
    assert comments[len(headers)] == f"# {sentence}"


def test_every_dataclass_has_a_file_and_every_file_a_dataclass():
    for group, options in SCHEMAS.items():
        if group in ("trainer", "paths"):  # One dataclass for all options.
            continue
        files = {file.stem for file in (FOLDER / group).glob("*.yaml")}
        # A logger that is none has no keys; data that are none still pose a task.
        assert files == set(options) | ({"none"} if group == "logger" else set()), group


def test_the_groups_that_are_listed_are_those_of_the_defaults():
    composed = OmegaConf.load(FOLDER / "train.yaml").defaults
    folders = {group for entry in composed if not isinstance(entry, str) for group in entry}

    assert set(groups.GROUPS) == folders - {"paths", "hydra"}
    for group in groups.GROUPS:
        assert groups.options(group)


OPTIONS = [
    pytest.param(FOLDER / group / f"{option}.yaml", node, id=f"{group}/{option}")
    for group, options in SCHEMAS.items()
    for option, node in options.items()
    if group not in ("trainer", "paths")
]
WHOLE = [
    *OPTIONS,
    pytest.param(FOLDER / "trainer/default.yaml", SCHEMAS["trainer"]["trainer"], id="trainer"),
    pytest.param(FOLDER / "paths/default.yaml", SCHEMAS["paths"]["paths"], id="paths"),
]


def shared_files(file):
    """Return the files of keys that a data option shares with others, the most general first."""
    found = []
    while match := re.search(
        r"^  - (?:shared/)?(dataset|in_memory|images)(?:@_here_)?$", file.read_text(), re.M
    ):
        file = FOLDER / "data/shared" / f"{match[1]}.yaml"
        found.insert(0, file)
    return found


@pytest.mark.parametrize(("file", "node"), WHOLE)
def test_a_file_has_every_key_of_its_dataclass_with_its_meaning(file, node):
    fields = {field.name: field.metadata["meaning"] for field in dataclasses.fields(node)}
    # A logger is an entry of its group, which the file holds whole.
    nested = {file.stem: ""} if file.parent.name == "logger" else {}
    if issubclass(node, Images):
        nested = {field.name: field.metadata["meaning"] for field in dataclasses.fields(Augment)}

    lines = lines_of(file)
    shared = [line for other in shared_files(file) for line in lines_of(other)]

    assert dict(shared) | dict(lines) == fields | nested
    assert len(lines) == len(dict(lines))
    assert len(shared) == len(dict(shared))


@pytest.mark.parametrize("option", DATA)
def test_data_say_of_the_keys_that_others_have_too_what_differs_alone(option):
    file = FOLDER / "data" / f"{option}.yaml"
    shared = [OmegaConf.load(other) for other in shared_files(file)]
    own = OmegaConf.load(file)

    for values in shared:
        for key in set(values) & set(own) - {"defaults"}:
            assert own._get_node(key)._value() != values._get_node(key)._value(), key
    assert bool(shared) == (option != "none")


@pytest.mark.parametrize("verb", ["evaluate", "export", "predict"])
def test_the_file_of_a_verb_has_every_key_with_its_meaning(verb):
    fields = {
        field.name: field.metadata["meaning"]
        for field in dataclasses.fields(ROOTS[verb])
        if field.name != "paths"
    }
    keys = [(key, comment) for key, comment in lines_of(FOLDER / f"{verb}.yaml") if comment]

    assert dict(keys) == fields


def test_the_file_of_train_has_every_key_with_its_meaning():
    fields = {
        (field.name, field.metadata["meaning"])
        for node in (ROOTS["train"], InitialWeights, Freeze, Sweep)
        for field in dataclasses.fields(node)
    }
    file = FOLDER / "train.yaml"
    keys = lines_of(file)
    choices = re.findall(r"^  - (\w+): \w+ +# (.*)$", file.read_text(), re.M)
    of_no_key = ("hydra", "experiment", "debug")

    assert {*keys, *(choice for choice in choices if choice[0] not in of_no_key)} == fields
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("file", sorted((FOLDER / "trainer").glob("*.yaml")), ids=name_of)
def test_the_trainers_say_what_the_keys_they_change_mean(file):
    meanings = {
        field.name: field.metadata["meaning"]
        for field in dataclasses.fields(SCHEMAS["trainer"]["trainer"])
    }

    for key, comment in lines_of(file):
        assert comment == meanings[key]


@pytest.mark.parametrize(("file", "node"), OPTIONS)
def test_a_target_exists_and_is_that_of_the_dataclass(file, node):
    targets = re.findall(r"^ *_target_: (\S+)", file.read_text(), re.M)
    default = node.__dataclass_fields__["_target_"].default

    assert targets == ["null" if default is None else default]
    if default not in (None, OPEN):
        module, _, name = default.rpartition(".")
        assert callable(getattr(import_module(module), name))


# ---- Composition ---------------------------------------------------------------------------------


def rows():
    """Return choices for every group, such that every option is chosen in some row."""
    options = {group: list(groups.options(group)) for group in COMPOSED_GROUPS}
    length = max(map(len, options.values()))
    columns = {group: list(islice(cycle(names), length)) for group, names in options.items()}
    return [{group: column[row] for group, column in columns.items()} for row in range(length)]


@pytest.mark.parametrize("choices", rows(), ids=lambda row: "-".join(row.values()))
def test_every_option_composes_typed_by_its_dataclass(compose, choices):
    config = compose(*(f"{group}={option}" for group, option in choices.items()))

    assert schema_of(config) is ROOTS["train"]
    for group in ("data", "model", "task", "optimizer", "scheduler", "search", "stop"):
        node = SCHEMAS[group][choices[group]]
        is_open = node.__dataclass_fields__["_target_"].default == OPEN
        assert schema_of(config[group]) is (None if is_open else node), group
    assert schema_of(config.trainer) is SCHEMAS["trainer"]["trainer"]
    for name, node in config.callbacks.items():
        assert schema_of(node) is SCHEMAS["callback"][name]
    for name, node in config.logger.items():
        assert schema_of(node) is SCHEMAS["logger"][name]


@pytest.mark.parametrize("experiment", groups.options("experiment"))
def test_every_experiment_composes_without_problems(compose, experiment):
    asked = {"fashion_mnist_transfer": ["initial_weights.run=latest"]}
    check(compose(f"experiment={experiment}", *asked.get(experiment, [])))


@pytest.mark.parametrize("debug", groups.options("debug"))
def test_every_way_of_debugging_composes_and_changes_something(compose, debug):
    config = compose(f"debug='{debug}'")  # In quotes, since nan is a number as well.

    check(config)
    assert config.trainer != compose().trainer


@pytest.mark.parametrize("verb", ["evaluate", "export", "predict"])
def test_the_verbs_that_read_compose(compose, verb):
    config = compose(verb=verb)

    assert schema_of(config) is ROOTS[verb]
    needed = {"run", "output"} if verb == "export" else {"run"}
    assert OmegaConf.missing_keys(config) == needed


@pytest.mark.parametrize("data", DATA)
def test_data_pick_the_task_they_pose(compose, data):
    config = compose(f"data={data}", *ASKED.get(data, ()))

    if data != "torch_dataset" and schema_of(config.task) is not SCHEMAS["task"]["auto"]:
        assert schema_of(config.task) is SCHEMAS["task"][config.data.task]


def test_an_experiment_can_be_changed_on_the_command_line(compose):
    config = compose("experiment=thermometer", "model=mlp", "optimizer.lr=0.5")

    assert (config.data._target_, config.model._target_, config.optimizer.lr) == (
        "seedbed.data.Thermometer",
        "seedbed.models.MLP",
        0.5,
    )


# ---- Building ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def optimizers(compose):
    options = set(groups.options("optimizer")) - {"custom"}
    return [compose(f"optimizer={option}").optimizer for option in sorted(options)]


@pytest.mark.parametrize("model", sorted(set(groups.options("model")) - {"custom"}))
@pytest.mark.parametrize("data", DATA)
def test_data_model_and_optimizer_that_fit_can_be_built(compose, optimizers, data, model):
    from seedbed.engines.lightning.build import build_module
    from seedbed.errors import ConfigError
    from seedbed.experiment.build import build_data, build_net, build_task

    config = compose(f"data={data}", *ASKED.get(data, ()))
    config.model = compose(f"model={model}").model
    if model == "cnn" and data != "none" and len(config.data.input_shape) != 3:
        with pytest.raises(ConfigError, match="model=cnn needs images"):
            check(config)
        return
    is_function, minimizes = model in ("parabola", "bowl"), data == "none"
    if is_function != minimizes:
        with pytest.raises(ConfigError, match=r"use data=none|needs a function"):
            check(config)
        return
    if data == "torch_dataset":
        config.task = compose("task=binary").task
    for optimizer in optimizers:
        config.optimizer = optimizer
        check(config)

        spec = run_spec(config)
        module = build_module(spec, build_net(spec), build_task(spec))

        made = module.make_optimizer(list(module.net.parameters()))
        assert f"torch.optim.{type(made).__name__}" == config.optimizer._target_
        assert made.param_groups[0]["lr"] == config.optimizer.lr
    rows = 1 if is_function else 2
    output = module.task.output(module.net, torch.zeros(rows, *config.data.input_shape))
    assert output.shape == (rows, config.data.output_size)
    build_data(run_spec(config))  # Reads nothing yet.
