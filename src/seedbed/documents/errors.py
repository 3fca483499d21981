"""Document of a command that has nothing else to tell, since something was wrong."""

from typing import Annotated, Literal

from seedbed.documents.document import Document, says

Reason = Literal["wrong", "failed", "stopped"]


class Error(Document, tag="seedbed-error/1"):
    """What was wrong; stderr says it, too."""

    exit_code: Annotated[int, says("exit code of the command")]
    reason: Annotated[
        Reason,
        says(
            "wrong: the command or the config, nothing was written (exit code 2); failed: what it "
            "did (1); stopped: by a signal (128 + its number)"
        ),
    ]
    message: Annotated[str, says("what is wrong and what would be right; of several problems all")]


def error_document(code: int, message: str) -> Error:
    """Return the document of a command that ended with an exit code."""
    reason: Reason = "wrong" if code == 2 else "stopped" if code > 128 else "failed"
    return Error(exit_code=code, reason=reason, message=message)
