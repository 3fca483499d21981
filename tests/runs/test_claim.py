"""A run or a sweep claims its folder: new or empty, its own alone, and taken back whole."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from seedbed.errors import ConfigError
from seedbed.runs.claim import claim, folder_named, require_free
from seedbed.runs.folder import RunFolder

KEY = "hydra.run.dir"


def claimed(path: Path) -> bool:
    try:
        claim(path, KEY, ".hydra")
    except ConfigError:
        return False
    return True


@pytest.mark.parametrize("made", [(), ("run",)])
def test_of_many_that_claim_a_folder_at_once_one_has_it(tmp_path: Path, made: tuple[str]) -> None:
    for name in made:
        (tmp_path / name).mkdir()
    with ThreadPoolExecutor(16) as threads:
        results = list(threads.map(claimed, [tmp_path / "run"] * 64))
    assert sum(results) == 1


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["photo.jpg"], "holds photo.jpg"),
        (["a", "b", "c", "d"], "holds a, b, c, and 1 more"),
        (["run.json"], "holds a run already; type hydra.run.dir=folder-3"),
        (["sweep.json"], "go on with it by sweep.resume="),
        ([".hydra"], "holds .hydra"),
    ],
)
def test_what_is_in_a_folder_is_named_and_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in names:
        (tmp_path / "folder" / name).mkdir(parents=True)
    (tmp_path / "folder-2").touch()
    for refuses in (require_free, lambda path, key: claim(path, key, ".hydra")):
        with pytest.raises(ConfigError) as error:
            refuses(Path("folder"), KEY)
        assert said in str(error.value)
        assert "hydra.run.dir=folder-3" in str(error.value)
    assert sorted(os.listdir("folder")) == sorted(names)


def test_a_claim_that_is_taken_back_leaves_what_others_put_there(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    taken = claim(tmp_path / "mine" / "a" / "b", KEY, ".hydra")
    (tmp_path / "mine/a/b/.hydra/config.yaml").touch()
    (tmp_path / "mine/a/b/notes.txt").touch()
    taken.withdraw(RunFolder(taken.path).written())
    assert os.listdir(taken.path) == ["notes.txt"]
    (taken.path / "notes.txt").unlink()
    taken.withdraw()
    # The folder that was there before stays.
    assert list(tmp_path.rglob("*")) == [tmp_path / "mine"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("n" * 256, "256 bytes, and the file system takes 255"),
        ("/".join(["long"] * 1000), "are possible; choose a shorter one"),
        ("file/run", "a file is where a folder is needed"),
        ("dangling/run", "no folder can be made there"),
        ("/proc/run", "no folder can be made there"),
        ("a\0b", "no folder can be so named"),
        ("s3://bucket/run", "not to remote storage"),
    ],
)
def test_a_folder_that_cannot_be_made_is_said_and_nothing_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to("nowhere")
    with pytest.raises(ConfigError, match=said) as error:
        claim(Path(name), KEY, ".hydra")
    assert "\n" not in str(error.value)
    assert sorted(os.listdir()) == ["dangling", "file"]


@pytest.mark.parametrize("name", ["n" * 255, "a::b", " a ", "back\\slash", "ü/=,;[x]'\"$"])
def test_odd_names_are_claimed(tmp_path: Path, name: str) -> None:
    assert claimed(tmp_path / name)


def test_a_name_of_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match="names no folder"):
        folder_named(" ", KEY)


# What a run has written, among other files.


def test_only_the_files_that_a_run_writes_are_its_own(tmp_path: Path) -> None:
    own = [
        *("run.json", "events.out.tfevents.1.host.2.3", "fit-profile.txt", "train.log"),
        *(".hydra/config.yaml", ".hydra/resolved.yaml", "checkpoints/best.ckpt"),
        *("figures/fit.png", "figures/fit-epoch-0012.png", "checkpoints/.last.ckpt.0a1b.tmp"),
    ]
    others = [
        *("photo.jpg", "notes.json", ".hydra/mine.yaml", "checkpoints/mine.ckpt", "figures/a.png"),
        *("figures/fit-2.png", "deep/run.json", "evaluate-val.json"),
    ]
    for name in (*own, *others):
        (tmp_path / "run" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "run" / name).touch()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "run.json").touch()
    written = RunFolder(tmp_path / "run").written(["fit"])
    assert {str(file.relative_to(tmp_path / "run")) for file in written} == {*own}
    (tmp_path / "link").symlink_to("elsewhere")
    assert not list(RunFolder(tmp_path / "link").written())
