"""State of the code by git."""

import os
import subprocess

import pytest

from seedbed.runs.provenance.git import CodeState, code_state, git_state


@pytest.fixture(autouse=True)
def no_git_of_the_user(monkeypatch, tmp_path):
    """Keep the user's own settings, and a repository around the tests, out of them."""
    for name in list(os.environ):
        if name.startswith("GIT_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))


def git(folder, *arguments):
    identity = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main"]
    command = ["git", *identity, "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(tmp_path):
    """Return a git repository with one commit."""
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q")
    (folder / "code.py").write_text("a = 1\n")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    return folder


def test_a_clean_checkout(repository):
    commit = git(repository, "rev-parse", "HEAD")

    assert git_state(repository) == {"commit": commit, "branch": "main", "dirty": False}


def test_a_folder_inside_the_checkout(repository):
    (repository / "sub").mkdir()

    assert git_state(repository / "sub") == git_state(repository)


def test_a_changed_file_makes_it_dirty(repository):
    (repository / "code.py").write_text("a = 2\n")

    assert git_state(repository)["dirty"] is True


@pytest.mark.parametrize("change", ["staged", "deleted", "renamed"])
def test_other_changes_make_it_dirty_as_well(repository, change):
    if change == "staged":
        (repository / "new.py").write_text("")
        git(repository, "add", "new.py")
    elif change == "deleted":
        (repository / "code.py").unlink()
    else:
        git(repository, "mv", "code.py", "other.py")

    assert git_state(repository)["dirty"] is True


def test_a_file_that_git_does_not_know_does_not(repository):
    # A run writes its own outputs into the working folder.
    (repository / "outputs").mkdir()
    (repository / "outputs" / "run.json").write_text("{}")

    assert git_state(repository)["dirty"] is False


def test_another_branch_and_no_branch(repository):
    git(repository, "checkout", "-q", "-b", "feature/a b".replace(" ", "-"))
    assert git_state(repository)["branch"] == "feature/a-b"

    git(repository, "checkout", "-q", "--detach")
    state = git_state(repository)
    assert state["branch"] == "(detached)"
    assert state["commit"] == git(repository, "rev-parse", "HEAD")


def test_a_branch_ahead_of_its_remote(repository, tmp_path):
    git(tmp_path, "clone", "-q", str(repository), "clone")
    (tmp_path / "clone" / "code.py").write_text("a = 3\n")
    git(tmp_path / "clone", "commit", "-q", "-a", "-m", "second")

    state = git_state(tmp_path / "clone")

    assert (state["branch"], state["dirty"]) == ("main", False)


def test_a_repository_with_a_stash_that_it_shows(repository):
    (repository / "code.py").write_text("a = 2\n")
    git(repository, "stash", "-q")
    git(repository, "config", "status.showStash", "true")

    assert git_state(repository)["dirty"] is False


def test_a_repository_without_commits(tmp_path):
    git(tmp_path, "init", "-q")

    assert git_state(tmp_path) == {"commit": None, "branch": "main", "dirty": False}


def test_no_repository(tmp_path):
    assert git_state(tmp_path) is None


def test_a_folder_that_is_not_there(tmp_path):
    assert git_state(tmp_path / "nowhere") is None


def test_no_git(repository, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))

    assert git_state(repository) is None


def test_a_damaged_repository(repository):
    (repository / ".git" / "HEAD").write_text("nonsense")

    assert git_state(repository) is None


def test_a_git_that_hangs(repository, monkeypatch, tmp_path):
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nsleep 60\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setattr("seedbed.runs.provenance.git.SECONDS", 0.05)

    assert git_state(repository) is None


def test_looking_changes_nothing_in_the_repository(repository):
    # `git status` refreshes the index by itself, and would collide with a commit of the user's.
    index = repository / ".git" / "index"
    os.utime(repository / "code.py", (10**9, 10**9))
    before = index.read_bytes()

    git_state(repository)

    assert index.read_bytes() == before


def test_git_runs_nothing_that_a_checkout_configures(tmp_path):
    def git(*words):
        subprocess.run(["git", "-C", tmp_path, *words], check=True, capture_output=True)

    git("init", "-q")
    git("config", "user.email", "a@b")
    git("config", "user.name", "n")
    (tmp_path / "file").write_text("x\n")
    git("add", "file")
    git("commit", "-qm", "x")
    marker = tmp_path / "executed"
    (tmp_path / "hook").write_text(f"#!/bin/sh\ntouch {marker}\n")
    (tmp_path / "hook").chmod(0o755)
    for key in (
        "core.fsmonitor",
        "core.pager",
        "diff.external",
        "filter.a=b.clean",
        "filter.x.process",
    ):
        git("config", key, str(tmp_path / "hook"))
    git("config", "filter.a=b.required", "true")
    (tmp_path / ".gitattributes").write_text("* filter=a=b\n")
    os.utime(tmp_path / "file", (1, 1))  # So that git looks into it.

    found = git_state(tmp_path)

    assert not marker.exists()
    assert found is not None
    assert found["dirty"] is False


# ---- The patch -----------------------------------------------------------------------------------


def test_the_patch_makes_the_tree_what_it_was(repository, tmp_path):
    git(tmp_path, "clone", "-q", str(repository), "clone")
    (repository / "code.py").write_text("a = 2\nb = 'ä'\n")
    (repository / "new.py").write_text("c = 3\n")
    git(repository, "add", "new.py")
    (repository / "unknown.py").write_text("")

    state = code_state(repository)

    assert state.fields["dirty"] is True
    assert (state.left_out, state.untracked) == ("", ("unknown.py",))
    (tmp_path / "git.patch").write_text(state.patch)
    git(tmp_path / "clone", "apply", str(tmp_path / "git.patch"))
    for name in ("code.py", "new.py"):
        assert (tmp_path / "clone" / name).read_text() == (repository / name).read_text()


def test_a_clean_tree_has_no_patch(repository):
    assert code_state(repository) == CodeState(git_state(repository))
    assert code_state(repository.parent) == CodeState(None)


def test_secrets_are_left_out_of_the_patch(repository):
    (repository / ".env").write_text("WANDB=hunter\n")
    (repository / "code.py").write_text("a = 2\napi_key = 'abcdefgh'\n")
    git(repository, "add", ".")

    state = code_state(repository)

    assert "hunter" not in state.patch
    assert "abcdefgh" not in state.patch
    assert "+a = 2\n+LEFT-OUT\n" in state.patch
    assert state.left_out == "may hold secrets: .env, 1 line"


def test_a_patch_that_is_too_large_is_not_kept(repository, monkeypatch):
    monkeypatch.setattr("seedbed.runs.provenance.git.MOST_BYTES", 100)
    (repository / "code.py").write_text("a = 2\n" * 1000)

    state = code_state(repository)

    assert (state.patch, state.left_out) == (None, "more than 100 bytes")


def test_a_patch_runs_nothing_that_a_checkout_configures(repository):
    marker = repository.parent / "executed"
    hook = repository.parent / "hook"
    hook.write_text(f"#!/bin/sh\ntouch {marker}\ncat\n")
    hook.chmod(0o755)
    for key in ("diff.external", "diff.x.command", "diff.x.textconv", "filter.x.clean"):
        git(repository, "config", key, str(hook))
    (repository / ".gitattributes").write_text("* diff=x filter=x\n")
    (repository / "code.py").write_text("a = 2\n")

    state = code_state(repository)

    assert not marker.exists()
    assert "+a = 2" in state.patch
