"""Schema of `hydra/launcher=ray`: what is said to Ray, in its own words.

The names of the keys are those of the package hydra-ray-launcher, which is not needed.
"""

from dataclasses import dataclass
from typing import Any

from seedbed.config.schema.field import Schema, key


@dataclass
class RayInit(Schema):
    """Arguments of `ray.init`, those that are neither null nor empty."""

    address: str | None = key(
        "HOST:PORT of the head node, auto (the cluster of this machine), or local (a new one); "
        "null: that of RAY_ADDRESS, else of this machine, else a new one",
        None,
    )
    num_cpus: int | None = key(
        "cores of a Ray that the sweep starts itself; null: those of the machine", None, at_least=1
    )
    num_gpus: int | None = key(
        "GPUs of a Ray that the sweep starts itself; null: those of the machine", None, at_least=0
    )
    resources: dict[str, float] = key(
        "resources of your own of a Ray that the sweep starts itself, such as {big: 1}", {}
    )
    object_store_memory: int | None = key(
        "bytes of the object store of a Ray that the sweep starts itself, which needs little; "
        "null: 100 MB",
        None,
        at_least=78_643_200,
    )
    runtime_env: dict[str, Any] = key(
        "runtime environment of the workers, such as {env_vars: {A: b}}; {}: that of the nodes", {}
    )
    namespace: str | None = key("Ray's namespace; null: one of its own", None)


@dataclass
class RayRemote(Schema):
    """Options of the task that each worker is."""

    num_cpus: float = key("cores of a worker, which uses as many threads", 1.0, at_least=0)
    num_gpus: float | None = key(
        "GPUs of a worker, or a share of one; null: none", None, at_least=0
    )
    memory: int | None = key(
        "bytes of memory that Ray sets aside for a worker; null: none", None, at_least=1
    )
    resources: dict[str, float] = key(
        "resources of your own that a worker takes, such as {big: 1}", {}
    )
    accelerator_type: str | None = key("kind of the GPU, such as A100; null: any", None)
    label_selector: dict[str, str] = key("labels that a worker's node must have; {}: any node", {})
    scheduling_strategy: str | None = key(
        "how workers are spread over the nodes: SPREAD or DEFAULT",
        "SPREAD",
        one_of=("SPREAD", "DEFAULT"),
    )
    max_retries: int = key(
        "times that Ray itself starts a worker again that has died; the sweep does so anyway",
        0,
        at_least=-1,
    )


@dataclass
class RayOptions(Schema):
    """What is said to Ray."""

    init: RayInit = key("arguments of ray.init", RayInit)
    remote: RayRemote = key("options of the task that each worker is", RayRemote)


@dataclass
class RayLauncher(Schema):
    """Workers of a sweep as tasks of Ray."""

    _target_: str = key(
        "class of the workforce", "seedbed.sweep.execution.workforce.ray_cluster.workforce.Ray"
    )
    ray: RayOptions = key("what is said to Ray", RayOptions)


# Options of hydra/launcher that Seedbed brings.
LAUNCHERS: dict[str, type[Schema]] = {"ray": RayLauncher}
