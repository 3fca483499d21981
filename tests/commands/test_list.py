"""Groups and options as `seedbed list` prints them."""

import re

import pytest

from seedbed.config import groups, help


def test_list_names_every_group_with_its_options(command):
    outcome = command("list")

    assert (outcome.code, outcome.err) == (0, "")
    # A long list of options goes on in indented lines.
    entries = re.split(r"\n(?! )", outcome.out.rstrip("\n"))
    assert [entry.split()[0] for entry in entries] == list(groups.LISTED)
    for entry, (group, meaning) in zip(entries, groups.LISTED.items(), strict=True):
        said = " ".join(entry.split())
        assert said == f"{group} {meaning}: {', '.join(groups.options(group))}"
    assert max(map(len, outcome.out.splitlines())) <= help.COLUMNS


@pytest.mark.parametrize("group", groups.GROUPS)
def test_list_of_a_group_has_one_described_line_an_option(command, group):
    outcome = command("list", group)

    assert (outcome.code, outcome.err) == (0, "")
    files = sorted((groups.config_folder() / group).glob("*.yaml"))
    lines = outcome.out.splitlines()
    assert [line.split()[0] for line in lines] == [file.stem for file in files]
    for line, file in zip(lines, files, strict=True):
        comment = line.removeprefix(file.stem).strip()
        assert f"# {comment}\n" in file.read_text(encoding="utf-8")
        assert comment.endswith((".", "?", ")."))


@pytest.mark.parametrize(
    ("arguments", "found", "suggested"),
    [
        (("dta",), "dta", "data"),
        (("optimiser",), "optimiser", "optimizer"),
        (("data", "clusters"), "data clusters", None),
        (("data/clusters",), "data/clusters", None),
        (("../configs/data",), "../configs/data", None),
        (("paths",), "paths", None),
    ],
)
def test_an_unknown_group_names_the_nearest_and_all(refused, arguments, found, suggested):
    message = refused("list", *arguments)

    assert f"'{found}'" in message
    if suggested:
        assert f"Did you mean '{suggested}'?" in message
    assert all(group in message for group in groups.GROUPS)


def test_a_config_folder_that_does_not_exist_is_refused(refused):
    assert "nowhere" in refused("list", "--config-dir", "nowhere", function=None)
