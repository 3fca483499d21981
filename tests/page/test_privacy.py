"""A page tells no homes, users, hosts and secrets, wherever they stand in a document."""

import os
import platform
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seedbed.page import privacy
from seedbed.page.document import (
    Column,
    Configs,
    Configurations,
    Curves,
    Failure,
    Figure,
    Jobs,
    PageDocument,
    Source,
)
from seedbed.page.privacy import plain_json, plain_lines, without_private

HOME, USER, HOST = "/data/people/jane.doe", "jane.doe", "login-7.cluster.example"


@pytest.fixture(autouse=True)
def somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", HOME)
    monkeypatch.setattr(privacy, "own_user", lambda: USER)
    monkeypatch.setattr(platform, "node", lambda: HOST)


def document(text: str) -> PageDocument:
    """Return a document that says a text wherever one can stand."""
    jobs = Jobs(
        count=1, source=[0], number=[0], configuration=[0], status=[0],
        values={"axis": [text]}, folder=[text], command=[text],
    )  # fmt: skip
    return PageDocument(
        title=text,
        written="",
        sources=[
            Source(
                name=text,
                kind="run",
                command=text,
                go_on=text,
                notes=[text],
                data={"name": text},
                git={"branch": text},
                labels={"tags": [text]},
            )
        ],
        objectives=[],
        columns=[Column(name="axis", kind="axis", type="text", meaning=text)],
        constants=[("key", text)],
        statuses=[],
        jobs=jobs,
        configurations=Configurations(1, {"axis": [text]}),
        configs=Configs({"data": {"file": text}}, {"x": [text]}),
        errors={"0": Failure(text, f'  File "{text}", line 3\n{text}')},
        figures=[Figure(0, text, text, "data:image/png;base64,aaaa/home/zz/bbbb")],
        curves=Curves(metrics=["loss"], grids=[[1]], grid_of_job=[0], values={"loss": "/root/aa="}),
    )


PATHS = st.sampled_from(
    [
        f"{HOME}/x/y.csv",
        HOME,
        f"{HOME}/",
        "/home/mary/data.csv",
        "/Users/mary/data.csv",
        "/var/home/mary",
        "C:\\Users\\mary\\data.csv",
        f"/scratch/{USER}/x",
        f"{USER}@{HOST}:/scratch",
        f"tcp://{HOST}:29500",
        "ssh://mary:passw0rd@example.org",
        "ghp_0123456789abcdefghijABCDEFGHIJ",
    ]
)
WORDS = st.text(st.characters(codec="utf-8", exclude_characters="/"), max_size=8)
SECRETS = (HOME, USER, HOST, "mary", "passw0rd", "ghp_0123456789")


@settings(deadline=None)
@given(WORDS, PATHS)
def test_nothing_private_is_left_anywhere(before, path):
    texts = f"{before} {path}", f"data.file={path}", f"'{path}'", f"[{path}, {path}]", path
    for text in (*texts, f"{before}\n{path}", f"\t{path}", f"\x1b{path}", f"file://{path}"):
        plain = msgspec.json.encode(without_private(document(text))).decode()
        assert [secret for secret in SECRETS if secret in plain] == []


def test_paths_below_the_working_folder_are_relative_to_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    here = os.getcwd()
    said = f'["{here}/a/b.csv", "{here}", "{here}/", "{here}ab", "x{here}/a"]'
    assert plain_json(said, ()) == f'["a/b.csv", ".", ".", "{here}ab", "x{here}/a"]'


@pytest.mark.parametrize(
    "text",
    [
        "train/loss",
        "https://example.org/home/page",
        "root",
        "models/home/x",
        "adam",
        "a root of it",
    ],
)
def test_what_is_not_private_stays(text):
    assert plain_json(f'["{text}"]', {"host"}) == f'["{text}"]'


def test_numbers_and_pictures_are_left_as_they_are():
    given, found = document(f"{HOME}/x"), without_private(document(f"{HOME}/x"))
    assert found.curves == given.curves
    assert [figure.source for figure in found.figures] == [
        figure.source for figure in given.figures
    ]
    assert found.title == "~/x"
    assert found.errors["0"].traceback == '  File "~/x", line 3\n~/x'


def test_hosts_that_records_name_are_left_out():
    found = without_private(document("rank 0 on node-17 timed out"), ["node-17", "vm"])
    assert found.title == "rank 0 on … timed out"


def test_lines_that_may_hold_secrets_are_left_out():
    text = 'Traceback:\n  password = "hunter2hunter2"\nValueError: x'
    assert plain_lines(text, 1_000).splitlines()[0::2] == ["Traceback:", "ValueError: x"]
    assert "hunter2" not in plain_lines(text, 1_000)
    assert plain_lines("a" * 50, 10) == f"…{'a' * 10}"


def test_the_home_of_root_is_one_too(monkeypatch):
    monkeypatch.setenv("HOME", "/root")
    assert plain_json('["/root/x", "/root", "/rooted/x"]', ()) == '["~/x", "~", "/rooted/x"]'
    assert Path("/root/x") != Path("~/x")
