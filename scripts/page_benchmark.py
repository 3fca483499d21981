"""Report pages of documents that are drawn, written to look at.

python scripts/page_benchmark.py --write FOLDER
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.page.documents import DOCUMENTS  # noqa: E402

from seedbed.page.html import page_html  # noqa: E402


def main() -> None:
    """Write the pages."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--write", type=Path, metavar="FOLDER", required=True)
    arguments = parser.parse_args()
    arguments.write.mkdir(parents=True, exist_ok=True)
    for name, make in DOCUMENTS.items():
        path = arguments.write / f"{name}.html"
        path.write_bytes(page_html(make()))
        print(f"{path.stat().st_size / 1e6:6.2f} MB  {path}")


if __name__ == "__main__":
    main()
