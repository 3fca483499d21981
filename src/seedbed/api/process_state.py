"""The state of this process, which belongs to whoever calls: it is afterwards as it was before."""

import logging
import os
import random
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.singleton import Singleton
from hydra.core.utils import JobRuntime
from hydra.version import VersionBase
from omegaconf.basecontainer import BaseContainer

from seedbed.config.project import inherited, set_inherited
from seedbed.config.trust.module_path import folders, set_folders
from seedbed.process import garbage_collection

# Of several threads, one at a time changes the state and puts it back.
_lock = threading.RLock()
# What torch begins with.
_SEED_OF_TORCH = 67280421310721
# Loggers that are silenced, and their level where nobody has set one.
_LIGHTNING = ("pytorch_lightning", "lightning_fabric")

# Puts back what was taken note of.
_Restore = Callable[[], object]


@contextmanager
def process_as_it_was() -> Iterator[None]:
    """Leave nothing behind but imported modules, whatever the block does and however it ends.

    Arguments, environment, working folder and module path of the process, its signal handlers,
    logging, filters of warnings and garbage collector, the state of Hydra and OmegaConf, and the
    settings and random numbers of Python, numpy and torch are as before. Inside, torch has the
    settings that it begins with, as on the command line, but for its number of threads. Another
    thread waits for the end of the block.
    """
    with _lock, ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings())
        for note in (
            _note_process,
            _note_signals,
            _note_logging,
            _note_hydra,
            _note_seedbed,
            _note_random,
            _note_torch,
        ):
            stack.callback(note())
        stack.enter_context(garbage_collection.as_it_was())
        yield


def _note_process() -> _Restore:
    arguments, words = sys.argv, list(sys.argv)
    path, places = sys.path, list(sys.path)
    environment, working = dict(os.environ), os.getcwd()
    hooks = sys.excepthook, threading.excepthook

    def restore() -> None:
        sys.argv, arguments[:] = arguments, words
        sys.path, path[:] = path, places
        sys.excepthook, threading.excepthook = hooks
        for name in os.environ.keys() - environment.keys():
            del os.environ[name]
        for name, value in environment.items():
            if os.environ.get(name) != value:
                os.environ[name] = value
        if _working_folder() != working:
            os.chdir(working)

    return restore


def _working_folder() -> str | None:
    try:
        return os.getcwd()
    except FileNotFoundError:
        return None


def _note_signals() -> _Restore:
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    is_main = threading.current_thread() is threading.main_thread()
    numbers = signal.valid_signals() if is_main else ()
    handlers = {number: signal.getsignal(number) for number in numbers}

    def restore() -> None:
        for number, handler in handlers.items():
            # None: it is handled by code that is not Python's, and was not touched.
            if handler is not None and signal.getsignal(number) is not handler:
                signal.signal(number, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    return restore


def _note_logging() -> _Restore:
    state = {name: _of_logger(logger) for name, logger in _loggers().items()}
    disabled = logging.root.manager.disable
    known_modules = {name for name in _LIGHTNING if name in sys.modules}

    def restore() -> None:
        logging.root.manager.disable = disabled
        for name, logger in _loggers().items():
            if name in state:
                level, is_disabled, propagates, handlers = state[name]
                if logger.level != level:  # It clears what is known of all loggers.
                    logger.setLevel(level)
                logger.disabled, logger.propagate = is_disabled, propagates
                if logger.handlers != handlers:
                    logger.handlers[:] = handlers
            elif name.startswith(_LIGHTNING) and logger.level == logging.ERROR:
                is_top = name in sys.modules and name not in known_modules and name in _LIGHTNING
                logger.setLevel(logging.INFO if is_top else logging.NOTSET)

    return restore


def _loggers() -> dict[str, logging.Logger]:
    known = logging.root.manager.loggerDict
    loggers = {name: own for name, own in known.items() if isinstance(own, logging.Logger)}
    return {"": logging.root, **loggers}


def _of_logger(logger: logging.Logger) -> tuple[int, bool, bool, list[logging.Handler]]:
    return logger.level, logger.disabled, logger.propagate, list(logger.handlers)


def _note_hydra() -> _Restore:
    resolvers = dict(BaseContainer._resolvers)
    singletons: Any = Singleton._instances
    known = dict(singletons)
    in_use, config = GlobalHydra.instance().hydra, HydraConfig.instance().cfg
    runtime, base = JobRuntime.instance().conf.copy(), VersionBase.instance().getbase()
    store = ConfigStore.instance().repo
    schema = store.pop("schema", None)
    GlobalHydra.instance().hydra = HydraConfig.instance().cfg = None

    def restore() -> None:
        BaseContainer._resolvers.clear()
        BaseContainer._resolvers.update(resolvers)
        for kind, instance in known.items():
            singletons[kind] = instance
        GlobalHydra.instance().hydra = in_use
        HydraConfig.instance().cfg = config
        JobRuntime.instance().conf = runtime
        VersionBase.instance().version_base = base
        store.pop("schema", None)
        if schema is not None:
            store["schema"] = schema

    return restore


def _note_seedbed() -> _Restore:
    modules, words = folders(), inherited()

    def restore() -> None:
        set_folders(modules)
        set_inherited(words)

    return restore


def _note_random() -> _Restore:
    state = random.getstate()
    numpy = sys.modules.get("numpy")
    of_numpy = None if numpy is None else numpy.random.get_state()

    def restore() -> None:
        random.setstate(state)
        now: Any = sys.modules.get("numpy")
        if of_numpy is not None:
            now.random.set_state(of_numpy)
        elif now is not None:  # As nobody had seeded it.
            now.random.seed(None)

    return restore


def _note_torch() -> _Restore:
    """Take note of torch's settings, and let the block have those that torch begins with."""
    torch: Any = sys.modules.get("torch")
    if torch is None:
        return _as_torch_begins
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    dtype, device = torch.get_default_dtype(), torch.get_default_device()
    deterministic = torch.are_deterministic_algorithms_enabled()
    warns = torch.is_deterministic_algorithms_warn_only_enabled()
    precision = torch.get_float32_matmul_precision()
    cudnn = torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic
    anomaly = torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()
    grad = ExitStack()
    grad.enter_context(torch.inference_mode(False))
    grad.enter_context(torch.enable_grad())
    if device != torch.device("cpu"):
        torch.set_default_device(None)
    _set_as_begun(torch)

    def restore() -> None:
        grad.close()
        torch.set_rng_state(state)
        if cuda is not None:
            torch.cuda.set_rng_state_all(cuda)
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)
        torch.set_default_dtype(dtype)
        if torch.get_default_device() != device:
            torch.set_default_device(device)
        _set_deterministic(torch, deterministic, warns)
        if torch.get_float32_matmul_precision() != precision:
            torch.set_float32_matmul_precision(precision)
        torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic = cudnn
        torch.autograd.set_detect_anomaly(*anomaly)

    return restore


def _as_torch_begins() -> None:
    """Leave torch, which may have been imported meanwhile, as an import leaves it."""
    torch: Any = sys.modules.get("torch")
    if torch is not None:
        torch.default_generator.manual_seed(_SEED_OF_TORCH)
        _set_as_begun(torch)


def _set_as_begun(torch: Any) -> None:
    torch.set_default_dtype(torch.float32)
    _set_deterministic(torch, False, False)
    if torch.get_float32_matmul_precision() != "highest":
        torch.set_float32_matmul_precision("highest")
    torch.backends.cudnn.benchmark = torch.backends.cudnn.deterministic = False
    torch.autograd.set_detect_anomaly(False)


def _set_deterministic(torch: Any, wanted: bool, warns: bool) -> None:
    known = torch.are_deterministic_algorithms_enabled()
    # To set it imports what compiles, which takes a second.
    if (known, torch.is_deterministic_algorithms_warn_only_enabled()) != (wanted, warns):
        torch.use_deterministic_algorithms(wanted, warn_only=warns)
