"""What the starter says without a Ray: addresses that are silent, and how much has room."""

import socket

import pytest

from seedbed.sweep.execution.workforce.ray_cluster import starter

SMALL = {"CPU": 4.0, "memory": 8e9, "node:10.0.0.1": 1.0}
LARGE = {"CPU": 64.0, "GPU": 4.0, "memory": 256e9, "accelerator_type:A100": 1.0, "big": 2.0}


@pytest.mark.parametrize(
    ("remote", "small", "large"),
    [
        ({"num_cpus": 1.0}, 4, 64),
        ({"num_cpus": 3.0}, 1, 21),
        ({"num_cpus": 0.1}, 40, 640),
        ({"num_cpus": 2.0, "num_gpus": 0.5}, 0, 8),
        ({"num_cpus": 1.0, "num_gpus": 1.0}, 0, 4),
        ({"num_cpus": 1.0, "memory": 3 * 10**9}, 2, 64),
        ({"num_cpus": 1.0, "resources": {"big": 1}}, 0, 2),
        ({"num_cpus": 1.0, "accelerator_type": "A100"}, 0, 64),
        ({"num_cpus": 0.0}, 4, 64),
    ],
)
def test_a_node_has_room_for_what_fits_there(
    remote: dict[str, float], small: int, large: int
) -> None:
    asked = starter.asked_for(remote)
    assert (starter.room_of(SMALL, asked), starter.room_of(LARGE, asked)) == (small, large)


@pytest.mark.parametrize("address", ["ray", "10.0.0.1", "10.0.0.1:", ":6379", "h:x", "h:99999"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(starter.CannotStart, match="not HOST:PORT, auto or local"):
        starter.require_answer(address, address)


def test_an_address_that_is_silent_is_refused() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(starter.CannotStart) as refused:
            starter.require_answer(address, address)
        assert str(refused.value) == (
            f"hydra.launcher.ray.init.address={address}: does not answer: connection refused"
        )
        taken.listen()
        starter.require_answer(address, address)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_the_address_that_ray_takes_for_the_loopback_is_named(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        other = f"127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setattr(
            "ray._private.services.canonicalize_bootstrap_address", lambda address: other
        )
        named = f"{host}:{server.getsockname()[1]}"
        with pytest.raises(starter.CannotStart) as refused:
            starter.found_address(named)
    assert str(refused.value) == (
        f"hydra.launcher.ray.init.address={named}: {other}, which Ray takes in its place, does "
        "not answer: connection refused"
    )


def test_a_ray_of_another_version_is_named() -> None:
    # As ray._private.utils.check_version_info of 2.60 has it.
    text = (
        "Version mismatch: The cluster was started with:\n    Ray: 2.9.0\n    Python: 3.10.4\n"
        "This process on node 10.0.0.1:6379 was started with:\n    Ray: 2.60.0\n"
        "    Python: 3.11.2\n"
    )
    assert starter.explained(RuntimeError(text)) == (
        "runs Ray 2.9.0 on Python 3.10.4, and this is Ray 2.60.0 on Python 3.11.2; they must be "
        "equal"
    )
