"""Keys of the schema by their full names, what is said of them, and what one may mean."""

import ast
from dataclasses import fields
from pathlib import Path

import pytest
from omegaconf import DictConfig

from seedbed.config import metrics, schema
from seedbed.config.known_keys import (
    SYNONYMS,
    did_you_mean,
    is_independent,
    known_keys,
    varies,
    varying_keys,
)
from seedbed.config.schema.store import ROOTS, SCHEMAS


def test_a_key_knows_the_options_that_have_it() -> None:
    keys = known_keys()

    assert keys["optimizer.betas"].options == ("adam", "adamw")
    assert keys["trainer.max_epochs"].options == ()
    assert keys["callbacks.early_stopping.patience"].options == ("early_stopping",)
    assert keys["logger.tensorboard.graph"].options == ("tensorboard",)
    assert keys["sweep.fuse"].field.metadata["one_of"] == ("auto", "always", "never")
    assert not any(name.endswith("._target_") for name in keys)


def test_a_verb_that_reads_a_run_has_its_own_keys_and_the_paths() -> None:
    assert {"run", "split", "paths.outputs"} < set(known_keys("evaluate"))
    assert "optimizer.lr" not in known_keys("evaluate")


def test_every_key_of_a_composed_config_is_known(compose) -> None:
    config = compose("model=cnn", "data=fashion_mnist", "optimizer=adam", "scheduler=cosine")

    for group in ("data", "model", "optimizer", "scheduler", "trainer", "sweep"):
        for name, value in config[group].items():
            # A key that holds others is none by itself.
            below = [f"{name}.{key}" for key in value] if isinstance(value, DictConfig) else [name]
            for key in below if name != "_target_" else ():
                assert f"{group}.{key}" in known_keys(), f"{group}.{key}"


@pytest.mark.parametrize(
    ("key", "siblings", "said"),
    [
        ("trainer.epochs", ["trainer.max_epochs", "trainer.min_epochs"], "'trainer.max_epochs'?"),
        ("model.lr", ["model.bias"], "Did you mean 'optimizer.lr'?"),
        ("trainer.seed", [], "Did you mean 'seed' or 'data.seed'?"),
        ("optimizer.lrr", ["optimizer.lr", "optimizer.momentum"], "Did you mean 'optimizer.lr'?"),
        ("sweep.fold", ["sweep.folds", "sweep.fuse"], "Did you mean 'sweep.folds'?"),
        ("cnn", [], "Did you mean 'model=cnn'?"),
        ("data.grad_clip", [], "Did you mean 'trainer.gradient_clip_val'?"),
        ("optimizer.l2", [], "Did you mean 'optimizer.weight_decay', a key of optimizer=sgd, "),
    ],
)
def test_what_was_meant(key: str, siblings: list[str], said: str) -> None:
    assert said in did_you_mean(key, siblings)


def test_a_key_that_is_like_no_other_has_no_suggestion() -> None:
    assert did_you_mean("data.xyzzy", ["data.rows", "data.shuffle"]) == ""


def test_no_synonym_is_itself_a_key() -> None:
    names = {key.rpartition(".")[2] for key in known_keys()}

    assert not names & set(SYNONYMS)


# ---- Facts of keys -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("seed", True),
        ("data.seed", True),
        ("optimizer.lr", True),
        ("scheduler", True),
        ("scheduler.gamma", True),
        ("initial_weights.parameters.weight", True),
        ("callbacks.early_stopping.patience", True),
        ("callbacks.anything.patience", True),
        ("callbacks.anything.monitor", False),
        ("callbacks", False),
        ("callbacks.patience", False),
        ("optimizer", False),
        ("optimizer.nesterov", False),
        ("optimizer.lr_rate", False),
        ("seeds", False),
        ("data.batch_size", True),
        ("model", False),
        ("logger.tensorboard.graph", False),
    ],
)
def test_keys_in_which_jobs_of_a_group_may_differ(key: str, expected: bool) -> None:
    assert varies(key) is expected


def test_a_key_varies_only_where_all_options_of_its_group_agree() -> None:
    # Of early stopping it may differ, of the plateau schedule the whole group may.
    assert varies("scheduler.patience")
    assert not varies("callbacks.stop.min_epochs")


def test_the_numbers_of_the_losses_vary() -> None:
    assert varying_keys("task") == ("huber_delta", "label_smoothing")


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("seed", True),
        ("optimizer.lr", True),
        ("trainer.gradient_clip_val", True),
        ("optimizer.momentum", False),
        ("optimizer.betas", False),
        ("trainer.max_epochs", False),
        ("data.input_scale", False),
        ("optimizer", False),
    ],
)
def test_keys_that_no_rule_compares_with_another(key: str, expected: bool) -> None:
    assert is_independent(key) is expected


def names_that_rules_read() -> set[str]:
    """Return all attributes and words in the functions of the schema: more than rules read."""
    assert schema.__file__ is not None
    rooms = (Path(schema.__file__).parent, Path(metrics.__file__).parent)
    files = [file for room in rooms for file in room.rglob("*.py")]
    functions = [
        node
        for file in files
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    ]
    inner = [node for function in functions for node in ast.walk(function)]
    attributes = {node.attr for node in inner if isinstance(node, ast.Attribute)}
    return attributes | {str(node.value) for node in inner if isinstance(node, ast.Constant)}


def test_no_rule_reads_a_key_that_is_said_to_be_independent() -> None:
    schemas = [ROOTS["train"], *(node for options in SCHEMAS.values() for node in options.values())]
    independent = {
        field.name for node in schemas for field in fields(node) if field.metadata["independent"]
    }
    read = names_that_rules_read()

    assert {"seed", "lr", "dropout"} <= independent
    assert {"nesterov", "momentum", "patience", "max_epochs"} <= read
    assert independent & read == set()


def test_only_numbers_are_independent() -> None:
    for options in SCHEMAS.values():
        for node in options.values():
            for field in fields(node):
                assert not field.metadata["independent"] or field.type in (
                    int,
                    float,
                    float | None,
                ), field.name
