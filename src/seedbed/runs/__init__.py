"""The run folder: layout, record, provenance, and opening it safely."""
