"""Flags of a command that are none of Hydra's."""

import pytest

from seedbed.application.flags import overrides_among
from seedbed.errors import ConfigError


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        ("--jsn", "--jsn. Did you mean '--json'? See seedbed train --hydra-help"),
        ("--multirn", "--multirn. Did you mean '--multirun'? See seedbed"),
        ("--zzzz", "--zzzz; see seedbed train --hydra-help"),
    ],
)
def test_an_unknown_flag_is_answered_with_the_nearest(flag: str, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        overrides_among("train", [flag, "seed=1"])
    assert said in str(error.value)
