"""Texts of messages: paths, commands and counts."""

from pathlib import Path

import pytest

from seedbed.terminal.words import dashboard_command, jobs_text, relative, two_columns


def test_paths_below_the_working_folder_are_shown_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    assert relative(Path("a") / ".." / "b") == "b"
    assert relative(tmp_path / "here" / "c") == "c"
    assert relative(Path("..") / "there") == str(tmp_path / "there")


def test_the_command_of_a_folder_can_be_pasted_into_a_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert dashboard_command(Path("outputs")) == "seedbed dashboard outputs"
    assert dashboard_command(Path("my runs; rm")) == "seedbed dashboard 'my runs; rm'"


def test_counts_of_jobs() -> None:
    assert [jobs_text(count) for count in (0, 1, 2, 12_000)] == [
        "0 jobs",
        "1 job",
        "2 jobs",
        "12,000 jobs",
    ]


def test_meanings_stand_below_each_other() -> None:
    assert two_columns({"a": "x", "long": "y z"}, " ") == " a     x\n long  y z"
