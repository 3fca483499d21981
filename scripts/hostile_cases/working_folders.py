"""Hostile working folders: a stranger's project in which the user types commands of his own."""

import sys
from typing import Any

from scripts.hostile_cases.odd_content import IN_PLACE, YAML_IN_PLACE
from scripts.hostile_cases.planting import FIFO, Folder, Link, Program, Repository, Special
from scripts.hostile_cases.run_folders import ESCAPES

# Tells which of the modules was imported.
EVIL_MODULE = "open('CANARY', 'a').write(__name__ + '\\n')\n"
LIBRARIES = (
    *("dill", "tabulate", "regex", "numpy", "torch", "yaml", "rich", "matplotlib", "polars", "PIL"),
    *(
        "tensorboard",
        "hydra",
        "omegaconf",
        "pytorch_lightning",
        "torchmetrics",
        "filelock",
        "html5lib",
    ),
    *(
        "optuna",
        "scipy",
        "pandas",
        "sklearn",
        "tqdm",
        "psutil",
        "IPython",
        "tensorflow",
        "jax",
        "pooch",
    ),
    *("google", "grpc", "setuptools", "pkg_resources", "sitecustomize", "usercustomize", "seedbed"),
    *(
        "data",
        "configs",
        "torch_xla",
        "torchvision",
        "mlflow",
        "wandb",
        "comet_ml",
        "ujson",
        "orjson",
    ),
)
SHADOWS = {f"{name}.py": EVIL_MODULE for name in (*sorted(sys.stdlib_module_names), *LIBRARIES)}
# Installed packages announce plugins of others so; the working folder is no place of packages.
ENTRY_POINTS = {
    "evil_plugin.py": EVIL_MODULE + "def load(*a, **k):\n    return None\n",
    "evil-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n",
    "evil-1.0.dist-info/entry_points.txt": "".join(
        f"[{group}]\nevil = evil_plugin:load\n\n"
        for group in (
            *(
                "torch.backends",
                "lightning.pytorch.callbacks_factory",
                "lightning.pytorch.strategies",
            ),
            *("tensorboard_plugins", "matplotlib.backend", "hydra.plugins", "pytest11"),
            *(
                "lightning.fabric.strategies",
                "lightning.fabric.accelerators",
                "opentelemetry_context",
            ),
        )
    ),
}

# What fresh processes alone can tell: what was imported before is not looked for again.
FRESH_FOLDERS = [
    Folder("modules", "shadows of all of Python and of the libraries", SHADOWS, opens=True),
    Folder(
        "plugins",
        "plugins of Hydra and of others, and settings of matplotlib",
        {
            "hydra_plugins/__init__.py": EVIL_MODULE,
            "hydra_plugins/evil/__init__.py": EVIL_MODULE,
            "hydra_plugins/evil.py": EVIL_MODULE,
            "matplotlibrc": "backend: module://evil_plugin\n",
            **ENTRY_POINTS,
        },
        opens=True,
    ),
]

REPOSITORIES: dict[str, dict[str, Any]] = {
    "fsmonitor": {".git": Repository("[core]\nfsmonitor = touch CANARY; false\n")},
    "a filter of git's": {
        ".git": Repository(
            '[filter "evil"]\nclean = touch CANARY; cat\nprocess = touch CANARY\nrequired = true\n',
            "*.txt filter=evil diff=evil\n",
        )
    },
    "a diff program": {
        ".git": Repository(
            '[diff]\nexternal = touch CANARY\n[diff "evil"]\ntextconv = touch CANARY\n',
            "*.txt diff=evil\n",
        )
    },
    "hooks in its config": {
        "hooks/post-index-change": Program("touch CANARY"),
        ".git": Repository("[core]\nhooksPath = HERE/hooks\n"),
    },
    "a pager and an alias": {
        ".git": Repository("[core]\npager = touch CANARY\n[alias]\nstatus = !touch CANARY\n")
    },
    "another work tree": {".git": Repository("[core]\nworktree = OUTSIDE\n")},
    "a config included from elsewhere": {
        "more.cfg": "[core]\nfsmonitor = touch CANARY\n",
        ".git": Repository("[include]\npath = HERE/more.cfg\n"),
    },
    "a bare repository of another name": {
        "HEAD": "ref: refs/heads/main\n",
        "config": "[core]\nbare = false\nworktree = .\nfsmonitor = touch CANARY\n",
        "objects/x": "",
        "refs/x": "",
    },
    "a .git that is a fifo": {".git": Special(FIFO)},
    "a .git that names a folder elsewhere": {".git": "gitdir: OUTSIDE/nowhere\n"},
    "a branch that steers a terminal": {
        ".git": Repository(""),
        ".git/HEAD": f"ref: refs/heads/{ESCAPES}\n",
    },
}

WORKING_FOLDERS = [
    *(Folder("git", name, files, opens=True) for name, files in REPOSITORIES.items()),
    *(
        Folder("project file", name, {"seedbed.yaml": content}, opens=True)
        for name, content in IN_PLACE.items()
    ),
    *(
        Folder("project file", name, {"seedbed.yaml": content}, opens=True)
        for name, content in YAML_IN_PLACE.items()
    ),
    Folder(
        "project file",
        "a folder of configs outside",
        {"seedbed.yaml": "config_dir: ../outside\n"},
        opens=True,
    ),
    Folder(
        "project file",
        "defaults that steer a terminal",
        {"seedbed.yaml": f'defaults: ["{ESCAPES.encode("unicode_escape").decode()}=1"]\n'},
        opens=True,
    ),
    Folder(
        "outputs",
        "runs whose records are a fifo, a list and a link to an endless device",
        {
            "outputs/runs/2030-01-01/10-00-00-aaaaaa/run.json": Special(FIFO),
            "outputs/runs/2030-01-01/11-00-00-aaaaaa/run.json": "[]",
            "outputs/runs/2030-01-01/12-00-00-aaaaaa/run.json": Link("/dev/zero"),
            "outputs/sweeps/2030-01-01/12-00-00-aaaaaa/sweep.json": Special(FIFO),
        },
        opens=True,
    ),
    Folder(
        "outputs",
        "runs whose names steer a terminal",
        {
            f"outputs/runs/2030-01-01/1{ESCAPES}/run.json": "{}",
            "outputs/runs/2030-01-01/1$(touch CANARY)/run.json": "{}",
            f"outputs/sweeps/2030-01-01/1{ESCAPES}/sweep.json": "{}",
        },
        opens=True,
    ),
    Folder(
        "modules",
        "plugins that installed packages would announce",
        {**ENTRY_POINTS, "hydra_plugins/evil.py": EVIL_MODULE},
        opens=True,
    ),
]
