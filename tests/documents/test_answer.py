"""`--json`: exactly one document on stdout, all else on stderr."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.command_line import SEEDBED, environment, seedbed
from tests.documents.validating import document

NOISE = """
import os, subprocess, sys
import msgspec
from seedbed.documents import answer
from seedbed.documents.configs import Config

with answer.answering():
    print("printed")
    os.write(1, b"by the descriptor\\n")
    subprocess.run(["echo", "by a process"])
    answer.give(Config(config={"number": float(sys.argv[1])}))
print("afterwards")
"""


def test_whatever_else_is_written_goes_to_stderr():
    ended = subprocess.run(
        [sys.executable, "-c", NOISE, "0.1"], capture_output=True, text=True, check=True
    )

    first, rest = ended.stdout.split("\n", 1)
    assert json.loads(first) == {"format": "seedbed-config/1", "config": {"number": 0.1}}
    assert rest == "afterwards\n"
    assert ended.stderr == "printed\nby the descriptor\nby a process\n"


def test_a_number_that_is_not_finite_is_null():
    ended = subprocess.run(
        [sys.executable, "-c", NOISE, "nan"], capture_output=True, text=True, check=True
    )
    assert json.loads(ended.stdout.splitlines()[0])["config"] == {"number": None}


def test_names_steer_no_terminal_and_are_written_whatever_their_bytes(command, tmp_path):
    run = {"status": "completed", "name": "a\u202eb\x9b2J\x1b[31m", "started": "2026-01-01"}
    folder = tmp_path / os.fsdecode(b"outputs/runs/a/\xff")
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps(run))
    outcome = command("list", "runs", "--json")
    [listed] = document(outcome.out, "seedbed-runs/1")["runs"]
    assert listed["labels"]["name"] == run["name"]
    assert listed["folder"] == "outputs/runs/a/\\udcff"
    assert outcome.out.rstrip("\n").isprintable()


def test_the_flag_stands_anywhere(tmp_path: Path, command):
    said = [
        command(*words)
        for words in (
            ("--json", "list", "optimizer"),
            ("list", "--json", "optimizer"),
            ("list", "optimizer", "--json"),
            ("list", "optimizer", "--json", "--json"),
        )
    ]
    first = said[0]
    assert first.code == 0
    assert {outcome.out for outcome in said} == {first.out}
    told = document(first.out, "seedbed-options/1")
    assert [each["name"] for each in told["options"]][:2] == ["adagrad", "adam"]
    # As in a process of its own.
    ended = seedbed(tmp_path, "list", "optimizer", "--json")
    assert (ended.stdout, ended.stderr) == (first.out, "")


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        (("lst",), "'lst' is no verb. Did you mean 'list'?"),
        (("list", "optimiser"), "'optimiser' is no config group. Did you mean 'optimizer'?"),
        (("train", "optimizer=adma"), "optimizer=adma: no such option. Did you mean 'adam'?"),
        (("report", "nowhere"), "sweep=nowhere: no such folder"),
        (("evaluate", "run=nowhere"), "run=nowhere: no such folder"),
        (("dashboard",), "--json: seedbed dashboard serves until it is stopped"),
        (("train", "--help"), "--json: --help prints a text for people"),
        (("train", "--info=all"), "--json: --info=all prints a text for people"),
        (("train", "--cfg", "hydra"), "--json: --cfg hydra prints what is Hydra's own"),
        ((), "--json: help prints a text for people"),
    ],
)
def test_what_is_wrong_is_a_document_too(command, tmp_path, words, wrong):
    outcome = command(*words, "--json")

    told = document(outcome.out, "seedbed-error/1")
    assert (outcome.code, told["exit_code"], told["reason"]) == (2, 2, "wrong")
    assert told["message"].startswith(wrong)
    assert outcome.err.startswith(f"seedbed: {wrong}")
    assert not list(tmp_path.iterdir())


def test_the_config_is_a_document(command):
    told = document(command("train", "--cfg", "job", "--json", "seed=7").out, "seedbed-config/1")[
        "config"
    ]
    assert told["seed"] == 7
    assert told["data"]["seed"] == "${seed}"
    assert told["optimizer"]["lr"] == 1e-5
    resolved = command("train", "--cfg=job", "--resolve", "--json", "seed=7")
    assert document(resolved.out, "seedbed-config/1")["config"]["data"]["seed"] == 7


def test_a_document_that_cannot_be_written_is_said(tmp_path: Path):
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    with open("/dev/full", "w") as full:
        ended = subprocess.run(
            [*SEEDBED, "list", "--json"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
            cwd=tmp_path,
            check=False,
        )
    assert ended.returncode == 1
    assert "no space left" in ended.stderr
