"""Write the JSON Schemas: of the documents of `--json`, and of the YAML files of the config.

    python scripts/schemas.py

They go into docs/schemas and configs/schemas.

A test tells when they are not those of the code.
"""

from pathlib import Path

from seedbed.config.json_schema.files import file_schemas, schema_text
from seedbed.documents.formats import DOCUMENTS, json_schema, name_of

ROOT = Path(__file__).parents[1]


def files() -> dict[Path, str]:
    """Return the text of each schema by its path."""
    documents = {f"docs/schemas/{name_of(each)}.json": json_schema(each) for each in DOCUMENTS}
    configs = {f"configs/schemas/{name}.json": each for name, each in file_schemas().items()}
    return {
        **{ROOT / path: schema_text(schema, indent=2) for path, schema in documents.items()},
        **{ROOT / path: schema_text(schema) for path, schema in configs.items()},
    }


def main() -> None:
    """Write what differs, and remove what is of none."""
    written = files()
    for path, content in written.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    for folder in {path.parent for path in written}:
        for stale in {*folder.glob("*.json")} - written.keys():
            stale.unlink()


if __name__ == "__main__":
    main()
