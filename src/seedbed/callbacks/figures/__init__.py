"""Callbacks that draw figures of a run."""
