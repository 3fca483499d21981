"""YAML that is too deep, too large, or a part of itself."""

from pathlib import Path

import pytest

from seedbed.errors import RunFolderError
from seedbed.reading.yaml_files import check_yaml, read_plain_list, read_plain_yaml

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


@pytest.mark.parametrize(
    "text",
    [
        *(LAUGHS, "a: &a [*a]", "a: " + "[" * 100_000, "{a: " * 100_000, "- " * 2_000 + "a"),
        *(
            "? " * 2_000 + "a",
            "\n".join(" " * n + "a:" for n in range(2_000)),
            "[1, 2]",
            "a: [",
            "1",
        ),
        *("a: !!python/object/apply:os.system [x]", "\0"),
    ],
)
def test_what_is_no_config_within_the_limits_is_not_read(text: str, tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(RunFolderError, match=r"x\.yaml"):
        read_plain_yaml(tmp_path / "x.yaml")


def test_plain_values_are_those_of_yaml(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(
        "a: {b: 1.0e-05, c: [1, null], 3: '${d}'}\nd: &x true\ne: *x\n"
    )
    assert read_plain_yaml(tmp_path / "x.yaml") == {
        "a": {"b": 1e-05, "c": [1, None], 3: "${d}"},
        "d": True,
        "e": True,
    }
    (tmp_path / "y.yaml").write_text("- seed=1\n- a='b c'\n")
    assert read_plain_list(tmp_path / "y.yaml") == ["seed=1", "a='b c'"]
    (tmp_path / "y.yaml").write_text("- 1\n")
    with pytest.raises(RunFolderError, match="not a list of texts"):
        read_plain_list(tmp_path / "y.yaml")
