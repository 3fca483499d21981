"""Run docs/notebook.ipynb anew, and keep what its cells show.

python scripts/notebook.py            run it in a folder of its own and write its outputs
python scripts/notebook.py --check    run it and write nothing: a cell that fails is an error
"""

import argparse
import os
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[1] / "docs" / "notebook.ipynb"
SECONDS_A_CELL = 300


def run(folder: Path, notebook: Path = NOTEBOOK) -> Any:
    """Return the notebook as its cells leave it, run in a folder; raises where one fails."""
    content: Any = nbformat.read(notebook, as_version=4)
    for variable in ("SEEDBED_OUTPUTS", "SEEDBED_DATA"):
        os.environ.pop(variable, None)
    resources = {"metadata": {"path": str(folder)}}
    NotebookClient(content, timeout=SECONDS_A_CELL, resources=resources).execute()
    return content


def tidied(content: Any) -> Any:
    """Return a notebook without times, bars of progress and what says where it was run."""
    content.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for number, cell in enumerate(content.cells):
        cell.id = f"cell-{number}"
        cell.metadata = {}
        if cell.cell_type == "code":
            cell.outputs = [
                output
                for output in cell.outputs
                if output.output_type != "stream" or output.name == "stdout"
            ]
            for output in cell.outputs:
                output.pop("transient", None)
                if "metadata" in output:
                    output.metadata = {}
    return content


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        content = run(Path(folder))
    if not options.check:
        NOTEBOOK.write_text(f"{nbformat.writes(tidied(content), indent=1)}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
