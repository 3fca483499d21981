"""Schema of the `search=` options: where the trials of a sweep come from."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from omegaconf import MISSING, DictConfig

from seedbed.config.schema.field import Schema, key

_SAMPLERS = "seedbed.sweep.search.samplers"


@dataclass
class Grid(Schema):
    """No search: every combination of the axes."""

    _target_: str | None = key("class of the sampler; null: none", None)
    constraints: list[str] = key(
        "what a trial must keep to be the best, such as model/parameters<=10000", []
    )


@dataclass
class Search(Schema):
    """Search by a sampler: what all of them have.

    The class variables say what a sampler can: several objectives, constraints, and how many
    numbers its space must have.
    """

    several_objectives: ClassVar[bool] = True
    takes_constraints: ClassVar[bool] = True
    least_numbers: ClassVar[int] = 0

    _target_: str = key("class of the sampler", MISSING)
    trials: int = key("trials in total, those of a sweep that goes on among them", 100, at_least=1)
    seed: int = key("random seed of the sampler", 0, at_least=0, below=2**32)
    generation: int | None = key(
        "trials that are asked for at once and train side by side; null: chosen", None, at_least=1
    )
    retries: int = key("times that a trial that failed is run again", 0, at_least=0)
    constraints: list[str] = key(
        "what a trial must keep to be the best, such as model/parameters<=10000", []
    )


@dataclass
class Random(Search, target=f"{_SAMPLERS}.random.Random"):
    """Random search (Bergstra and Bengio, 2012)."""


@dataclass
class QMC(Search, target=f"{_SAMPLERS}.qmc.QMC"):
    """Quasi-random search: a sequence of low discrepancy (Bousquet et al., 2017)."""

    qmc_type: str = key("sequence: sobol or halton", "sobol", one_of=("sobol", "halton"))
    scramble: bool = key("shift the sequence at random, by the seed", True)


@dataclass
class TPE(Search, target=f"{_SAMPLERS}.tpe.TPE"):
    """Tree-structured Parzen estimator (Bergstra et al., 2011; Watanabe, 2023)."""

    n_startup_trials: int = key("random trials before the model is asked", 10, at_least=0)
    n_ei_candidates: int = key(
        "candidates of which the one of highest expected improvement is taken", 24, at_least=1
    )
    multivariate: bool | None = key(
        "model the keys jointly; null: where there is a single objective", None
    )
    group: bool | None = key(
        "model keys that occur together apart from others; null: where keys count only under a "
        "choice",
        None,
    )
    constant_liar: bool | None = key(
        "take trials of the same generation for bad ones, so that they keep apart; null: in "
        "generations of more than 10",
        None,
    )


@dataclass
class GP(Search, target=f"{_SAMPLERS}.gp.GP"):
    """Gaussian process with expected improvement (Optuna's GPSampler)."""

    n_startup_trials: int = key("random trials before the model is asked", 10, at_least=1)
    deterministic_objective: bool = key("take the objective for one without noise", False)


@dataclass
class CMAES(
    Search,
    target=f"{_SAMPLERS}.cmaes.CMAES",
    several_objectives=False,
    takes_constraints=False,
    least_numbers=2,
):
    """Covariance matrix adaptation evolution strategy (Hansen and Ostermeier, 2001)."""

    n_startup_trials: int = key("random trials before the strategy begins", 1, at_least=0)
    popsize: int | None = key("population size; null: 4 + 3 ln(keys)", None, at_least=2)
    use_separable_cma: bool = key("keep the covariance matrix diagonal: for many keys", False)
    with_margin: bool = key("keep a margin of probability for every value of whole numbers", False)
    lr_adapt: bool = key("adapt the learning rate: for noisy or multimodal objectives", False)

    @classmethod
    def problems(cls, node: DictConfig, config: DictConfig, key: str) -> Iterator[str]:
        """Yield variants of the strategy that Optuna has not together: each excludes the others."""
        variants = ("with_margin", "use_separable_cma", "lr_adapt")
        chosen = [f"{key}.{name}" for name in variants if node[name]]
        if len(chosen) > 1:
            yield f"{' and '.join(chosen[:2])} are both true; leave one out"


@dataclass
class NSGA2(Search, target=f"{_SAMPLERS}.nsga2.NSGA2"):
    """Non-dominated sorting genetic algorithm II (Deb et al., 2002)."""

    population_size: int = key("trials of a generation of parents", 50, at_least=2)
    mutation_prob: float | None = key(
        "probability of a mutation of a key; null: 1 / keys of the parent",
        None,
        at_least=0,
        at_most=1,
    )
    crossover_prob: float = key(
        "probability that a child has two parents", 0.9, at_least=0, at_most=1
    )
    swapping_prob: float = key(
        "probability that a key is of the second parent", 0.5, at_least=0, at_most=1
    )


@dataclass
class PBT(Search, target=f"{_SAMPLERS}.pbt.PBT"):
    """Population based training (Jaderberg et al., 2017)."""

    several_objectives: ClassVar[bool] = False
    takes_constraints: ClassVar[bool] = False

    trials: int = key("trials of the population, which train at the same time", 20, at_least=2)
    interval: int | None = key(
        "epochs between two exchanges; null: a tenth of trainer.max_epochs", None, at_least=1
    )
    quantile: float = key(
        "share of the trials that take over others, and of the best ones that they take over",
        0.25,
        above=0,
        at_most=0.5,
    )
    resample_probability: float = key(
        "probability that a number is drawn anew from its space instead",
        0.25,
        at_least=0,
        at_most=1,
    )
    perturb: list[float] = key("factors, of which a number takes one", [0.8, 1.2], above=0)

    @classmethod
    def problems(cls, node: DictConfig, config: DictConfig, key: str) -> Iterator[str]:
        """Yield a list of no factors."""
        if not node.perturb:
            yield f"{key}.perturb=[]: no factors; it needs one at least, such as [0.8,1.2]"
