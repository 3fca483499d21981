"""Texts of YAML that are put together: the same as YAML writes the whole."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from seedbed.sweep.configs.yaml_text import (
    HYDRA_PATHS,
    PLAIN,
    item_text,
    nested,
    task_text,
    value_text,
    yaml_text,
)

ODD = ["true", "null", "no", "nan", "a", "a.b", "1/2", "=", "<<", "/", "2020-01-01", "0x1", "1_0"]


@given(
    st.text(st.characters(codec="utf-8"))
    | st.from_regex(PLAIN)
    | st.integers()
    | st.floats()
    | st.sampled_from([*ODD, True, None])
)
def test_a_value_is_written_as_in_the_whole_file(value: Any) -> None:
    for path in (HYDRA_PATHS[-1], ("seed",)):
        head = "".join(f"{'  ' * depth}{name}:\n" for depth, name in enumerate(path))[:-1]
        assert head + value_text(path, value) == yaml_text(nested(path, value))
    if isinstance(value, str):
        whole = yaml_text(nested(HYDRA_PATHS[0], [value, value]))
        assert whole == f"hydra:\n  overrides:\n    task:{task_text(value) * 2}\n"
        assert item_text(value) * 2 == yaml_text([value, value])
