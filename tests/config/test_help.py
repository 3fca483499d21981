"""Texts of the help: aligned columns, every option, and what is left to Hydra."""

import pytest

from seedbed.config import groups, help


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


@pytest.mark.parametrize("verb", ["evaluate", "export", "predict"])
def test_the_help_of_the_other_verbs_is_about_keys_alone(verb):
    text = help.help_text(verb)

    assert "$CONFIG" in text
    assert "optimizer" not in text


def test_options_of_the_user_stand_behind_the_others_with_their_folder(tmp_path):
    (tmp_path / "optimizer").mkdir()
    (tmp_path / "optimizer" / "mine.yaml").write_text("# My own.\n")

    assert help.group_text("optimizer", tmp_path).splitlines()[-1].split(maxsplit=1) == [
        "mine",
        f"My own. (in {tmp_path})",
    ]
    said = " ".join(help.groups_text(users=tmp_path).split())
    assert f"rmsprop, sgd; in {tmp_path}: mine gradient" in said
