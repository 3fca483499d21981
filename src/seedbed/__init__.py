"""Seedbed: compose an experiment from YAML, run one or a thousand variants, trust the outcome."""

__version__ = "0.1.0"
