"""Figures of curves: numbers by epoch or by optimizer step."""
