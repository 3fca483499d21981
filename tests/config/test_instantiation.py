"""Objects that the config names: what the user's own code does wrong is told with the key."""

from pathlib import Path

import pytest

from seedbed.config.instantiation import make
from seedbed.errors import ConfigError


def test_a_module_that_ends_the_program_is_told_by_its_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a_program_of_mine.py").write_text("raise SystemExit(7)\n")
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(ConfigError, match=r"data: a_program_of_mine\.Rows cannot be made: System"):
        make("data", object, {"_target_": "a_program_of_mine.Rows"})
