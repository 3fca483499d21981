"""Document of a composed config."""

from typing import Annotated, Any

from seedbed.documents.document import Document, says


class Config(Document, tag="seedbed-config/1"):
    """A config as it is composed: `--cfg job --json`."""

    config: Annotated[
        dict[str, Any],
        says("keys and values; interpolations are texts, without --resolve; `???`: to be given"),
    ]
