"""Each test works in a folder of its own, without what others have set."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("HYDRA_FULL_ERROR", "SEEDBED_DATA", "SEEDBED_OUTPUTS"):
        monkeypatch.delenv(name, raising=False)
