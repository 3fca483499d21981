"""Provenance in the record of a run: seed, data, command, code, packages and device."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig

from seedbed.config.schema.data import SPLITS
from seedbed.config.spec import scheduled
from seedbed.data import DataModule
from seedbed.experiment.provenance.hyperparameters import hyperparameters
from seedbed.runs.provenance.environment import command_line, device_name, versions
from seedbed.runs.provenance.files import (
    PACKAGES,
    PATCH,
    SOURCES,
    SPLITS_FILE,
    UNTRACKED,
    ProvenanceFiles,
    hash_of,
)
from seedbed.runs.provenance.git import code_state
from seedbed.runs.provenance.packages import packages_text
from seedbed.runs.provenance.sources import Source, own_sources, source_path
from seedbed.runs.provenance.splits import SplitRows, splits_text


def provenance_of_job(
    config: DictConfig,
    choices: Mapping[str, str],
    overrides: Sequence[str],
    preset: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the provenance of one job of a sweep.

    Args:
        config: the composed config.
        choices: the chosen option of each group.
        overrides: the command line's words.
        preset: keys that the chosen preset sets (see `preset_keys`).
    """
    return {
        "name": config.name,
        "tags": list(dict.fromkeys(config.tags)),
        "notes": config.notes,
        "hyperparameters": hyperparameters(config, choices, overrides, preset),
        "seed": config.seed,
        **({"schedule": entries} if (entries := scheduled(config)) else {}),
        **({"schedule_of": config.schedule_of} if config.schedule_of else {}),
        "data": {"choice": choices.get("data"), "fingerprint": None},
    }


@dataclass(frozen=True)
class Environment:
    """What all jobs of a command share of their provenance.

    Attributes:
        fields: fields of run.json.
        files: contents of files of `provenance/`, by name.
    """

    fields: dict[str, Any]
    files: Mapping[str, bytes] = field(default_factory=dict)


def environment_of_command(command: Sequence[str], device: torch.device) -> Environment:
    """Return the command, versions, installed packages, state of the code and device."""
    packages, state = packages_text().encode(), code_state(Path.cwd())
    files, git = {PACKAGES: packages}, state.fields
    if git is not None:
        git = {**git, "patch": None}
        if state.patch is not None:
            files[PATCH] = state.patch.encode()
            git["patch"] = hash_of(files[PATCH])
            git |= {"left_out": state.left_out} if state.left_out else {}
        elif state.left_out:
            git["patch"] = f"not kept: {state.left_out}"
    if state.untracked:
        files[UNTRACKED] = "".join(f"{name}\n" for name in state.untracked).encode()
    fields = {
        "command": command_line(list(command)),
        "versions": versions(),
        "packages": hash_of(packages),
        "git": git,
        "device": device_name(device),
    }
    return Environment(fields, files)


def data_fields(data: DataModule, choice: str) -> tuple[dict[str, Any], bytes]:
    """Return what run.json says of data that are set up, and the content of splits.json."""
    splits = {}
    for split in filter(data.has_split, SPLITS):
        numbers = data.row_numbers(split)
        splits[split] = SplitRows(data.rows(split), None if numbers is None else numbers.numpy())
    content, fingerprint = splits_text(splits).encode(), data.fingerprint
    fields = {
        "choice": choice,
        "fingerprint": fingerprint,
        "fingerprint_of": data.fingerprint_of,
        "rows": {split: part.rows for split, part in splits.items()},
        "splits": hash_of(content),
    }
    return fields, content


def _described(source: Source) -> dict[str, Any]:
    """Return what run.json says of the source of a module."""
    fields = {"file": source.file, "sha256": source.sha256, "package": source.is_package}
    return {**fields, "left_out": source.left_out} if source.left_out else fields


@dataclass(frozen=True)
class ProvenanceKeeper:
    """Keeper of the files of a run's provenance, in its folder or once in that of its sweep.

    Attributes:
        files: where they lie.
        environment: what all jobs of the command share.
        targets: names of the classes that the config names, whose sources are kept.
    """

    files: ProvenanceFiles
    environment: Environment
    targets: Sequence[str] = ()

    def keep(self) -> dict[str, Any]:
        """Write what is known of packages, code and own modules; return fields of run.json."""
        for name, content in self.environment.files.items():
            self.files.keep(name, content)
        return self.keep_sources()

    def keep_sources(self) -> dict[str, Any]:
        """Write the sources of the user's modules that are imported by now; return the field."""
        sources = own_sources(self.targets)
        for name, source in sources.items():
            if source.content is not None:
                path = f"{SOURCES}/{source_path(name, source.is_package)}"
                self.files.keep(path, source.content)
        return {"sources": {name: _described(source) for name, source in sources.items()}}

    def keep_splits(self, content: bytes) -> None:
        """Write the row numbers of the splits."""
        self.files.keep(SPLITS_FILE, content)
