"""All documents by their formats, and their JSON Schemas."""

from inspect import cleandoc
from typing import Any

import msgspec

from seedbed.documents.configs import Config
from seedbed.documents.data import Inspection
from seedbed.documents.document import Document
from seedbed.documents.errors import Error
from seedbed.documents.listings import Groups, MetricNames, Options
from seedbed.documents.projects import Project, Schemas
from seedbed.documents.reading import Evaluation, Export, Predictions, Repetition
from seedbed.documents.runs import RunOutcome, Runs, Sweeps
from seedbed.documents.supervision import Cancellation, Status
from seedbed.documents.sweeps import Plan, Report, SweepOutcome, Unpacked

DIALECT = "https://json-schema.org/draft/2020-12/schema"
DOCUMENTS: tuple[type[Document], ...] = (
    *(Groups, Options, MetricNames, Runs, Sweeps),
    *(Plan, RunOutcome, SweepOutcome, Report, Unpacked),
    *(Status, Cancellation),
    *(Inspection, Evaluation, Predictions, Export, Repetition),
    *(Project, Schemas, Config, Error),
)


def format_of(document: type[Document]) -> str:
    """Return the format of a document, such as `seedbed-report/1`."""
    return str(document.__struct_config__.tag)


def name_of(document: type[Document]) -> str:
    """Return the name of a document's schema, such as `report`; the version is in its content."""
    return format_of(document).removeprefix("seedbed-").partition("/")[0]


def json_schema(document: type[Document]) -> dict[str, Any]:
    """Return the JSON Schema of a document, in the dialect 2020-12."""
    schema = msgspec.json.schema(document)
    [reference] = (key for key in schema if key != "$defs")
    definitions = schema["$defs"]
    top = definitions.pop(schema[reference].rpartition("/")[2])
    whole = {**top, "$defs": dict(sorted(definitions.items()))}
    return {"$schema": DIALECT, "title": format_of(document), **_with_plain_texts(whole)}


def _with_plain_texts(schema: Any) -> Any:
    """Return a schema whose descriptions, which are docstrings, are not indented."""
    if isinstance(schema, list):
        return [_with_plain_texts(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: cleandoc(value)
        if key == "description" and isinstance(value, str)
        else _with_plain_texts(value)
        for key, value in schema.items()
        if key != "title"
    }
