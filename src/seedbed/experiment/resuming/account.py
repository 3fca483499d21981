"""Account of a run that goes on: its provenance, and what is told in the terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from omegaconf import DictConfig

from seedbed.config.groups import GROUPS
from seedbed.config.project import key_of
from seedbed.errors import listed
from seedbed.experiment.provenance import hyperparameters
from seedbed.runs.record import provenance_in
from seedbed.runs.resuming.changes_in_words import in_words
from seedbed.runs.resuming.taking_up import TakenUp
from seedbed.terminal.words import relative

# What a run keeps of its beginning; all else says what it is now.
_OF_BEGINNING = ("command", "data", "initial_weights", "logged_as")


def continued_provenance(
    taken_up: TakenUp,
    now: Mapping[str, Any],
    config: DictConfig,
    choices: Mapping[str, str],
    words: Sequence[str],
) -> dict[str, Any]:
    """Return the provenance of a run that goes on.

    Args:
        taken_up: What it goes on from.
        now: The provenance that it would have if it began now.
        config: Its config.
        choices: The chosen option of each group.
        words: The words that it was begun with, and those that take their place.
    """
    before = provenance_in(taken_up.record)
    kept = {name: before[name] for name in _OF_BEGINNING if name in before}
    # Which options count, and what a preset has set, is known from the record alone: interpolations
    # are resolved by now, and the preset's file may be another.
    given = before.get("hyperparameters", {})
    options = {name: choices.get(name, given[name]) for name in given if name in GROUPS}
    entries = {key_of(word).partition("@")[2] for word in words}
    known = [key for key in given if "." in key and key not in entries]
    keys = options | hyperparameters(config, choices, words, known)
    entry = taken_up.entry() | _other_versions(before, now)
    resumed = [*before.get("resumed", []), entry]
    return {**before, **now, **kept, "hyperparameters": keys, "resumed": resumed}


def _other_versions(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """Return the packages whose versions, and the git commit, if they are others by now."""
    kinds = [_mapping(fields.get("versions")) for fields in (before, now)]
    names = dict.fromkeys(name for versions in kinds for name in versions)
    pairs = {name: [versions.get(name) for versions in kinds] for name in names}
    other = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
    commits = [_mapping(fields.get("git")).get("commit") for fields in (before, now)]
    if commits[0] != commits[1]:
        other["git"] = commits
    return {"versions": other} if other else {}


def account(taken_up: TakenUp, choices: Mapping[str, str], now: Mapping[str, Any]) -> list[str]:
    """Return the lines that say from where a run goes on, and what is another from there.

    Args:
        taken_up: What it goes on from.
        choices: The chosen options by now; of another option the keys are not told.
        now: The provenance that it would have if it began now.
    """
    entry, folder = taken_up.entry(), relative(taken_up.saved.folder.path)
    within = taken_up.epoch > taken_up.measured
    epoch, step = taken_up.epoch, f"step {taken_up.step:,}"
    place = f"in epoch {epoch}, after {step}" if within else f"after epoch {epoch}, {step}"
    lines = [f"resume       {folder}, {entry['status']}: goes on {place}"]
    before = taken_up.saved.choices
    options = {
        group: (before.get(group), option)
        for group, option in choices.items()
        if group in GROUPS and before.get(group) != option
    }
    keys = {
        key: pair for key, pair in entry["changed"].items() if key.partition(".")[0] not in options
    }
    lines += [
        f"changed      {key}: {in_words(key, old)} -> {in_words(key, new)}"
        for key, (old, new) in {**options, **keys}.items()
    ]
    other = _other_versions(taken_up.record, now).get("versions", {})
    if other := {name: pair for name, pair in other.items() if name != "git"}:
        begun = listed([f"{name} {pair[0]}, now {pair[1]}" for name, pair in other.items()])
        lines.append(f"note         begun with {begun}: last digits may differ")
    return lines


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
