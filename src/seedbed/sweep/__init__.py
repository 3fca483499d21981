"""Sweeps: from overrides to jobs, from jobs to groups, from a group to one tensor program."""
