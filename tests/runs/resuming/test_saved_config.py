"""The config of a run that goes on: what differs, what follows from it, and what is written."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from seedbed.runs.folder import RunFolder
from seedbed.runs.resuming.saved_config import (
    ABSENT,
    Change,
    SavedConfig,
    as_recorded,
    changed,
    differences,
)

LEAVES = st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-1, 1) | st.lists(st.integers())
NAMES = st.sampled_from("abcd")
CONFIGS = st.dictionaries(
    NAMES, st.recursive(LEAVES, lambda node: st.dictionaries(NAMES, node, min_size=1), max_leaves=6)
)


@given(CONFIGS, CONFIGS)
def test_the_differences_of_two_configs_make_of_one_the_other(before: dict, now: dict) -> None:
    made = changed(before, differences(before, now))
    assert differences(made, now) == {}


def test_what_was_not_there_and_what_is_a_number_of_another_kind_differ() -> None:
    assert differences({"a": 1, "b": {"c": 1}}, {"a": 1.0, "b": {}, "d": None}) == {
        ("a",): Change(1, 1.0),
        ("b", "c"): Change(1, ABSENT),
        ("d",): Change(ABSENT, None),
    }
    recorded = as_recorded(differences({"b": {"c": 1}}, {"d": None}))
    assert recorded == {"b": [{"c": 1}, None]}


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    folder = RunFolder(tmp_path)
    folder.config.parent.mkdir()
    folder.config.write_text(
        "trainer: {max_epochs: 5}\nscheduler: {T_max: '${trainer.max_epochs}'}"
    )
    words = {"overrides": {"task": ["trainer.max_epochs=5"]}, "runtime": {"choices": {"a": "b"}}}
    folder.config.with_name("hydra.yaml").write_text(yaml.safe_dump({"hydra": words}))
    return folder


LONGER = {("trainer", "max_epochs"): Change(5, 9)}


def test_what_follows_from_a_changed_key_is_another_and_still_follows(folder: RunFolder) -> None:
    saved = SavedConfig(folder)
    values = saved.with_changes(LONGER)
    assert values["scheduler"]["T_max"] == 9
    saved.save(differences(saved.values, values), ["trainer.max_epochs=9"], {"a": "c"})

    assert yaml.safe_load(folder.config.read_text()) == {
        "trainer": {"max_epochs": 9},
        "scheduler": {"T_max": "${trainer.max_epochs}"},
    }
    again = SavedConfig(folder)
    assert (again.words, again.choices) == (["trainer.max_epochs=9"], {"a": "c"})
    saved.restore()
    assert SavedConfig(folder).values["scheduler"]["T_max"] == 5
    assert SavedConfig(folder).words == ["trainer.max_epochs=5"]


def test_a_value_that_no_longer_follows_is_written_out(folder: RunFolder) -> None:
    saved = SavedConfig(folder)
    saved.save({("scheduler", "T_max"): Change(5, 7)}, [], {})
    assert SavedConfig(folder).values == {"trainer": {"max_epochs": 5}, "scheduler": {"T_max": 7}}


def test_changes_of_a_record_that_a_kill_kept_from_the_config_are_made_up_for(
    folder: RunFolder,
) -> None:
    record = {"resumed": [{"changed": {"trainer.max_epochs": [5, 9], "scheduler.T_max": [5, 9]}}]}
    saved = SavedConfig(folder, record)
    assert saved.values == {"trainer": {"max_epochs": 9}, "scheduler": {"T_max": 9}}
    saved.save({}, saved.words, saved.choices)
    assert SavedConfig(folder).values == saved.values
    # Of a config that has them, or others since, nothing is changed.
    saved.save({("trainer", "max_epochs"): Change(9, 12)}, saved.words, saved.choices)
    assert SavedConfig(folder, record).values["trainer"]["max_epochs"] == 12


def test_of_a_config_that_is_kept_resolved_both_files_are_changed(folder: RunFolder) -> None:
    folder.resolved.write_text("trainer: {max_epochs: 5}\nscheduler: {T_max: 4}")
    saved = SavedConfig(folder)
    values = saved.with_changes(LONGER)
    assert values == {"trainer": {"max_epochs": 9}, "scheduler": {"T_max": 4}}
    saved.save(differences(saved.values, values), [], {})
    assert SavedConfig(folder).values == values
    assert SavedConfig(folder).text["trainer"]["max_epochs"] == 9
