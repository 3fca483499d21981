"""Values of what has changed in a run that went on, in words."""

from seedbed.runs.provenance.files import HASH_LETTERS, SOURCES


def in_words(key: str, value: object) -> str:
    """Return a value of `resumed` in the record; of the hash of a source its first letters."""
    if key.startswith(f"{SOURCES}."):
        return str(value)[:HASH_LETTERS]
    return "null" if value is None else str(value)
