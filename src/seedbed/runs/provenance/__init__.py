"""Provenance of a run: command, versions, packages, code, own modules, splits and device."""
