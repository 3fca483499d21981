"""YAML that is too deep, too large, or a part of itself."""

import pytest

from seedbed.errors import RunFolderError
from seedbed.reading.yaml_files import check_yaml

LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 20)
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (LAUGHS, "more than 50,000 values"),
        ("a: &a [*a]", "refers to what it is a part of"),
        ("a: &a {b: {c: *a}}", "refers to what it is a part of"),
        ("[" * 100_000, "nested more than 50 deep"),
        ("{a: " * 60, "nested more than 50 deep"),
        ("a: " + "${" * 51 + "b" + "}" * 51, "more than 50 interpolations in a value"),
    ],
)
def test_yaml_beyond_the_limits_is_refused(text: str, said: str) -> None:
    with pytest.raises(RunFolderError, match=r"\*?" + said):
        check_yaml("file", text)


@pytest.mark.parametrize("text", ["", "a: 1", "a: &a [1, 2]\nb: *a\nc: *a", "a: [", "*nothing"])
def test_other_yaml_is_left_to_who_reads_it(text: str) -> None:
    check_yaml("file", text)
