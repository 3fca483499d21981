"""Keys of the schema by their full names, and what an unknown key may have meant."""

import pytest

from seedbed.config.known_keys import SYNONYMS, did_you_mean, known_keys


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
        for name in config[group]:
            assert name == "_target_" or f"{group}.{name}" in known_keys(), f"{group}.{name}"


@pytest.mark.parametrize(
    ("key", "siblings", "said"),
    [
        ("trainer.epochs", ["trainer.max_epochs", "trainer.min_epochs"], "'trainer.max_epochs'?"),
        ("model.lr", ["model.bias"], "Did you mean 'optimizer.lr'?"),
        ("trainer.seed", [], "Did you mean 'seed' or 'data.seed'?"),
        ("optimizer.lrr", ["optimizer.lr", "optimizer.momentum"], "Did you mean 'optimizer.lr'?"),
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
