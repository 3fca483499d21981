"""Documents of what is written for a project of the user's."""

from typing import Annotated

from seedbed.documents.document import Command, Document, Path, says


class Project(Document, tag="seedbed-project/1"):
    """A project that was written: `seedbed new --json`."""

    folder: Path
    files: Annotated[list[Path], says("files that were written")]
    commands: Annotated[dict[str, Command], says("what to try in the folder: commands by meaning")]


class Schemas(Document, tag="seedbed-schemas/1"):
    """JSON Schemas that were written: `seedbed config-schema folder=DIR --json`.

    Without `folder` the schema itself is the document.
    """

    folder: Path
    files: Annotated[list[Path], says("files that were written")]
