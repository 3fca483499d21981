"""Rules of the overrides of a command line."""

import pytest

from seedbed.config.overrides import refuse_repeated_keys
from seedbed.errors import ConfigError


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["seed=0,1", "model=mlp", "seed=5"], "seed: given twice, by seed=0,1 and by seed=5;"),
        (["+note=1", "++note=2"], "note: given twice, by +note=1 and by ++note=2;"),
        (["model=mlp", "model=cnn"], "model: given twice, by model=mlp and by model=cnn;"),
    ],
)
def test_a_key_that_is_given_twice_is_refused_with_both_words(
    words: list[str], message: str
) -> None:
    with pytest.raises(ConfigError) as error:
        refuse_repeated_keys(words)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    "words",
    [
        ["seed=1", "data.seed=1", "optimizer.lr=1"],
        ["~freeze", "+freeze=null"],
        ["+callback@callbacks.a=progress", "+callback@callbacks.b=progress"],
        ["note='a=1'", "other='a=1'"],
    ],
)
def test_different_keys_may_look_alike(words: list[str]) -> None:
    refuse_repeated_keys(words)
