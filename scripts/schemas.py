"""Write the JSON Schemas of the documents of `--json`, into docs/schemas.

    python scripts/schemas.py

A test tells when they are not those of the code.
"""

import json
from pathlib import Path

from seedbed.documents.formats import DOCUMENTS, json_schema, name_of

ROOT = Path(__file__).parents[1]


def files() -> dict[Path, str]:
    """Return the text of each schema by its path."""
    folder = ROOT / "docs/schemas"
    return {folder / f"{name_of(each)}.json": text(json_schema(each)) for each in DOCUMENTS}


def text(schema: object) -> str:
    """Return a schema as it stands in its file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


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
