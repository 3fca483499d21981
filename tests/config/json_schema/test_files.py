"""JSON Schemas of the YAML files: what is right fits them, and known mistakes do not."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from omegaconf import OmegaConf
from referencing import Registry, Resource

from seedbed.commands.new import TEMPLATE
from seedbed.config import groups
from seedbed.config.json_schema.files import file_schemas, whole_schema
from seedbed.config.schema.store import ROOTS

SHIPPED = groups.config_folder()
PROJECTS = TEMPLATE / "configs"
FILES = [*sorted(SHIPPED.rglob("*.yaml")), *sorted(PROJECTS.rglob("*.yaml"))]
COMMENT = re.compile(r"^# yaml-language-server: \$schema=(\S+)$", re.M)


@cache
def validator(name: str) -> Draft202012Validator:
    """Return the validator of a schema of a file, which may refer to those beside it."""
    schemas = file_schemas()
    registry: Any = Registry().with_resources(
        (f"{name}.json", Resource.from_contents(schema)) for name, schema in schemas.items()
    )
    Draft202012Validator.check_schema(schemas[name])
    return Draft202012Validator({**schemas[name], "$id": f"{name}.json"}, registry=registry)


@cache
def whole(verb: str) -> Draft202012Validator:
    return Draft202012Validator(whole_schema(verb))


def plain(text: str) -> Any:
    """Return the content of a YAML text as Seedbed reads it."""
    return OmegaConf.to_container(OmegaConf.create(text))


@pytest.mark.parametrize("file", FILES, ids=lambda file: "/".join(file.parts[-2:]))
def test_a_shipped_file_names_its_schema_in_its_header_and_fits_it(file):
    text = file.read_text(encoding="utf-8")
    [named] = COMMENT.findall(text)
    header = text[: re.search(r"^[^#]", text, re.M).start()]
    assert named in header.splitlines()[-1]
    # The schemas of a project are copied beside its groups.
    schema = (
        Path(file.parent, named)
        .resolve()
        .relative_to(PROJECTS if PROJECTS in file.parents else SHIPPED)
    )
    assert schema.parent == Path("schemas")
    assert (SHIPPED / schema).is_file()
    for error in validator(schema.stem).iter_errors(plain(text)):
        raise AssertionError(error.message)


RIGHT = [
    ("optimizer", "{_target_: mine.Lion, lr: anything, beta1: [3]}"),
    ("optimizer", "{defaults: [sgd, _self_], lr: '${x}'}"),
    ("model", "{defaults: [custom, _self_], _target_: a.B, width: 1}"),
    ("model", "{defaults: [mlp], hidden: [3, 4], hidden_size: null}"),
    ("data", "{_target_: seedbed.data.ImageFolder, folder: '???', size: 32}"),
    ("train", "{optimizer: {_target_: mine.Lion, beta1: 0.9}}"),
    ("train", "{defaults: [{override /data: spirals}], data: {turns: 3}}"),
    ("train", "{defaults: [spirals, _self_], data: {turns: 3}}"),
    ("train", "{defaults: [{override /model: custom}], model: {width: 3}}"),
    ("train", "{trainer: {max_epochs: null}, name: 'a${seed}', seed: 3}"),
    ("train", "{task: {loss: {_target_: a.B, gamma: 1}}}"),
    ("train", "{optimized_metric: [val/loss, model/parameters], optimized_mode: [min, min]}"),
    ("callbacks", "{mine: {_target_: a.B, every: 3}}"),
    ("project", "{config_dir: mine, trust: [wide], defaults: [optimizer=adam]}"),
]
WRONG = [
    ("optimizer", "{_target_: torch.optim.SGD, lr: -1}", "less than the minimum of 0"),
    ("optimizer", "{_target_: torch.optim.SGD, lrr: 1}", "'lrr' was unexpected"),
    ("optimizer", "{defaults: [adam, _self_], momentum: 0.9}", "'momentum' was unexpected"),
    ("optimizer", "{defaults: [/schema/optimizer/sgd@_here_], lr: fast}", "'fast' does not match"),
    ("model", "{_target_: seedbed.models.MLP, hidden: [3.5]}", "3.5 is not of type"),
    ("model", "{_target_: seedbed.models.MLP, activation: rellu}", "'rellu' is not valid"),
    ("task", "{_target_: seedbed.training.tasks.Regression, loss: mea}", "'mea' is not valid"),
    ("task", "{_target_: seedbed.training.tasks.Binary, metrics: [acuracy]}", "'acuracy' is not"),
    ("trainer", "{max_epochs: -2}", "less than the minimum"),
    ("trainer", "{accelerator: cuda}", "'cuda' is not valid"),
    ("data", "{augment: {flip: maybe}}", "is not valid"),
    ("data", "{_target_: seedbed.data.CropYield, val_size: -0.1}", "less than the minimum"),
    ("callbacks", "{fit: {_target_: seedbed.callbacks.Fit, range: 3}}", "3 is not of type"),
    ("logger", "{csv: {_target_: seedbed.loggers.CSV, flush: 3}}", "'flush' was unexpected"),
    ("train", "{defaults: [{override /optimizer: sgd}], optimizer: {eps: 1}}", "'eps' was"),
    ("train", "{optimizer: {lrr: 1}}", "'lrr' was unexpected"),
    ("train", "{trainer: {max_epoch: 3}}", "'max_epoch' was unexpected"),
    ("train", "{sed: 3}", "'sed' was unexpected"),
    ("train", "{seed: 4294967296}", "greater than or equal to the maximum of 4294967296"),
    ("train", "{sweep: {folds: 1}}", "less than the minimum of 2"),
    ("train", "{tags: a}", "'a' does not match"),
    ("evaluate", "{run: x, split: tset}", "'tset' is not valid"),
    ("project", "{config_dirs: mine}", "'config_dirs' was unexpected"),
]


@pytest.mark.parametrize(("name", "text"), RIGHT)
def test_what_is_right_fits(name, text):
    assert [error.message for error in validator(name).iter_errors(plain(text))] == []
    if name in ROOTS:
        assert whole(name).is_valid(plain(text))


@pytest.mark.parametrize(("name", "text", "said"), WRONG)
def test_a_mistake_does_not_fit(name, text, said):
    messages = [error.message for error in validator(name).iter_errors(plain(text))]
    assert any(said in message for message in messages), messages
    if name in ROOTS:
        assert not whole(name).is_valid(plain(text))


@pytest.mark.parametrize(
    ("verb", "words"),
    [
        ("train", ()),
        ("train", ("experiment=fashion_mnist_cnn", "search=tpe")),
        ("train", ("experiment=thermometer", "logger=csv", "scheduler=one_cycle")),
        ("predict", ("run=x",)),
        ("repeat", ("run=x",)),
    ],
)
def test_a_composed_config_fits_the_whole_schema(compose, verb, words):
    config = OmegaConf.to_container(compose(*words, verb=verb))
    assert [error.message for error in whole(verb).iter_errors(config)] == []


def test_the_schema_is_printed(command):
    schema = json.loads(command("config-schema").out)
    assert schema == whole_schema("train") == json.loads(command("config-schema", "--json").out)
    assert schema["properties"]["seed"] == {
        "description": "random seed of initial weights, batch order and dropout",
        "type": ["integer", "string"],
        "pattern": r"\$\{|^\?\?\?$",
        "patternErrorMessage": "a whole number is needed, or an interpolation such as ${seed}",
        "minimum": 0,
        "exclusiveMaximum": 2**32,
        "default": 0,
    }
    assert json.loads(command("config-schema", "optimizer").out) == file_schemas()["optimizer"]
    assert json.loads(command("config-schema", "inspect").out) == schema


def test_the_schemas_are_written_into_a_folder(command, refused, tmp_path):
    assert (
        command("config-schema", "folder=mine/schemas").out
        == "21 schemas written to mine/schemas\n"
    )
    written = {file.name: file.read_bytes() for file in (tmp_path / "mine/schemas").iterdir()}
    shipped = {file.name: file.read_bytes() for file in (SHIPPED / "schemas").iterdir()}
    assert written == shipped
    assert command("config-schema", "folder=mine/schemas").code == 0
    (tmp_path / "mine/schemas/data.json").write_text("{}")
    assert "data.json is no schema of Seedbed's" in refused("config-schema", "folder=mine/schemas")
    assert "Did you mean 'optimizer'?" in refused("config-schema", "optimiser")
    assert "2 names" in refused("config-schema", "data", "model")
