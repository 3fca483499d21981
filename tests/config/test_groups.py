"""Groups and options are read from the YAML files."""

import pytest

from seedbed.config import groups, help


def test_the_folder_holds_the_configs():
    assert (groups.config_folder() / "train.yaml").is_file()


def test_a_folder_inside_the_package_goes_first(tmp_path, monkeypatch):
    # As a wheel has it.
    (tmp_path / "seedbed" / "configs").mkdir(parents=True)
    monkeypatch.setattr(groups, "__file__", str(tmp_path / "seedbed" / "config" / "groups.py"))

    assert groups.config_folder() == tmp_path / "seedbed" / "configs"


def test_a_checkout_has_the_configs_beside_src(tmp_path, monkeypatch):
    monkeypatch.setattr(
        groups, "__file__", str(tmp_path / "src" / "seedbed" / "config" / "groups.py")
    )

    assert groups.config_folder() == tmp_path / "configs"


@pytest.mark.parametrize(
    ("content", "description"),
    [
        ("# One sentence.\na: 1\n", "One sentence."),
        ("# @package _global_\n# One sentence.\n# More.\n", "One sentence."),
        ("#@package _global_\n#One sentence.\n", "One sentence."),
        ("#\n\n## One sentence.\n", "One sentence."),
        ("a: 1  # not this\n# One sentence.\n", "One sentence."),
        ("a: 1  # not this\n  # nor this\n", ""),
        ("", ""),
        ("# Größe in m².\n", "Größe in m²."),
    ],
)
def test_a_description_is_the_first_comment_that_is_no_header(tmp_path, content, description):
    file = tmp_path / "option.yaml"
    file.write_text(content, encoding="utf-8")

    assert groups.description(file) == description


def test_options_are_the_yaml_files_of_the_group_in_order(tmp_path):
    (tmp_path / "model").mkdir()
    for name in ("b.yaml", "a.yaml", "notes.txt", "c.yml"):
        (tmp_path / "model" / name).write_text(f"# The file {name}.\n")

    options = groups.options("model", tmp_path)

    assert list(options.items()) == [("a", "The file a.yaml."), ("b", "The file b.yaml.")]


def test_a_group_without_a_folder_has_no_options(tmp_path):
    assert groups.options("model", tmp_path) == {}


def test_groups_are_aligned_and_indented():
    lines = help.groups_text("  ").splitlines()
    column = 2 + max(map(len, groups.LISTED)) + 2

    for group, meaning in groups.LISTED.items():
        line = next(line for line in lines if line.startswith(f"  {group} "))
        assert line.index(meaning.split()[0], len(group) + 2) == column
    # What goes on in a next line stands below the meaning.
    assert all(line[:column].strip() in {"", *groups.LISTED} for line in lines)


def test_what_is_added_to_the_callbacks_is_listed_beside_the_groups():
    assert set(groups.LISTED) == {*groups.GROUPS, "callback"}
    # All words of the meaning, and every option, though over several lines.
    words = help.groups_text().split()
    assert "+callback@callbacks.NAME=NAME:" in words
    for option in groups.options("callback"):
        assert option in words or f"{option}," in words


def test_options_are_aligned():
    lines = help.group_text("optimizer").splitlines()

    options = groups.options("optimizer")
    pairs = zip(lines, options.values(), strict=True)
    assert {line.index(meaning) for line, meaning in pairs} == {max(map(len, options)) + 2}


def test_the_help_of_train_lists_the_groups_and_leaves_the_config_to_hydra():
    text = help.help_text("train")

    assert help.groups_text("  ") in text
    assert "$CONFIG" in text
    assert "@GROUPS" not in text


@pytest.mark.parametrize("verb", ["evaluate", "predict"])
def test_the_help_of_the_other_verbs_is_about_keys_alone(verb):
    text = help.help_text(verb)

    assert "$CONFIG" in text
    assert "optimizer" not in text
