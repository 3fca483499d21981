"""The version of Seedbed."""

__version__ = "0.1.0"
