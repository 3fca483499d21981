"""TensorBoard on the runs: for this machine alone, at an address that is printed."""

import json
import os
import re
import socket
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from tests.catalogue.tensorboard.test_names import plan_of, sweep_in

from seedbed.commands import dashboard
from seedbed.errors import ConfigError

SEEDBED = str(Path(sys.executable).parent / "seedbed")


@pytest.fixture(autouse=True)
def executed(monkeypatch):
    """Record what this process would be replaced by, instead."""
    found = []
    monkeypatch.setattr(os, "execv", lambda program, words: found.append((program, words)))
    return found


@pytest.fixture
def taken():
    """Return a port that somebody listens on, the next one free."""
    while True:
        with socket.socket() as listening, socket.socket() as next_one:
            listening.bind((dashboard.HOST, 0))
            port = listening.getsockname()[1]
            try:
                next_one.bind((dashboard.HOST, port + 1))
            except (OSError, OverflowError):
                continue
            next_one.close()
            listening.listen()
            yield port
            return


# ---- Arguments -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "folder", "port"),
    [
        ([], "outputs", "6006"),
        (["there"], "there", "6006"),
        (["port=7000"], "outputs", "7000"),
        (["port=null"], "outputs", "6006"),
        (["there", "port=1"], "there", "1"),
        (["port=65535", "and=there"], "and=there", "65535"),
    ],
)
def test_folder_and_port(command, monkeypatch, executed, tmp_path, arguments, folder, port):
    monkeypatch.setattr(dashboard, "is_free", lambda port: True)
    (tmp_path / folder).mkdir()

    assert command("dashboard", *arguments).err == ""
    assert shown(executed) == (folder, port)


def test_the_folder_is_where_the_runs_are_written(command, monkeypatch, executed, tmp_path):
    for name in ("elsewhere", "there"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(dashboard, "is_free", lambda port: True)
    monkeypatch.setattr(dashboard, "outputs_folder", lambda: "elsewhere")

    command("dashboard")
    assert shown(executed)[0] == "elsewhere"
    command("dashboard", "there")
    assert shown(executed)[0] == "there"


def shown(executed):
    """Return the folder and the port that TensorBoard was last started with."""
    flags = dict(pairwise(executed[-1][1]))
    return flags["--logdir"], flags["--port"]


@pytest.mark.parametrize(
    "port", ["", "0", "65536", "-1", "80.5", "abc", "1e3", " 7000", "²", "7_000", "99999999999"]
)
def test_a_port_that_is_none_is_refused(refused, tmp_path, port):
    (tmp_path / "outputs").mkdir()

    message = refused("dashboard", f"port={port}")

    assert f"port: '{port}' is not" in message or f"port: {port} is out of range" in message
    assert "1 to 65535" in message


@pytest.mark.parametrize("flag", ["--port", "-p", "--logdir=x", "--bind_all"])
def test_flags_of_tensorboard_are_refused(refused, flag):
    assert f"'{flag}'" in refused("dashboard", flag)


@pytest.mark.parametrize("arguments", [(), ("nowhere",), ("a/prt=7000",)])
def test_a_folder_that_is_not_there_is_refused(refused, arguments):
    message = refused("dashboard", *arguments)

    assert (arguments or ("outputs",))[0] in message


def test_a_file_is_no_folder(refused, tmp_path):
    (tmp_path / "file").write_text("")

    assert "'file'" in refused("dashboard", "file")


def test_two_folders_are_refused(refused, executed, tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()

    refused("dashboard", "one", "two")

    assert executed == []


# ---- Ports ---------------------------------------------------------------------------------------


def test_the_first_port_is_taken_if_it_is_free(monkeypatch, taken):
    monkeypatch.setattr(dashboard, "FIRST_PORT", taken + 1)

    assert dashboard.free_port() == taken + 1


def test_a_port_that_somebody_listens_on_is_passed_over(monkeypatch, taken):
    monkeypatch.setattr(dashboard, "FIRST_PORT", taken)

    assert dashboard.free_port() > taken


def test_a_port_that_is_only_bound_is_passed_over(monkeypatch):
    with socket.socket() as bound:
        bound.bind((dashboard.HOST, 0))
        port = bound.getsockname()[1]
        monkeypatch.setattr(dashboard, "FIRST_PORT", port)

        assert dashboard.free_port() != port


def test_a_port_that_was_asked_for_and_is_taken_is_refused(refused, executed, tmp_path, taken):
    # Else the address that is printed is that of somebody else's server.
    (tmp_path / "outputs").mkdir()

    assert str(taken) in refused("dashboard", f"port={taken}")
    assert executed == []


def test_where_no_port_is_free_it_says_so(monkeypatch):
    monkeypatch.setattr(socket.socket, "connect_ex", lambda *args: 0)
    monkeypatch.setattr(socket.socket, "bind", _taken)

    with pytest.raises(ConfigError, match=str(dashboard.FIRST_PORT)):
        dashboard.free_port()


def _taken(*args):
    raise OSError("address in use")


# ---- Starting ------------------------------------------------------------------------------------


def test_the_address_is_printed_and_tensorboard_listens_there_alone(command, executed, tmp_path):
    (tmp_path / "outputs").mkdir()

    outcome = command("dashboard")

    assert outcome.err == ""
    [(program, words)] = executed
    assert program == sys.executable
    flags = dict(pairwise(words))
    assert (flags["--logdir"], flags["--host"]) == ("outputs", "127.0.0.1")
    assert f"http://127.0.0.1:{flags['--port']}/" in outcome.out
    assert "--bind_all" not in words


@pytest.mark.slow
def test_tensorboard_answers_with_the_names_of_jobs_on_the_printed_address_and_nowhere_else(
    tmp_path,
):
    sweep_in(tmp_path / "outputs" / "sweep", plan_of(("seed=1",), ("seed=2",)))
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    process = subprocess.Popen(
        [SEEDBED, "dashboard"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(temporary)},
    )
    try:
        url = re.search(r"http://127\.0\.0\.1:(\d+)/", process.stdout.readline())
        assert _answer(url[0], process, seconds=25) == 200
        for address in _other_addresses():
            with socket.socket() as probe:
                probe.settimeout(2)
                assert probe.connect_ex((address, int(url[1]))) != 0, address
        assert _runs(url[0], seconds=25) == ["sweep/seed=1 (0)", "sweep/seed=2 (1)"]
        process.terminate()  # SIGINT is ignored by what a script runs in the background
        process.wait(timeout=60)
        assert not list(temporary.glob("seedbed-*"))
    finally:
        process.kill()
        process.wait()


def _runs(url, seconds):
    """Return the names of the runs, as soon as there are any."""
    end, runs = time.monotonic() + seconds, []
    while not runs and time.monotonic() < end:
        with urlopen(f"{url}data/runs", timeout=5) as response:
            runs = json.load(response)
        time.sleep(0.1)
    return runs


def _answer(url, process, seconds):
    """Return the status of the first answer that the server gives."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        try:
            with urlopen(url, timeout=5) as response:
                return response.status
        except URLError:
            time.sleep(0.1)
    raise AssertionError("no answer")


def _other_addresses():
    """Return this machine's addresses on its other interfaces."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # Sends nothing; picks the interface.
            return {probe.getsockname()[0], "127.0.0.2"} - {"127.0.0.1"}
        except OSError:
            return {"127.0.0.2"}
