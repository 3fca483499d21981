"""Keys of a saved config that would run code, write files or read them, if they were obeyed."""

from typing import Any

# A class or function that the config names, by the key that names it. For run and sweep folders.
TARGETS: dict[str, dict[str, Any]] = {
    "os.system as model": {"model": {"_target_": "os.system", "command": "touch CANARY"}},
    "a file opened for writing as model": {
        "model": {"_target_": "builtins.open", "file": "CANARY", "mode": "w"}
    },
    "exec in place of the optimizer": {
        "optimizer": {
            "_target_": "builtins.exec",
            "_args_": ["open('CANARY', 'w')"],
            "_partial_": False,
        }
    },
    "subprocess as a layer of a Sequential": {
        "model": {
            "_target_": "torch.nn.Sequential",
            "_args_": [{"_target_": "subprocess.check_output", "args": ["touch", "CANARY"]}],
        }
    },
    "a method that writes as the data": {
        "data": {
            "_target_": "seedbed.data.TorchDataset",
            "task": "multiclass",
            "input_shape": [2],
            "output_size": 3,
            "train": {
                "_target_": "pathlib.Path.touch",
                "_args_": [{"_target_": "pathlib.Path", "_args_": ["CANARY"]}],
            },
        }
    },
    "numpy.save as a metric": {
        "task.torchmetrics": {"saved": {"_target_": "numpy.save", "file": "CANARY", "arr": [1]}}
    },
    "torch.save as a callback": {
        "callbacks.saved": {"_target_": "torch.save", "obj": [1], "f": "CANARY"}
    },
    "torch.load through a name that torch.nn re-exports": {
        "model": {"_target_": "torch.nn.modules.module.torch.load", "f": "HERE/evil.pt"}
    },
    "torch.hub.load of the folder": {
        "model": {
            "_target_": "torch.hub.load",
            "repo_or_dir": "HERE",
            "model": "evil",
            "source": "local",
        }
    },
    "torch.jit.load": {"model": {"_target_": "torch.jit.load", "f": "HERE/evil.pt"}},
    "runpy of a file of the folder": {
        "scheduler": {"_target_": "runpy.run_path", "path_name": "HERE/evil.py"}
    },
    "import of a module of the folder": {
        "model": {"_target_": "importlib.import_module", "name": "evil"}
    },
    "a class of a module of the folder": {"model": {"_target_": "evil.Evil"}},
    "hydra.utils.call of something else": {
        "model": {
            "_target_": "hydra.utils.call",
            "config": {"_target_": "os.system", "command": "touch CANARY"},
            "_recursive_": False,
        }
    },
    "functools.partial": {
        "gradient": {
            "_target_": "functools.partial",
            "_args_": [{"_target_": "hydra.utils.get_method", "path": "os.system"}, "touch CANARY"],
        }
    },
    "a Lightning checkpoint callback that writes elsewhere": {
        "callbacks.away": {
            "_target_": "pytorch_lightning.callbacks.ModelCheckpoint",
            "dirpath": "OUTSIDE/made",
            "save_last": True,
        }
    },
    "a logger that writes elsewhere": {
        "logger.away": {
            "_target_": "pytorch_lightning.loggers.CSVLogger",
            "save_dir": "OUTSIDE/made",
        }
    },
    "a log file elsewhere": {
        "callbacks.log": {"_target_": "logging.FileHandler", "filename": "CANARY"}
    },
    "a profiler that writes elsewhere": {
        "trainer.profiler": {
            "_target_": "pytorch_lightning.profilers.SimpleProfiler",
            "dirpath": "OUTSIDE",
            "filename": "made",
        }
    },
    "removal of a folder as initial weights": {
        "initial_weights.parameters": {"weight": {"_target_": "shutil.rmtree", "path": "OUTSIDE"}}
    },
    "a function of Seedbed's that writes": {
        "model": {
            "_target_": "seedbed.files.write_atomically",
            "path": {"_target_": "pathlib.Path", "_args_": ["CANARY"]},
            "content": "x",
        }
    },
    "a base class of torch's with a function": {
        "optimizer": {
            "_target_": "torch.optim.lr_scheduler.LambdaLR",
            "lr_lambda": {"_target_": "os.system", "command": "touch CANARY"},
        }
    },
    "a function of torch.nn that is no class": {
        "model": {"_target_": "torch.nn.init.os.system", "_args_": ["touch CANARY"]}
    },
    "a target that is no text": {"model": {"_target_": ["os.system"], "command": "touch CANARY"}},
    "a target with a blank and an escape sequence": {"model": {"_target_": "os .sys\x1b[31mtem"}},
    "a target of 100,000 letters": {"model": {"_target_": "a" * 100_000}},
    "a target of 10,000 dots": {"model": {"_target_": "a." * 10_000 + "b"}},
}

# What such keys may name in the folder.
EVIL_PYTHON = "open('CANARY', 'w').close()\nclass Evil:\n    pass\ndef evil():\n    pass\n"
