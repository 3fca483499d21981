"""JSON Schemas of the config and of its YAML files, from the dataclasses that type them."""
