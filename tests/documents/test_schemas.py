"""The JSON Schemas in docs/schemas."""

from scripts.schemas import files

from seedbed.documents.formats import DOCUMENTS, json_schema, name_of


def test_the_schemas_are_those_of_the_code():
    """Where this fails, run `python scripts/schemas.py` and look at what has changed.

    Within a version of a format keys may be added; what is renamed, removed or means another thing
    is a new version.
    """
    written = files()
    for path, text in written.items():
        assert path.is_file(), path
        assert path.read_text(encoding="utf-8") == text, path
    folders = {path.parent for path in written}
    assert {path for folder in folders for path in folder.glob("*.json")} == written.keys()


def test_every_key_of_a_document_is_required_and_every_document_says_what_it_is():
    for each in DOCUMENTS:
        schema = json_schema(each)
        parts = [schema, *schema["$defs"].values()]
        assert schema["description"], each
        assert "`" in schema["description"] or name_of(each) == "error"
        for part in parts:
            assert sorted(part["required"]) == sorted(part["properties"])
