"""What the controller is told of workers on Ray, by a driver that is none."""

from pathlib import Path
from typing import Any

import pytest
from hydra._internal.callbacks import Callbacks
from hydra.core.config_store import ConfigStore
from omegaconf import OmegaConf

from seedbed.config.schema.launcher import RayLauncher
from seedbed.config.schema.root import Sweep
from seedbed.errors import ConfigError, ProcessLost
from seedbed.sweep.execution.workforce.ray_cluster import workforce
from seedbed.sweep.execution.workforce.ray_cluster.messages import Connected, TaskEnded
from seedbed.sweep.execution.workforce.worker_function import WorkerFunction

ENDED = {
    "refused": False,
    "why": "",
    "done": 1,
    "failed": 0,
    "signal": None,
    "full": "",
    "node": "a",
}
REFUSED = {"refused": True, "why": "a worker on b cannot see sweep", "node": "b"}
BROKEN = {**ENDED, "failed": 3, "why": "its first 3 units failed"}


class Driver:
    """Driver that is told what has ended, and remembers what it is sent."""

    def __init__(self, *arguments: Any) -> None:
        self.room = 3
        self.sent: list[Any] = []
        self.news: list[TaskEnded] = []

    def connected(self) -> Connected:
        return Connected("10.0.0.5:6379", False, 3, 3, 1)

    def send(self, message: Any) -> None:
        self.sent.append(message)

    def ended(self) -> list[TaskEnded]:
        news, self.news = self.news, []
        return news


@pytest.fixture
def ray(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> workforce.Ray:
    """A workforce that has begun."""
    monkeypatch.setattr(workforce, "Driver", Driver)
    master = OmegaConf.create({"hydra": {"launcher": OmegaConf.structured(RayLauncher)}})
    ray = workforce.Ray(master, Sweep())
    ray.open(WorkerFunction(str(tmp_path), "token", print, Callbacks()))  # type: ignore[arg-type]
    return ray


def hear(ray: workforce.Ray, *news: TaskEnded) -> Any:
    ray.driver.news += news  # type: ignore[union-attr]
    return ray.look()


def test_a_plan_is_cut_for_as_many_workers_as_have_room(ray: workforce.Ray) -> None:
    assert tuple(ray.sharing()) == (3, 1, 1)
    assert ray.told(9) == ["workers 3 on Ray at 10.0.0.5:6379, 3 nodes"]


def test_workers_that_die_are_said_to_be_lost_and_why(ray: workforce.Ray) -> None:
    died, memory = TaskEnded(1, None, "died with its node 10.0.0.7"), TaskEnded(2, None, "", True)
    lost = hear(ray, died, memory, TaskEnded(3, ENDED))
    assert [tuple(each) for each in lost] == [
        ("ray 1", "died with its node 10.0.0.7", "died"),
        ("ray 2", "", "memory"),
    ]
    assert not any(ray.tells_of(f"ray {number}") for number in (1, 2, 3))
    assert ray.tells_of("ray 4")
    assert not ray.tells_of("local 4")


def test_a_sweep_ends_where_no_node_is_left_that_sees_it(
    ray: workforce.Ray, capsys: pytest.CaptureFixture[str]
) -> None:
    assert hear(ray, TaskEnded(1, REFUSED)) == []
    assert "a worker on b cannot see sweep; other nodes work on" in capsys.readouterr().err
    ray.driver.room = 0  # type: ignore[union-attr]
    with pytest.raises(ConfigError, match="a worker on b cannot see sweep"):
        hear(ray, TaskEnded(2, REFUSED))


def test_workers_that_take_no_more_are_not_replaced_but_for_the_last(ray: workforce.Ray) -> None:
    hear(ray, TaskEnded(1, BROKEN))
    ray.ensure(5)
    hear(ray, TaskEnded(2, BROKEN), TaskEnded(3, BROKEN), TaskEnded(4, {**BROKEN, "signal": 15}))
    ray.ensure(5)
    assert [message.less for message in ray.driver.sent[1:]] == [1, 2]  # type: ignore[union-attr]


def test_workers_that_never_begin_end_the_sweep(ray: workforce.Ray) -> None:
    died = [TaskEnded(number, None, "was killed, or crashed") for number in range(1, 6)]
    with pytest.raises(ProcessLost, match="no worker comes to work: was killed, or crashed"):
        hear(ray, *died)


def test_without_ray_it_is_said_how_it_is_installed(
    refused: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workforce, "find_spec", lambda name: None)
    said = refused("train", "-m", "seed=1,2", "data=linear_noise", "hydra/launcher=ray")
    assert said == (
        "seedbed: hydra/launcher=ray: ray is not installed. Install it with: pip install "
        "'seedbed[launchers]'\n"
    )


def test_values_out_of_their_limits_are_refused(refused: Any) -> None:
    words = ("train", "-m", "seed=1,2", "data=linear_noise", "hydra/launcher=ray")
    assert refused(*words, "hydra.launcher.ray.init.num_cpus=0") == (
        "seedbed: hydra.launcher.ray.init.num_cpus: 0 is out of range: it must be at least 1\n"
    )


def test_the_node_of_the_plugin_does_not_get_in_the_way(refused: Any) -> None:
    store = ConfigStore.instance()
    store.store("ray", {"_target_": "a.Launcher", "ray": {"init": {}}}, group="hydra/launcher")
    try:
        words = ("train", "-m", "seed=1,2", "data=linear_noise", "hydra/launcher=ray")
        assert refused(*words, "hydra.launcher.ray.remote.num_cpus=-1").startswith(
            "seedbed: hydra.launcher.ray.remote.num_cpus: -1.0 is out of range"
        )
        assert store.repo["hydra"]["launcher"]["ray.yaml"].node._target_ == "a.Launcher"
    finally:
        del store.repo["hydra"]["launcher"]["ray.yaml"]
