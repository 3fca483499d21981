"""Config of a run as it is shown: references are followed, and nothing is called."""

from pathlib import Path

import pytest

from seedbed.errors import RunFolderError
from seedbed.runs.folder import RunFolder
from seedbed.runs.shown_config import shown_config


def shown(folder: Path, text: str) -> object:
    path = folder / ".hydra/config.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return shown_config(RunFolder(folder))


def test_keys_are_followed_and_resolvers_are_not_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINE", "secret")
    text = (
        "a: {b: 3}\nc: ${a.b}\nd: ['${c}', 'x${c}']\n"
        "e: ${oc.env:MINE}\nf: ${e}\ng: 'lr=${a.b} of ${oc.env:MINE}'\nh: ${${name}:MINE}\n"
        "name: oc.env\ni: ???\n"
    )

    assert shown(tmp_path, text) == {
        "a": {"b": 3},
        "c": 3,
        "d": [3, "x3"],
        "e": "${oc.env:MINE}",
        "f": "${oc.env:MINE}",
        "g": "lr=${a.b} of ${oc.env:MINE}",
        "h": "${${name}:MINE}",
        "name": "oc.env",
        "i": "???",
    }


def test_interpolations_without_end_are_refused(tmp_path: Path) -> None:
    doubling = "a0: x\n" + "".join(f"a{n}: ${{a{n - 1}}}${{a{n - 1}}}\n" for n in range(1, 40))

    with pytest.raises(RunFolderError, match="interpolation"):
        shown(tmp_path, doubling)
    with pytest.raises(RunFolderError):
        shown(tmp_path, "a: ${b}\nb: ${a}\n")


def test_signs_that_stand_for_texts_are_no_texts_of_others(tmp_path: Path) -> None:
    assert shown(tmp_path, "a: \ue0005\ue001\nb: ${oc.env:X}\nc: \ue0000\ue001\n") == {
        "a": "\ue0005\ue001",
        "b": "${oc.env:X}",
        "c": "\ue0000\ue001",
    }
    assert shown(tmp_path, "a: \ue0005\ue001\n") == {"a": "\ue0005\ue001"}
