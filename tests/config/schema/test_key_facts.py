"""What the schema says of keys by their full names."""

import pytest

from seedbed.config.schema.key_facts import is_independent, varies, varying_keys


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
        ("data.batch_size", False),
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
