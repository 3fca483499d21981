"""Documents of `--json` as tests read them: one on stdout, and as its schema says."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

SCHEMAS = Path(__file__).parents[2] / "docs/schemas"


def document(text: str, kind: str) -> Any:
    """Return the only document of a text, which must be of a kind such as `seedbed-run/1`.

    It must fit the schema of its kind in docs/schemas, and hold nothing that the schema lacks.
    """
    assert text.count("\n") == 1, text
    assert text.endswith("\n"), text
    content = json.loads(text, parse_constant=_refuse)
    assert content["format"] == kind, content
    _validator(kind.removeprefix("seedbed-").partition("/")[0]).validate(content)
    return content


def _refuse(word: str) -> None:
    raise AssertionError(f"{word} is no JSON")


@cache
def _validator(name: str) -> Draft202012Validator:
    schema = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(_closed(schema))


def _closed(schema: Any) -> Any:
    """Return a schema that accepts no other keys than it names."""
    if isinstance(schema, list):
        return [_closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _closed(value) for key, value in schema.items()}
    return {**closed, "additionalProperties": False} if "properties" in schema else closed
