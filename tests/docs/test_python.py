"""The Python that the documentation shows, run as a doctest, one block after another."""

import doctest
import re
import warnings
from pathlib import Path

import polars as pl
import pytest
from tests.docs.console import DOCS, shape
from tests.docs.working_folder import prepare

_BLOCK = re.compile(r"^```pycon\n(.*?)^```$", re.DOTALL | re.MULTILINE)
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


class _Checker(doctest.OutputChecker):
    """Comparison without numbers, names of runs and the rules of tables."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        """Return whether what is printed is what is shown."""
        return super().check_output(_shape(want), _shape(got), optionflags)


def _shape(text: str) -> str:
    lines = (shape(re.sub("[═─┌┐└┘┬┴╞╡╪┆│]+", " ", line)) for line in text.splitlines())
    return "".join(f"{line}\n" for line in lines)


@pytest.mark.parametrize("page", ["python"])
def test_blocks_of_python_give_what_is_shown(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    prepare(tmp_path, page)
    blocks = _BLOCK.findall((DOCS / f"{page}.md").read_text(encoding="utf-8"))
    test = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, page, f"{page}.md", 0)
    told: list[str] = []
    with warnings.catch_warnings(), pl.Config(tbl_width_chars=100, tbl_cols=8):
        warnings.simplefilter("ignore", UserWarning)
        doctest.DocTestRunner(_Checker(), optionflags=OPTIONS).run(test, out=told.append)

    assert test.examples
    assert not told, "".join(told)
