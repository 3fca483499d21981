"""Provenance of a run: command, versions, state of the code and device."""

from seedbed.runs.provenance.environment import command_line, device_name, versions
from seedbed.runs.provenance.git import git_state

__all__ = ["command_line", "device_name", "git_state", "versions"]
