"""Config of a command as a document: `--cfg job --json`."""

import io
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from seedbed.documents import answer

FLAGS = ("--cfg", "-c")


def kind_of_config(words: Sequence[str]) -> str | None:
    """Return which config the words of a command ask for by `--cfg`; None where they do not."""
    for place, word in enumerate(words):
        if word in FLAGS:
            return words[place + 1] if place + 1 < len(words) else ""
        if word.startswith(f"{FLAGS[0]}="):
            return word.partition("=")[2]
    return None


@contextmanager
def giving_config(words: Sequence[str]) -> Iterator[None]:
    """Context in which a config that is printed becomes the document of the command."""
    if not answer.asked() or kind_of_config(words) != "job":
        yield
        return
    stdout, sys.stdout = sys.stdout, io.StringIO()
    try:
        yield
    except SystemExit as end:
        if not end.code:
            _give(sys.stdout.getvalue())
        raise
    finally:
        sys.stdout = stdout


def _give(text: str) -> None:
    from omegaconf import OmegaConf  # It takes its time.

    from seedbed.documents.configs import Config

    content = OmegaConf.to_container(OmegaConf.create(text))
    assert isinstance(content, dict)
    answer.give(Config(config={str(key): value for key, value in content.items()}))
