"""Project file: where it is looked for, what it may hold, and what the command line replaces."""

import os
from pathlib import Path

import pytest

from seedbed.config.project import Project, find_project, outputs_folder, read_project, with_origin
from seedbed.errors import ConfigError


def written(folder: Path, content: str = "trust: [mine]\n") -> Path:
    """Write a project file into a folder and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "seedbed.yaml"
    file.write_text(content, encoding="utf-8")
    return file


# ---- Where it is looked for ----------------------------------------------------------------------


def test_the_nearest_file_counts(tmp_path: Path) -> None:
    above = written(tmp_path)
    below = written(tmp_path / "a" / "b")
    (tmp_path / "a" / "b" / "c").mkdir()

    assert find_project(tmp_path).file == above
    assert find_project(tmp_path / "a").file == above
    assert find_project(tmp_path / "a" / "b").file == below
    assert find_project(tmp_path / "a" / "b" / "c").file == below


def test_the_top_of_a_git_repository_is_the_last_place(tmp_path: Path) -> None:
    written(tmp_path)
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    (tmp_path / "repository" / "src").mkdir()

    assert find_project(tmp_path / "repository" / "src") == Project()
    file = written(tmp_path / "repository")
    assert find_project(tmp_path / "repository" / "src").file == file


def test_the_home_folder_is_the_last_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home" / "work").mkdir(parents=True)

    assert find_project(tmp_path / "home" / "work") == Project()
    file = written(tmp_path / "home")
    assert find_project(tmp_path / "home" / "work").file == file


def test_a_file_of_another_user_above_the_working_folder_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path)
    (tmp_path / "mine").mkdir()
    # As it is where somebody else has written into /tmp.
    monkeypatch.setattr(os, "getuid", lambda: file.stat().st_uid + 1)
    own = os.stat_result([0, 0, 0, 0, file.stat().st_uid + 1, *[0] * 5])
    stat = Path.stat
    monkeypatch.setattr(
        Path, "stat", lambda path, **more: own if path.name == "mine" else stat(path, **more)
    )

    assert find_project(tmp_path / "mine") == Project()
    assert str(file) in capsys.readouterr().err
    assert find_project(tmp_path).file == file


@pytest.mark.parametrize("record", ["run.json", "sweep.json", ".hydra"])
def test_the_folder_of_a_run_or_sweep_brings_none(tmp_path: Path, record: str) -> None:
    above = written(tmp_path)
    written(tmp_path / "run")
    (tmp_path / "run" / record).touch()

    assert find_project(tmp_path / "run").file == above


# ---- What it may hold ----------------------------------------------------------------------------


def test_all_keys(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    file = written(
        tmp_path,
        "config_dir: mine\ntrust: [nets, my.data]\ndefaults:\n"
        "  - optimizer=adam\n  - +callback@callbacks.fit=fit\n  - ~callbacks.progress\n",
    )

    project = read_project(file)

    assert project.config_folder == tmp_path / "mine"
    assert project.trust == ("nets", "my.data")
    assert project.defaults == (
        "optimizer=adam",
        "+callback@callbacks.fit=fit",
        "~callbacks.progress",
    )


def test_an_empty_file_changes_nothing(tmp_path: Path) -> None:
    assert read_project(written(tmp_path, "# nothing yet\n")).arguments_before("train", []) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("config_dri: mine\n", "config_dri: no such key. Did you mean 'config_dir'?"),
        ("1: 2\n", "1: no such key."),
        ("config_dir: [mine]\n", "config_dir: ['mine'] is not the name of a folder"),
        ("config_dir: nowhere\n", "config_dir: no folder 'nowhere' beside it"),
        ("trust: mine\n", "trust: 'mine' is not a list"),
        ("trust: [3]\n", "trust: 3 is not a module"),
        ("trust: [mine.py, 'os;x']\n", "trust: 'os;x' is not a module"),
        ("defaults: {a: 1}\n", "defaults: {'a': 1} is not a list"),
        ("defaults: [optimizer: adam]\n", "defaults: {'optimizer': 'adam'} is not an override"),
        ("defaults: [adam]\n", "defaults: 'adam' is not an override such as optimizer=adam"),
        ("defaults: ['-m']\n", "defaults: '-m' is not an override"),
        ("- a\n", "a mapping is needed"),
        ("a: [1\nb: 2\n", "line 2: not YAML"),
        ("a: !!python/name:os.system\n", "line 1: not YAML"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(tmp_path: Path, content: str, said: str) -> None:
    file = written(tmp_path, content)

    with pytest.raises(ConfigError) as refusal:
        read_project(file)

    assert said in str(refusal.value)
    assert str(refusal.value).startswith(str(file))
    assert "\n" not in str(refusal.value)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    written(tmp_path).write_bytes(b"trust: [\xe9]\n")

    with pytest.raises(ConfigError, match="UTF-8"):
        find_project(tmp_path)


# ---- What the command line replaces --------------------------------------------------------------


def project(*defaults: str) -> Project:
    """Return a project with these defaults."""
    return Project(Path("/p/seedbed.yaml"), "mine", ("nets",), defaults)


@pytest.mark.parametrize(
    ("defaults", "typed", "applied"),
    [
        (["optimizer=adam", "seed=3"], [], ["optimizer=adam", "seed=3"]),
        (["optimizer=adam", "seed=3"], ["seed=4"], ["optimizer=adam"]),
        (["optimizer=adam", "seed=3"], ["seed=4,5", "-m"], ["optimizer=adam"]),
        (["optimizer=adam", "seed=3"], ["optimizer=sgd"], ["seed=3"]),
        (["optimizer=adam", "optimizer.amsgrad=true"], ["optimizer=sgd"], []),
        (["optimizer=adam", "optimizer.lr=1"], ["optimizer=adam"], ["optimizer.lr=1"]),
        (["optimizer.lr=1"], ["optimizer=sgd"], ["optimizer.lr=1"]),
        (["+callback@callbacks.fit=fit"], ["~callback@callbacks.fit"], []),
        (["sweep.fuse=never", "seed=3"], [], ["seed=3"]),
        (["sweep.fuse=never", "seed=3"], ["-m"], ["sweep.fuse=never", "seed=3"]),
        (["seed=3", "paths.outputs=o"], ["-m", "sweep.resume=latest"], ["paths.outputs=o"]),
    ],
)
def test_what_is_typed_goes_before_the_defaults(
    defaults: list[str], typed: list[str], applied: list[str]
) -> None:
    assert project(*defaults).arguments_before("train", typed) == [
        "--config-dir",
        "/p/mine",
        "trust=[nets]",
        *applied,
    ]


@pytest.mark.parametrize("flag", [["--config-dir", "x"], ["--config-dir=x"], ["-cd", "x"]])
def test_another_config_folder_can_be_typed(flag: list[str]) -> None:
    assert project("seed=3").arguments_before("train", flag) == ["trust=[nets]", "seed=3"]


def test_a_whole_config_from_elsewhere_is_left_alone() -> None:
    assert project("seed=3").arguments_before("train", ["--config-path", "x"]) == []


def test_verbs_that_read_a_run_take_trust_and_paths() -> None:
    found = project("seed=3", "paths.data=d")

    assert found.arguments_before("evaluate", ["run=x"]) == ["trust=[nets]", "paths.data=d"]
    assert found.arguments_before("predict", ["trust=[]"]) == ["paths.data=d"]


def test_an_error_names_the_file_for_keys_that_were_set_there() -> None:
    message = "optimizer.lr: -1 is out of range\nseed: 'x' is not a number\noptimizr: no such key"

    assert with_origin(message, ["optimizer.lr=-1", "optimizr.x=1"], project()) == (
        "optimizer.lr: -1 is out of range (in /p/seedbed.yaml)\nseed: 'x' is not a number\n"
        "optimizr: no such key (in /p/seedbed.yaml)"
    )


def test_outputs_lie_where_the_defaults_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SEEDBED_OUTPUTS", raising=False)
    assert outputs_folder() == "outputs"
    monkeypatch.setenv("SEEDBED_OUTPUTS", "elsewhere")
    assert outputs_folder() == "elsewhere"
    written(tmp_path, "defaults: [paths.outputs=mine]\n")
    assert outputs_folder() == "mine"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a: " * 3_000 + "b", "seedbed.yaml"),
        ("\n".join(f"{' ' * depth}k:" for depth in range(1_000)), "nested too deep"),
        ("#" * 1_000_001, "more than 1 MB"),
        (f"trust: [[{'x, ' * 9_000}]]", "is not a module"),
    ],
)
def test_a_file_that_nobody_means_is_refused_in_a_line(
    tmp_path: Path, content: str, said: str
) -> None:
    (tmp_path / "seedbed.yaml").write_text(content)

    with pytest.raises(ConfigError) as refused:
        find_project(tmp_path)
    assert said in str(refused.value)
    assert len(str(refused.value)) < 500
